// SPDX-License-Identifier: Apache-2.0
//
// The kinds of options that the programs have. Each reads its text, refuses what is not of its kind in a sentence that names
// the option, and says in the help what it takes.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/range.hpp>

namespace program {

/// "mae, rc-mae"
[[nodiscard]] inline std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

/// The parts of a text between its commas.
[[nodiscard]] inline std::vector<std::string> split_at_commas(const std::string& text) {
    std::vector<std::string> parts{""};
    for (const char letter : text) {
        if (letter == ',')
            parts.emplace_back();
        else
            parts.back() += letter;
    }
    return parts;
}

/// Numbers with commas between them, as on a command line.
template <class T>
[[nodiscard]] std::string joined_numbers(const std::vector<T>& values) {
    std::string text;
    for (const T value : values) {
        if (!text.empty()) text += ',';
        text += vitscape::number_text(value);
    }
    return text;
}

/// An option that takes one text, the last one where it is given twice. `set(text)` throws a ConfigError for a text that is
/// not of the option's kind.
template <class Set>
CLI::Option* add_text(CLI::App& app, const std::string& name, const std::string& type,
                      const std::string& shown, const Set& set, const std::string& help) {
    CLI::Option* option = app.add_option_function<std::string>(
        name, [set](const std::string& text) { set(text); }, help);
    if (!shown.empty()) option->default_str(shown);
    return option->type_name(type)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

/// A number of `range`: a count, size, share, rate, seed, tolerance or time. Of several names the first one is used in
/// sentences.
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& value, const vitscape::Range& range,
                        const std::string& help) {
    return add_text(
        app, name, std::is_integral_v<T> ? "INT" : "FLOAT", vitscape::number_text(value),
        [&value, first = name.substr(0, name.find(',')), range](const std::string& text) {
            value = vitscape::parse_number<T>(first, text, range);
        },
        vitscape::message(help, "; ", range.template kind<T>()));
}

/// As many numbers as the array has, with commas between them.
template <class T, std::size_t count>
CLI::Option* add_numbers(CLI::App& app, const std::string& name, std::array<T, count>& values,
                         const vitscape::Range& range, const std::string& form, const std::string& help) {
    return add_text(
        app, name, form, joined_numbers(std::vector<T>(values.begin(), values.end())),
        [&values, name, range, form](const std::string& text) {
            const std::vector<std::string> parts = split_at_commas(text);
            if (parts.size() != count)
                throw vitscape::ConfigError(vitscape::message(name, " needs ", count, " numbers, ", form,
                                                              ", '", text, "' was given"));
            for (std::size_t i = 0; i < count; ++i)
                values[i] = vitscape::parse_number<T>(name, parts[i], range);
        },
        vitscape::message(help, "; ", form));
}

/// @throws ConfigError naming the option where one of the numbers is none of the range, or there twice
template <class T>
[[nodiscard]] std::vector<T> parse_numbers(const std::string& name, const std::string& text,
                                           const vitscape::Range& range) {
    std::vector<T> values;
    for (const std::string& one : split_at_commas(text)) {
        const T value = vitscape::parse_number<T>(name, one, range);
        if (std::find(values.begin(), values.end(), value) != values.end())
            throw vitscape::ConfigError(vitscape::message(name, " has ", one, " twice"));
        values.push_back(value);
    }
    return values;
}
/// One or more numbers of `range`, with commas between them, each once.
template <class T>
CLI::Option* add_number_list(CLI::App& app, const std::string& name, std::vector<T>& values,
                             const vitscape::Range& range, const std::string& help) {
    return add_text(
        app, name, "FLOAT,…", joined_numbers(values),
        [&values, name, range](const std::string& text) { values = parse_numbers<T>(name, text, range); },
        vitscape::message(help, "; each ", range.template kind<T>()));
}

/// @throws ConfigError naming the option and all choices, where the text is none of them
inline void require_choice(const std::string& name, const std::string& text,
                           const std::vector<std::string>& choices) {
    if (std::find(choices.begin(), choices.end(), text) == choices.end())
        throw vitscape::ConfigError(
            vitscape::message(name, " takes one of ", joined(choices), "; '", text, "' was given"));
}

/// One of several words.
inline CLI::Option* add_choice(CLI::App& app, const std::string& name, std::string& value,
                               const std::vector<std::string>& choices, const std::string& help) {
    return add_text(
        app, name, "TEXT", value,
        [&value, name, choices](const std::string& text) {
            require_choice(name, text, choices);
            value = text;
        },
        help + ": " + joined(choices));
}

/// Some of several words, with commas between them, each once.
inline CLI::Option* add_choices(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                                const std::vector<std::string>& choices, const std::string& help) {
    return add_text(
        app, name, "TEXT,TEXT", joined(values),
        [&values, name, choices](const std::string& text) {
            values.clear();
            for (const std::string& one : split_at_commas(text)) {
                require_choice(name, one, choices);
                if (std::find(values.begin(), values.end(), one) != values.end())
                    throw vitscape::ConfigError(vitscape::message(name, " has '", one, "' twice"));
                values.push_back(one);
            }
        },
        help + ": " + joined(choices));
}

/// @throws ConfigError naming the option unless `text` is a regular file, or, where `gone` says so, is not there any more
inline void require_input_file(const std::string& name, const std::string& text, bool gone = false) {
    std::error_code ignored;
    const bool there = !text.empty() && std::filesystem::exists(text, ignored);
    if (there ? std::filesystem::is_regular_file(text, ignored) : gone) return;
    throw vitscape::ConfigError(vitscape::message(name, " takes a file that is there; ",
                                                  text.empty() ? "''" : text,
                                                  there ? " is no file" : " is not there"));
}

/// A file that is read.
inline CLI::Option* add_input_file(CLI::App& app, const std::string& name, std::string& value,
                                   const std::string& help) {
    return add_text(
        app, name, "FILE", "",
        [&value, name](const std::string& text) {
            require_input_file(name, text);
            value = text;
        },
        help);
}

/// A name: of a file or folder that is written, or of images. Empty only where there may be `none`.
inline CLI::Option* add_name(CLI::App& app, const std::string& name, std::string& value,
                             const std::string& type, const std::string& help, bool none = false) {
    return add_text(
        app, name, type, value,
        [&value, name, type, none](const std::string& text) {
            if (text.empty() && !none)
                throw vitscape::ConfigError(vitscape::message(name, " takes ", type, ", '' was given"));
            value = text;
        },
        help);
}

}  // namespace program
