// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a comparison's options together, and with its images, by the options that name them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <vitscape/core/error.hpp>
#include <vitscape/core/memory.hpp>
#include <vitscape/study/comparison.hpp>

#include "compare_options.hpp"

namespace program {

/// Options that one by one are in their ranges and together too much, or no grid.
inline void check_measures(const CompareOptions& o) {
    using namespace vitscape;
    const auto grid = [](const char* option, Index points) {
        try {
            Planes::check_points(points);
        } catch (const ConfigError& error) {
            throw ConfigError(message(option, ": ", error.what()));
        }
        require_memory(message(option, " ", points),
                       85.0 * static_cast<double>(points) * static_cast<double>(points), available_memory(),
                       "fewer points need less");  // tables, and their text
    };
    grid("--grid", std::get<SurfaceMeasure>(o.measures).grid);
    try {
        std::get<FineTuningMeasure>(o.measures).check();
    } catch (const ConfigError& error) {
        throw ConfigError(message("--tune-shares: ", error.what()));
    }
    const Index steps = std::get<EigenvalueMeasure>(o.measures).steps;
    const auto check_steps = [&](const std::string& name, const AnyMethod& any) {
        const Index parameters = std::visit([](const auto& method) { return method.layout().size(); }, any);
        const auto vectors = static_cast<double>(std::min(steps, parameters));
        require_memory(message("--lanczos-steps ", steps, " with the ", parameters, " parameters of ", name),
                       vectors * (4 * static_cast<double>(parameters) + 8 * vectors), o.backend.memory(),
                       "fewer steps need less");
    };
    for (const Arm& arm : o.arms) check_steps(arm.name, arm.model.make_method(arm.method, 2));
    for (const Given& given : o.given) check_steps(given.name, given.method);
}

/// The name of the option for a measure's number of images.
template <class M>
std::string images_option(const M& measure) {
    std::string option;
    const auto visit = [&](std::string_view name, const auto&, std::string_view named, const auto&...) {
        if (name == "images") option = named;
    };
    M::fields(measure, visit);
    return "--" + option;
}

/// What is wrong with an arm's part of the images, by the options that name it.
inline void check_variant(const CompareOptions& o, const Arm& arm, const vitscape::AnyDataset& images) {
    using namespace vitscape;
    const std::size_t count = arm.variant.count(images.size());
    std::string has = message(o.data.source, " has ", count, " images");
    if (arm.variant.share != 1)
        has = message("--data-share ", arm.variant.share, " leaves ", arm.name, " ", count, " of the ",
                      images.size(), " images of ", o.data.source);
    if (count < o.training.batch)
        throw ConfigError(message(has, ", fewer than one batch of ", o.training.batch, " (--batch)"));
    if (count < images.classes().size())
        throw ConfigError(message(has, ", fewer than its ", images.classes().size(), " classes"));
    o.training.check_batches(count);
    if (arm.variant.label_noise > 0 && images.classes().empty())
        throw DataError(message("--label-noise ", arm.variant.label_noise, " of ", arm.name,
                                " needs images with classes, and ", o.data.source, " has none"));
    for_each_measure(o.measures, [&]<class M>(const M& measure) {
        if constexpr (MeasuresLosses<M> && requires { measure.images; })
            if (measure.images > count)
                throw ConfigError(
                    message(images_option(measure), " ", measure.images, ": ", has, "; ask for fewer"));
    });
}

/// What is wrong with the images, by the options that name them.
inline void check_images(const CompareOptions& o, const vitscape::AnyDataset& images,
                         const vitscape::AnyDataset& test) {
    using namespace vitscape;
    if (images.classes().size() == 1)
        throw DataError(message("--data: all ", images.size(), " images of ", o.data.source,
                                " are of the class '", images.classes().front(),
                                "'; a comparison needs at least 2 classes, each in its own folder, or none"));
    if (images.classes().empty())
        for (const Arm& arm : o.arms)
            if (arm.method == VitClassifier::Card::name)
                throw DataError(
                    message(arm.name.substr(0, arm.name.find('@')) == arm.method ? "--methods " : "--arm ",
                            arm.name, " learns the classes of images, and ", o.data.source, " has none"));
    for (const Arm& arm : o.arms) check_variant(o, arm, images);
    for (const Given& given : o.given)
        check_variant(o, {given.name, given.title, "", o.model, Origin::given, {}}, images);
    if (const auto shared = shared_image(images, test))
        throw DataError(message("--test-data: ", *shared,
                                " is a training image as well (--data); held-out images must be others"));
}

}  // namespace program
