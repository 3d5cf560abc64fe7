// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

/// The options of a configuration, listed once: a struct with fields names each of its members once, and files, command
/// lines and documentation are derived from that list.
///
///     struct RandomMasking {
///         static constexpr std::string_view kind = "random";  // only if it is one of several alternatives
///         double ratio = 0.75;
///         template <class Self, class Visitor>
///         static void fields(Self& self, Visitor& visit) {
///             visit("ratio", self.ratio, "mask-ratio", "part of the patches that is masked, in (0, 1)");
///         }
///     };
///
/// `visit(key, member, option, meaning)`: the key in JSON, the member, the option's name on a command line without its
/// dashes (empty: not offered there), and what it means with unit and range. `Self` is const where fields are only read.
/// A member is a number, a bool, a string, an enumeration with `enumerators`, a vector or array of numbers, a struct with
/// fields, or a `ChoiceOfKinds`. core/json_fields.hpp writes and reads them.
namespace vitscape {

namespace detail {
/// A visitor that accepts everything, for testing whether a type has fields.
struct AnyVisitor {
    template <class T>
    void operator()(std::string_view, T&&, std::string_view, std::string_view) const {}
};
}  // namespace detail

/// A struct whose options are listed by `fields`.
template <class T>
concept WithFields = requires(const T& constant, T& variable, detail::AnyVisitor& visit) {
    T::fields(constant, visit);
    T::fields(variable, visit);
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

}  // namespace vitscape
