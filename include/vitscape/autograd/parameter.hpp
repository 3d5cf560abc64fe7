// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Where one parameter lies in a model's flat vector.
struct ParameterSlot {
    Index offset = 0;
    Shape shape;
};

}  // namespace vitscape
