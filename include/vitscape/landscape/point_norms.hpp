// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include <vitscape/core/measured_number.hpp>
#include <vitscape/landscape/point_measure.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// The Euclidean norm of the gradient of the mean loss by all parameters, as `gradient_norm`, in units of the loss over those of
/// a parameter. It is no mean over samples and has no standard error: chance in the samples raises it, so that it is not zero even
/// where the gradient over all possible samples is. Needs an `Objective`.
struct PointGradientNorm {
    [[nodiscard]] static std::vector<NumberCard> numbers() {
        return {{.name = "gradient_norm",
                 .label = "norm of the gradient (loss per unit of the parameters)",
                 .meaning = "Euclidean norm of the gradient of the mean loss by all parameters",
                 .error = NumberError::none}};
    }
    template <class Point>
    requires requires(Point& point) { point.gradient(); }
    void measure(Point& point, std::span<MeasuredNumber> out) const { out[0].value = norm(point.gradient()); }
};

/// The Euclidean norm of all parameters, as `weight_norm`.
struct PointWeightNorm {
    [[nodiscard]] static std::vector<NumberCard> numbers() {
        return {{.name = "weight_norm",
                 .label = "norm of the parameters",
                 .meaning = "Euclidean norm of all parameters",
                 .error = NumberError::none}};
    }
    template <class Point>
    void measure(Point& point, std::span<MeasuredNumber> out) const {
        out[0].value = norm(point.theta());
    }
};

}  // namespace vitscape
