// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/adaptive.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/landscape/model_plane.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// How a curve goes from one model to another by its bend: a quadratic Bezier curve, or a polygonal chain of two segments.
enum class CurveKind { bezier, chain };

/// A curve from `from` at t = 0 to `to` at t = 1 with one bend b (Garipov et al. 2018, arXiv 1802.10026, section 3.3),
///
///     Bezier: (1 - t)^2 from + 2 t (1 - t) b + t^2 to,    chain: from -> b for t <= 1/2, b -> to after that.
///
/// Has the members of a `Line`, so that it can be projected and its barrier be measured.
template <Backend B>
class Curve {
  public:
    /// With the bend in the middle: the straight line. @throws ShapeError if the sizes differ
    Curve(CurveKind kind, Vector<B> from, Vector<B> to)
        : kind_(kind), from_(std::move(from)), bend_(from_), to_(std::move(to)) {
        axpby(0.5, to_, 0.5, bend_);
    }

    [[nodiscard]] const Vector<B>& theta() const { return from_; }
    [[nodiscard]] const Vector<B>& to() const { return to_; }
    [[nodiscard]] const Vector<B>& bend() const { return bend_; }
    [[nodiscard]] Vector<B>& bend() { return bend_; }
    [[nodiscard]] Index size() const { return from_.size(); }

    /// The weights of from, bend and to at t; their sum is 1.
    [[nodiscard]] std::array<double, 3> weights(double t) const {
        if (kind_ == CurveKind::bezier) return {(1 - t) * (1 - t), 2 * t * (1 - t), t * t};
        return t <= 0.5 ? std::array{1 - 2 * t, 2 * t, 0.0} : std::array{0.0, 2 - 2 * t, 2 * t - 1};
    }
    /// Writes the point at t to `out`; the second coordinate is ignored.
    void point(double t, double, Vector<B>& out) const {
        const auto [from, bend, to] = weights(t);
        out = from_;
        axpby(bend, bend_, from, out);
        axpby(to, to_, 1, out);
    }
    /// delta leads from one end to the other, eta from the first to the bend.
    [[nodiscard]] PlaneGeometry geometry() const {
        Vector<B> delta = to_, eta = bend_;
        axpby(-1, from_, 1, delta);
        axpby(-1, from_, 1, eta);
        return {.theta_norm = norm(from_),
                .delta_norm = norm(delta),
                .eta_norm = norm(eta),
                .theta_dot_delta = dot(from_, delta),
                .theta_dot_eta = dot(from_, eta),
                .delta_dot_eta = dot(delta, eta)};
    }

  private:
    CurveKind kind_;
    Vector<B> from_, bend_, to_;
};

struct ConnectionOptions {
    CurveKind kind = CurveKind::bezier;
    Index steps = 200;            ///< of Adam
    Index points = 2;             ///< of the curve in each step, one gradient each
    double learning_rate = 1e-3;  ///< of the first step; falls linearly to zero
    std::uint64_t seed = 0;       ///< the points are a function of (seed, step)
    WorkControl work = {};        ///< counts steps; checked before each
};

/// Finds a curve of low loss between two models: minimizes the mean of L over it, E[L(curve(t))] for t uniform in (0, 1), in its bend
/// (Garipov et al. 2018, arXiv 1802.10026, equation 2), by Adam. Each step takes one random t from each of `points` equal parts
/// of (0, 1), so that the gradient varies less; that of the bend is its weight at t times that of L. steps * points gradients;
/// six vectors of the parameters' size beside the ends.
/// @throws ConfigError for options that are not positive; ShapeError if sizes do not match; NumericError if the two ends are
///         equal, or a loss on the way is not finite; Interrupted after `options.work.interrupted`.
template <Backend B, class O>
[[nodiscard]] Curve<B> connect(O& objective, const Vector<B>& from, const Vector<B>& to,
                               const ConnectionOptions& options = {}) {
    static_assert(require_objective<O, B>());
    if (options.steps < 1 || options.points < 1 || !(options.learning_rate > 0) ||
        !std::isfinite(options.learning_rate))
        throw ConfigError(message("a curve needs at least 1 step of 1 point and a positive learning rate, ",
                                  options.steps, ", ", options.points, " and ", options.learning_rate,
                                  " were given"));
    if (static_cast<Index>(objective.layout().size()) != from.size())
        throw ShapeError(message("the objective has ", objective.layout().size(),
                                 " parameters, the end of its curve has ", from.size()));
    (void)direction_to(from, to);  // checks them
    Curve<B> curve(options.kind, from, to);
    const AdamW adam{.beta2 = 0.999, .weight_decay = 0};
    auto state = adam.start(from.backend(), from.size());
    const ParameterGroup all[] = {{0, from.size(), 0, 1}};
    Vector<B> point(from.backend(), from.size()), gradient = point, sum = point;
    for (Index step = 0; step < options.steps; ++step) {
        if (options.work.must_stop())
            throw Interrupted(message("stopped after ", step, " of ", options.steps, " steps of the curve"));
        RandomSequence random({.seed = options.seed,
                               .purpose = Purpose::curve_position,
                               .epoch = static_cast<std::uint32_t>(step)});
        fill(0, sum);
        for (Index k = 0; k < options.points; ++k) {
            const double points = static_cast<double>(options.points),
                         t = (static_cast<double>(k) + random.uniform()) / points;
            curve.point(t, 0, point);
            const double loss = static_cast<double>(objective.gradient(point, gradient));
            if (!std::isfinite(loss))
                throw NumericError(message("the loss at t = ", t, " of the curve is ", loss, " after ", step,
                                           " steps; try a smaller learning rate"));
            axpby(curve.weights(t)[1] / points, gradient, 1, sum);
        }
        const double left = static_cast<double>(options.steps - step) / static_cast<double>(options.steps);
        adam.step(state, all, left * options.learning_rate, 1, sum, curve.bend());
        options.work.report(step + 1, options.steps);
    }
    return curve;
}

/// The loss, and what `measures` give, along a curve: a surface of one row with x = t.
template <Backend B, class O, class... Ms>
[[nodiscard]] Surface project(O&& objective, const Curve<B>& curve, const Grid& grid,
                              const ProjectionOptions& options = {}, Ms&&... measures) {
    static_assert(require_evaluable<O, B>());
    if constexpr (Evaluable<O, B>) {
        grid.check();
        return detail::project_rows<B>(objective, curve, grid.coordinates(), {0.0}, options, measures...);
    }
}

/// The loss along a curve by refinement, with x = t.
template <Backend B, class O>
[[nodiscard]] AdaptiveSurface project_adaptively(O&& objective, const Curve<B>& curve, const Grid& range,
                                                 const AdaptiveOptions& options = {}) {
    static_assert(require_evaluable<O, B>());
    if constexpr (Evaluable<O, B>)
        return detail::refine_surface<B>(objective, curve,
                                         PlaneGrid(range, Grid{.from = 0, .to = 0, .steps = 1}), options);
}

}  // namespace vitscape
