// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/methods/trivial_loss.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// What training gained, and the gradient at its end beside that at its start: by these `learning_of` tells whether anything
/// was learned. @param start  the parameters before training
template <Backend B, class O>
[[nodiscard]] nlohmann::json describe_solution(O& loss, const Vector<B>& start, const Vector<B>& theta) {
    static_assert(require_objective<O, B>());
    Vector<B> gradient(theta.backend(), theta.size());
    const double first_loss = loss.gradient(start, gradient), first_norm = norm(gradient);
    const double last_loss = loss.gradient(theta, gradient);
    return {{"loss", json_number(last_loss)},
            {"trivial_loss", json_number(trivial_loss_or_nan(loss))},
            {"first_loss", json_number(first_loss)},
            {"gradient_norm", json_number(norm(gradient))},
            {"first_gradient_norm", json_number(first_norm)}};
}

}  // namespace vitscape
