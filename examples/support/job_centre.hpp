// SPDX-License-Identifier: Apache-2.0
//
// The control of all workers of a job: they must have the same loss at the centre.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <string>

#include <vitscape/core/error.hpp>
#include <vitscape/core/number_text.hpp>

namespace program {

/// What a worker finds before it begins.
struct JobCentre {
    double loss = 0;           ///< at the centre
    std::int64_t samples = 0;  ///< that it is the mean over
};

/// Says so where this worker's loss differs in the last digits from the first one's.
/// @param otherwise_same  whether what else there is, as directions, is that of the first one
/// @throws ConfigError where the worker has another loss: another checkpoint, other images
inline void require_same_centre(const JobCentre& mine, const JobCentre& first, bool otherwise_same,
                                const std::string& folder) {
    using vitscape::message, vitscape::number_text;
    const bool close = std::abs(mine.loss - first.loss) <= 1e-6 * std::max(std::abs(first.loss), 1e-300);
    if (!close || mine.samples != first.samples || !otherwise_same)
        throw vitscape::ConfigError(
            message("this worker has another model, images, masks or directions than the first one of ",
                    folder, ": the loss at the centre is ", number_text(mine.loss), " over ", mine.samples,
                    " samples, there it is ", number_text(first.loss), " over ", first.samples));
    if (mine.loss != first.loss)
        std::cerr << "this worker rounds otherwise than the first one (its loss at the centre is "
                  << number_text(mine.loss) << ", there it is " << number_text(first.loss)
                  << "): the last digits depend on who computes what\n";
}

}  // namespace program
