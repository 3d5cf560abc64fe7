// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
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
#include <vitscape/core/name_text.hpp>
#include <vitscape/io/checksum.hpp>

namespace vitscape {

/// `value` with all its texts and keys in UTF-8, by `name_text`: what JSON can hold of names that are any bytes.
template <class Json>
[[nodiscard]] Json with_name_texts(const Json& value) {
    if (value.is_string()) return name_text(value.template get_ref<const std::string&>());
    if (!value.is_structured()) return value;
    Json result = value.is_object() ? Json::object() : Json::array();
    if (value.is_object())
        for (const auto& [key, entry] : value.items()) result[name_text(key)] = with_name_texts(entry);
    else
        for (const auto& entry : value) result.push_back(with_name_texts(entry));
    return result;
}

/// `value` as the text of JSON, on one line or indented; names that are not UTF-8 by `name_text`.
template <class Json>
[[nodiscard]] std::string json_text(const Json& value, int indent = -1) {
    try {
        return value.dump(indent);
    } catch (const nlohmann::json::type_error&) {
        return with_name_texts(value).dump(indent);
    }
}

/// Puts a last entry "checksum" (io/checksum.hpp) into the text of a JSON object. Any other value has no place for one.
[[nodiscard]] inline std::string with_checksum(std::string object) {
    const std::size_t end = object.rfind('}');
    if (!object.starts_with('{') || end == std::string::npos) return object;
    const std::size_t last = object.find_last_not_of(" \n", end - 1);
    const bool one_line = object.find('\n') >= end, empty = last == 0;
    object.insert(last + 1,
                  message(empty ? "" : ",", one_line ? "" : "\n ",
                          one_line ? "\"checksum\":\"" : "\"checksum\": \"", blank_checksum(), "\""));
    fill_checksum(object);
    return object;
}

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

namespace detail {

/// Lists and objects inside each other that a file may have, many times what any of ours has: reading, comparing and writing
/// a value call themselves on each level, and a stack has an end.
inline constexpr int most_json_levels = 200;

/// Parses JSON. @throws IoError naming `origin` where it is nested more deeply; nlohmann::json::exception where it is not JSON
[[nodiscard]] inline nlohmann::json parse_shallow_json(std::string_view text, const std::string& origin) {
    std::ptrdiff_t levels = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char character = text[i];
        if (character == '"') quoted = !quoted;
        if (quoted && character == '\\') ++i;
        if (quoted) continue;
        if (character == '[' || character == '{') ++levels;
        if (character == ']' || character == '}') --levels;
        if (levels > most_json_levels)
            throw IoError(message(origin, " is not a file that can be used: its JSON is nested more than ",
                                  most_json_levels, " levels deep"));
    }
    return nlohmann::json::parse(text);
}

}  // namespace detail

/// Reads JSON whose object may carry its checksum in an entry "checksum", which is left out of the result.
/// @param origin  what errors call the text
/// @throws IoError when it is damaged, not JSON or nested too deeply; the message names the place and what was found there.
[[nodiscard]] inline nlohmann::json parse_json(std::string_view text, const std::string& origin) {
    const bool checked = verify_checksum(bytes_of(text), bytes_of(text), origin);
    try {
        nlohmann::json value = detail::parse_shallow_json(text, origin);
        if (checked && value.is_object()) value.erase("checksum");
        if (!checked && value.is_object() && value.contains("checksum") && value["checksum"].is_string() &&
            detail::resembles_checksum(value["checksum"].get_ref<const std::string&>()))
            detail::throw_damaged(origin);
        if (!checked) detail::note_missing_checksum(origin);
        return value;
    } catch (const nlohmann::json::exception& error) {
        throw IoError(message(origin, " is not valid JSON: ", error.what()));
    }
}

/// Reads a JSON file, as `parse_json` does.
/// @throws IoError when the file cannot be read, is damaged or is not JSON.
inline nlohmann::json load_json(const std::filesystem::path& path) {
    return parse_json(read_text(path), path.string());
}

/// Writes `value` (an `nlohmann::json` or `ordered_json`), indented by one space a level, in the place of
/// `path`, atomically, an object with its checksum. Numbers keep their value; one that is not finite becomes `null`.
/// @throws IoError as AtomicFile.
template <class Json>
void write_json(const std::filesystem::path& path, const Json& value) {
    write_atomically(path, with_checksum(json_text(value, 1) + '\n'));
}

/// The first difference between two JSON values, for a message: "/batch was 100, now it is 50"; empty if they are equal.
[[nodiscard]] inline std::optional<std::string> first_difference(const nlohmann::json& before,
                                                                 const nlohmann::json& given) {
    if (before == given) return {};
    const nlohmann::json now = with_name_texts(given);  // as `before` was written
    const nlohmann::json changes = nlohmann::json::diff(before, now);
    if (changes.empty()) return {};
    const nlohmann::json::json_pointer where(changes.front().at("path").get<std::string>());
    const auto text = [&](const nlohmann::json& d) {
        return d.contains(where) ? d.at(where).dump() : "nothing";
    };
    return message(where.to_string(), " was ", text(before), ", now it is ", text(now));
}

/// Appends `value` as one line with its checksum to the log `path`, creating it where needed, and syncs it to the disk.
/// @throws IoError when it cannot be written; the log keeps its old length.
template <class Json>
void append_json_line(const std::filesystem::path& path, const Json& value) {
    append_durably(path, with_checksum(json_text(value) + '\n'));
}

/// The lines of a log that `append_json_line` wrote, in order. A last line without its end is what a kill in
/// the middle of a write leaves; it is not returned.
/// @throws IoError when the file cannot be read, or a whole line is damaged or not JSON; the text gives the line's
/// number.
inline std::vector<nlohmann::json> load_json_lines(const std::filesystem::path& path) {
    const std::string text = read_text(path);
    std::vector<nlohmann::json> lines;
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
        lines.push_back(parse_json(std::string_view(text).substr(begin, end + 1 - begin),
                                   message(path.string(), ":", lines.size() + 1)));
    // A line that lacks nothing but has another byte for its end was not cut short by a kill.
    if (begin < text.size()) {
        const std::string whole = text.substr(begin, text.size() - 1 - begin) + '\n';
        if (checksum_holds(bytes_of(whole), bytes_of(whole)).value_or(false))
            detail::throw_damaged(message(path.string(), ":", lines.size() + 1));
    }
    return lines;
}

}  // namespace vitscape
