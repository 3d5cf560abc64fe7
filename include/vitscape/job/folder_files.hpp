// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/job/job_files.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace vitscape {

/// A name that no other worker has, on this machine or another: HOST-PROCESS-RANDOM.
[[nodiscard]] inline std::string unique_worker_name() {
    std::array<char, 64> host{};  // a longer name is cut
    ::gethostname(host.data(), host.size() - 1);
    std::string name = host.front() == 0 ? "unknown" : host.data();
    for (char& letter : name)
        if (!((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
              (letter >= '0' && letter <= '9')))
            letter = '_';
    std::random_device random;
    std::string digits;
    for (std::uint64_t rest = (std::uint64_t{random()} << 32) | random(), i = 0; i < 12; ++i, rest >>= 4)
        digits += "0123456789abcdef"[rest & 15];
    return message(name, "-", ::getpid(), "-", digits);
}

/// A job's files in a folder of a file system.
///
/// Results are not synced one by one: after a power failure one may be missing or damaged, which its checksum shows, and it
/// is computed again. Errors of a full disk are seen at the write or, on NFS, at the close.
class FolderFiles final : public JobFiles {
  public:
    /// @param worker  a name that no other worker has; of its temporary files
    FolderFiles(std::filesystem::path folder, std::string worker)
        : folder_(std::move(folder)), worker_(std::move(worker)) {}

    [[nodiscard]] std::vector<std::string> list(const std::string& folder) override {
        const std::filesystem::path path = folder_ / folder;
        std::vector<std::string> names;
        std::error_code code;
        for (std::filesystem::directory_iterator entry(path, code), end; !code && entry != end;
             entry.increment(code))
            names.push_back(entry->path().filename().string());
        if (code && code.value() != ENOENT) detail::throw_io_error("list", path, code.value());
        return names;
    }

    [[nodiscard]] bool exists(const std::string& path) override {
        return ::access((folder_ / path).c_str(), F_OK) == 0;
    }

    [[nodiscard]] std::optional<std::string> read(const std::string& path) override {
        const std::filesystem::path full = folder_ / path;
        const detail::FileDescriptor file{::open(full.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
        std::string text;
        std::array<char, 16384> part{};
        for (;;) {
            const ssize_t got = file.number() < 0 ? -1 : ::read(file.number(), part.data(), part.size());
            if (got == 0) return text;
            if (got > 0)
                text.append(part.data(), static_cast<std::size_t>(got));
            else if (errno == ENOENT || errno == ESTALE)  // also removed by another machine meanwhile
                return std::nullopt;
            else if (errno != EINTR)
                detail::throw_io_error("read", full);
        }
    }

    [[nodiscard]] bool create(const std::string& path, std::string_view text) override {
        const std::filesystem::path full = folder_ / path;
        detail::FileDescriptor file{open_new(full)};
        if (file.number() < 0 && errno == EEXIST) return false;
        if (file.number() < 0) detail::throw_io_error("create", full);
        try {
            detail::write_all(file.number(), bytes_of(text), full);
            if (!file.close()) detail::throw_io_error("write", full);
        } catch (const IoError&) {
            ::unlink(full.c_str());
            throw;
        }
        return true;
    }

    [[nodiscard]] bool publish(const std::string& path, std::string_view text) override {
        const std::filesystem::path full = folder_ / path, temporary = write_beside(full, text, true);
        const int error = ::link(temporary.c_str(), full.c_str()) == 0 ? 0 : errno;
        struct stat status {};
        // NFS may have done what it says it could not: a second request for the same link
        const bool linked = error == 0 || (::stat(temporary.c_str(), &status) == 0 && status.st_nlink > 1);
        if (!linked && error != EEXIST && ::access(full.c_str(), F_OK) != 0) {  // no links here
            if (::rename(temporary.c_str(), full.c_str()) == 0) return true;
            const int why = errno;
            ::unlink(temporary.c_str());
            detail::throw_io_error("create", full, why);
        }
        ::unlink(temporary.c_str());
        return linked;
    }

    void replace(const std::string& path, std::string_view text) override {
        const std::filesystem::path full = folder_ / path, temporary = write_beside(full, text, false);
        if (::rename(temporary.c_str(), full.c_str()) == 0) return;
        const int why = errno;
        ::unlink(temporary.c_str());
        detail::throw_io_error("replace", full, why);
    }

    [[nodiscard]] bool overwrite(const std::string& path, std::string_view text) override {
        const std::filesystem::path full = folder_ / path;
        detail::FileDescriptor file{::open(full.c_str(), O_WRONLY | O_CLOEXEC)};
        if (file.number() < 0 && errno == ENOENT) return false;
        if (file.number() < 0) detail::throw_io_error("open", full);
        detail::write_all(file.number(), bytes_of(text), full);
        if (!file.close()) detail::throw_io_error("write", full);
        return true;
    }

    void remove(const std::string& path) override {
        const std::filesystem::path full = folder_ / path;
        if (::unlink(full.c_str()) != 0 && errno != ENOENT) detail::throw_io_error("remove", full);
    }

    [[nodiscard]] std::string shown(const std::string& path) const override {
        return (folder_ / path).string();
    }

  private:
    /// -1 and errno where it cannot be opened.
    static int open_new(const std::filesystem::path& path) {
        const auto open = [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); };
        const int file = open();
        if (file >= 0 || errno != ENOENT) return file;
        std::error_code code;
        std::filesystem::create_directories(path.parent_path(), code);
        return open();
    }
    std::filesystem::path write_beside(const std::filesystem::path& path, std::string_view text, bool sync) {
        std::filesystem::path temporary =
            path.parent_path() / message(path.filename().string(), ".", worker_, "-", number_++, ".tmp");
        detail::FileDescriptor file{open_new(temporary)};
        if (file.number() < 0) detail::throw_io_error("create", temporary);
        try {
            detail::write_all(file.number(), bytes_of(text), temporary);
            if (sync && ::fsync(file.number()) != 0) detail::throw_io_error("write", temporary);
            if (!file.close()) detail::throw_io_error("write", temporary);
        } catch (const IoError&) {
            ::unlink(temporary.c_str());
            throw;
        }
        return temporary;
    }

    std::filesystem::path folder_;
    std::string worker_;
    std::atomic<std::uint64_t> number_{0};
};

}  // namespace vitscape
