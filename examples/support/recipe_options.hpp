// SPDX-License-Identifier: Apache-2.0
//
// The options of the supervised recipe, and of starting from a pre-trained encoder.
#pragma once

#include <algorithm>
#include <concepts>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/io/published/checkpoint.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/train/checkpointing.hpp>

#include "model_options.hpp"

namespace program {

/// A classifier with all that `RecipeOptions` can switch on.
using RecipeMethod = vitscape::Regularized<vitscape::RandomErasing, vitscape::MixupOrCutmix>;

/// A method that can be trained by the recipe.
template <class M>
concept TakesRecipe = std::constructible_from<RecipeMethod, const M&, vitscape::Regularization,
                                              vitscape::RandomErasing, vitscape::MixupOrCutmix>;

/// The names of the methods that can be trained by the recipe.
[[nodiscard]] inline std::vector<std::string> recipe_methods() {
    std::vector<std::string> names;
    vitscape::AllMethods::for_each([&]<class M>() {
        if constexpr (TakesRecipe<M>) names.emplace_back(M::Card::name);
    });
    return names;
}
/// Options that say how a classifier is regularized; everything is off unless asked for.
struct RecipeOptions {
    double drop_path = 0, mixup = 0, cutmix = 0, random_erasing = 0, layer_decay = 0;

    void add(CLI::App& app) {
        using namespace vitscape;
        const std::string who = joined(recipe_methods()) + ": ";
        add_number(app, "--drop-path", drop_path, DropPath::rates,
                   who + "probability that an image skips a branch of the last block");
        add_number(app, "--mixup", mixup, Mixup::alphas,
                   who + "alpha of mixup, 0.8 in the reference; 0: off");
        add_number(
            app, "--cutmix", cutmix, Cutmix::alphas,
            who +
                "alpha of cutmix, 1 in the reference; 0: off. With --mixup too, each batch gets one of them");
        add_number(app, "--random-erasing", random_erasing, RandomErasing::probabilities,
                   who + "probability that a rectangle of an image is erased");
        add_number(app, "--layer-decay", layer_decay, Range::share().said("lies between 0 (off) and 1"),
                   who + "each block's learning rate over the next one's; 0: off");
    }

    /// @param methods  the names of what is trained.
    /// @throws ConfigError for invalid values and for a recipe where no method has one.
    void check(const std::vector<std::string>& methods) const {
        using namespace vitscape;
        const std::pair<const char*, double> all[] = {{"--drop-path", drop_path},
                                                      {"--mixup", mixup},
                                                      {"--cutmix", cutmix},
                                                      {"--random-erasing", random_erasing},
                                                      {"--layer-decay", layer_decay}};
        const std::vector<std::string> owners = recipe_methods();
        const bool has_one = std::any_of(methods.begin(), methods.end(), [&](const std::string& method) {
            return std::find(owners.begin(), owners.end(), method) != owners.end();
        });
        for (const auto& [name, value] : all)
            if (value != 0 && !has_one) throw not_an_option_of(methods, name, owners);
    }

    /// The method as it is trained: by the recipe, where it takes one.
    template <class M>
    [[nodiscard]] auto with_recipe(const M& method) const {
        if constexpr (TakesRecipe<M>) {
            const vitscape::Regularization regularization{vitscape::DropPath{drop_path},
                                                          layer_decay == 0 ? 1.0 : layer_decay};
            return RecipeMethod(method, regularization, erasing(), mixing());
        } else {
            return method;
        }
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

/// Calls `work(name, title, method)` for each of the named methods, in the order of the list: the method as it is trained.
/// @param classes  of the images, for a method that classifies
template <class Work>
void for_each_method(const std::vector<std::string>& names, std::size_t classes, const ModelOptions& model,
                     const RecipeOptions& recipe, const Work& work) {
    vitscape::AllMethods::for_each([&]<class M>() {
        const std::string name(M::Card::name);
        if (std::find(names.begin(), names.end(), name) == names.end()) return;
        work(name, std::string(M::Card::title),
             recipe.with_recipe(std::get<M>(model.make_method(name, classes))));
    });
}

/// Options that say which trained model a training starts from.
struct StartOptions {
    std::string checkpoint, part = "student", family;

    void add(CLI::App& app) {
        add_name(
            app, "--init", checkpoint, "FILE",
            "start from the parameters of this checkpoint, or published file (.safetensors, .pth), that the "
            "model has too: fine-tuning, or training on");
        add_choice(app, "--init-from", part, {"student", "teacher"},
                   "whose encoder that is, where a model has a teacher");
        std::vector<std::string> families;
        for (const vitscape::PublishedFamily& one : vitscape::published_families)
            families.emplace_back(one.name);
        add_choice(app, "--init-family", family, families,
                   "of a published file: whose model it is; without it, by names and shapes");
    }

    /// What a checkpoint says about the start; null without one.
    [[nodiscard]] nlohmann::json describe() const {
        if (checkpoint.empty()) return nullptr;
        return {{"checkpoint", checkpoint}, {"from", part}};
    }

    /// Opens the checkpoint. @param shape  of the new encoder, whose heads and image size a published file is read with
    [[nodiscard]] vitscape::OpenedCheckpoint open(const vitscape::VitShape& shape) const {
        return vitscape::open_checkpoint(
            checkpoint, {.family = family, .heads = shape.transformer.heads, .image = shape.image});
    }

    /// The prefix of the tensors that are taken. @throws ConfigError for a teacher that is not there
    [[nodiscard]] std::string prefix(const vitscape::Checkpoint& file) const {
        if (part == "student") return "";
        if (!file.tensors().contains("teacher.cls_token"))
            throw vitscape::ConfigError(
                vitscape::message("--init-from teacher: the model of ", checkpoint, " has no teacher"));
        return "teacher.";
    }
};

}  // namespace program
