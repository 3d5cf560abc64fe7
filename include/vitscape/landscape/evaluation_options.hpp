// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <functional>
#include <limits>

#include <vitscape/core/error.hpp>
#include <vitscape/core/interrupt.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// What happens around a series of evaluations of a loss; all of it may be left out.
struct EvaluationOptions {
    /// Called after each evaluation with the number done and that of all.
    std::function<void(Index, Index)> progress = {};
    /// Asked before each evaluation; true stops. By itself it asks whether a signal came while an `InterruptGuard` lives.
    std::function<bool()> interrupted = [] { return vitscape::interrupted(); };
};

namespace detail {

/// Rises of a loss over that at a centre, one after another; counts and asks as its options say.
template <class O, class V>
class RiseEvaluator {
  public:
    RiseEvaluator(O& objective, const V& centre, Index total, const EvaluationOptions& options)
        : objective_(objective), options_(options), total_(total) {
        if (static_cast<Index>(objective.layout().size()) != centre.size())
            throw ShapeError(message("the objective has ", objective.layout().size(),
                                     " parameters, the point to look around has ", centre.size()));
        centre_ = static_cast<double>(objective.value(centre));
        if (!std::isfinite(centre_))
            throw NumericError(message("the loss at the centre is ", centre_,
                                       "; rises over a loss that is not finite say nothing"));
    }

    /// L(point) - L(centre); infinite where the loss is not finite. `prepare()` makes the point.
    template <class Prepare>
    double operator()(const Prepare& prepare) {
        if (options_.interrupted && options_.interrupted())
            throw Interrupted(message("stopped after ", done_, " of ", total_, " evaluations of the loss"));
        const double loss = static_cast<double>(objective_.value(prepare()));
        ++done_;
        if (options_.progress) options_.progress(done_, total_);
        return std::isfinite(loss) ? loss - centre_ : std::numeric_limits<double>::infinity();
    }

  private:
    O& objective_;
    const EvaluationOptions& options_;
    Index total_, done_ = 0;
    double centre_ = 0;
};

}  // namespace detail

}  // namespace vitscape
