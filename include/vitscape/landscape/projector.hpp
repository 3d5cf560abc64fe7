// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/landscape/plane.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

/// Options of the evaluation of a surface; all are optional.
struct ProjectionOptions {
    /// An earlier, incomplete surface of the same objective, plane and grid: its computed points are kept, including
    /// non-finite ones, and not evaluated again.
    const Surface* resume = nullptr;
    /// Called after each row with newly evaluated points, and before `Interrupted` is thrown: for saving.
    std::function<void(const Surface&)> after_row = {};
    /// Checked before and after each point; counts those that `resume` contains.
    WorkControl work = {};
};

namespace detail {

/// Evaluates an objective at successive points and compares with its centre, using one set of buffers.
template <Backend B, class O>
class PointEvaluator {
  public:
    struct Result {
        double loss, standard_error, difference_standard_error;
    };

    PointEvaluator(O& objective, const Vector<B>& theta) : objective_(objective) {
        if constexpr (SampledObjective<O, B>) {
            samples_ = static_cast<Index>(objective_.samples());
            if (samples_ < 1) throw ConfigError("the objective has no samples to average over");
            centre_losses_.resize(static_cast<std::size_t>(samples_));
            losses_.resize(static_cast<std::size_t>(samples_));
            objective_.sample_losses(theta, std::span<double>(centre_losses_));
            centre_ = mean_and_error(centre_losses_);
        } else {
            centre_ = {static_cast<double>(objective_.value(theta)),
                       std::numeric_limits<double>::quiet_NaN()};
        }
    }

    [[nodiscard]] Index samples() const { return samples_; }
    [[nodiscard]] MeanAndError centre() const { return centre_; }

    /// Number of points that may be started before the first is finished.
    [[nodiscard]] std::size_t max_in_flight() const {
        if constexpr (DeferredObjective<O, B>)
            return objective_.max_in_flight();
        else
            return 1;
    }
    /// Starts the evaluation of a point of `space` in `slot`; `point` is scratch memory for it.
    template <class Space>
    void start(const Space& space, double x, double y, Vector<B>& point, std::size_t slot) {
        if constexpr (requires { objective_.start_losses_at(space, x, y, slot); }) {
            objective_.start_losses_at(space, x, y, slot);
        } else {
            space.point(x, y, point);
            if constexpr (DeferredObjective<O, B>)
                objective_.start_losses(point, slot);
            else if constexpr (SampledObjective<O, B>)
                objective_.sample_losses(point, std::span<double>(losses_));
            else
                value_ = static_cast<double>(objective_.value(point));
        }
    }
    [[nodiscard]] Result finish(std::size_t slot) {
        constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
        if constexpr (SampledObjective<O, B>) {
            if constexpr (DeferredObjective<O, B>) objective_.finish_losses(slot, std::span<double>(losses_));
            const MeanAndError here = mean_and_error(losses_);
            if (!std::isfinite(here.mean)) return {nothing, nothing, nothing};
            return {here.mean, here.standard_error,
                    mean_and_error_of_difference(losses_, centre_losses_).standard_error};
        } else {
            return {std::isfinite(value_) ? value_ : nothing, nothing, nothing};
        }
    }

