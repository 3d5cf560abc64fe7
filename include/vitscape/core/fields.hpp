// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <vitscape/core/range.hpp>

/// The options of a configuration, listed once: a struct with fields names each of its members once, and files, command
/// lines and documentation are derived from that list.
///
///     struct RandomMasking {
///         static constexpr std::string_view kind = "random";  // only if it is one of several alternatives
///         double ratio = 0.75;
///         template <class Self, class Visitor>
///         static void fields(Self& self, Visitor& visit) {
///             visit("ratio", self.ratio, "mask-ratio", "part of the patches that is masked", Range::true_share());
///         }
///     };
///
/// `visit(key, member, option, meaning, range)`: the key in JSON, the member, the option's name on a command line without its
/// dashes (empty: not offered there), what it means with its unit, and which numbers it may be (core/range.hpp; left out: all
/// that are finite). The command line refuses other numbers, and so does `check_ranges`, which a configuration's `check()`
/// calls. `Self` is const where fields are only read.
/// A member is a number, a bool, a string, an enumeration with `enumerators`, a vector or array of numbers, a struct with
/// fields, or a `ChoiceOfKinds`. core/json_fields.hpp writes and reads them.
///
/// `static constexpr std::array<std::string_view, 1> newer_fields{"ratio"}` lists the keys that files of earlier versions lack:
/// such a field is not written where it has its default, and may be missing when it is read.
namespace vitscape {

namespace detail {
/// A visitor that accepts everything, for testing whether a type has fields.
struct AnyVisitor {
    template <class T>
    void operator()(std::string_view, T&&, std::string_view, std::string_view, const Range& = {}) const {}
};
}  // namespace detail

/// A struct whose options are listed by `fields`.
template <class T>
concept WithFields = requires(const T& constant, T& variable, detail::AnyVisitor& visit) {
    T::fields(constant, visit);
    T::fields(variable, visit);
};

/// A struct with fields that files of earlier versions lack.
template <class T>
concept WithNewerFields = WithFields<T> && requires {
    { T::newer_fields[0] } -> std::convertible_to<std::string_view>;
};

/// A struct with a name among its alternatives.
template <class T>
concept WithKind = requires {
    { T::kind } -> std::convertible_to<std::string_view>;
};

/// An enumeration whose values have names: `enumerators(E{})`, found next to the enumeration by ADL, returns an array of
/// (name, value).
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires {
    { enumerators(E{})[0].first } -> std::convertible_to<std::string_view>;
    { enumerators(E{})[0].second } -> std::convertible_to<E>;
};

/// The name of an enumeration value.
template <NamedEnum E>
[[nodiscard]] constexpr std::string_view name_of(E value) {
    for (const auto& [name, one] : enumerators(E{}))
        if (one == value) return name;
    return "?";
}

namespace detail {
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;
}  // namespace detail

/// A run-time choice among structs that each have a `kind`: `choice()` is a `std::variant` of them.
template <class T>
concept ChoiceOfKinds = requires(T& value) {
    requires detail::is_variant<std::remove_cvref_t<decltype(value.choice())>>;
};

namespace detail {
template <class T>
inline constexpr bool is_number_list = false;
template <class T>
inline constexpr bool is_number_list<std::vector<T>> = std::is_arithmetic_v<T>;
template <class T, std::size_t count>
inline constexpr bool is_number_list<std::array<T, count>> = std::is_arithmetic_v<T>;

struct RangeChecker {
    template <class T>
    void operator()(std::string_view key, const T& value, std::string_view, std::string_view,
                    const Range& range = {}) {
        if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
            std::string name(key);
            std::replace(name.begin(), name.end(), '_', ' ');
            require_in(name, value, range);
        } else if constexpr (is_number_list<T>) {
            for (const auto number : value) (*this)(key, number, "", "", range);
        } else if constexpr (ChoiceOfKinds<const T>) {
            std::visit([this](const auto& one) { (*this)("", one, "", ""); }, value.choice());
        } else if constexpr (WithFields<T>) {
            T::fields(value, *this);
        }
    }
};
}  // namespace detail

/// Checks every number of a configuration against its range. @throws ConfigError naming the first that is outside
template <WithFields T>
void check_ranges(const T& value) {
    detail::RangeChecker checker;
    T::fields(value, checker);
}

}  // namespace vitscape
