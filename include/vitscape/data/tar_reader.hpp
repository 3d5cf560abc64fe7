// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/name_text.hpp>
#include <vitscape/data/file_part.hpp>
#include <vitscape/data/packed_file.hpp>

#if defined(VITSCAPE_HAS_LIBARCHIVE) && VITSCAPE_HAS_LIBARCHIVE
#include <archive.h>
#include <archive_entry.h>
#endif

namespace vitscape::detail {

/// A regular file in a tar archive.
struct TarMember {
    std::string name{};        ///< folders and name with "/" between them, without "." and a "/" in front
    std::uint64_t offset = 0;  ///< of its content in the archive, bytes
    std::uint64_t size = 0;
};

/// The name of a member without "." and empty parts. @throws DataError for one with ".."
inline std::string plain_member_name(std::string_view name, const std::string& archive) {
    std::string plain;
    for (std::size_t at = 0; at < name.size();) {
        const std::size_t end = std::min(name.find('/', at), name.size());
        const std::string_view part = name.substr(at, end - at);
        at = end + 1;
        if (part.empty() || part == ".") continue;
        if (part == "..")
            throw DataError(message("tar archive ", archive, " holds '", name_text(name),
                                    "', which leads out of it by '..'; pack it without"));
        if (!plain.empty()) plain += '/';
        plain += part;
    }
    return plain;
}

#if defined(VITSCAPE_HAS_LIBARCHIVE) && VITSCAPE_HAS_LIBARCHIVE

/// Goes through the members of a tar archive (POSIX ustar and pax, GNU, v7) by libarchive, header by header, without reading
/// what lies between them. Nothing is unpacked.
class TarReader {
  public:
    /// @throws IoError for what is no file, or cannot be read; DataError for one that is packed
    explicit TarReader(const std::filesystem::path& path)
        : file_(std::make_unique<File>(path)), archive_(::archive_read_new()) {
        require_unpacked_tar(file_->file);
        if (!archive_) throw DataError(message(name(), "cannot be read: libarchive gets no memory"));
        // Two archives one behind the other, as cat makes them, are one.
        if (::archive_read_support_format_tar(archive_.get()) != ARCHIVE_OK ||
            ::archive_read_set_options(archive_.get(), "tar:read_concatenated_archives") != ARCHIVE_OK ||
            ::archive_read_open2(archive_.get(), file_.get(), nullptr, &File::read, &File::skip, nullptr) !=
                ARCHIVE_OK)
            refuse("cannot be read");
    }

    /// The next regular file; nothing at the end. @throws DataError for damage and for what lies at no place of its own
    [[nodiscard]] std::optional<TarMember> next() {
        while (read_header()) {
            ++entries_;
            const std::uint64_t offset = position();
            const la_int64_t claimed = ::archive_entry_size(entry_);
            const auto size = static_cast<std::uint64_t>(claimed);
            const bool regular = ::archive_entry_filetype(entry_) == AE_IFREG &&
                                 ::archive_entry_hardlink(entry_) == nullptr &&
                                 ::archive_entry_hardlink_utf8(entry_) == nullptr;
            const std::string member = member_name();
            if (!regular) {
                if (::archive_entry_filetype(entry_) != AE_IFDIR) ++links_;
                end_ = offset;
                continue;
            }
            if (claimed < 0 || offset > file_->file.size() || size > file_->file.size() - offset)
                throw DataError(message(name(), "is cut off: ", name_text(member), " has ", claimed,
                                        " bytes at ", offset, ", the archive ends at ", file_->file.size(),
                                        "; copy it anew"));
            require_contiguous(member, offset, size);
            end_ = offset + (size + block - 1) / block * block;
            return TarMember{plain_member_name(member, path()), offset, size};
        }
        return std::nullopt;
    }

    /// The content of a member, at most `most` bytes. @throws DataError for a longer one
    [[nodiscard]] std::string content(const TarMember& member, std::size_t most) const {
        if (member.size > most)
            throw DataError(message(name(), "holds ", name_text(member.name), " of ", member.size,
                                    " bytes, expected are at most ", most));
        std::string text(static_cast<std::size_t>(member.size), '\0');
        if (file_->file.read(member.offset, std::as_writable_bytes(std::span(text))) < text.size())
            throw DataError(message(name(), "was cut off while it was read"));
        return text;
    }

