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
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <vitscape/data/balanced.hpp>
#include <vitscape/io/published/checkpoint.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/train/checkpointing.hpp>

#include "backend.hpp"
#include "program.hpp"
#include "published_options.hpp"

namespace program {

/// Options that say which model, which images and which masks.
struct FrozenModelOptions {
    std::string checkpoint, part;
    DataOptions data;
    std::size_t images = 256;
    std::size_t batch = 0;  ///< 0: what suits the backend
    std::uint64_t mask_seed = 0;
    BackendOptions backend;
    PublishedOptions published;

    void add(CLI::App& app) {
        using vitscape::Range;
        add_input_file(app, "--checkpoint", checkpoint,
                       "file that pretrain wrote, or a published one (.safetensors, .pth)")
            ->required();
        published.add(app);
        add_choice(app, "--of", part, {"student", "teacher"},
                   "whose parameters to look at; without it those of the training's --evaluate");
        data.add(app);
        add_number(app, "--images", images, Range::count(1, 4294967295.0),
                   "images that the loss is the mean over: the first ones, equally of each class");
        add_number(app, "--mask-seed", mask_seed, Range::seed(),
                   "of the fixed masks of a masked autoencoder");
        add_number(app, "--batch", batch, Range::count(1, 4294967295.0).or_else(0),
                   "images evaluated at once, at most; changes memory and speed; 0: 128, and on a GPU more "
                   "of a small model");
        backend.add(app);
    }
};

/// The output of a classifier's head for each class of the images; of other methods none. A function of its own, since nvcc
/// compiles both branches of a lambda's `if constexpr`.
template <class B, class M>
std::vector<std::int64_t> outputs_for(const M& method, const PublishedOptions& published,
                                      const vitscape::Checkpoint& checkpoint,
                                      const vitscape::AnyDataset& images, const std::string& source) {
    if constexpr (vitscape::ClassifyingMethod<M, B>)
        return published.outputs_of(checkpoint, images.classes(), method.config().classes, source);
    else
        return {};
}

/// Calls check(parameters) or, where it takes it, check(parameters, method). A function of its own for the same reason.
template <class Check, class M>
void check_model(const Check& check, const M& method) {
    const auto parameters = static_cast<double>(method.layout().size());
    if constexpr (std::is_invocable_v<const Check&, double, const M&>)
        check(parameters, method);
    else
        check(parameters);
}

/// Loads the model and its images and calls `work(objective, theta, description, of, in_float)`, where `of` is "student" or "teacher"
/// and in_float() makes the same objective without bfloat16.
/// @param check  called with the number of parameters, and with the method where it takes it, before images are read; throws
///               where they are too many, or the method lacks something
template <HalfOnProcessors half_here, class Check, class Work>
void with_frozen_model(const FrozenModelOptions& options, const Check& check, const Work& work) {
    using namespace vitscape;
    const Checkpoint checkpoint = options.published.open(options.checkpoint);
    const nlohmann::json& description = checkpoint.description();
    require_loss(checkpoint);
    AnyMethod any = method_from(checkpoint.described().at("model"));
    std::visit([&](auto& method) { checkpoint.give_fixed_tensors(method); }, any);
    const ImageTransform transform = transform_from(checkpoint.described().at("training").at("transform"));
    const auto look = [&](const auto& method) {
        check_model(check, method);
        options.backend.with_backend<half_here>([&](const auto& backend) {
            using Method = std::remove_cvref_t<decltype(method)>;
            using B = std::remove_cvref_t<decltype(backend)>;
            if (options.part == "teacher" && !TaughtMethod<Method, B>)
                throw ConfigError(
                    message("--of teacher: the model of ", options.checkpoint, " has no teacher"));
            const std::string of =
                options.part.empty() ? std::string(name_of(evaluated_weights(method))) : options.part;
            const Vector<Master<B>> theta(
                master(backend),
                checkpoint.vector<float>(method.layout(), of == "teacher" ? "teacher." : ""));
            const AnyDataset all = options.data.open(method.grid().image);
            const std::vector<std::int64_t> outputs =
                outputs_for<B>(method, options.published, checkpoint, all, options.data.source);
            if (options.images < 1 || options.images > all.size())
                throw DataError(message("--images ", options.images, ": ", options.data.source, " holds ",
                                        all.size(), " images; give a number between 1 and that"));
            require_memory(message("--images ", options.images, " of ", transform.side, " x ", transform.side,
                                   " pixels"),
                           static_cast<double>(options.images) * 3 * sizeof(float) *
                               static_cast<double>(transform.side * transform.side),
                           available_memory(), "fewer of them need less");
            const AnyDataset images = all.subset(vitscape::balanced(all, options.images));
            const auto objective_on = [&](const auto& where) {
                using On = std::remove_cvref_t<decltype(where)>;
                Batch batch = load_all(images, transform);
                for (std::int64_t& label : batch.labels)
                    if (!outputs.empty() && label >= 0) label = outputs.at(static_cast<std::size_t>(label));
                const FrozenOptions how{.batch = options.batch, .mask_seed = options.mask_seed};
                if constexpr (TaughtMethod<Method, On>) {
                    const Vector<Master<On>> teacher(master(where),
                                                     checkpoint.vector<float>(method.layout(), "teacher."));
                    return FrozenObjective<On, Method>(where, method, teacher, batch, how);
                } else {
                    return FrozenObjective<On, Method>(where, method, batch, how);
                }
            };
            auto objective = objective_on(backend);
            std::cerr << description.at("model").at("method").get<std::string>() << " with "
                      << method.layout().size() << " parameters"
                      << (TaughtMethod<Method, B> ? " of the " + of : "") << ", loss over "
                      << objective.samples() << " images, " << options.backend.describe(backend) << '\n';
            work(objective, theta, description, of, [&] { return objective_on(master(backend)); });
        });
    };
    std::visit(look, any);
}

}  // namespace program
