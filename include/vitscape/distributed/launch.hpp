// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include <sys/stat.h>

#include <vitscape/distributed/communicator.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace vitscape {

/// Where a launcher put this process.
struct ProcessPlace {
    int rank = 0, size = 1;  ///< its number, from 0, and how many there are
    int local_rank = 0;      ///< its number among those on this machine: the GPU to take
};

namespace detail {

inline std::optional<int> environment_number(const char* name) {
    const char* const text = std::getenv(name);
    if (text == nullptr) return std::nullopt;
    int number = 0;
    const char* const end = text + std::strlen(text);
    const auto [read, error] = std::from_chars(text, end, number);
    if (error != std::errc{} || read != end)
        throw ConfigError(message("the environment's ", name, " is '", text, "', a whole number is needed"));
    return number;
}

}  // namespace detail

/// The place that the environment tells: RANK, WORLD_SIZE and LOCAL_RANK as torchrun sets them, else what
/// Open MPI's mpirun sets; one process alone where there is neither.
/// @throws ConfigError for a part of these variables only, and for numbers that make no sense
inline ProcessPlace process_place() {
    struct Names {
        const char *rank, *size, *local_rank;
    };
    constexpr std::array<Names, 2> launchers{
        Names{"RANK", "WORLD_SIZE", "LOCAL_RANK"},
        Names{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"}};
    for (const Names& names : launchers) {
        const std::optional<int> rank = detail::environment_number(names.rank),
                                 size = detail::environment_number(names.size),
                                 local = detail::environment_number(names.local_rank);
        if (!rank && !size) continue;
        if (!rank || !size)
            throw ConfigError(message("the environment has ", rank ? names.rank : names.size, " but not ",
                                      rank ? names.size : names.rank, "; set both, or none for one process"));
        const ProcessPlace place{*rank, *size, local.value_or(*rank)};
        if (place.size < 1 || place.rank < 0 || place.rank >= place.size || place.local_rank < 0)
            throw ConfigError(message("the environment says ", names.rank, " ", place.rank, ", ", names.size,
                                      " ", place.size, " and local rank ", place.local_rank,
                                      "; ranks begin at 0 and end before the size"));
        return place;
    }
    return {};
}

/// A file through which process 0 hands some bytes to the others. Process 0 removes it in the end.
class Handover {
  public:
    /// The file that VITSCAPE_RENDEZVOUS names, which must be seen by all machines of the run; else one in the
    /// folder for temporary files that the children of one process on one machine have in common.
    [[nodiscard]] static std::filesystem::path default_path() {
        if (const char* const named = std::getenv("VITSCAPE_RENDEZVOUS")) return named;
        return std::filesystem::temp_directory_path() / message("vitscape-", ::geteuid(), "-", ::getppid());
    }

    Handover(ProcessPlace place, std::filesystem::path path,
             std::chrono::milliseconds patience = std::chrono::minutes(5))
        : place_(place), path_(std::move(path)), patience_(patience) {}
    Handover(const Handover&) = delete;
    Handover& operator=(const Handover&) = delete;
    ~Handover() {
        if (written_) ::unlink(path_.c_str());
    }

    /// Process 0 writes `bytes`, the others wait for them.
    /// @throws IoError if the file cannot be written, CommunicationError if it does not come in time
    void exchange(std::span<std::byte> bytes) {
        if (place_.size == 1) return;
        if (place_.rank == 0)
            write(bytes);
        else
            wait(bytes);
    }

  private:
    struct File {
        int number;
        explicit File(int n) : number(n) {}
        File(const File&) = delete;
        File& operator=(const File&) = delete;
        ~File() {
            if (number >= 0) ::close(number);
        }
    };

    /// Under another name first, so that nobody reads half of it.
    void write(std::span<const std::byte> bytes) {
        const std::string draft = path_.string() + message(".", ::getpid());
        ::unlink(draft.c_str());
        bool good = false;
        {
            const File file(
                ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
            good = file.number >= 0 &&
                   ::write(file.number, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
        }
        if (!good || ::rename(draft.c_str(), path_.c_str()) != 0) {
            const std::string reason = std::strerror(errno);
            ::unlink(draft.c_str());
            throw IoError(message("the processes of this run meet through the file ", path_.string(),
                                  ", which cannot be written: ", reason,
                                  "; set VITSCAPE_RENDEZVOUS to a path that can"));
        }
        written_ = true;
    }

    void wait(std::span<std::byte> bytes) const {
        const auto start = std::chrono::steady_clock::now();
        const auto oldest =
            std::chrono::system_clock::now() - patience_;  // before: left over from another run
        while (!read(bytes, std::chrono::system_clock::to_time_t(oldest))) {
            if (std::chrono::steady_clock::now() - start > patience_)
                throw CommunicationError(message(
                    "process ", place_.rank, " waited ", std::chrono::duration<double>(patience_).count(),
                    " s for process 0 of ", place_.size, " to write ", path_.string(),
                    "; start all processes together, or set VITSCAPE_RENDEZVOUS to a path that all see"));
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    /// Only what this user wrote, whole and lately.
    [[nodiscard]] bool read(std::span<std::byte> bytes, std::time_t oldest) const {
        const File file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
        struct stat status {};
        return file.number >= 0 && ::fstat(file.number, &status) == 0 && status.st_uid == ::geteuid() &&
               status.st_mtime >= oldest && status.st_size == static_cast<off_t>(bytes.size()) &&
               ::read(file.number, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    }

    ProcessPlace place_;
    std::filesystem::path path_;
    std::chrono::milliseconds patience_;
    bool written_ = false;
};

}  // namespace vitscape
