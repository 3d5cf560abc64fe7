// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/core/shape.hpp>

namespace vitscape {

/// A contiguous range of the flat parameter vector that an optimizer treats alike.
struct ParameterGroup {
    Index offset = 0, count = 0;
    double weight_decay_scale = 1;   ///< times the optimizer's weight decay; 0 for biases and norms
    double learning_rate_scale = 1;  ///< times the schedule's learning rate
};

}  // namespace vitscape
