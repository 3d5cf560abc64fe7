// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace vitscape {

/// Seconds that one image takes on average in a loss, and in a product with its Hessian.
struct LossSpeed {
    double value = 0, product = 0;
};

/// Seconds that one image takes in each kind of work of a method.
struct MethodSpeed {
    double training = 0;       ///< in a step
    double encoding = 0;       ///< in the encoder alone, all patches
    LossSpeed loss;            ///< of the training loss
    LossSpeed classification;  ///< of the loss behind a linear head
};

/// What the time of a measure of runs is reckoned from.
struct RunSpeed {
    MethodSpeed method;
    std::size_t images = 0, test_images = 0;  ///< of the study
};

/// Seconds that one method's run from one seed takes.
struct ExpectedTime {
    double training = 0, measures = 0;
};

/// Seconds that a plan takes in all: of one epoch of every training, and of everything else.
struct PlanTime {
    double epoch = 0, rest = 0;
};

}  // namespace vitscape
