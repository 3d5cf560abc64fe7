// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace vitscape {

/// Average seconds per image for a loss, for a Hessian-vector product and for the derivatives on a plane (`sample_jets`).
struct LossSpeed {
    double value = 0, product = 0, jets = 0;
};

/// Seconds per image for each kind of work of a method.
struct MethodSpeed {
    double training = 0;       ///< for a training step
    double encoding = 0;       ///< for the encoder only, on all patches
    LossSpeed loss;            ///< of the training loss
    LossSpeed classification;  ///< of the loss after a linear head
};

/// Basis for the expected time of a measure of runs.
struct RunSpeed {
    MethodSpeed method;
    std::size_t images = 0, test_images = 0;  ///< of the study
};

/// Expected seconds of one method's run from one seed.
struct ExpectedTime {
    double training = 0, measures = 0;
};

/// Expected seconds of a plan: for one epoch of every training, and for everything else.
struct PlanTime {
    double epoch = 0, rest = 0;
};

}  // namespace vitscape
