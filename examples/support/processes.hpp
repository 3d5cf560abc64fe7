// SPDX-License-Identifier: Apache-2.0
//
// A program as one of several processes that a launcher (mpirun, srun) started. All run the same code on parts of the work; process 0
// alone writes and speaks. An error that each of them has, or that ends the run before its work, is one sentence.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <streambuf>
#include <string>
#include <vector>

#include <vitscape/data/loader.hpp>
#include <vitscape/distributed/launched_processes.hpp>
#include <vitscape/distributed/process_watch.hpp>
#include <vitscape/methods/method.hpp>

#include "backend.hpp"
#include "program.hpp"

#include <sched.h>
#include <unistd.h>

namespace program {

/// An error that all processes of a run throw alike.
struct SharedError : vitscape::Error {
    using Error::Error;
};

/// The processes of this run, connected.
class Processes {
  public:
    Processes() = default;
    /// @param lost  said to the user where a process was lost, after what was lost
    Processes(const CLI::App& app, const vitscape::ProcessPlace& place, const std::string& lost)
        : communicator_(vitscape::LaunchedProcesses::connect(place)) {
        const bool speaks =
            first() || place.local_rank <= 1;  // where process 0 is lost, one or two of each machine
        watch_ = std::make_unique<vitscape::ProcessWatch>(
            communicator_, [speaks, text = app.get_name() + ": process ", lost, size = size()](int rank) {
                const std::string sentence = text + std::to_string(rank) + " of " + std::to_string(size) +
                                             " has ended or does not answer any more, so all end. " + lost +
                                             "\n";
                if (rank >= 0 && speaks) (void)!::write(STDERR_FILENO, sentence.data(), sentence.size());
                ::_exit(1);
            });
        if (!watch_->watching())
            std::cerr << app.get_name()
                      << ": the processes cannot connect by TCP; that one is lost is noticed by the launcher "
                         "alone\n";
    }

    [[nodiscard]] vitscape::LaunchedProcesses& communicator() { return communicator_; }
    [[nodiscard]] int rank() const { return communicator_.rank(); }
    [[nodiscard]] int size() const { return communicator_.size(); }
    /// Whether this is the process that writes and speaks.
    [[nodiscard]] bool first() const { return rank() == 0; }

    /// Runs `f` in each process. @throws SharedError in all of them what the first one threw that threw anything
    template <class F>
    void together(const F& f) {
        if (size() == 1) return f();
        std::string why;
        try {
            f();
        } catch (const std::bad_alloc&) {
            why = "there is not enough memory";
        } catch (const std::exception& error) {
            why = std::string(error.what()).empty() ? "an error" : error.what();
        }
        std::vector<double> lengths(static_cast<std::size_t>(size()));
        lengths[static_cast<std::size_t>(rank())] = static_cast<double>(why.size());
        communicator_.sum(lengths.data(), lengths.size());
        const auto at =
            std::find_if(lengths.begin(), lengths.end(), [](double length) { return length > 0; });
        if (at == lengths.end()) return;
        const auto from = static_cast<int>(at - lengths.begin());
        std::vector<double> letters(static_cast<std::size_t>(*at));
        if (rank() == from)
            std::transform(why.begin(), why.end(), letters.begin(), [](char letter) {
                return static_cast<double>(static_cast<unsigned char>(letter));
            });
        communicator_.sum(letters.data(), letters.size());
        std::string text = from == 0 ? "" : vitscape::message("process ", from, ": ");
        for (const double letter : letters) text += static_cast<char>(static_cast<unsigned char>(letter));
        throw SharedError(text);
    }
    /// @throws SharedError where `number` is another one in process 0, such as the number of images that each one finds
    void require_same(const std::string& what, std::size_t number) {
        const double all =
            vitscape::sum_over_processes(communicator_, first() ? static_cast<double>(number) : 0);
        together([&] {
            if (static_cast<double>(number) != all)
                throw vitscape::DataError(vitscape::message(what, ": there are ", number,
                                                            " here, process 0 has ", all,
                                                            "; all processes must see the same files"));
        });
    }
    /// What process 0 says, in all.
    [[nodiscard]] bool as_first(bool here) {
        return vitscape::sum_over_processes(communicator_, first() && here ? 1 : 0) > 0;
    }

    /// Where neither --threads nor OMP_NUM_THREADS says it, processes on the same processors share them.
    void share_processors(BackendOptions& options) {
        if (size() == 1 || options.threads != 0 || std::getenv("OMP_NUM_THREADS") != nullptr) return;
        cpu_set_t processors;
        CPU_ZERO(&processors);
        if (::sched_getaffinity(0, sizeof processors, &processors) != 0) return;
        std::array<char, 256> host{};
        ::gethostname(host.data(), host.size() - 1);
        std::string place(host.data());
        for (int i = 0; i < CPU_SETSIZE; ++i) place += CPU_ISSET(i, &processors) ? '1' : '0';
        const auto own = static_cast<double>(std::hash<std::string>{}(place) >> 12U);  // 52 bits
        std::vector<double> places(static_cast<std::size_t>(size()));
        places[static_cast<std::size_t>(rank())] = own;
        communicator_.sum(places.data(), places.size());
        const auto sharing = static_cast<int>(std::count(places.begin(), places.end(), own));
        options.threads = std::max(1, CPU_COUNT(&processors) / sharing);
    }
    /// On devices: one for each process.
    void use_device([[maybe_unused]] const BackendOptions& options) {
#if defined(__CUDACC__)
        if (size() == 1) return;
        together([&] { vitscape::gpu::require_device(options.device); });
        communicator_.use_device(options.device);
#endif
    }

