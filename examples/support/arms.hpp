// SPDX-License-Identifier: Apache-2.0
//
// What a comparison compares: methods, and arms, which are methods with options of their own.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include "model_options.hpp"
#include "recipe_options.hpp"

namespace program {

struct Arm {
    std::string name, title, method;
    ModelOptions model;  ///< with the arm's own options
    bool trained = true;
};

/// Options that say what is compared.
struct ArmOptions {
    std::vector<std::string> methods{"mae", "rc-mae", "supervised"}, texts;

    void add(CLI::App& app) {
        add_choices(app, "--methods", methods, method_names(), "what to compare");
        app.add_option(
               "--arm", texts,
               "NAME=METHOD,OPTION=VALUE,…: compares a method with options of its own as well, such as "
               "scaled=rc-mae,momentum=scaled, or, with trained=false, an untrained network as a control; "
               "may be "
               "given several times")
            ->delimiter('\0')
            ->allow_extra_args(false)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
            ->always_capture_default(false);
    }

    /// The methods in the order of the list of all, then the arms. @throws ConfigError for an arm that is none
    [[nodiscard]] std::vector<Arm> arms(const ModelOptions& model) const {
        using namespace vitscape;
        std::vector<Arm> all;
        AllMethods::for_each([&]<class M>() {
            const std::string name(M::Card::name);
            if (std::find(methods.begin(), methods.end(), name) != methods.end())
                all.push_back({name, std::string(M::Card::title), name, model, true});
        });
        for (const std::string& text : texts) {
            Arm arm = read(text, model);
            if (std::any_of(all.begin(), all.end(), [&](const Arm& other) { return other.name == arm.name; }))
                throw ConfigError(message("--arm ", text, ": there is another '", arm.name, "'"));
            all.push_back(std::move(arm));
        }
        return all;
    }

  private:
    [[nodiscard]] static Arm read(const std::string& text, const ModelOptions& model) {
        using namespace vitscape;
        const auto fail = [&](const std::string& why) {
            return ConfigError(message("--arm ", text, ": ", why, "; write NAME=METHOD,OPTION=VALUE,…"));
        };
        const std::size_t equals = text.find('=');
        if (equals == text.npos || equals == 0) throw fail("it has no name");
        Arm arm{text.substr(0, equals), "", "", model, true};
        for (const char c : arm.name)
            if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_')
                throw fail("a name has letters, digits, '-' and '_' only");
        std::vector<std::string> parts{""};
        for (const char c : text.substr(equals + 1)) {
            if (c == ',')
                parts.emplace_back();
            else
                parts.back() += c;
        }
        arm.method = parts.front();
        const std::vector<std::string> known = method_names();
        if (std::find(known.begin(), known.end(), arm.method) == known.end())
            throw fail(message("'", arm.method, "' is no method; known are ", joined(known)));
        std::vector<std::pair<std::string, std::string>> values;
        std::string said;
        for (auto part = parts.begin() + 1; part != parts.end(); ++part) {
            const std::size_t at = part->find('=');
            if (at == part->npos) throw fail(message("'", *part, "' has no value"));
            values.emplace_back(part->substr(0, at), part->substr(at + 1));
            if (values.back().first == "trained") {
                if (values.back().second != "true" && values.back().second != "false")
                    throw fail("trained is true or false, '" + values.back().second + "' was given");
                arm.trained = values.back().second == "true";
                values.pop_back();
                if (!arm.trained) said += (said.empty() ? "" : ", ") + std::string("not trained");
                continue;
            }
            said += (said.empty() ? "" : ", ") + values.back().first + " " + values.back().second;
        }
        try {
            arm.model.fields = model.fields.with(arm.method, values);
            (void)arm.model.make_method(arm.method, 2);
        } catch (const ConfigError& error) {
            throw ConfigError(message("--arm ", text, ": ", error.what()));
        }
        AllMethods::for_each([&]<class M>() {
            if (M::Card::name == arm.method)
                arm.title = std::string(M::Card::title) + (said.empty() ? "" : " (" + said + ")");
        });
        return arm;
    }
};

}  // namespace program
