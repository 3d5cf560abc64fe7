// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/core/work_control.hpp>

namespace vitscape {

namespace detail {

/// Successive rises of a loss over that at a centre; reports progress to `control` and checks it for interruption.
template <class O, class V>
class RiseEvaluator {
  public:
    RiseEvaluator(O& objective, const V& centre, Index total, const WorkControl& control)
        : objective_(objective), control_(control), total_(total) {
        if (static_cast<Index>(objective.layout().size()) != centre.size())
            throw ShapeError(message("the objective has ", objective.layout().size(),
                                     " parameters, the centre has ", centre.size()));
        centre_ = static_cast<double>(objective.value(centre));
        if (!std::isfinite(centre_))
            throw NumericError(message("the loss at the centre is ", centre_,
                                       "; rises over a loss that is not finite are meaningless"));
    }

    /// L(point) - L(centre); infinite if the loss is not finite. `prepare()` sets the point.
    template <class Prepare>
    double operator()(const Prepare& prepare) {
        if (control_.must_stop())
            throw Interrupted(message("stopped after ", done_, " of ", total_, " evaluations of the loss"));
        const double loss = static_cast<double>(objective_.value(prepare()));
        ++done_;
        control_.report(done_, total_);
        return std::isfinite(loss) ? loss - centre_ : std::numeric_limits<double>::infinity();
    }

  private:
    O& objective_;
    const WorkControl& control_;
    Index total_, done_ = 0;
    double centre_ = 0;
};

}  // namespace detail

}  // namespace vitscape
