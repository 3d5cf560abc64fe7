// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include <vitscape/core/error.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/study/held_out.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/plan.hpp>

namespace vitscape {

/// @throws DataError if training and held-out images do not make a study
inline void check_study_images(const AnyDataset& images, const AnyDataset& test) {
    if (images.classes().size() == 1)
        throw DataError(
            message("a comparison needs images of at least 2 classes, which probes and supervised training "
                    "learn, or images without classes; these are all of the class '",
                    images.classes().front(), "'. Put each class into its own folder"));
    if (test.classes() != images.classes())
        throw DataError(message("the held-out images have ", test.classes().size(),
                                " classes, the training images ", images.classes().size(),
                                ", or others; both need the same"));
    if (const auto shared = shared_image(images, test))
        throw DataError(
            message(*shared, " is both a training and a held-out image; held-out images must be others"));
}

/// @param who  " of MAE", in sentences; may be empty
/// @throws ConfigError if a contestant's `count` training images are too few for a batch, a class or a measure
template <class Measures>
void check_enough_images(std::size_t count, std::size_t classes, const std::string& who,
                         const ComparisonPlan& plan, const Measures& measures) {
    if (count < plan.training.batch)
        throw ConfigError(message("the dataset", who, " has ", count, " images, fewer than one batch of ",
                                  plan.training.batch, "; choose a smaller batch"));
    if (count < classes)
        throw ConfigError(message("the dataset", who, " has ", count, " images of ", classes,
                                  " classes; it needs at least one of each"));
    plan.training.check_batches(count);
    for_each_measure(measures, [&]<class M>(const M& measure) {
        if constexpr (MeasuresLosses<M> && requires { measure.images; })
            if (count < measure.images)
                throw ConfigError(message("losses over ", measure.images,
                                          " images were requested, the dataset", who, " has ", count));
    });
}

}  // namespace vitscape
