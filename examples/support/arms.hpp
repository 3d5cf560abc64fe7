// SPDX-License-Identifier: Apache-2.0
//
// What a comparison compares: methods, and arms, which are methods with options or images of their own.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/study/origin.hpp>
#include <vitscape/study/training_images.hpp>

#include "model_options.hpp"
#include "recipe_options.hpp"

namespace program {

struct Arm {
    std::string name, title, method;
    ModelOptions model;                                   ///< with the arm's own options
    vitscape::Origin origin = vitscape::Origin::trained;  ///< or untrained, as a control
    vitscape::DataVariant variant{};
};

/// Options that say what is compared.
struct ArmOptions {
    std::vector<std::string> methods{"mae", "rc-mae", "supervised"}, texts;
    std::vector<double> data_shares{1}, label_noises{0};
    std::uint64_t noise_seed = 0;
    static constexpr vitscape::Range shares = vitscape::Range::positive_share(),
                                     noises = vitscape::WithLabelNoise<vitscape::AnyDataset>::shares;

    void add(CLI::App& app) {
        add_choices(app, "--methods", methods, method_names(),
                    "what to compare; beside --given none unless said");
        app.add_option(
               "--arm", texts,
               "NAME=METHOD,OPTION=VALUE,…: compares a method with options of its own as well, such as "
               "scaled=rc-mae,momentum=scaled; also data-share and label-noise, and trained=false for an "
               "untrained "
               "network as a control; may be given several times")
            ->delimiter('\0')
            ->allow_extra_args(false)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
            ->always_capture_default(false);
        add_number_list(
            app, "--data-share", data_shares, shares,
            "shares of the training images, taken from the classes in turn; of several, each method "
            "is compared with each, as mae@data-0.1");
        add_number_list(
            app, "--label-noise", label_noises, noises,
            "shares of the training labels that are replaced by those of other classes; of several, "
            "each method is compared with each, as supervised@noise-0.2");
        add_number(app, "--label-noise-seed", noise_seed, vitscape::Range::seed(),
                   "which labels are replaced");
    }

    /// The methods in the order of the list of all, then the arms, each with all shares of images and wrong labels.
    /// @throws ConfigError for an arm that is none
    [[nodiscard]] std::vector<Arm> arms(const ModelOptions& model) const {
        using namespace vitscape;
        std::vector<Choice> all;
        AllMethods::for_each([&]<class M>() {
            const std::string name(M::Card::name);
            if (std::find(methods.begin(), methods.end(), name) != methods.end())
                all.push_back(
                    {{name, std::string(M::Card::title), name, model, Origin::trained, {}}, {}, {}});
        });
        for (const std::string& text : texts) {
            Choice choice = read(text, model);
            if (std::any_of(all.begin(), all.end(),
                            [&](const Choice& other) { return other.arm.name == choice.arm.name; }))
                throw ConfigError(message("--arm ", text, ": there is another '", choice.arm.name, "'"));
            all.push_back(std::move(choice));
        }
        std::vector<Arm> expanded;
        for (const Choice& choice : all)
            for (const double share : choice.share ? std::vector{*choice.share} : data_shares)
                for (const double noise : choice.noise ? std::vector{*choice.noise} : label_noises)
                    expanded.push_back(variant_of(choice, share, noise));
        return expanded;
    }

  private:
    /// A method or an arm.
    struct Choice {
        Arm arm;
        std::optional<double> share, noise;  ///< of its own, which its title says already
    };
    /// Its name says which of several shares it has, its title what it does not have of the images.
    [[nodiscard]] Arm variant_of(const Choice& choice, double share, double noise) const {
        Arm arm = choice.arm;
        arm.variant = {.share = share, .label_noise = noise, .noise_seed = noise > 0 ? noise_seed : 0};
        if (choice.share) share = 1;
        if (choice.noise) noise = 0;
        arm.title += vitscape::DataVariant{.share = share, .label_noise = noise}.ending();
        if (data_shares.size() == 1) share = 1;
        if (label_noises.size() == 1) noise = 0;
        arm.name += vitscape::DataVariant{.share = share, .label_noise = noise}.suffix();
        return arm;
    }
    [[nodiscard]] Choice read(const std::string& text, const ModelOptions& model) const {
        using namespace vitscape;
        const auto fail = [&](const std::string& why) {
            return ConfigError(message("--arm ", text, ": ", why, "; write NAME=METHOD,OPTION=VALUE,…"));
        };
        const std::size_t equals = text.find('=');
        if (equals == text.npos || equals == 0) throw fail("it has no name");
        Choice choice{{text.substr(0, equals), "", "", model, Origin::trained, {}}, {}, {}};
        Arm& arm = choice.arm;
        for (const char c : arm.name)
            if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_')
                throw fail("a name has letters, digits, '-' and '_' only");
        const std::vector<std::string> parts = split_at_commas(text.substr(equals + 1));
        arm.method = parts.front();
        const std::vector<std::string> known = method_names();
        if (std::find(known.begin(), known.end(), arm.method) == known.end())
            throw fail(message("'", arm.method, "' is no method; known are ", joined(known)));
        std::vector<std::pair<std::string, std::string>> values;
        std::string said;
        for (auto part = parts.begin() + 1; part != parts.end(); ++part) {
            const std::size_t at = part->find('=');
            if (at == part->npos) throw fail(message("'", *part, "' has no value"));
            const std::string name = part->substr(0, at), value = part->substr(at + 1);
            if (name == "trained") {
                if (value != "true" && value != "false")
                    throw fail("trained is true or false, '" + value + "' was given");
                arm.origin = value == "true" ? Origin::trained : Origin::initial;
                if (arm.origin == Origin::initial)
                    said += (said.empty() ? "" : ", ") + std::string("not trained");
                continue;
            }
            said += (said.empty() ? "" : ", ") + name + " " + value;
            try {
                if (name == "data-share")
                    choice.share = parse_number<double>(name, value, shares);
                else if (name == "label-noise")
                    choice.noise = parse_number<double>(name, value, noises);
                else
                    values.emplace_back(name, value);
            } catch (const ConfigError& error) {
                throw ConfigError(message("--arm ", text, ": ", error.what()));
            }
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
        return choice;
    }
};

}  // namespace program