    [[nodiscard]] std::string path() const { return file_->file.path().string(); }
    /// Links, devices and pipes so far.
    [[nodiscard]] std::size_t links() const { return links_; }
    /// Whether there is something behind the last member, as there is in an archive that was written to its end: two blocks
    /// of zeros at least.
    [[nodiscard]] bool ends_properly() const { return file_->file.size() > end_; }

  private:
    static constexpr std::uint64_t block = 512;  // bytes, of which tar archives are made

    /// Where libarchive reads. Headers are small, so no more is read at once than several of them.
    struct File {
        explicit File(const std::filesystem::path& path) : file(path) {}
        RandomFile file;
        std::uint64_t at = 0;
        std::vector<std::byte> buffer{std::vector<std::byte>(4096)};

        static la_ssize_t read(archive* reader, void* self, const void** bytes) noexcept {
            auto& f = *static_cast<File*>(self);
            try {
                const std::size_t got = f.file.read(f.at, f.buffer);
                f.at += got;
                *bytes = f.buffer.data();
                return static_cast<la_ssize_t>(got);
            } catch (const std::exception& error) {
                ::archive_set_error(reader, EIO, "%s", error.what());
                return -1;
            }
        }
        static la_int64_t skip(archive*, void* self, la_int64_t count) noexcept {
            static_cast<File*>(self)->at += static_cast<std::uint64_t>(count);
            return count;
        }
    };

    [[nodiscard]] std::string name() const { return message("tar archive ", path(), " "); }
    [[nodiscard]] std::uint64_t position() const {
        return static_cast<std::uint64_t>(::archive_filter_bytes(archive_.get(), 0));
    }

    [[noreturn]] void refuse(std::string_view what) const {
        const char* reason = ::archive_error_string(archive_.get());
        throw DataError(message(name(), what, reason != nullptr ? message(" (", reason, ")") : "",
                                entries_ == 0 ? "; expected is a tar archive"
                                              : message(" after ", entries_, " entries; copy it anew")));
    }

    [[nodiscard]] bool read_header() {
        const int result = ::archive_read_next_header(archive_.get(), &entry_);
        if (result == ARCHIVE_EOF) return false;
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN)  // a warning is of a name's letters, or of times
            refuse(entries_ == 0 ? "cannot be read" : "is damaged");
        return true;
    }

    [[nodiscard]] std::string member_name() const {
        const char* text = ::archive_entry_pathname(entry_);
        if (text == nullptr) text = ::archive_entry_pathname_utf8(entry_);
        if (text == nullptr) refuse("holds a name that cannot be read");
        return text;
    }

    /// The member's bytes lie one behind the other where its header ends. Those of sparse files do not: in front of them there
    /// may be a table, which libarchive reads with the first of them.
    void require_contiguous(const std::string& member, std::uint64_t offset, std::uint64_t size) {
        const void* bytes = nullptr;
        std::size_t count = 0;
        la_int64_t first = 0;
        bool contiguous = ::archive_entry_sparse_count(entry_) == 0;
        if (contiguous && size > 0) {
            if (::archive_read_data_block(archive_.get(), &bytes, &count, &first) != ARCHIVE_OK)
                refuse("is damaged");
            contiguous = first == 0 && position() == offset;
        }
        if (!contiguous)
            throw DataError(message(name(), "holds ", name_text(member),
                                    " as a sparse file, whose bytes are not all there; pack it without tar's "
                                    "--sparse"));
    }

    struct Free {
        void operator()(archive* reader) const { ::archive_read_free(reader); }
    };

    std::unique_ptr<File> file_;
    std::unique_ptr<archive, Free> archive_;
    archive_entry* entry_ = nullptr;
    std::uint64_t end_ = 0;
    std::size_t entries_ = 0, links_ = 0;
};

#else

class TarReader {
  public:
    explicit TarReader(const std::filesystem::path& path) {
        throw ConfigError(message("this build cannot read tar archives (", path.string(),
                                  "): unpack it and give its folder, or install libarchive (Debian: "
                                  "libarchive-dev) and configure again"));
    }
    [[nodiscard]] std::optional<TarMember> next() { return std::nullopt; }
    [[nodiscard]] std::string content(const TarMember&, std::size_t) const { return {}; }
    [[nodiscard]] std::string path() const { return {}; }
    [[nodiscard]] std::size_t links() const { return 0; }
    [[nodiscard]] bool ends_properly() const { return true; }
};

#endif

}  // namespace vitscape::detail
