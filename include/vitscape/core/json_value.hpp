// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>

namespace vitscape {

/// A value of a JSON file together with the name of the file and the keys that lead to it, so that everything that is
/// missing, of another type or out of range is refused by name:
///
///     const JsonValue plan(json, "runs/plan.json");
///     const auto epochs = plan.at("decided").at("epochs").to<std::uint32_t>();
///
///     runs/plan.json: /decided/epochs is -3, needed is a whole number between 0 and 4294967295
///
/// A view: the JSON lives at least as long.
class JsonValue {
  public:
    /// @param origin  name of the file in error messages
    JsonValue(const nlohmann::json& value, std::string origin, std::string path = "")
        : value_(&value), origin_(std::move(origin)), path_(std::move(path)) {}

    [[nodiscard]] const nlohmann::json& json() const { return *value_; }
    operator const nlohmann::json&() const { return *value_; }
    [[nodiscard]] const std::string& origin() const { return origin_; }

    /// @throws IoError naming the file, the value's keys and `parts`, what is wrong with it
    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        throw IoError(message(origin_, ": ", path_.empty() ? "it" : path_, " ", parts...));
    }

    /// @throws IoError if the value is no object
    [[nodiscard]] bool contains(std::string_view key) const { return object().contains(std::string(key)); }
    /// @throws IoError if there is no such entry
    [[nodiscard]] JsonValue at(std::string_view key) const {
        if (!contains(key)) refuse("has no entry '", key, "'");
        return below(object().at(std::string(key)), key);
    }
    /// The entry, or null if there is none.
    [[nodiscard]] JsonValue value(std::string_view key) const {
        static const nlohmann::json null;
        return contains(key) ? at(key) : below(null, key);
    }

    /// Length of a list. @throws IoError if the value is no list
    [[nodiscard]] std::size_t size() const { return list().size(); }
    /// @throws IoError if the list is shorter
    [[nodiscard]] JsonValue at(std::size_t index) const {
        if (index >= size()) refuse("is a list of ", size(), ", needed is one of at least ", index + 1);
        return below(list().at(index), std::to_string(index));
    }
    [[nodiscard]] JsonValue back() const { return at(size() == 0 ? 0 : size() - 1); }

    /// Calls `visit(key, value)` for each entry of an object. @throws IoError if the value is none
    template <class Visit>
    void for_each(const Visit& visit) const {
        for (const auto& [key, entry] : object().items()) visit(key, below(entry, key));
    }

    /// The value as a bool, a string, a number that `T` can hold, or a vector or array of these.
    /// @throws IoError if it is of another type, out of `T`'s range, or a list of another length
    template <class T>
    [[nodiscard]] T to() const {
        if constexpr (std::same_as<T, bool>) {
            if (!value_->is_boolean()) need("true or false");
            return value_->get<bool>();
        } else if constexpr (std::same_as<T, std::string>) {
            if (!value_->is_string()) need("a text");
            return value_->get<std::string>();
        } else if constexpr (std::is_arithmetic_v<T>) {
            return number<T>(std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max());
        } else {
            return elements<T>();
        }
    }
    /// A number between `low` and `high`, both included. @throws IoError if it is not
    template <class T>
    requires std::is_arithmetic_v<T>
    [[nodiscard]] T number(T low, T high) const {
        const auto refuse_number = [&] {
            need(std::integral<T> ? "a whole number" : "a number", " between ", low, " and ", high);
        };
        if constexpr (std::integral<T>) {
            const bool is_unsigned = value_->is_number_unsigned();
            if (!value_->is_number_integer()) refuse_number();
            const bool fits = is_unsigned ? std::in_range<T>(value_->get<std::uint64_t>())
                                          : std::in_range<T>(value_->get<std::int64_t>());
            if (!fits) refuse_number();
            const T result = is_unsigned ? static_cast<T>(value_->get<std::uint64_t>())
                                         : static_cast<T>(value_->get<std::int64_t>());
            if (result < low || result > high) refuse_number();
            return result;
        } else {
            if (!value_->is_number()) refuse_number();
            const double result = value_->get<double>();
            if (!(result >= static_cast<double>(low) && result <= static_cast<double>(high))) refuse_number();
            return static_cast<T>(result);
        }
    }
    /// A number, or NaN for null, as a number that is not finite is stored. @throws IoError for anything else
    [[nodiscard]] double number_or_nan() const {
        if (value_->is_null()) return std::numeric_limits<double>::quiet_NaN();
        if (!value_->is_number()) need("a number or null");
        return value_->get<double>();
    }

  private:
    [[nodiscard]] JsonValue below(const nlohmann::json& value, std::string_view key) const {
        return {value, origin_, message(path_, "/", key)};
    }
    [[nodiscard]] const nlohmann::json& object() const {
        if (!value_->is_object()) need("an object");
        return *value_;
    }
    [[nodiscard]] const nlohmann::json& list() const {
        if (!value_->is_array()) need("a list");
        return *value_;
    }
    template <class... Parts>
    [[noreturn]] void need(const Parts&... what) const {
        std::string text = value_->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        if (text.size() > 60) text = text.substr(0, text.find_last_not_of("\x80\xBF", 56)) + " ...";
        refuse("is ", text, ", needed is ", what...);
    }
    template <class T>
    [[nodiscard]] T elements() const {
        using Element = typename T::value_type;
        T result{};
        if constexpr (requires { result.reserve(std::size_t{}); })
            result.resize(size());
        else if (size() != result.size())
            need("a list of ", result.size(), " values");
        for (std::size_t i = 0; i < size(); ++i) result[i] = at(i).template to<Element>();
        return result;
    }

    const nlohmann::json* value_;
    std::string origin_, path_;
};

}  // namespace vitscape