    /// The end of the run in all processes.
    void leave() {
        communicator_ = {};  // the last one: waits for the others
        if (watch_) watch_->leave();
    }
    /// The end of this one alone, by an error that was said.
    void leave_others() {
        communicator_.abandon();
        if (watch_) watch_->alarm();
        watch_.reset();
    }

  private:
    vitscape::LaunchedProcesses communicator_{};
    std::unique_ptr<vitscape::ProcessWatch> watch_{};
};

/// @param parts  of --reproducible, 0: none.  @param pairs  whether images are mixed with others of their batch
/// @throws ConfigError where the processes cannot share a batch
template <class M>
void check_shares(const M& method, std::size_t batch, std::size_t parts, bool pairs, int processes) {
    const auto size = static_cast<std::size_t>(processes);
    if (const std::string whole = vitscape::reads_whole_batch(method);
        std::max(parts, size) > 1 && !whole.empty())
        throw vitscape::ConfigError(vitscape::message(
            whole, ", which neither several processes nor --reproducible can divide; leave one of them out"));
    if (parts % size != 0)
        throw vitscape::ConfigError(vitscape::message("--reproducible ", parts,
                                                      " cannot be shared evenly by ", size,
                                                      " processes; give a multiple of ", size));
    const vitscape::Shard shard{.count = parts > 0 ? parts : size, .pairs = pairs};
    if (!shard.divides(batch))
        throw vitscape::ConfigError(
            vitscape::message("--batch ", batch, " has not enough images",
                              pairs ? " for --mixup or --cutmix, which take them in pairs," : "", " for ",
                              shard.count, parts > 0 ? " parts of --reproducible" : " processes",
                              "; give at least ", shard.count * (pairs ? 2 : 1)));
}

/// While one lives, what this process says to the user is lost.
class Silence {
  public:
    Silence()
        : out_(std::cout.rdbuf(&nowhere_)),
          error_(std::cerr.rdbuf(&nowhere_)),
          log_(std::clog.rdbuf(&nowhere_)) {}
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;
    ~Silence() {
        std::cout.rdbuf(out_);
        std::cerr.rdbuf(error_);
        std::clog.rdbuf(log_);
    }

  private:
    struct Nowhere : std::streambuf {
        int overflow(int letter) override { return traits_type::not_eof(letter); }
    };
    Nowhere nowhere_{};
    std::streambuf *out_, *error_, *log_;
};

/// Parses the command line, calls `start(place)`, which may replace the process by another program, connects the processes, and runs
/// `work(processes)`. A process alone does all this as `run`.
/// @param lost  see `Processes`
template <class Start, class Work>
int run_launched(CLI::App& app, int argc, char** argv, const std::string& lost, const Start& start,
                 const Work& work) {
    vitscape::ProcessPlace place;
    try {
        place = vitscape::process_place();
    } catch (const vitscape::Error& error) {
        return refused(app, error.what());
    }
    Processes processes;
    if (place.size == 1)
        return run(app, argc, argv, [&] {
            start(place);
            work(processes);
        });

    std::optional<Silence> silence;
    if (place.rank != 0) silence.emplace();
    std::exception_ptr wrong;
    try {
        app.parse(argc, argv);
        start(place);
    } catch (const CLI::Success& help) {  // the same in all
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        wrong = std::make_exception_ptr(vitscape::ConfigError(usage_error(app, error)));
    } catch (const std::exception&) {
        wrong = std::current_exception();
    }
    bool together = true;
    const int status = run_parsed(app, [&] {
        try {
            processes = Processes(app, place, lost);
            processes.together([&] {
                if (wrong) std::rethrow_exception(wrong);
            });
            work(processes);
        } catch (const SharedError&) {
            throw;
        } catch (const vitscape::Interrupted&) {  // these two end all processes at the same step
            throw;
        } catch (const vitscape::NumericError&) {
            throw;
        } catch (const std::exception& error) {
            together =
                processes.size() == 1;  // not connected: each says so to itself, and process 0 to the user
            if (together || place.rank == 0) throw;
            silence.reset();
            const bool memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
            throw vitscape::Error(vitscape::message("process ", place.rank, ": ",
                                                    memory ? "there is not enough memory" : error.what()));
        }
    });
    if (together)
        processes.leave();
    else
        processes.leave_others();
    return status;
}

}  // namespace program
