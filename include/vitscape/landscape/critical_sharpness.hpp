// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/rise_evaluator.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

struct CriticalSharpnessOptions {
    /// The learning rate tried first; 0 stands for the one at which a straight line of the gradient's slope lowers the loss by
    /// 1 %. Where it is matters for the number of losses, unless rounding hides what it changes.
    double first_step = 0;
    double tolerance = 1e-3;  ///< relative width of the bracket at the end, in (0, 1)
    Index doublings = 60;     ///< of the first step, or halvings, at most
    WorkControl work = {};    ///< checked before and after each loss
};

/// The largest learning rate of gradient descent that does not raise the loss, and the sharpness that it stands for.
struct CriticalSharpness {
    double sharpness = std::numeric_limits<double>::quiet_NaN();  ///< 2 / step, in the unit of an eigenvalue
    double step = std::numeric_limits<double>::quiet_NaN();       ///< the middle of the bracket
    double low = 0;                                         ///< a learning rate that does not raise the loss
    double high = std::numeric_limits<double>::infinity();  ///< one that does
    Index evaluations = 0;                                  ///< of the loss, without that at theta
};

/// Critical sharpness 2 / eta_c, where eta_c is the learning rate up to which a step of gradient descent does not raise the loss,
///
///     L(theta - eta g) <= L(theta)  for the gradient g and eta <= eta_c
///
/// (Kalra et al. 2026, "A scalable measure of loss landscape curvature", arXiv 2601.16979): it needs a dozen losses and one
/// gradient, no Hessian. For a quadratic it is g^T H g / g^T g, and so the eigenvalue if g is an eigenvector.
///
/// By doubling (or halving) a first step until the loss at it is on the other side of L(theta), then bisection of that bracket, in
/// steps of equal ratio. What is found is one crossing; a loss that falls again behind a hill may have more. A loss
/// that is not finite counts as a rise. If no step raises the loss, `low` is the largest tried, `high` and `step` are infinite and
/// the sharpness is 0; if the gradient is zero there is no direction, and both are NaN.
/// @throws ConfigError for invalid options; ShapeError if sizes do not match; NumericError if the loss or the gradient at theta is
///         not finite, or if no step lowers the loss (rounding hides the descent); Interrupted after
///         `options.work.interrupted`.
template <Backend B, class O>
[[nodiscard]] CriticalSharpness critical_sharpness(O&& objective, const Vector<B>& theta,
                                                   const CriticalSharpnessOptions& options = {}) {
    static_assert(require_objective<O, B>());
    if (!(options.first_step >= 0 && std::isfinite(options.first_step)))
        throw ConfigError(
            message("the first step must be finite and not negative, ", options.first_step, " was given"));
    if (!(options.tolerance > 0 && options.tolerance < 1) || options.doublings < 1)
        throw ConfigError(
            message("a critical sharpness needs a tolerance in (0, 1) and at least 1 doubling, ",
                    options.tolerance, " and ", options.doublings, " were given"));
    const double widths = 1 / std::log2(1 + options.tolerance);  // a bracket of ratio 2 has so many
    const Index bisections = widths > 1 ? static_cast<Index>(std::ceil(std::log2(widths))) : 0;
    detail::RiseEvaluator<std::remove_reference_t<O>, Vector<B>> rise(
        objective, theta, 1 + options.doublings + bisections, options.work);
    Vector<B> gradient(theta.backend(), theta.size()), point = gradient;
    const double loss = static_cast<double>(objective.gradient(theta, gradient));
    const double length = norm(gradient);
    if (!std::isfinite(length))
        throw NumericError(message("the gradient's norm is ", length, "; a sharpness needs a finite one"));
    CriticalSharpness result;
    if (length == 0) return result;

    const auto rise_after = [&](double step) {
        ++result.evaluations;
        return rise([&]() -> const Vector<B>& {
            point = theta;
            axpby(-step, gradient, 1, point);
            return point;
        });
    };
    double step = options.first_step;
    if (step == 0) step = loss == 0 ? 1e-2 : 0.01 * std::abs(loss) / (length * length);
    const double first = step;
    // A rise of exactly 0 is a step too short to be seen, or the crossing: neither ends the search for the other side.
    bool crossed = false;
    const bool too_long = rise_after(step) > 0;
    (too_long ? result.high : result.low) = step;
    for (Index i = 0; i < options.doublings && !crossed; ++i) {
        step *= too_long ? 0.5 : 2;
        const double height = rise_after(step);
        crossed = too_long ? height < 0 : height > 0;
        (too_long == crossed ? result.low : result.high) = step;
    }
    if (result.low == 0)
        throw NumericError(message("no step from ", first, " down to ", step,
                                   " along the negative gradient, of norm ", length, ", lowers the loss"));
    if (std::isinf(result.high)) {
        result.step = result.high;
        result.sharpness = 0;
        return result;
    }
    for (Index i = 0; i < bisections; ++i) {
        const double middle = std::sqrt(result.low * result.high);
        (rise_after(middle) < 0 ? result.low : result.high) = middle;
    }
    result.step = std::sqrt(result.low * result.high);
    result.sharpness = 2 / result.step;
    return result;
}

}  // namespace vitscape
