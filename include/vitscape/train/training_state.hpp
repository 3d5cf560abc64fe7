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

/// Length and batches of a training.
struct TrainOptions {
    std::uint32_t epochs = 100;
    std::size_t batch = 256;     ///< images per forward and backward pass
    std::size_t accumulate = 1;  ///< batches per optimizer step; the effective batch is batch * accumulate
    double clip_norm = 0;        ///< largest norm of the gradient; 0: no clipping
    std::size_t workers = 1;     ///< threads that prefetch images
    /// Keep only the input of each Transformer block for the backward pass, which computes the block again
    /// (autograd/ops/checkpointed.hpp): the same gradient, to the bit, with less memory in more time.
    bool checkpoint_blocks = false;
    /// Parts of a batch, each with a gradient of its own, which are added in a fixed order: the same bytes for any number of
    /// processes that divides it (train/reproducible_pass.hpp). 0: a process's part of a batch is one, sums are rounded differently.
    std::size_t parts = 0;
    ImageTransform transform{};  ///< its side must match the image size of the model

    /// @throws ConfigError if a step would take more batches than an epoch of `images` has
    void check_batches(std::size_t images) const {
        const std::size_t batches = images / batch;
        if (accumulate > batches)
            throw ConfigError(message("a step of ", accumulate, " batches does not fit an epoch of ", batches,
                                      " (", images, " images in batches of ", batch, "); accumulate fewer"));
    }
};

/// Passed to callbacks after every optimizer step.
struct StepRecord {
    std::uint32_t epoch = 0, epochs = 0;  ///< epochs completed before this one, and in total
    std::size_t batch = 0, batches = 0;   ///< batches done in this epoch, and in the whole epoch
    std::size_t images = 0;               ///< images of the step
    double loss = 0, learning_rate = 0, gradient_norm = 0;
};

/// Passed to callbacks after every epoch; they may add values to `metrics`.
struct EpochRecord {
    std::uint32_t epoch = 0, epochs = 0;  ///< epochs completed including this one, and in total
    double loss = 0;                      ///< mean over the epoch's images
    double learning_rate = 0;             ///< of the last step
    double images_per_second = 0, seconds = 0;
    std::vector<std::pair<std::string, double>> metrics;
};

/// The complete state of a training; with the same options it determines the rest.
/// @tparam P  backend of the parameters
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
