// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/data/augmentation.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// How long and with which batches to train.
struct TrainOptions {
    std::uint32_t epochs = 100;
    std::size_t batch = 256;     ///< images in one forward and backward pass
    std::size_t accumulate = 1;  ///< batches in one optimizer step; the effective batch is batch * accumulate
    double clip_norm = 0;        ///< largest norm of the gradient; 0: not clipped
    std::size_t workers = 1;     ///< threads that load images ahead
    ImageTransform transform{};  ///< its side must be the model's image
};

/// What a callback is told after every optimizer step.
struct StepRecord {
    std::uint32_t epoch = 0, epochs = 0;  ///< epochs done before this one, and in all
    std::size_t batch = 0, batches = 0;   ///< batches done in this epoch, and in all of it
    std::size_t images = 0;               ///< images of the step
    double loss = 0, learning_rate = 0, gradient_norm = 0;
};

/// What a callback is told after every epoch; it may add figures of its own to `metrics`.
struct EpochRecord {
    std::uint32_t epoch = 0, epochs = 0;  ///< epochs done, this one included, and in all
    double loss = 0;                      ///< mean over the epoch's images
    double learning_rate = 0;             ///< of the last step
    double images_per_second = 0, seconds = 0;
    std::vector<std::pair<std::string, double>> metrics;
};

/// Everything that a training has reached; with the same options it determines the rest.
/// @tparam P  what parameters live on.
template <Backend P, class O>
struct TrainingState {
    Vector<P> theta;
    Vector<P> teacher;  ///< empty if the method has none
    typename O::template State<P> optimizer;
    std::uint32_t epoch = 0;  ///< epochs done
    std::size_t batch = 0;    ///< batches done in the current epoch
    double loss_sum = 0;      ///< over the current epoch's images so far
    Index loss_count = 0;
};

}  // namespace vitscape
