// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/core/json_value.hpp>

namespace vitscape {

template <WithFields T>
[[nodiscard]] nlohmann::json describe(const T& value);
template <WithFields T>
void read_fields(const JsonValue& description, T& value);

namespace detail {

/// Types that map directly to JSON: numbers, strings and lists of these.
template <class T>
inline constexpr bool is_plain = std::is_arithmetic_v<T> || std::is_same_v<T, std::string>;
template <class T>
inline constexpr bool is_plain<std::vector<T>> = is_plain<T>;
template <class T, std::size_t n>
inline constexpr bool is_plain<std::array<T, n>> = is_plain<T>;

/// A user-defined type without fields is described by an overload of `describe` next to it, otherwise as "custom".
template <class T>
nlohmann::json field_json(const T& value) {
    if constexpr (is_plain<T>)
        return value;
    else if constexpr (NamedEnum<T>)
        return std::string(name_of(value));
    else if constexpr (ChoiceOfKinds<const T>)
        return std::visit([](const auto& one) { return field_json(one); }, value.choice());
    else if constexpr (requires { describe(value); })
        return describe(value);
    else
        return {{"kind", "custom"}};
}

template <class T>
void read_field(const JsonValue& from, T& value);

/// Constructs the alternative with the given kind. @throws ConfigError for an unknown kind
template <class... T>
void read_choice(const JsonValue& from, std::variant<T...>& choice) {
    const auto kind = from.at("kind").to<std::string>();
    bool found = false;
    std::string known;
    const auto read = [&]<class Alternative>(const Alternative&) {
        known += message(known.empty() ? "" : ", ", Alternative::kind);
        if (kind != Alternative::kind) return;
        Alternative alternative{};
        read_fields(from, alternative);
        choice = std::move(alternative);
        found = true;
    };
    (read(T{}), ...);
    if (!found)
        throw ConfigError(message("unknown kind '", kind, "'; known are ", known,
                                  ". Load the file in a program that has it"));
}

template <class T>
void read_field(const JsonValue& from, T& value) {
    if constexpr (is_plain<T>) {
        value = from.to<T>();
    } else if constexpr (NamedEnum<T>) {
        const auto name = from.to<std::string>();
        for (const auto& [known, one] : enumerators(T{}))
            if (known == name) {
                value = one;
                return;
            }
        throw ConfigError(message("'", name, "' is not a known value"));
    } else if constexpr (ChoiceOfKinds<T>) {
        read_choice(from, value.choice());
    } else if constexpr (WithFields<T>) {
        read_fields(from, value);
    } else {
        throw ConfigError("a user-defined type cannot be restored from a file; construct it in the program");
    }
}

/// The keys that a file may lack.
template <class T>
constexpr std::span<const std::string_view> newer_fields_of() {
    if constexpr (WithNewerFields<T>)
        return T::newer_fields;
    else
        return {};
}

struct JsonWriter {
    nlohmann::json& json;
    template <class T>
    void operator()(std::string_view key, const T& value, std::string_view, std::string_view,
                    const Range& = {}) {
        json[std::string(key)] = field_json(value);
    }
};

struct JsonReader {
    const JsonValue& json;
    std::span<const std::string_view> may_be_missing;
    template <class T>
    void operator()(std::string_view key, T& value, std::string_view, std::string_view, const Range& = {}) {
        if (!json.contains(key) &&
            std::find(may_be_missing.begin(), may_be_missing.end(), key) != may_be_missing.end())
            return;
        read_field(json.at(key), value);
    }
};

template <WithFields T>
nlohmann::json all_fields(const T& value) {
    nlohmann::json json = nlohmann::json::object();
    if constexpr (WithKind<T>) json["kind"] = std::string(T::kind);
    JsonWriter writer{json};
    T::fields(value, writer);
    return json;
}

}  // namespace detail

/// The fields as a JSON object, starting with "kind" if the struct has one; without newer fields that have their default.
template <WithFields T>
[[nodiscard]] nlohmann::json describe(const T& value) {
    nlohmann::json json = detail::all_fields(value);
    if constexpr (WithNewerFields<T>) {
        const nlohmann::json defaults = detail::all_fields(T{});
        for (const std::string_view newer : T::newer_fields)
            if (const std::string key(newer); json.contains(key) && json.at(key) == defaults.at(key))
                json.erase(key);
    }
    return json;
}

/// Sets the fields from the output of `describe`.
/// @throws IoError naming the field if one is missing that is not newer, of another type or out of its type's range; ConfigError
///         for an unknown kind or name
template <WithFields T>
void read_fields(const JsonValue& description, T& value) {
    detail::JsonReader reader{description, detail::newer_fields_of<T>()};
    T::fields(value, reader);
}
template <WithFields T>
void read_fields(const nlohmann::json& description, T& value) {
    read_fields(JsonValue(description, "the description"), value);
}

}  // namespace vitscape
