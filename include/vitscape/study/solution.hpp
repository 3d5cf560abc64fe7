// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/methods/trivial_loss.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// What training gained, and the gradient at its end beside that at its start: by these `learning_of` tells whether anything
/// was learned. @param start  the parameters before training; null if they are not known
template <Backend B, class O>
[[nodiscard]] nlohmann::json describe_solution(O& loss, const Vector<B>* start, const Vector<B>& theta) {
    static_assert(require_objective<O, B>());
    Vector<B> gradient(theta.backend(), theta.size());
    nlohmann::json found = {{"first_loss", nullptr}, {"first_gradient_norm", nullptr}};
    if (start != nullptr) {
        found["first_loss"] = json_number(loss.gradient(*start, gradient));
        found["first_gradient_norm"] = json_number(norm(gradient));
    }
    found["loss"] = json_number(loss.gradient(theta, gradient));
    found["trivial_loss"] = json_number(trivial_loss_or_nan(loss));
    found["gradient_norm"] = json_number(norm(gradient));
    return found;
}

}  // namespace vitscape
