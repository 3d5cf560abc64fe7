// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/file.h>
#include <sys/stat.h>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>

#include <unistd.h>

namespace vitscape {

/// Keeps other processes out of an output while it lives: one run at a time writes into a folder, or to the files of one
/// prefix. It is a lock of the system on a small file that says whose it is; the system lifts it when a process is killed,
/// and the file goes with the lock. Take it before anything else is written there.
class OutputLock {
  public:
    /// Of everything in `folder`, which is made where it is missing: FOLDER/lock.
    /// @throws ConfigError that names process, host and program where another process holds it; IoError where the folder
    ///         cannot be written
    [[nodiscard]] static OutputLock of_folder(const std::filesystem::path& folder) {
        return OutputLock(folder, folder, folder / "lock");
    }
    /// Of the file `path`, or of all files whose names begin with it: PATH.lock. @throws as `of_folder`
    [[nodiscard]] static OutputLock of_files(std::filesystem::path path) {
        const std::filesystem::path named = path, folder = detail::folder_of(path);
        return OutputLock(named, folder, path += ".lock");
    }

    OutputLock(OutputLock&& other) noexcept
        : path_(std::exchange(other.path_, {})),
          made_(std::exchange(other.made_, {})),
          file_(std::move(other.file_)) {}
    OutputLock& operator=(OutputLock&&) = delete;
    ~OutputLock() {
        if (path_.empty()) return;
        ::unlink(path_.c_str());  // still locked, so it is this one's
        for (const auto& folder : made_)
            if (::rmdir(folder.c_str()) != 0) break;  // nothing was written: no trace is left
    }

  private:
    OutputLock(const std::filesystem::path& output, const std::filesystem::path& folder,
               std::filesystem::path path)
        : path_(std::move(path)) {
        make(folder);
        try {
            while (!lock(output)) {
            }
            const std::string owner = message("process ", ::getpid(), " on ", host(), ": ", program(), "\n");
            if (::ftruncate(file_.number(), 0) != 0) detail::throw_io_error("write", path_);
            detail::write_all(file_.number(), bytes_of(owner), path_);
        } catch (const IoError& error) {
            throw IoError(
                message("the output folder ", folder.string(), " cannot be written: ", error.what()));
        }
    }

    /// Makes the folder and notes what was missing, the innermost first.
    void make(const std::filesystem::path& folder) {
        std::error_code code;
        for (std::filesystem::path at = folder; !at.empty() && !std::filesystem::exists(at, code);
             at = at.parent_path())
            made_.push_back(at);
        std::filesystem::create_directories(folder, code);
        if (code) detail::throw_io_error("create the folder", folder, code.value());
        if (!std::filesystem::is_directory(folder)) detail::throw_io_error("write into", folder, ENOTDIR);
    }
    /// False where the file went with the lock of another process in between.
    bool lock(const std::filesystem::path& output) {
        file_ = detail::open_file(path_, O_RDWR | O_CREAT, "open");
        if (::flock(file_.number(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) detail::throw_io_error("lock", path_);
            std::array<char, 512> text{};
            const ssize_t size = ::pread(file_.number(), text.data(), text.size(), 0);
            std::string owner(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
            owner = owner.substr(0, owner.find('\n'));
            throw ConfigError(message("another process writes to ", output.string(),
                                      owner.empty() ? "" : " (" + owner + ")",
                                      "; wait for its end or choose another output"));
        }
        struct stat here {
        }, there{};
        return ::fstat(file_.number(), &here) == 0 && ::stat(path_.c_str(), &there) == 0 &&
               here.st_ino == there.st_ino && here.st_dev == there.st_dev;
    }

    [[nodiscard]] static std::string host() {
        std::array<char, 256> name{};
        return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                                : "an unknown host";
    }
    [[nodiscard]] static std::string program() {
        std::string name;
        std::ifstream("/proc/self/comm") >> name;
        return name.empty() ? "an unknown program" : name;
    }

    std::filesystem::path path_;
    std::vector<std::filesystem::path> made_;
    detail::FileDescriptor file_;
};

}  // namespace vitscape
