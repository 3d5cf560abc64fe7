// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#if !__has_include(<xxhash.h>)
#error "vitscape/io/checksum.hpp needs xxHash; on Debian: apt install libxxhash-dev"
#endif
#if !defined(XXH_INLINE_ALL)
#define XXH_INLINE_ALL
#endif
#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>

#include <xxhash.h>

#if XXH_VERSION_NUMBER < 800
#error "vitscape/io/checksum.hpp needs XXH3, that is xxHash 0.8 or later"
#endif

/// A file that is read back carries the checksum of its own bytes: the text "xxh3-64:" and 16 hexadecimal digits, those of
/// XXH3 with 64 bits (https://github.com/Cyan4973/xxHash) over the whole file with these 16 digits taken as zeros. Where the
/// text stands is the format's choice. XXH3 keeps up with memory, which a CRC does not: a checkpoint is written as fast as
/// without.
namespace vitscape {

/// What stands before a checksum's digits.
inline constexpr std::string_view checksum_mark = "xxh3-64:";
/// The digits of a checksum that is not known yet, and what they count as.
inline constexpr std::string_view blank_digits = "0000000000000000";

/// XXH3 with 64 bits of bytes that come one part after another.
class Checksum {
  public:
    Checksum() { XXH3_64bits_reset(&state_); }

    Checksum& update(std::span<const std::byte> bytes) {
        XXH3_64bits_update(&state_, bytes.data(), bytes.size());
        return *this;
    }
    Checksum& update(std::string_view text) { return update(bytes_of(text)); }

    [[nodiscard]] std::uint64_t value() const { return XXH3_64bits_digest(&state_); }

    /// As 16 hexadecimal digits, the highest first.
    [[nodiscard]] std::string digits() const {
        std::string text(blank_digits);
        std::uint64_t rest = value();
        for (auto digit = text.rbegin(); digit != text.rend(); ++digit, rest >>= 4)
            *digit = "0123456789abcdef"[rest & 15];
        return text;
    }

  private:
    XXH3_state_t state_;
};

/// A checksum as it stands in a file before the file's bytes are known.
[[nodiscard]] inline std::string blank_checksum() {
    return std::string(checksum_mark) + std::string(blank_digits);
}

/// Puts the checksum of a file, `head` followed by the bytes of `rest`, in the place of the last blank one of `head`.
inline void fill_checksum(std::string& head, std::span<const std::span<const std::byte>> rest = {}) {
    const std::size_t at = head.rfind(blank_checksum()) + checksum_mark.size();
    Checksum checksum;
    checksum.update(head);
    for (const auto bytes : rest) checksum.update(bytes);
    head.replace(at, blank_digits.size(), checksum.digits());
}

namespace detail {

/// Whether a file's entry "checksum" is one of ours whose mark was damaged, and no entry of another program's.
inline bool resembles_checksum(std::string_view text) {
    return text.size() == checksum_mark.size() + blank_digits.size();
}

[[noreturn]] inline void throw_damaged(const std::string& origin) {
    throw IoError(message(
        origin,
        " is damaged: its bytes do not give its checksum. It was cut short or changed after it was written; "
        "take a good copy, or make it again. After a change that was meant, take the checksum out"));
}

inline std::atomic<bool> told_of_missing_checksum{false};

/// Says once, on std::clog, that a file carries no checksum.
inline void note_missing_checksum(const std::string& origin) {
    if (told_of_missing_checksum.exchange(true)) return;
    std::clog << message("note: ", origin,
                         " carries no checksum, as files of vitscape 0.1 and of other programs: damage to it "
                         "would not be seen (said once)\n");
}

}  // namespace detail

/// Whether the last checksum in `part`, a piece of a file's `bytes`, is that of the bytes; nothing where there is none.
[[nodiscard]] inline std::optional<bool> checksum_holds(std::span<const std::byte> bytes,
                                                        std::span<const std::byte> part) {
    const std::string_view text(reinterpret_cast<const char*>(part.data()), part.size());
    const std::size_t mark = text.rfind(checksum_mark);
    if (mark == std::string_view::npos) return std::nullopt;
    const std::string_view carried =
        text.substr(mark + checksum_mark.size(), blank_digits.size());  // shorter where the text ends
    const auto begin = static_cast<std::size_t>(part.data() - bytes.data()) + mark + checksum_mark.size();
    Checksum checksum;
    checksum.update(bytes.first(begin)).update(blank_digits).update(bytes.subspan(begin + carried.size()));
    return carried == checksum.digits();
}

/// As `checksum_holds`; false where there is none.
/// @throws IoError naming the file where the bytes give another.
inline bool verify_checksum(std::span<const std::byte> bytes, std::span<const std::byte> part,
                            const std::string& origin) {
    const std::optional<bool> holds = checksum_holds(bytes, part);
    if (holds && !*holds) detail::throw_damaged(origin);
    return holds.has_value();
}

}  // namespace vitscape
