// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/rise_evaluator.hpp>
#include <vitscape/landscape/weight_noise.hpp>
#include <vitscape/landscape/worst_case_rise.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// First direction number of the noise here, apart from those of planes, of `weight_noise` and of random starts.
inline constexpr std::uint32_t first_adaptive_noise = first_noise_direction + (2u << 20);

namespace detail {
/// a |b|
struct MultiplyByMagnitude {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a, S b) const {
        return b < S(0) ? -(a * b) : a * b;
    }
};
/// a, or 0 where b is 0.
struct WhereNotZero {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a, S b) const {
        return b < S(0) || S(0) < b ? a : S(0);
    }
};
/// sum + step sign(x), cut off at +-limit.
template <class T>
struct SignStep {
    T step, limit;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S sum, S x) const {
        const S moved = x < S(0) ? sum - S(step) : S(0) < x ? sum + S(step) : sum;
        return moved < S(-limit) ? S(-limit) : S(limit) < moved ? S(limit) : moved;
    }
};
/// x = f(x, y) in each element.
template <class F, Backend B>
void combine(const F& f, Vector<B>& x, const Vector<B>& y) {
    x.backend().map(1, x.size(), f, flat(x), flat(x), flat(y));
}

/// The ball of `worst_case_adaptive_sharpness`, in the coordinates e = delta / |theta|, for `worst_case_in`.
template <class O, Backend B>
class AdaptiveBall {
    using T = typename B::Storage;

  public:
    AdaptiveBall(O& objective, const Vector<B>& theta, double rho, const WorstCaseOptions& options)
        : objective_(objective),
          theta_(theta),
          rho_(rho),
          options_(options),
          rise_(objective, theta, options.steps * (1 + options.restarts), options.work),
          scaled_(theta.backend(), theta.size()),
          point_(theta),
          gradient_(scaled_) {}

    void reset() { fill(0, scaled_); }
    double uphill() {
        (void)objective_.gradient(point(), gradient_);
        combine(MultiplyByMagnitude{}, gradient_, theta_);  // dL / de
        return norm(gradient_);
    }
    double rise() {
        return rise_([&]() -> const Vector<B>& { return point(); });
    }
    /// One step uphill and back into the ball.
    void ascend(double step, double length) {
        if (options_.norm == PerturbationNorm::maximum) {
            combine(SignStep<T>{static_cast<T>(step), static_cast<T>(rho_)}, scaled_, gradient_);
        } else {
            axpby(step / length, gradient_, 1, scaled_);
            project();
        }
    }
    /// A random perturbation on the rim of the ball: of that norm, or a corner of the cube.
    void draw(Index start) {
        scaled_ = gaussian_direction(theta_.backend(), objective_.layout(), options_.seed,
                                     first_worst_case_start + static_cast<std::uint32_t>(start));
        combine(WhereNotZero{}, scaled_, theta_);
        if (options_.norm == PerturbationNorm::maximum) {
            const Vector<B> signs = scaled_;
            fill(0, scaled_);
            combine(SignStep<T>{static_cast<T>(rho_), static_cast<T>(rho_)}, scaled_, signs);
        } else if (const double size = norm(scaled_); size > 0) {
            scale(rho_ / size, scaled_);
        }
    }

  private:
    /// theta + |theta| e
    const Vector<B>& point() {
        point_ = scaled_;
        combine(MultiplyByMagnitude{}, point_, theta_);
        axpby(1, theta_, 1, point_);
        return point_;
    }
    void project() {
        const double size = norm(scaled_);
        if (size > rho_) scale(rho_ / size, scaled_);
    }
    O& objective_;
    const Vector<B>& theta_;
    double rho_;
    const WorstCaseOptions& options_;
    RiseEvaluator<O, Vector<B>> rise_;
    Vector<B> scaled_, point_, gradient_;  // e; theta + |theta| e; and its gradient in e
};

}  // namespace detail

/// The largest rise of the loss under perturbations relative to the weights,
///
///     max L(theta + delta) - L(theta)  over  |delta / |theta||_p <= rho,
///
/// element by element, with p = 2 or infinity: adaptive sharpness (Kwon et al. 2021, "ASAM", arXiv 2102.11600;
/// Andriushchenko et al. 2023, "A modern look at the relationship between sharpness and generalization", arXiv
/// 2302.07011). Rescaling weights without a change of the function leaves it as it is. In units of the loss; rho has none.
/// A parameter that is zero is not perturbed.
///
/// By projected gradient ascent in delta / |theta|, from the centre (whose first step is that of ASAM) and from random starts on
/// the rim, with steps that fall linearly from rho to 0. What is returned is the best that was found, a LOWER BOUND of the maximum.
/// steps * (1 + restarts) gradients and as many losses, and one loss at the centre. A non-finite loss is infinitely high.
/// @throws ConfigError for a rho that is not positive and finite, fewer than 1 step or a negative number of restarts; ShapeError if
///         sizes do not match; NumericError if the loss at theta is not finite; Interrupted after `options.work.interrupted`.
template <Backend B, class O>
[[nodiscard]] WorstCaseRise worst_case_adaptive_sharpness(O&& objective, const Vector<B>& theta, double rho,
                                                          const WorstCaseOptions& options = {}) {
    static_assert(require_objective<O, B>());
    detail::require_ascent(rho, options);
    detail::AdaptiveBall<std::remove_reference_t<O>, B> ball(objective, theta, rho, options);
    return detail::worst_case_in(ball, rho, options);
}

struct AverageCaseOptions {
    Index draws = 20;        ///< random perturbations, one loss each; at least 1
    std::uint64_t seed = 0;  ///< draw k is a function of (seed, k)
    WorkControl work = {};   ///< checked before and after each loss
};

/// The mean rise of the loss under Gaussian noise relative to the weights, E[L(theta + delta) - L(theta)] with independent
/// delta_i ~ N(0, rho^2 theta_i^2) (Andriushchenko et al. 2023, arXiv 2302.07011), with its standard error over the
/// draws. In units of the loss; to second order it is rho^2 / 2 times the sum of H_ii theta_i^2. Unlike `weight_noise`, it
/// perturbs all parameters, biases and norms too, each by its own size: one that is zero is not perturbed.
/// @throws ConfigError for a rho that is not positive and finite or fewer than 1 draw; ShapeError if sizes do not match;
///         NumericError if the loss at theta is not finite; Interrupted after `options.work.interrupted`.
template <Backend B, class O>
[[nodiscard]] NoiseRise average_case_adaptive_sharpness(O&& objective, const Vector<B>& theta, double rho,
                                                        const AverageCaseOptions& options = {}) {
    static_assert(require_evaluable<O, B>());
    detail::require_perturbation_size(rho);
    if (options.draws < 1)
        throw ConfigError(message("noise needs at least one draw, ", options.draws, " were requested"));
    detail::RiseEvaluator<std::remove_reference_t<O>, Vector<B>> rise(objective, theta, options.draws,
                                                                      options.work);
    NoiseRise result{.deviation = rho};
    for (Index k = 0; k < options.draws; ++k) {
        Vector<B> point = gaussian_direction(theta.backend(), objective.layout(), options.seed,
                                             first_adaptive_noise + static_cast<std::uint32_t>(k));
        detail::combine(detail::MultiplyByMagnitude{}, point, theta);
        axpby(1, theta, rho, point);
        result.rises.push_back(rise([&]() -> const Vector<B>& { return point; }));
    }
    const MeanAndError all = mean_and_error(result.rises);
    result.mean = all.mean;
    result.standard_error = all.standard_error;
    return result;
}

}  // namespace vitscape
