// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <ios>
#include <span>
#include <streambuf>
#include <string>
#include <system_error>
#include <vector>

#include <sys/stat.h>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>

namespace vitscape::detail {

/// A regular file that is read at any place, by several threads at once.
class RandomFile {
  public:
    /// @throws IoError when `path` is missing, is not a regular file or cannot be opened
    explicit RandomFile(std::filesystem::path path)
        : path_(std::move(path)),
          file_(open_file(path_, O_RDONLY | O_NONBLOCK, "open")) {  // a pipe is refused, not waited for
        struct stat status {};
        if (::fstat(file_.number(), &status) != 0) throw_io_error("read", path_);
        if (!S_ISREG(status.st_mode))
            throw IoError(message("cannot read ", path_.string(), ": not a regular file"));
        size_ = static_cast<std::uint64_t>(status.st_size);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// Fills `bytes` from `offset` on; returns how many, fewer only at the end of the file.
    /// @throws IoError when it cannot be read
    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<std::byte> bytes) const {
        std::size_t filled = 0;
        while (filled < bytes.size()) {
            const ssize_t got = ::pread(file_.number(), bytes.data() + filled, bytes.size() - filled,
                                        static_cast<off_t>(offset + filled));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) throw_io_error("read", path_);
            if (got == 0) break;
            filled += static_cast<std::size_t>(got);
        }
        return filled;
    }

  private:
    std::filesystem::path path_;
    FileDescriptor file_;
    std::uint64_t size_ = 0;
};

/// Bytes [offset, offset + size) of a file as the buffer of a `std::istream`.
class FilePartBuffer : public std::streambuf {
  public:
    /// @param file  outlives the buffer
    FilePartBuffer(const RandomFile& file, std::uint64_t offset, std::uint64_t size)
        : file_(file), begin_(offset), size_(size) {}

  protected:
    int_type underflow() override {
        const std::uint64_t at = position();
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), size_ - at));
        const std::size_t got =
            file_.read(begin_ + at, std::as_writable_bytes(std::span(buffer_).first(wanted)));
        place(at, got);
        return got == 0 ? traits_type::eof() : traits_type::to_int_type(buffer_[0]);
    }
    pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode) override {
        const std::uint64_t base = from == std::ios_base::beg   ? 0
                                   : from == std::ios_base::cur ? position()
                                                                : size_;
        const off_type target = static_cast<off_type>(base) + offset;
        if (target < 0 || static_cast<std::uint64_t>(target) > size_) return {off_type{-1}};
        place(static_cast<std::uint64_t>(target), 0);
        return {target};
    }
    pos_type seekpos(pos_type target, std::ios_base::openmode mode) override {
        return seekoff(off_type(target), std::ios_base::beg, mode);
    }

  private:
    [[nodiscard]] std::uint64_t position() const {
        return buffer_at_ + static_cast<std::uint64_t>(gptr() - eback());
    }
    /// The next `count` bytes of the buffer are those from `at` on.
    void place(std::uint64_t at, std::size_t count) {
        buffer_at_ = at;
        setg(buffer_.data(), buffer_.data(), buffer_.data() + count);
    }

    const RandomFile& file_;
    std::uint64_t begin_, size_, buffer_at_ = 0;
    std::array<char, 4096> buffer_{};
};

}  // namespace vitscape::detail
