// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>

#if defined(VITSCAPE_HAS_LIBZIP) && VITSCAPE_HAS_LIBZIP
#include <zip.h>
#endif

namespace vitscape {

#if defined(VITSCAPE_HAS_LIBZIP) && VITSCAPE_HAS_LIBZIP

/// A zip archive whose entries are read into memory, by libzip (https://libzip.org). It is not trusted: a name may occur once,
/// and no entry may claim more bytes than its packed bytes can give. Names are only compared: nothing is written anywhere.
class ZipArchive {
  public:
    /// @throws IoError when the file cannot be read, is no zip archive or has a damaged directory.
    explicit ZipArchive(const std::filesystem::path& path) : origin_(path.string()) {
        std::error_code unreadable;
        archive_size_ = std::filesystem::file_size(path, unreadable);
        if (unreadable) detail::throw_io_error("read", path, unreadable.value());
        int code = 0;
        archive_.reset(::zip_open(path.c_str(), open_flags, &code));
        if (!archive_) {
            zip_error_t error;
            ::zip_error_init_with_code(&error, code);
            refuse_archive(error);
        }
        read_directory();
    }

    /// As above, from the bytes of an archive, which outlive it; `origin` names them in errors.
    ZipArchive(std::span<const std::byte> bytes, std::string origin)
        : origin_(std::move(origin)), archive_size_(bytes.size()) {
        zip_error_t error;
        ::zip_error_init(&error);
        zip_source_t* source = ::zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
        if (source != nullptr) archive_.reset(::zip_open_from_source(source, open_flags, &error));
        if (!archive_) {
            ::zip_source_free(source);
            refuse_archive(error);
        }
        ::zip_error_fini(&error);
        read_directory();
    }

    /// The names of the entries in the order of the archive's directory; folders end in '/'.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

    [[nodiscard]] bool contains(std::string_view name) const { return by_name_.find(name) != by_name_.end(); }

    /// The number of bytes of an entry that `contains` knows, which its packed bytes can give.
    /// @throws IoError where they cannot, or are encrypted or packed by another method than deflate.
    [[nodiscard]] std::size_t size(std::string_view name) const {
        // Deflate (RFC 1951) writes at most 258 bytes for two bits of its input.
        constexpr std::uint64_t largest_growth = 1032;
        zip_stat_t entry;
        ::zip_stat_init(&entry);
        if (::zip_stat_index(archive_.get(), index_of(name), 0, &entry) != 0)
            refuse(name, ::zip_strerror(archive_.get()));
        constexpr zip_uint64_t needed =
            ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
        if ((entry.valid & needed) != needed) refuse(name, "its size is not given");
        if (entry.encryption_method != ZIP_EM_NONE) refuse(name, "it is encrypted");
        if (entry.comp_method != ZIP_CM_STORE && entry.comp_method != ZIP_CM_DEFLATE)
            refuse(name, message("it is packed by method ", entry.comp_method,
                                 ", expected is none (0) or deflate (8)"));
        const bool stored = entry.comp_method == ZIP_CM_STORE;
        if (entry.comp_size > archive_size_ ||
            (stored ? entry.size != entry.comp_size : entry.size / largest_growth > entry.comp_size))
            refuse(name, message("it claims ", entry.size, " bytes packed into ", entry.comp_size,
                                 ", the archive has ", archive_size_));
        return static_cast<std::size_t>(entry.size);
    }

    /// The content of an entry that `contains` knows, checked against its CRC-32.
    /// @throws IoError as `size`, and when it has more than `most` bytes or is damaged.
    [[nodiscard]] std::vector<std::byte> read(std::string_view name, std::size_t most) const {
        if (size(name) > most) refuse(name, message("it has ", size(name), " bytes, more than ", most));
        std::vector<std::byte> bytes(size(name));
        const std::unique_ptr<zip_file_t, decltype(&::zip_fclose)> file(
            ::zip_fopen_index(archive_.get(), index_of(name), 0), &::zip_fclose);
        if (!file) refuse(name, ::zip_strerror(archive_.get()));
        std::size_t filled = 0;
        zip_int64_t got = 1;
        while (filled < bytes.size() && got > 0) {
            got = ::zip_fread(file.get(), bytes.data() + filled, bytes.size() - filled);
            if (got > 0) filled += static_cast<std::size_t>(got);
        }
        std::byte more{};  // the CRC-32 is compared where the data end
        if (got >= 0 && filled == bytes.size()) got = ::zip_fread(file.get(), &more, 1);
        if (got < 0 && ::zip_error_code_zip(::zip_file_get_error(file.get())) == ZIP_ER_CRC)
            refuse(name, "its CRC-32 is that of other bytes; it is damaged, or was written without one");
        if (got < 0) refuse(name, ::zip_file_strerror(file.get()));
        if (got > 0 || filled < bytes.size())
            refuse(name, message("it holds ", got > 0 ? "more" : "fewer", " than the ", bytes.size(),
                                 " bytes that it claims"));
        return bytes;
    }

  private:
    static constexpr int open_flags = ZIP_RDONLY | ZIP_CHECKCONS;

    [[nodiscard]] zip_uint64_t index_of(std::string_view name) const { return by_name_.find(name)->second; }

    void read_directory() {
        const zip_int64_t count = ::zip_get_num_entries(archive_.get(), 0);
        for (zip_int64_t i = 0; i < count; ++i) {
            const auto index = static_cast<zip_uint64_t>(i);
            const char* name = ::zip_get_name(archive_.get(), index, ZIP_FL_ENC_RAW);
            if (name == nullptr) refuse(message("number ", i), ::zip_strerror(archive_.get()));
            by_name_.emplace(name, index);
            names_.emplace_back(name);
        }
    }

    [[noreturn]] void refuse_archive(zip_error_t& error) const {
        const bool twice = ::zip_error_code_zip(&error) == ZIP_ER_EXISTS;
        const std::string reason = twice ? "two of its entries have one name" : ::zip_error_strerror(&error);
        ::zip_error_fini(&error);
        throw IoError(message(origin_, " is not a zip archive that can be read: ", reason));
    }
    [[noreturn]] void refuse(std::string_view name, std::string_view reason) const {
        throw IoError(message(origin_, " cannot be read: its entry ", name, ": ", reason));
    }

    std::string origin_;
    std::uint64_t archive_size_;
    std::unique_ptr<zip_t, decltype(&::zip_discard)> archive_{nullptr, &::zip_discard};
    std::vector<std::string> names_;
    std::map<std::string, zip_uint64_t, std::less<>> by_name_;
};

#else

class ZipArchive {
  public:
    explicit ZipArchive(const std::filesystem::path& path) : ZipArchive({}, path.string()) {}
    ZipArchive(std::span<const std::byte>, const std::string& origin) {
        throw ConfigError(message("this build cannot read zip archives (", origin,
                                  "): install libzip (Debian: libzip-dev) and configure again"));
    }
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    [[nodiscard]] bool contains(std::string_view) const { return false; }
    [[nodiscard]] std::size_t size(std::string_view) const { return 0; }
    [[nodiscard]] std::vector<std::byte> read(std::string_view, std::size_t) const { return {}; }

  private:
    std::vector<std::string> names_;
};

#endif

}  // namespace vitscape
