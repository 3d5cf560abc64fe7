// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/file.h>
#include <sys/stat.h>

#include <vitscape/core/error.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace vitscape {

namespace detail {

/// An IoError of the form "cannot <what> <path>: <the system's message for the error `code`>".
[[noreturn]] inline void throw_io_error(std::string_view what, const std::filesystem::path& path,
                                        int code = errno) {
    throw IoError(message("cannot ", what, " ", path.string(), ": ", std::generic_category().message(code)));
}

/// Owns one POSIX file descriptor.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int number) : number_(number) {}
    FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() { close(); }

    [[nodiscard]] int number() const { return number_; }
    /// Whether the system reported no delayed write error.
    bool close() { return number_ < 0 || ::close(std::exchange(number_, -1)) == 0; }

  private:
    int number_ = -1;
};

inline FileDescriptor open_file(const std::filesystem::path& path, int flags, std::string_view what) {
    FileDescriptor file{::open(path.c_str(), flags | O_CLOEXEC, 0666)};
    if (file.number() < 0) throw_io_error(what, path);
    return file;
}

inline void write_all(int file, std::span<const std::byte> bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw_io_error("write", path);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

inline std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Makes a rename in `folder` durable across a power failure. Some network file systems refuse; the rename itself is
/// already done, so that is not an error.
inline void sync_folder(const std::filesystem::path& folder) {
    const FileDescriptor handle{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (handle.number() >= 0) ::fsync(handle.number());
}

}  // namespace detail

/// The bytes of a string, for the functions of this header.
inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

namespace detail {

/// A name beside `path` that no other writer uses: NAME.PROCESS-NUMBER.tmp.
inline std::filesystem::path temporary_beside(const std::filesystem::path& path) {
    static std::atomic<std::uint64_t> number{0};
    const std::string name = path.filename().string().substr(0, 200);  // names have 255 bytes at most
    return folder_of(path) / message(name, ".", ::getpid(), "-", number++, ".tmp");
}

/// Removes what killed processes left of `path`: temporary files whose writer does not hold their lock any more.
inline void remove_leftovers(const std::filesystem::path& path) {
    const std::string start = path.filename().string().substr(0, 200) + ".";
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder_of(path), ignored)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(start) || !name.ends_with(".tmp") || name.size() < start.size() + 7) continue;
        const std::string who = name.substr(start.size(), name.size() - start.size() - 4);
        if (who.find_first_not_of("0123456789-") != std::string::npos || who.find('-') == std::string::npos)
            continue;
        const FileDescriptor file{::open(entry.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
        if (file.number() >= 0 && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0)
            ::unlink(entry.path().c_str());
    }
}

}  // namespace detail

/// A file that is replaced atomically: it is written beside `path` under a name of its own (NAME.PROCESS-NUMBER.tmp), and
/// `commit()` syncs it to the disk and renames it. Without a `commit()` (an exception, a kill) the old file stays as it was.
/// Several processes may write one file: it is always one of theirs, whole.
class AtomicFile {
  public:
    /// @throws IoError when the folder is missing or cannot be written, or when `path` is a folder.
    explicit AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
        if (std::error_code ignored; std::filesystem::is_directory(path_, ignored))
            detail::throw_io_error("write", path_, EISDIR);
        detail::remove_leftovers(path_);
        struct stat status {};
        do {  // anew where somebody took it for a leftover before it was locked
            temporary_ = detail::temporary_beside(path_);
            file_ = detail::open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL, "create");
            ::flock(file_.number(), LOCK_EX);  // where a file system has no locks, nobody takes it for one
        } while (::fstat(file_.number(), &status) == 0 && status.st_nlink == 0);
    }
    AtomicFile(AtomicFile&&) = delete;
    ~AtomicFile() {
        if (!committed_) ::unlink(temporary_.c_str());
    }

    /// Appends `bytes`.
    /// @throws IoError when the disk is full or fails.
    void write(std::span<const std::byte> bytes) { detail::write_all(file_.number(), bytes, temporary_); }
    void write(std::string_view text) { write(bytes_of(text)); }

    /// Replaces `path` by what was written. Nothing may be written afterwards.
    /// @throws IoError when the bytes do not reach the disk; the old file is untouched.
    void commit() {
        if (::fsync(file_.number()) != 0) detail::throw_io_error("write", temporary_);
        detail::FileDescriptor copy{
            ::dup(file_.number())};  // reports late errors; the lock stays until the rename
        if (copy.number() < 0 || !copy.close()) detail::throw_io_error("write", temporary_);
        if (::rename(temporary_.c_str(), path_.c_str()) != 0) detail::throw_io_error("replace", path_);
        committed_ = true;
        detail::sync_folder(detail::folder_of(path_));
    }

  private:
    std::filesystem::path path_;
    std::filesystem::path temporary_;
    detail::FileDescriptor file_;
    bool committed_ = false;
};

