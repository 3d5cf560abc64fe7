// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/landscape/plane.hpp>
#include <vitscape/landscape/point_measure.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

/// Options of the evaluation of a surface; all are optional.
struct ProjectionOptions {
    /// An earlier, incomplete surface of the same objective, plane, grid and measures: its computed points are kept,
    /// including non-finite ones, and not evaluated again.
    const Surface* resume = nullptr;
    /// Called when all is known at theta, with how many points are to follow: for saying how long they take.
    std::function<void(const Surface&, Index)> after_centre = {};
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

/// @throws NumericError unless the loss at the centre is finite
inline void require_finite_centre(const MeanAndError& centre) {
    if (!std::isfinite(centre.mean))
        throw NumericError(message("the loss at the centre is ", centre.mean,
                                   "; a surface around a point without a finite loss is meaningless"));
}

/// @param earlier  a surface or volume to go on from, on the same coordinates
/// @throws ConfigError where it is of another objective or other directions
template <class Grid, class Geometry>
void require_same_origin(const Grid& earlier, const MeanAndError& centre, Index samples,
                         const Geometry& geometry) {
    if (earlier.samples != samples ||
        !(std::abs(earlier.centre_loss - centre.mean) <= 1e-6 * std::max(std::abs(centre.mean), 1e-300)))
        throw ConfigError(
            message("the surface to resume belongs to another model, images or masks: the loss "
                    "at its centre is ",
                    earlier.centre_loss, " over ", earlier.samples, " samples, here it is ", centre.mean,
                    " over ", samples));
    if (!geometry.matches(earlier.geometry))
        throw ConfigError(
            "the surface to resume was computed along other directions; use the same seed and "
            "normalization, or the directions that were saved with it");
}

/// "accuracy_top1, gradient_norm"
inline std::string listed_numbers(const std::vector<NumberCard>& cards) {
    std::string text;
    for (const NumberCard& card : cards) text += (text.empty() ? "" : ", ") + card.name;
    return text.empty() ? "the loss alone" : text;
}

/// @throws ConfigError where a surface or volume was computed with other measures
template <class G>
void require_same_numbers(const G& resume, const std::vector<NumberCard>& cards) {
    std::vector<NumberCard> before;
    for (const auto& number : resume.numbers) before.push_back(number.card);
    if (before == cards) return;
    const std::string had = listed_numbers(before), wanted = listed_numbers(cards);
    if (had != wanted)
        throw ConfigError(message("the surface to resume has other numbers at its points: ", had,
                                  "; requested are ", wanted, "; request the same or start again"));
    for (std::size_t i = 0; i < cards.size(); ++i)
        if (before[i] != cards[i])
            throw ConfigError(message(
                "the surface to resume has ", cards[i].name, " measured in another way: ", before[i].meaning,
                "; requested is: ", cards[i].meaning, "; request the same or start again"));
}

inline Surface start_surface(std::vector<double> x, std::vector<double> y, const MeanAndError& centre,
                             Index samples, const PlaneGeometry& geometry,
                             const std::vector<NumberCard>& cards, const Surface* resume) {
    require_finite_centre(centre);
    Surface surface(std::move(x), std::move(y));
    surface.centre_loss = centre.mean;
    surface.centre_standard_error = centre.standard_error;
    surface.samples = samples;
    surface.geometry = geometry;
    for (const NumberCard& card : cards) surface.numbers.push_back(SurfaceNumber::of(card, surface.loss));
    if (resume == nullptr || resume->computed_points() == 0) return surface;
    if (resume->x != surface.x || resume->y != surface.y)
        throw ConfigError(message("the surface to resume has ", resume->rows(), " x ", resume->columns(),
                                  " points, the requested grid has ", surface.rows(), " x ",
                                  surface.columns(),
                                  ", or other coordinates; request the same grid or start again"));
    require_same_origin(*resume, centre, samples, geometry);
    require_same_numbers(*resume, cards);
    surface.loss = resume->loss;
    surface.standard_error = resume->standard_error;
    surface.difference_standard_error = resume->difference_standard_error;
    surface.computed = resume->computed;
    surface.numbers = resume->numbers;
    return surface;
}

template <Backend B, class O, class Space>
void require_fitting(const O& objective, const Space& space) {
    if (static_cast<Index>(objective.layout().size()) != space.size())
        throw ShapeError(message("the objective has ", objective.layout().size(),
                                 " parameters, the centre has ", space.size()));
}

/// Evaluates those of the points `first` <= i < `last` of a surface, counted along its rows, that have not been computed, with their
/// further `numbers` (`PointNumbers`).
/// @param point  scratch memory.  @param done  points of all that are evaluated, of `total`; counted on
/// @return false where it stopped before the end, as `work` asked
template <Backend B, class O, class Numbers, class Space>
bool evaluate_points(PointEvaluator<B, O>& evaluator, Numbers& numbers, const Space& space, Surface& surface,
                     std::size_t first, std::size_t last, Vector<B>& point, const WorkControl& work,
                     Index& done, Index total) {
    const std::size_t columns = surface.x.size();
    // measures look at one point at a time
    const std::size_t at_once = numbers.empty() ? evaluator.max_in_flight() : 1;
    std::deque<std::size_t> in_flight;  // points, in the order of their start
    std::size_t started = 0, finished = 0;
    const auto measure = [&](std::size_t row, std::size_t column, double loss) {
        space.point(surface.x[column], surface.y[row], point);
        const auto here = numbers.at(point, loss);
        for (std::size_t i = 0; i < here.size(); ++i) {
            surface.numbers[i].values(row, column) = here[i].value;
            surface.numbers[i].errors(row, column) = here[i].error;
        }
    };
    const auto finish_oldest = [&] {
        const std::size_t row = in_flight.front() / columns, column = in_flight.front() % columns;
        in_flight.pop_front();
        const auto result = evaluator.finish(finished++ % at_once);
        if (!numbers.empty()) measure(row, column, result.loss);
        surface.loss(row, column) = result.loss;
        surface.standard_error(row, column) = result.standard_error;
        surface.difference_standard_error(row, column) = result.difference_standard_error;
        surface.computed(row, column) = 1;
        ++done;
        work.report(done, total);
    };
    bool stop = false;
    for (std::size_t i = first; i < last && !stop; ++i) {
        const std::size_t row = i / columns, column = i % columns;
        if (surface.computed(row, column) != 0) continue;
        stop = work.must_stop();
        if (stop) break;
        evaluator.start(space, surface.x[column], surface.y[row], point, started++ % at_once);
        in_flight.push_back(i);
        if (in_flight.size() < at_once) continue;
        try {
            finish_oldest();
        } catch (const Interrupted&) {  // within a measure
            stop = true;
        }
    }
    while (!in_flight.empty()) finish_oldest();
    return !stop;
}

/// `evaluate_points` of all rows.
/// @param after_row  called with the surface after each row with new points, and before `Interrupted` is thrown
template <Backend B, class O, class Numbers, class Space, class AfterRow>
void evaluate_rows(PointEvaluator<B, O>& evaluator, Numbers& numbers, const Space& space, Surface& surface,
                   Vector<B>& point, const WorkControl& work, Index& done, Index total,
                   const AfterRow& after_row) {
    for (std::size_t row = 0; row < surface.y.size(); ++row) {
        const Index before = done;
        const std::size_t first = row * surface.x.size();
        const bool whole = evaluate_points(evaluator, numbers, space, surface, first,
                                           first + surface.x.size(), point, work, done, total);
        if (done > before || !whole) after_row(surface);
        if (!whole)
            throw Interrupted(message("stopped after ", done, " of ", total, " points of the surface"));
    }
}

template <Backend B, class O, class Space, class... Ms>
Surface project_rows(O& objective, const Space& space, std::vector<double> x, std::vector<double> y,
                     const ProjectionOptions& options, Ms&... measures) {
    require_fitting<B>(objective, space);
    auto numbers = point_numbers<B>(objective, options.work, present(measures)...);
    PointEvaluator<B, O> evaluator(objective, space.theta());
    Surface surface = start_surface(std::move(x), std::move(y), evaluator.centre(), evaluator.samples(),
                                    space.geometry(), numbers.cards(), options.resume);
    Vector<B> point(space.theta().backend(), space.size());
    const Index total = surface.rows() * surface.columns();
    Index done = surface.computed_points();
    if (!numbers.empty() && done < total) {
        const auto centre = numbers.at(space.theta(), surface.centre_loss);
        for (std::size_t i = 0; i < centre.size(); ++i) surface.numbers[i].centre = centre[i];
    }
    if (options.after_centre) options.after_centre(surface, total - done);
    evaluate_rows(evaluator, numbers, space, surface, point, options.work, done, total,
                  [&](const Surface& rows) {
                      if (options.after_row) options.after_row(rows);
                  });
    return surface;
}

}  // namespace detail

