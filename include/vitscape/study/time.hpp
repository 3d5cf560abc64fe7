// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace vitscape {

/// Average seconds per image for a loss, for a Hessian-vector product and for the derivatives on a plane (`sample_jets`).
struct LossSpeed {
    double value = 0, product = 0, jets = 0;
};

/// Seconds per image of training steps: of a method, and of its encoder with a classifier's head, 0 if no measure trains one; and of
/// classifying a batch as large as those. Methods of a study are timed in turn, so that their ratios mean something whatever else the
/// machine does.
struct Pace {
    double training = 0, tuning = 0, classifying = 0;
};
inline constexpr std::size_t pace_rounds = 5;  ///< of turns; a pace is their median

/// Seconds per image for each kind of work of a method.
struct MethodSpeed {
    double training = 0;         ///< for a training step; 0 of what is not trained
    double encoding = 0;         ///< for the encoder only, on all patches
    LossSpeed loss{};            ///< of the training loss
    LossSpeed classification{};  ///< of the loss after a linear head
    double tuning = 0;           ///< for a training step of encoder and head; 0 if no measure takes one
};

/// Basis for the expected time of a measure of runs.
struct RunSpeed {
    MethodSpeed method{};
    std::size_t images = 0, test_images = 0;   ///< that the contestant learns from, and held-out ones
    std::size_t probe_images = 0;              ///< training images among `images` that accuracies are over
    double training = 0;                       ///< expected seconds of all epochs
    bool labelled = true, classifies = false;  ///< whether the images have classes, and the contestant a head
};

/// Expected seconds of one method's run from one seed.
struct ExpectedTime {
    double training = 0, measures = 0;
    double per_training = 0;  ///< the part of `measures` that grows with the epochs, as training does
};

/// Expected seconds of a plan: for one epoch of every training and what grows with it, and for everything else.
struct PlanTime {
    double epoch = 0, rest = 0;
};

}  // namespace vitscape
