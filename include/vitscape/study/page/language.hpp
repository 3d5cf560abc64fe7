// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <vitscape/core/error.hpp>

namespace vitscape {

/// The language of a study's page. Reports are in English; a page of another language is written from the same report.
enum class Language { english, japanese };

/// As in `lang` of HTML.
inline constexpr std::array<std::string_view, 2> language_names{"en", "ja"};

[[nodiscard]] constexpr std::string_view name_of(Language language) {
    return language_names[static_cast<std::size_t>(language)];
}
/// @throws ConfigError for another name
[[nodiscard]] inline Language parse_language(std::string_view name) {
    for (const Language language : {Language::english, Language::japanese})
        if (name_of(language) == name) return language;
    throw ConfigError(message("a page is written in en or ja; '", name, "' was given"));
}

}  // namespace vitscape