/// Evaluates an objective on a grid of a plane, row by row (y outer, x inner). For a `SampledObjective` each
/// point gets its standard errors. No parameter vector is allocated in the steady state.
/// @param measures  what else is computed at each point and at theta, each a `PointMeasure`, or a std::optional of one, which
///                  counts where it holds one; `Surface::numbers` has their numbers in this order
/// @throws ShapeError, ConfigError, NumericError before the first point, if sizes do not match, `resume`
///         belongs to something else, or the loss at theta is not finite; Interrupted after
///         `options.work.interrupted`.
template <Backend B, class O, class... Ms>
[[nodiscard]] Surface project(O&& objective, const Plane<B>& plane, const PlaneGrid& grid,
                              const ProjectionOptions& options = {}, Ms&&... measures) {
    static_assert(require_evaluable<O, B>());
    if constexpr (Evaluable<O, B>) {
        grid.x.check();
        grid.y.check();
        return detail::project_rows<B>(objective, plane, grid.x.coordinates(), grid.y.coordinates(), options,
                                       measures...);
    }
}

/// The same along a line: a surface of one row.
template <Backend B, class O, class... Ms>
[[nodiscard]] Surface project(O&& objective, const Line<B>& line, const Grid& grid,
                              const ProjectionOptions& options = {}, Ms&&... measures) {
    static_assert(require_evaluable<O, B>());
    if constexpr (Evaluable<O, B>) {
        grid.check();
        return detail::project_rows<B>(objective, line, grid.coordinates(), {0.0}, options, measures...);
    }
}

}  // namespace vitscape
