// SPDX-License-Identifier: Apache-2.0
//
// The options of configurations on a command line, made from their fields (core/fields.hpp): one option serves all
// configurations that have it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/fields.hpp>

#include "options.hpp"

namespace program {

/// What is said about an option that none of the chosen methods has.
[[nodiscard]] inline vitscape::ConfigError not_an_option_of(const std::vector<std::string>& chosen,
                                                            std::string_view option,
                                                            const std::vector<std::string>& owners) {
    return vitscape::ConfigError(
        vitscape::message(option, " belongs to --method ", joined(owners),
                          chosen.empty() ? ", and nothing is trained here" : ", not to " + joined(chosen)));
}

/// Whether a field is a list of any number of numbers.
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = std::is_arithmetic_v<T>;

/// A field's value as it is written on a command line.
template <class T>
[[nodiscard]] std::string option_text(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        return value ? "true" : "false";
    } else if constexpr (vitscape::NamedEnum<T>) {
        return std::string(name_of(value));
    } else if constexpr (vitscape::ChoiceOfKinds<const T>) {
        return std::visit([](const auto& one) { return std::string(one.kind); }, value.choice());
    } else if constexpr (is_list<T>) {
        return joined_numbers(value);
    } else {
        return vitscape::number_text(value);
    }
}

/// @throws ConfigError naming the option where the text is not a value of its kind
template <class T>
void set_from_text(const std::string& option, const std::string& text, const vitscape::Range& range,
                   T& value) {
    using namespace vitscape;
    if constexpr (std::is_same_v<T, bool>) {
        value = text == "true";
    } else if constexpr (NamedEnum<T>) {
        for (const auto& [name, one] : enumerators(T{}))
            if (name == text) value = one;
    } else if constexpr (is_list<T>) {
        value = parse_numbers<typename T::value_type>("--" + option, text, range);
    } else {
        value = parse_number<T>("--" + option, text, range);
    }
}

/// Collects the options of several configurations, offers each once, and sets what was given in the one that is used.
class FieldOptions {
    struct Option {
        std::string name, meaning, given, type = "TEXT", kind;
        std::vector<std::string> choices;
        bool flag = false, overridden = false;
        std::vector<std::pair<std::string, std::string>>
            owners;  ///< whose option it is, with the default there
        CLI::Option* option = nullptr;
    };

  public:
    /// Lists the fields of a configuration that belongs to `owner`, with their defaults.
    template <class Config>
    void list(std::string_view owner, const Config& defaults) {
        Lister lister{*this, std::string(owner)};
        Config::fields(defaults, lister);
    }
    /// Offers them; call after all are listed.
    void add(CLI::App& app) {
        for (Option& o : options_) {
            std::string defaults;
            for (const auto& [owner, value] : o.owners)
                if (value != o.owners.front().second) defaults += "; " + owner + ": " + value;
            const std::string help =
                (o.owners.size() == owners_.size() ? "" : joined(names(o)) + ": ") + o.meaning;
            if (o.flag) {
                o.option = app.add_flag_callback(
                    "--" + o.name, [&o] { o.given = "true"; }, help);
                continue;
            }
            o.option = add_text(
                app, "--" + o.name, o.type, o.owners.front().second + defaults,
                [&o](const std::string& text) {
                    if (!o.choices.empty()) require_choice("--" + o.name, text, o.choices);
                    o.given = text;
                },
                help + (o.choices.empty() ? "; " + o.kind : ": " + joined(o.choices)));
        }
    }
    /// @param other_use  options that the program uses for something else as well
    /// @throws ConfigError if an option was given that belongs to none of the `owners`
    void check(const std::vector<std::string>& owners, const std::vector<std::string>& other_use = {}) const {
        using namespace vitscape;
        for (const Option& o : options_) {
            if (!is_given(o) || std::find(other_use.begin(), other_use.end(), o.name) != other_use.end())
                continue;
            const auto has = [&](const std::string& owner) {
                return std::any_of(o.owners.begin(), o.owners.end(),
                                   [&](const auto& one) { return one.first == owner; });
            };
            if (std::none_of(owners.begin(), owners.end(), has))
                throw not_an_option_of(owners, "--" + o.name, names(o));
        }
    }
    /// A copy in which options of `owner` have other values, as if they were given.
    /// @throws ConfigError for an option that it does not have, and for a value that is none of the choices
    [[nodiscard]] FieldOptions with(const std::string& owner,
                                    const std::vector<std::pair<std::string, std::string>>& values) const {
        FieldOptions changed = *this;
        for (const auto& [name, value] : values) {
            Option* option = changed.find(name);
            const auto theirs = [&](const auto& one) { return one.first == owner; };
            if (option == nullptr || std::none_of(option->owners.begin(), option->owners.end(), theirs))
                throw vitscape::ConfigError(vitscape::message(owner, " has no option '", name, "'"));
            if (option->flag && value != "true" && value != "false")
                throw vitscape::ConfigError(
                    vitscape::message(name, " is true or false, '", value, "' was given"));
            if (!option->choices.empty()) require_choice(name, value, option->choices);
            option->given = value;
            option->overridden = true;
        }
        return changed;
    }
    /// Sets what was given. @throws ConfigError naming an option whose value is of another kind
    template <class Config>
    void assign(Config& config) const {
        Assigner assigner{*this};
        Config::fields(config, assigner);
    }

