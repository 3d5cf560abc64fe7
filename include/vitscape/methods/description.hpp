// SPDX-License-Identifier: Apache-2.0
//
// What a checkpoint says about its model: a method's name and its options; and about the recipe that it is trained by.
#pragma once

#include <string>
#include <tuple>

#include <vitscape/core/json_fields.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/methods/recipe.hpp>

namespace vitscape {

/// {"method": its card's name, and its options}. A policy of the user's own in it is described by an overload of `describe`
/// beside it, and is "custom" otherwise.
template <CardedMethod M>
[[nodiscard]] nlohmann::json describe(const M& method) {
    nlohmann::json description = describe(method.config());
    description["method"] = std::string(M::Card::name);
    return description;
}

/// The model is that of its classifier, whatever it is trained by.
template <BatchPolicy... Policies>
[[nodiscard]] nlohmann::json describe(const Regularized<Policies...>& method) {
    return describe(method.classifier());
}

/// What is on of a recipe; an empty object where nothing is.
template <BatchPolicy... Policies>
[[nodiscard]] nlohmann::json describe_recipe(const Regularized<Policies...>& method) {
    nlohmann::json recipe = nlohmann::json::object(), policies = nlohmann::json::array();
    const auto add = [&](const auto& policy) {
        if constexpr (requires { policy.active(); })
            if (!policy.active()) return;
        policies.push_back(detail::field_json(policy));
    };
    std::apply([&](const auto&... policy) { (add(policy), ...); }, method.policies());
    if (!policies.empty()) recipe["policies"] = policies;
    if (method.regularization().drop_path.rate > 0)
        recipe["drop_path"] = method.regularization().drop_path.rate;
    if (method.regularization().layer_decay != 1) recipe["layer_decay"] = method.regularization().layer_decay;
    return recipe;
}

}  // namespace vitscape
