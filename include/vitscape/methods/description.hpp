// SPDX-License-Identifier: Apache-2.0
//
// What a checkpoint stores about its model: the method's name and options; and about the recipe it is trained with.
#pragma once

#include <string>
#include <tuple>

#include <vitscape/core/json_fields.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/methods/recipe.hpp>

namespace vitscape {

/// {"method": its card's name, and its options}. User-defined policies are described by an overload of `describe`
/// next to them, and otherwise as "custom".
template <CardedMethod M>
[[nodiscard]] nlohmann::json describe(const M& method) {
    nlohmann::json description = describe(method.config());
    description["method"] = std::string(M::Card::name);
    return description;
}

/// The description of its classifier, independent of the training recipe.
template <BatchPolicy... Policies>
[[nodiscard]] nlohmann::json describe(const Regularized<Policies...>& method) {
    return describe(method.classifier());
}

/// The active parts of a recipe; an empty object if there are none.
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
