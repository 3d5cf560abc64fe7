// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#if !__has_include(<nlohmann/json.hpp>)
#error "vitscape/io/json.hpp needs nlohmann-json; on Debian: apt install nlohmann-json3-dev"
#endif
#include <nlohmann/json.hpp>

#include <vitscape/core/file.hpp>

namespace vitscape {

namespace detail {

// A name that is not UTF-8 (a folder's, say) must not lose a whole report.
template <class Json>
std::string json_text(const Json& value, int indent) {
    return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace detail

/// A number as JSON: null if it is not finite.
template <class Json = nlohmann::json>
[[nodiscard]] Json json_number(double value) {
    return std::isfinite(value) ? Json(value) : Json();
}

/// Inverse of `json_number`; NaN for null and for anything else that is not a number.
[[nodiscard]] inline double number_or_nan(const nlohmann::json& value) {
    return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

/// Inverse of `json_number`, NaN for null, in a file where nothing else is valid.
/// @throws nlohmann::json::type_error for anything else.
[[nodiscard]] inline double checked_number(const nlohmann::json& value) {
    return value.is_null() ? number_or_nan(value) : value.get<double>();
}

/// Reads a JSON file.
/// @throws IoError when the file cannot be read or is not JSON; the text names the file, the place and what
/// was found there.
inline nlohmann::json load_json(const std::filesystem::path& path) {
    const std::string text = read_text(path);
    try {
        return nlohmann::json::parse(text);
    } catch (const nlohmann::json::exception& error) {
        throw IoError(message(path.string(), " is not valid JSON: ", error.what()));
    }
}

/// Writes `value` (an `nlohmann::json` or `ordered_json`), indented by one space a level, in the place of
/// `path`, atomically. Numbers keep their value; one that is not finite becomes `null`.
/// @throws IoError as AtomicFile.
template <class Json>
void write_json(const std::filesystem::path& path, const Json& value) {
    write_atomically(path, detail::json_text(value, 1));
}

/// The first difference between two JSON values, for a message: "/batch was 100, now it is 50"; empty if they are equal.
[[nodiscard]] inline std::optional<std::string> first_difference(const nlohmann::json& before,
                                                                 const nlohmann::json& now) {
    if (before == now) return {};
    const nlohmann::json changes = nlohmann::json::diff(before, now);
    const nlohmann::json::json_pointer where(changes.front().at("path").get<std::string>());
    const auto text = [&](const nlohmann::json& d) {
        return d.contains(where) ? d.at(where).dump() : "nothing";
    };
    return message(where.to_string(), " was ", text(before), ", now it is ", text(now));
}

/// Appends `value` as one line to the log `path`, creating it where needed, and syncs it to the disk.
/// @throws IoError when it cannot be written; the log keeps its old length.
template <class Json>
void append_json_line(const std::filesystem::path& path, const Json& value) {
    append_durably(path, detail::json_text(value, -1));
}

/// The lines of a log that `append_json_line` wrote, in order. A last line without its end is what a kill in
/// the middle of a write leaves; it is not returned.
/// @throws IoError when the file cannot be read or a whole line is not JSON; the text gives the line's
/// number.
inline std::vector<nlohmann::json> load_json_lines(const std::filesystem::path& path) {
    const std::string text = read_text(path);
    std::vector<nlohmann::json> lines;
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
        const auto line = std::string_view(text).substr(begin, end - begin);
        try {
            lines.push_back(nlohmann::json::parse(line));
        } catch (const nlohmann::json::exception& error) {
            throw IoError(
                message(path.string(), ":", lines.size() + 1, " is not valid JSON: ", error.what()));
        }
    }
    return lines;
}

}  // namespace vitscape
