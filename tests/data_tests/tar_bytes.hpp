// SPDX-License-Identifier: Apache-2.0
//
// Makes tar archives in memory, header by header (POSIX.1-1988 ustar), also impossible ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitscape::test {

class TarBytes {
  public:
    struct Special {
        char type = '0';                    // '0' file, '2' symbolic link, '5' folder, 'x' pax header, …
        std::optional<std::size_t> size{};  // what the header says; otherwise the content's
        std::string link{};
    };

    TarBytes& add(std::string_view name, std::string_view content, const Special& special) {
        const std::size_t begin = bytes_.size();
        bytes_.resize(begin + 512, '\0');
        const auto put = [&](std::size_t at, std::string_view text) {
            bytes_.replace(begin + at, text.size(), text);
        };
        const auto octal = [&](std::size_t at, int digits, std::size_t value) {
            char text[24];
            std::snprintf(text, sizeof text, "%0*zo", digits, value);
            put(at, text);
        };
        put(0, name.substr(0, 100));
        octal(100, 7, 0644);
        octal(108, 7, 0);
        octal(116, 7, 0);
        octal(124, 11, special.size.value_or(content.size()));
        octal(136, 11, 0);
        put(156, std::string(1, special.type));
        put(157, special.link);
        put(257, std::string_view("ustar\00000", 8));
        put(148, "        ");
        const unsigned sum =
            std::accumulate(bytes_.begin() + static_cast<std::ptrdiff_t>(begin), bytes_.end(), 0U,
                            [](unsigned s, char c) { return s + static_cast<unsigned char>(c); });
        octal(148, 6, sum);
        bytes_[begin + 154] = '\0';
        bytes_ += content;
        bytes_.resize((bytes_.size() + 511) / 512 * 512, '\0');
        return *this;
    }
    TarBytes& add(std::string_view name, std::string_view content) { return add(name, content, Special()); }
    TarBytes& add(std::string_view name, std::span<const std::uint8_t> content) {
        return add(name, {reinterpret_cast<const char*>(content.data()), content.size()});
    }

    /// A pax header for the next member: records "LENGTH KEY=VALUE\n", whose length counts itself.
    TarBytes& pax(const std::vector<std::pair<std::string, std::string>>& records) {
        std::string content;
        for (const auto& [key, value] : records) {
            const std::size_t rest = key.size() + value.size() + 3;  // " ", "=", "\n"
            std::size_t length = rest + 1;
            while (std::to_string(length).size() + rest != length)
                length = std::to_string(length).size() + rest;
            content += std::to_string(length) + " " + key + "=" + value + "\n";
        }
        return add("PaxHeader", content, {.type = 'x'});
    }

    /// So far, without the two blocks of zeros at the end.
    [[nodiscard]] const std::string& open() const { return bytes_; }
    [[nodiscard]] std::string closed() const { return bytes_ + std::string(1024, '\0'); }

  private:
    std::string bytes_{};
};

}  // namespace vitscape::test
