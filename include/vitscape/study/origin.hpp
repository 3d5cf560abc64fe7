// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace vitscape {

/// Where the weights of a contestant come from. What may be said of its numbers follows from it: a training is one of many that
/// other seeds would have given, so that trainings have a spread and claims about their method are tested over it; a control says
/// what numbers mean where nothing was trained; a given model is one set of weights, whose spread over seeds is that of its probes
/// alone.
enum class Origin {
    trained,  ///< trained here, from each seed anew
    initial,  ///< the initial values of each seed, not trained, as a control
    given     ///< the same whatever the seed, from a file (`GivenModel`)
};
constexpr std::array<std::pair<std::string_view, Origin>, 3> enumerators(Origin) {
    return {{{"trained", Origin::trained}, {"initial", Origin::initial}, {"given", Origin::given}}};
}

}  // namespace vitscape