  private:
    O& objective_;
    Index samples_ = 0;
    MeanAndError centre_;
    double value_ = 0;
    std::vector<double> centre_losses_, losses_;
};

inline Surface start_surface(std::vector<double> x, std::vector<double> y, const MeanAndError& centre,
                             Index samples, const PlaneGeometry& geometry, const Surface* resume) {
    if (!std::isfinite(centre.mean))
        throw NumericError(message("the loss at the centre is ", centre.mean,
                                   "; a surface around a point without a finite loss is meaningless"));
    Surface surface(std::move(x), std::move(y));
    surface.centre_loss = centre.mean;
    surface.centre_standard_error = centre.standard_error;
    surface.samples = samples;
    surface.geometry = geometry;
    if (resume == nullptr || resume->computed_points() == 0) return surface;
    if (resume->x != surface.x || resume->y != surface.y)
        throw ConfigError(message("the surface to resume has ", resume->rows(), " x ", resume->columns(),
                                  " points, the requested grid has ", surface.rows(), " x ",
                                  surface.columns(),
                                  ", or other coordinates; request the same grid or start again"));
    if (resume->samples != samples ||
        !(std::abs(resume->centre_loss - centre.mean) <= 1e-6 * std::max(std::abs(centre.mean), 1e-300)))
        throw ConfigError(
            message("the surface to resume belongs to another model, images or masks: the loss "
                    "at its centre is ",
                    resume->centre_loss, " over ", resume->samples, " samples, here it is ", centre.mean,
                    " over ", samples));
    if (!geometry.matches(resume->geometry))
        throw ConfigError(
            "the surface to resume was computed along other directions; use the same seed and "
            "normalization, or the directions that were saved with it");
    surface.loss = resume->loss;
    surface.standard_error = resume->standard_error;
    surface.difference_standard_error = resume->difference_standard_error;
    surface.computed = resume->computed;
    return surface;
}

/// Evaluates those of the points `first` <= i < `last` of a surface, counted along its rows, that have not been computed, and
/// counts them in `done`. False where it stopped before the end, as `work` asked.
template <Backend B, class O, class Space>
bool project_points(PointEvaluator<B, O>& evaluator, const Space& space, Surface& surface, std::size_t first,
                    std::size_t last, Vector<B>& point, Index& done, const WorkControl& work) {
    const Index total = surface.rows() * surface.columns();
    const std::size_t columns = surface.x.size();
    std::deque<std::size_t> in_flight;  // points, in the order of their start
    std::size_t started = 0, finished = 0;
    const auto finish_oldest = [&] {
        const std::size_t row = in_flight.front() / columns, column = in_flight.front() % columns;
        in_flight.pop_front();
        const auto result = evaluator.finish(finished++ % evaluator.max_in_flight());
        surface.loss(row, column) = result.loss;
        surface.standard_error(row, column) = result.standard_error;
        surface.difference_standard_error(row, column) = result.difference_standard_error;
        surface.computed(row, column) = 1;
        ++done;
        work.report(done, total);
    };
    bool stop = false;
    for (std::size_t i = first; i < last; ++i) {
        const std::size_t row = i / columns, column = i % columns;
        if (surface.computed(row, column) != 0) continue;
        stop = work.must_stop();
        if (stop) break;
        evaluator.start(space, surface.x[column], surface.y[row], point,
                        started++ % evaluator.max_in_flight());
        in_flight.push_back(i);
        if (in_flight.size() == evaluator.max_in_flight()) finish_oldest();
    }
    while (!in_flight.empty()) finish_oldest();
    return !stop;
}

template <Backend B, class O, class Space>
Surface project_rows(O& objective, const Space& space, std::vector<double> x, std::vector<double> y,
                     const ProjectionOptions& options) {
    if (static_cast<Index>(objective.layout().size()) != space.size())
        throw ShapeError(message("the objective has ", objective.layout().size(),
                                 " parameters, the centre has ", space.size()));
    PointEvaluator<B, O> evaluator(objective, space.theta());
    Surface surface = start_surface(std::move(x), std::move(y), evaluator.centre(), evaluator.samples(),
                                    space.geometry(), options.resume);
    Vector<B> point(space.theta().backend(), space.size());
    Index done = surface.computed_points();
    for (std::size_t row = 0; row < surface.y.size(); ++row) {
        const Index before = done;
        const std::size_t first = row * surface.x.size();
        const bool whole = project_points(evaluator, space, surface, first, first + surface.x.size(), point,
                                          done, options.work);
        if ((done > before || !whole) && options.after_row) options.after_row(surface);
        if (!whole)
            throw Interrupted(message("stopped after ", done, " of ", surface.rows() * surface.columns(),
                                      " points of the surface"));
    }
    return surface;
}

}  // namespace detail

/// Evaluates an objective on a grid of a plane, row by row (y outer, x inner). For a `SampledObjective` each
/// point gets its standard errors. No parameter vector is allocated in the steady state.
/// @throws ShapeError, ConfigError, NumericError before the first point, if sizes do not match, `resume`
///         belongs to something else, or the loss at theta is not finite; Interrupted after
///         `options.work.interrupted`.
template <Backend B, class O>
[[nodiscard]] Surface project(O&& objective, const Plane<B>& plane, const PlaneGrid& grid,
                              const ProjectionOptions& options = {}) {
    static_assert(require_evaluable<O, B>());
    if constexpr (Evaluable<O, B>) {
        grid.x.check();
        grid.y.check();
        return detail::project_rows<B>(objective, plane, grid.x.coordinates(), grid.y.coordinates(), options);
    }
}

/// The same along a line: a surface of one row.
template <Backend B, class O>
[[nodiscard]] Surface project(O&& objective, const Line<B>& line, const Grid& grid,
                              const ProjectionOptions& options = {}) {
    static_assert(require_evaluable<O, B>());
    if constexpr (Evaluable<O, B>) {
        grid.check();
        return detail::project_rows<B>(objective, line, grid.coordinates(), {0.0}, options);
    }
}

}  // namespace vitscape