/// Replaces the file `path` by `bytes` atomically.
/// @throws IoError as AtomicFile.
inline void write_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    AtomicFile file(path);
    file.write(bytes);
    file.commit();
}
inline void write_atomically(const std::filesystem::path& path, std::string_view text) {
    write_atomically(path, bytes_of(text));
}

/// Appends `text` to the file `path`, creating it if needed, and syncs it to disk. On failure the file
/// keeps its old length.
/// @throws IoError when the disk is full or the file cannot be written.
inline void append_durably(const std::filesystem::path& path, std::string_view text) {
    const auto file = detail::open_file(path, O_WRONLY | O_CREAT | O_APPEND, "append to");
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) detail::throw_io_error("append to", path);
    try {
        detail::write_all(file.number(), bytes_of(text), path);
        if (::fsync(file.number()) != 0) detail::throw_io_error("append to", path);
    } catch (const IoError&) {
        if (::ftruncate(file.number(), status.st_size) != 0)
            throw IoError(message("cannot append to ", path.string(), " nor restore its old length of ",
                                  status.st_size, " bytes"));
        throw;
    }
}

/// The whole content of a regular file.
/// @throws IoError when `path` is missing, is not a regular file or cannot be read.
inline std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
    const auto file =
        detail::open_file(path, O_RDONLY | O_NONBLOCK, "open");  // a pipe is refused, not waited for
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) detail::throw_io_error("read", path);
    if (!S_ISREG(status.st_mode))
        throw IoError(message("cannot read ", path.string(), ": not a regular file"));

    std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t got = ::read(file.number(), bytes.data() + filled, bytes.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) detail::throw_io_error("read", path);
        if (got == 0)
            throw IoError(message("cannot read ", path.string(), ": it was truncated while being read"));
        filled += static_cast<std::size_t>(got);
    }
    return bytes;
}

/// Like `read_bytes`, as a string.
inline std::string read_text(const std::filesystem::path& path) {
    const auto bytes = read_bytes(path);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Creates `folder` if needed and checks that a file can be written there, so that long work does not fail at its end
/// because of a full disk or a missing permission.
/// @throws IoError naming the folder and the system's reason.
inline void require_writable_folder(const std::filesystem::path& folder) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code) detail::throw_io_error("create the folder", folder, code.value());
    if (!std::filesystem::is_directory(folder)) detail::throw_io_error("write into", folder, ENOTDIR);

    const std::filesystem::path name = folder / ".vitscape-write-test";
    try {
        detail::remove_leftovers(name);
        const auto probe = detail::temporary_beside(name);
        auto file = detail::open_file(probe, O_WRONLY | O_CREAT | O_EXCL, "write");
        ::unlink(probe.c_str());  // still open: nothing is left of it, whatever happens
        const std::vector<std::byte> block(4096);
        detail::write_all(file.number(), block, probe);
        if (::fsync(file.number()) != 0 || !file.close()) detail::throw_io_error("write", probe);
    } catch (const IoError& error) {
        throw IoError(message("the output folder ", folder.string(), " cannot be written: ", error.what()));
    }
}

/// Proves that the file `path` can be written: as `require_writable_folder` for its folder, and nothing but a file is there.
/// @param who  what is said in front of it: an option's name, or nothing
/// @throws IoError naming it and the reason.
inline void require_writable_file(const std::filesystem::path& path, std::string_view who = {}) {
    std::error_code ignored;
    const bool folder = !path.has_filename() || std::filesystem::is_directory(path, ignored);
    if (folder ||
        (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)))
        throw IoError(
            message(who, who.empty() ? "" : ": ", "cannot write ", path.string(),
                    folder ? ": Is a directory; give the name of a file" : ": it is not a regular file"));
    require_writable_folder(detail::folder_of(path));
}

}  // namespace vitscape
