// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tuple>

#include <vitscape/methods/method_description.hpp>
#include <vitscape/methods/recipe.hpp>

/// What a checkpoint says about the recipe that its model is trained by; null for what is switched off.
namespace vitscape {

inline nlohmann::json describe(const Mixup& mixup) {
    if (mixup.alpha == 0) return nullptr;
    return {{"kind", "mixup"}, {"alpha", mixup.alpha}};
}
inline nlohmann::json describe(const Cutmix& cutmix) {
    if (cutmix.alpha == 0) return nullptr;
    return {{"kind", "cutmix"}, {"alpha", cutmix.alpha}};
}
inline nlohmann::json describe(const MixupOrCutmix& mixing) {
    if (mixing.mixup.alpha == 0 && mixing.cutmix.alpha == 0) return nullptr;
    return {{"kind", "mixup-or-cutmix"},
            {"mixup", mixing.mixup.alpha},
            {"cutmix", mixing.cutmix.alpha},
            {"switch_probability", mixing.switch_probability}};
}
inline nlohmann::json describe(const RandomErasing& erasing) {
    if (erasing.probability == 0) return nullptr;
    return {{"kind", "random-erasing"},       {"probability", erasing.probability},
            {"smallest", erasing.smallest},   {"largest", erasing.largest},
            {"narrowest", erasing.narrowest}, {"widest", erasing.widest}};
}

/// The model is that of its classifier, whatever it is trained by.
template <BatchPolicy... Policies>
nlohmann::json describe(const Regularized<Policies...>& method) {
    return describe(method.classifier());
}

namespace detail {
template <BatchPolicy P>
void describe_policy(const P& policy, nlohmann::json& list) {
    nlohmann::json description = {{"kind", "custom"}};
    if constexpr (requires { describe(policy); }) description = describe(policy);
    if (!description.is_null()) list.push_back(description);
}
}  // namespace detail

/// What is on of a recipe; an empty object where nothing is. A user's own policy is described where it has an
/// overload of `describe` beside it, and is "custom" otherwise.
template <BatchPolicy... Policies>
nlohmann::json describe_recipe(const Regularized<Policies...>& method) {
    nlohmann::json recipe = nlohmann::json::object(), policies = nlohmann::json::array();
    std::apply([&](const auto&... policy) { (detail::describe_policy(policy, policies), ...); },
               method.policies());
    if (!policies.empty()) recipe["policies"] = policies;
    if (method.regularization().drop_path.rate > 0)
        recipe["drop_path"] = method.regularization().drop_path.rate;
    if (method.regularization().layer_decay != 1) recipe["layer_decay"] = method.regularization().layer_decay;
    return recipe;
}

}  // namespace vitscape
