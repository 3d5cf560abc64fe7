// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint's model with fixed images and masks: what the landscape and curvature programs look at.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <vitscape/data/balanced.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/train/checkpointing.hpp>

#include "backend.hpp"
#include "program.hpp"

namespace program {

/// Options that say which model, which images and which masks.
struct FrozenModelOptions {
    std::string checkpoint, part = "student";
    DataOptions data;
    std::size_t images = 256, batch = 128;
    std::uint64_t mask_seed = 0;
    BackendOptions backend;

    void add(CLI::App& app) {
        app.option_defaults()->always_capture_default()->multi_option_policy(
            CLI::MultiOptionPolicy::TakeLast);
        app.add_option("--checkpoint", checkpoint, "file that pretrain wrote")
            ->required()
            ->check(CLI::ExistingFile);
        app.add_option("--of", part, "whose parameters to look at, where a model has a teacher")
            ->check(CLI::IsMember({"student", "teacher"}));
        data.add(app);
        app.add_option("--images", images,
                       "images that the loss is the mean over: the first ones, equally of each class");
        app.add_option("--mask-seed", mask_seed, "of the fixed masks of a masked autoencoder");
        app.add_option("--batch", batch, "images evaluated at once; changes memory and speed");
        backend.add(app);
    }
};

/// Loads the model and its images and calls `work(objective, theta, description)`.
template <class Work>
void with_frozen_model(const FrozenModelOptions& options, const Work& work) {
    using namespace vitscape;
    const Checkpoint checkpoint = Checkpoint::load(options.checkpoint);
    const nlohmann::json& description = checkpoint.description();
    if (!description.contains("model") || !description.contains("training"))
        throw IoError(message(options.checkpoint, " does not say which model it holds"));
    const AnyMethod any = method_from(description.at("model"));
    const ImageTransform transform = transform_from(description.at("training").at("transform"));
    const auto look = [&](const auto& method) {
        options.backend.with_backend([&](const auto& backend) {
            using Method = std::remove_cvref_t<decltype(method)>;
            using B = std::remove_cvref_t<decltype(backend)>;
            if (options.part == "teacher" && !TaughtMethod<Method, B>)
                throw ConfigError(
                    message("--of teacher: the model of ", options.checkpoint, " has no teacher"));
            const Vector<Master<B>> theta(
                master(backend),
                checkpoint.vector<float>(method.layout(), options.part == "teacher" ? "teacher." : ""));
            const AnyDataset all = options.data.open(method.grid().image);
            if constexpr (ClassifyingMethod<Method, B>)
                if (const auto classes = description.value("data", nlohmann::json::object())
                                             .value("classes", std::vector<std::string>{});
                    classes != all.classes())
                    throw DataError(message("the classes of ", options.data.source, " are not those that ",
                                            options.checkpoint, " was trained on (", classes.size(),
                                            " classes)"));
            if (options.images < 1 || options.images > all.size())
                throw DataError(message("--images ", options.images, ": ", options.data.source, " holds ",
                                        all.size(), " images; give a number between 1 and that"));
            const AnyDataset images = all.subset(vitscape::balanced(all, options.images));
            auto objective = [&] {
                const Batch batch = load_all(images, transform);
                const FrozenOptions how{.batch = options.batch, .mask_seed = options.mask_seed};
                if constexpr (TaughtMethod<Method, B>) {
                    const Vector<Master<B>> teacher(master(backend),
                                                    checkpoint.vector<float>(method.layout(), "teacher."));
                    return FrozenObjective<B, Method>(backend, method, teacher, batch, how);
                } else {
                    return FrozenObjective<B, Method>(backend, method, batch, how);
                }
            }();
            std::cerr << description.at("model").at("method").get<std::string>() << " with "
                      << method.layout().size() << " parameters, loss over " << objective.samples()
                      << " images, " << options.backend.describe(backend) << '\n';
            work(objective, theta, description);
        });
    };
    std::visit(look, any);
}

}  // namespace program
