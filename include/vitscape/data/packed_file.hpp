// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include <vitscape/core/error.hpp>
#include <vitscape/data/file_part.hpp>

namespace vitscape::detail {

/// "gzip" where a file's first bytes say that it is packed, and how; nothing for any other.
inline std::string_view packed_by(std::string_view head) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kinds{
        {{"\x1F\x8B", "gzip"},
         {"BZh", "bzip2"},
         {"\3757zXZ", "xz"},
         {"\x28\xB5\x2F\xFD", "zstd"},
         {"PK\x03\x04", "zip"}}};
    for (const auto& [bytes, kind] : kinds)
        if (head.starts_with(bytes)) return kind;
    return {};
}

/// @throws DataError for an archive that is packed: its members lie at no place of their own, so it could only be read from its
///         beginning to its end, and that anew for each epoch
inline void require_unpacked_tar(const RandomFile& file) {
    std::array<char, 8> head{};
    const std::size_t got = file.read(0, std::as_writable_bytes(std::span(head)));
    const std::string_view kind = packed_by(std::string_view(head.data(), got));
    if (kind.empty()) return;
    throw DataError(
        message("tar archive ", file.path().string(), " is packed by ", kind,
                kind == "zip" ? "; unpack it and give its folder, or pack it by tar"
                              : message(", and images are read from it in any order; unpack it once: ", kind,
                                        " -dk ", file.path().string())));
}

}  // namespace vitscape::detail
