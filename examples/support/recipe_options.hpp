// SPDX-License-Identifier: Apache-2.0
//
// The options of the supervised recipe, and of starting from a pre-trained encoder.
#pragma once

#include <cmath>
#include <iostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/nn/transfer.hpp>
#include <vitscape/train/checkpointing.hpp>

namespace program {

/// A classifier with all that `RecipeOptions` can switch on.
using RecipeMethod = vitscape::Regularized<vitscape::RandomErasing, vitscape::MixupOrCutmix>;

/// Options that say how a classifier is regularized; everything is off unless asked for.
struct RecipeOptions {
    double drop_path = 0, mixup = 0, cutmix = 0, random_erasing = 0, layer_decay = 0;

    void add(CLI::App& app) {
        app.option_defaults()->always_capture_default()->multi_option_policy(
            CLI::MultiOptionPolicy::TakeLast);
        app.add_option("--drop-path", drop_path,
                       "supervised: probability that an image skips a branch of the last block, below 1");
        app.add_option("--mixup", mixup, "supervised: alpha of mixup, 0.8 in the reference; 0: off");
        app.add_option(
            "--cutmix", cutmix,
            "supervised: alpha of cutmix, 1 in the reference; 0: off. With --mixup too, each batch "
            "gets one of them");
        app.add_option("--random-erasing", random_erasing,
                       "supervised: probability that a rectangle of an image is erased, between 0 and 1");
        app.add_option("--layer-decay", layer_decay,
                       "supervised: each block's learning rate over the next one's, at most 1; 0: off");
    }

    /// @param method  what is trained.
    /// @throws ConfigError for numbers that cannot work and for a recipe of a method that has none.
    void check(const std::string& method) const {
        using namespace vitscape;
        const std::pair<const char*, double> all[] = {{"--drop-path", drop_path},
                                                      {"--mixup", mixup},
                                                      {"--cutmix", cutmix},
                                                      {"--random-erasing", random_erasing},
                                                      {"--layer-decay", layer_decay}};
        for (const auto& [name, value] : all) {
            if (value == 0) continue;
            if (method != VitClassifier::Card::name)
                throw ConfigError(
                    message(name, " belongs to --method ", VitClassifier::Card::name, ", not to ", method));
        }
        if (layer_decay != 0 && !(layer_decay > 0 && layer_decay <= 1))
            throw ConfigError(
                message("--layer-decay lies between 0 (off) and 1, ", layer_decay, " was given"));
        DropPath{drop_path}.check();
        erasing().check();
        mixing().check();
    }

    [[nodiscard]] RecipeMethod with_recipe(const vitscape::VitClassifier& classifier) const {
        const vitscape::Regularization regularization{vitscape::DropPath{drop_path},
                                                      layer_decay == 0 ? 1.0 : layer_decay};
        return RecipeMethod(classifier, regularization, erasing(), mixing());
    }

  private:
    [[nodiscard]] vitscape::RandomErasing erasing() const {
        vitscape::RandomErasing policy;
        policy.probability = random_erasing;
        return policy;
    }
    [[nodiscard]] vitscape::MixupOrCutmix mixing() const {
        vitscape::MixupOrCutmix policy;
        policy.mixup.alpha = mixup;
        policy.cutmix.alpha = cutmix;
        return policy;
    }
};

/// Options that say which pre-trained encoder a classifier starts from.
struct StartOptions {
    std::string checkpoint, part = "student";

    void add(CLI::App& app) {
        app.option_defaults()->always_capture_default()->multi_option_policy(
            CLI::MultiOptionPolicy::TakeLast);
        app.add_option("--init", checkpoint,
                       "supervised: start from the encoder of this checkpoint (fine-tuning)");
        app.add_option("--init-from", part, "whose encoder that is, where a model has a teacher")
            ->check(CLI::IsMember({"student", "teacher"}));
    }

    /// What a checkpoint says about the start; null without one.
    [[nodiscard]] nlohmann::json describe() const {
        if (checkpoint.empty()) return nullptr;
        return {{"checkpoint", checkpoint}, {"from", part}};
    }

    /// Puts the encoder into `values`, of a model of `layout`, and says what was taken.
    /// @throws IoError, ShapeError, ConfigError for a checkpoint that does not fit.
    vitscape::TransferRecord load(const vitscape::ParameterLayout& layout,
                                  std::vector<double>& values) const {
        using namespace vitscape;
        const Checkpoint file = Checkpoint::load(checkpoint);
        if (!file.description().contains("model"))
            throw IoError(message(checkpoint, " does not say which model it holds"));
        const AnyMethod any = method_from(file.description().at("model"));
        return std::visit(
            [&](const auto& method) {
                if (part == "teacher" && !TaughtMethod<std::remove_cvref_t<decltype(method)>, Cpu<float>>)
                    throw ConfigError(
                        message("--init-from teacher: the model of ", checkpoint, " has no teacher"));
                const std::vector<float> source =
                    file.vector<float>(method.layout(), part == "teacher" ? "teacher." : "");
                return transfer(method.layout(), source, layout, values);
            },
            any);
    }
};

}  // namespace program
