// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Position of one parameter in a model's flat vector.
struct ParameterSlot {
    Index offset = 0;
    Shape shape;
};

}  // namespace vitscape
