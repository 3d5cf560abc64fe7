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

/// The rank that a launcher assigned to this process.
struct ProcessPlace {
    int rank = 0, size = 1;  ///< its number, from 0, and the number of processes
    int local_rank = 0;      ///< its number among those on this machine: the GPU to use
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

/// Reads the place from the environment: RANK, WORLD_SIZE and LOCAL_RANK as set by torchrun, otherwise the
/// variables of Open MPI's mpirun, of MPICH's (Hydra), or of a step of Slurm (srun); a single process if there are none.
/// A batch script of Slurm that does not use srun is a single process: it has SLURM_PROCID, but no SLURM_STEP_NUM_TASKS.
/// @throws ConfigError if only some of these variables are set, and for inconsistent values
inline ProcessPlace process_place() {
    struct Names {
        const char *rank, *size, *local_rank;
        bool rank_alone = false;  // without the size, that is no launcher of several processes
    };
    constexpr std::array<Names, 4> launchers{
        Names{"RANK", "WORLD_SIZE", "LOCAL_RANK"},
        Names{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
        Names{"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"},
        Names{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", true}};
    for (const Names& names : launchers) {
        const std::optional<int> rank = detail::environment_number(names.rank),
                                 size = detail::environment_number(names.size),
                                 local = detail::environment_number(names.local_rank);
        if (!size && (!rank || names.rank_alone)) continue;
        if (!rank || !size)
            throw ConfigError(message("the environment has ", rank ? names.rank : names.size, " but not ",
                                      rank ? names.size : names.rank, "; set both, or none for one process"));
        const ProcessPlace place{*rank, *size, local.value_or(*rank)};
        if (place.size < 1 || place.rank < 0 || place.rank >= place.size || place.local_rank < 0)
            throw ConfigError(message("the environment has ", names.rank, " ", place.rank, ", ", names.size,
                                      " ", place.size, " and local rank ", place.local_rank,
                                      "; ranks begin at 0 and end before the size"));
        return place;
    }
    return {};
}

/// A file through which process 0 sends some bytes to the others. Process 0 removes it at the end.
class Rendezvous {
  public:
    /// The file named by VITSCAPE_RENDEZVOUS, which must be visible to all machines of the run; otherwise one in the
    /// temporary folder that is common to the children of one process on one machine.
    [[nodiscard]] static std::filesystem::path default_path() {
        if (const char* const named = std::getenv("VITSCAPE_RENDEZVOUS")) return named;
        return std::filesystem::temp_directory_path() / message("vitscape-", ::geteuid(), "-", ::getppid());
    }

    Rendezvous(ProcessPlace place, std::filesystem::path path,
               std::chrono::milliseconds patience = std::chrono::minutes(5))
        : place_(place), path_(std::move(path)), patience_(patience) {}
    Rendezvous(const Rendezvous&) = delete;
    Rendezvous& operator=(const Rendezvous&) = delete;
    ~Rendezvous() {
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

    /// Under a temporary name first, so that nobody reads a partial file.
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
            throw IoError(message("the processes of this run exchange data through the file ", path_.string(),
                                  ", which cannot be written: ", reason,
                                  "; set VITSCAPE_RENDEZVOUS to a writable path"));
        }
        written_ = true;
    }

    void wait(std::span<std::byte> bytes) const {
        const auto start = std::chrono::steady_clock::now();
        const auto oldest =
            std::chrono::system_clock::now() - patience_;  // anything older is left over from another run
        while (!read(bytes, std::chrono::system_clock::to_time_t(oldest))) {
            if (std::chrono::steady_clock::now() - start > patience_)
                throw CommunicationError(message(
                    "process ", place_.rank, " waited ", std::chrono::duration<double>(patience_).count(),
                    " s for process 0 of ", place_.size, " to write ", path_.string(),
                    "; start all processes together, or set VITSCAPE_RENDEZVOUS to a path visible to all of "
                    "them"));
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    /// Only a complete and recent file written by this user.
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