  private:
    [[nodiscard]] static bool is_given(const Option& o) {
        return o.overridden || (o.option != nullptr && o.option->count() > 0);
    }
    [[nodiscard]] static std::vector<std::string> names(const Option& o) {
        std::vector<std::string> owners;
        for (const auto& [owner, value] : o.owners) owners.push_back(owner);
        return owners;
    }
    [[nodiscard]] const std::string* given(std::string_view name) const {
        for (const Option& o : options_)
            if (o.name == name && is_given(o)) return &o.given;
        return nullptr;
    }

    struct Lister {
        FieldOptions& all;
        std::string owner;

        template <class T>
        void operator()(std::string_view, const T& value, std::string_view name, std::string_view meaning,
                        const vitscape::Range& range = {}) {
            using namespace vitscape;
            if (name.empty()) return;
            if constexpr (std::is_arithmetic_v<T>) {
                Option& option = enter(name, meaning, option_text(value));
                option.flag = std::is_same_v<T, bool>;
                option.type = std::is_integral_v<T> ? "INT" : "FLOAT";
                option.kind = range.kind<T>();
            } else if constexpr (is_list<T>) {
                Option& option = enter(name, meaning, option_text(value));
                option.type = "FLOAT,…";
                option.kind = "each " + range.kind<typename T::value_type>();
            } else if constexpr (NamedEnum<T>) {
                Option& option = enter(name, meaning, option_text(value));
                option.choices.clear();
                for (const auto& [choice, one] : enumerators(T{})) option.choices.emplace_back(choice);
            } else if constexpr (ChoiceOfKinds<const T>) {
                enter(name, meaning, option_text(value)).choices.clear();
                // the options of the default first, since theirs are the defaults of all
                std::visit([&](const auto& one) { std::remove_cvref_t<decltype(one)>::fields(one, *this); },
                           value.choice());
                list_alternatives(name, value.choice());
            }
        }
        template <class... Alternatives>
        void list_alternatives(std::string_view name, const std::variant<Alternatives...>&) {
            const auto list = [&]<class Alternative>(const Alternative& one) {
                all.find(name)->choices.emplace_back(Alternative::kind);
                Alternative::fields(one, *this);
            };
            (list(Alternatives{}), ...);
        }
        Option& enter(std::string_view name, std::string_view meaning, const std::string& value) {
            if (std::find(all.owners_.begin(), all.owners_.end(), owner) == all.owners_.end())
                all.owners_.push_back(owner);
            Option* option = all.find(name);
            if (option == nullptr) {
                Option created;
                created.name = name, created.meaning = meaning;
                all.options_.push_back(std::move(created));
                option = &all.options_.back();
            }
            const auto same = [&](const auto& one) { return one.first == owner; };
            if (std::none_of(option->owners.begin(), option->owners.end(), same))
                option->owners.emplace_back(owner, value);
            return *option;
        }
    };

    struct Assigner {
        const FieldOptions& all;

        template <class T>
        void operator()(std::string_view, T& value, std::string_view name, std::string_view,
                        const vitscape::Range& range = {}) {
            using namespace vitscape;
            if (name.empty()) return;
            if constexpr (std::is_arithmetic_v<T> || NamedEnum<T> || is_list<T>) {
                if (const std::string* text = all.given(name))
                    set_from_text(std::string(name), *text, range, value);
            } else if constexpr (ChoiceOfKinds<T>) {
                if (const std::string* kind = all.given(name)) choose(*kind, value.choice());
                std::visit([&](auto& one) { std::remove_cvref_t<decltype(one)>::fields(one, *this); },
                           value.choice());
            }
        }
        /// Another alternative keeps the numbers that the former one has too.
        template <class... Alternatives>
        void choose(const std::string& kind, std::variant<Alternatives...>& choice) {
            std::vector<std::pair<std::string, double>> before;
            std::visit(
                [&](auto& one) {
                    Numbers numbers{before, false};
                    std::remove_cvref_t<decltype(one)>::fields(one, numbers);
                },
                choice);
            const auto take = [&]<class Alternative>(Alternative one) {
                if (kind != Alternative::kind) return;
                Numbers numbers{before, true};
                Alternative::fields(one, numbers);
                choice = std::move(one);
            };
            (take(Alternatives{}), ...);
        }
        struct Numbers {
            std::vector<std::pair<std::string, double>>& values;
            bool set;
            template <class T>
            void operator()(std::string_view key, T& value, std::string_view, std::string_view,
                            const vitscape::Range& = {}) {
                if constexpr (std::is_floating_point_v<T>) {
                    if (!set) values.emplace_back(key, value);
                    for (const auto& [name, number] : values)
                        if (set && name == key) value = static_cast<T>(number);
                }
            }
        };
    };

    [[nodiscard]] Option* find(std::string_view name) {
        for (Option& o : options_)
            if (o.name == name) return &o;
        return nullptr;
    }

    std::vector<Option> options_;
    std::vector<std::string> owners_;
};

}  // namespace program
