// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/adaptive_cells.hpp>
#include <vitscape/landscape/adaptive_surface.hpp>
#include <vitscape/landscape/plane.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

/// Options of the refinement of a surface.
struct AdaptiveOptions {
    double tolerance = 0.01;  ///< largest error of the interpolation that is aimed at, in units of the loss
    Index cells = 2;  ///< along each axis, before any is divided; 1 to 64. Each is divided at least once
    Index depth = 7;  ///< how often a cell may be divided; 1 to 12
    Index most_points =
        10000;            ///< of the refinement; 1 to 10^6. No cell is divided for which they do not suffice
    Index held_out = 64;  ///< points to measure the error on; 0 to 10^5
    std::uint64_t seed = 0;   ///< of the places of the held-out points
    std::uint32_t check = 0;  ///< another number, other held-out points
    /// An earlier, incomplete surface of the same objective, plane and range: its points are not evaluated again.
    const AdaptiveSurface* resume = nullptr;
    /// Called after each round of new points, within one after every 64, and before `Interrupted` is thrown: for saving.
    std::function<void(const AdaptiveSurface&)> after_round = {};
    /// Checked before each point; the total is the number of points that are known to be needed so far.
    WorkControl work = {};
};

namespace detail {

inline void check_adaptive(const PlaneGrid& range, const AdaptiveOptions& options) {
    range.x.check();
    range.y.check();
    const auto within = [](Index value, Index low, Index high) { return value >= low && value <= high; };
    if (range.x.steps < 2)
        throw ConfigError(
            message("an adaptive surface needs a range along x, not the single place ", range.x.from));
    if (!(options.tolerance > 0 && std::isfinite(options.tolerance)))
        throw ConfigError(
            message("the tolerance of an adaptive surface must be a positive loss, not ", options.tolerance));
    if (!within(options.cells, 1, 64) || !within(options.depth, 1, 12) ||
        !within(options.most_points, 1, 1000000) || !within(options.held_out, 0, 100000))
        throw ConfigError(message(
            "an adaptive surface needs 1 to 64 cells along an axis, 1 to 12 divisions, at most 1 to "
            "1000000 points and 0 to 100000 held-out ones; given are ",
            options.cells, ", ", options.depth, ", ", options.most_points, " and ", options.held_out));
}

/// Refines a surface; all that it decides follows from the losses, so that resuming repeats it with the points at hand.
template <Backend B, class O, class Space>
class AdaptiveRefiner {
  public:
    AdaptiveRefiner(O& objective, const Space& space, const PlaneGrid& range, const AdaptiveOptions& options)
        : space_(space), options_(options), evaluator_(objective, space.theta()), point_(space.theta()) {
        const Surface* before = options.resume != nullptr ? &options.resume->centre : nullptr;
        surface_.centre =
            start_surface({0}, {0}, evaluator_.centre(), evaluator_.samples(), space.geometry(), {}, before);
        surface_.centre.loss(0, 0) = surface_.centre.centre_loss;
        surface_.centre.standard_error(0, 0) = surface_.centre.centre_standard_error;
        surface_.centre.computed(0, 0) = 1;
        surface_.tolerance = options.tolerance;
        surface_.range = range;
        surface_.cells.emplace(range.x, range.y, options.cells, options.depth);
        if (options.resume != nullptr)
            for (const AdaptivePoint& point : options.resume->points) known_[{point.x, point.y}] = point;
    }

    AdaptiveSurface refine() {
        AdaptiveCells& cells = *surface_.cells;
        std::set<LatticeNode> nodes;
        for (std::size_t i = 0; i < cells.cells().size(); ++i)
            for (const LatticeNode& node : cells.nodes(i, cells.cells()[i].half)) nodes.insert(node);
        if (!affords(nodes.size()))
            throw ConfigError(message("the first cells have ", nodes.size(), " points, more than the ",
                                      options_.most_points, " allowed; allow more, or take fewer cells"));
        evaluate({nodes.begin(), nodes.end()});
        for (;;) {
            const std::vector<std::size_t> chosen = cells.to_divide(options_.tolerance);
            surface_.refined = chosen.empty();
            if (chosen.empty()) break;
            nodes.clear();
            std::size_t afforded = 0;
            for (; afforded < chosen.size(); ++afforded) {
                std::vector<LatticeNode> more;
                for (const LatticeNode& node :
                     cells.nodes(chosen[afforded], cells.cells()[chosen[afforded]].half / 2))
                    if (!cells.contains(node) && !nodes.contains(node)) more.push_back(node);
                if (!affords(nodes.size() + more.size())) break;
                nodes.insert(more.begin(), more.end());
            }
            evaluate({nodes.begin(), nodes.end()});
            for (std::size_t k = 0; k < afforded; ++k) cells.divide(chosen[k]);
            // A list that is being resumed is longer than this surface until its points are used up.
            if (evaluated_new_ && options_.after_round) options_.after_round(surface_);
            if (afforded < chosen.size()) break;
        }
        measure();
        return std::move(surface_);
    }

  private:
    [[nodiscard]] bool affords(std::size_t points) const {
        return static_cast<Index>(surface_.points.size() + points) <= options_.most_points;
    }
    void evaluate(const std::vector<LatticeNode>& nodes) {
        constexpr std::size_t saved_at_once = 64;
        std::size_t first = 0;
        for (std::vector<std::pair<double, double>> places; first < nodes.size(); places.clear()) {
            const std::size_t left = nodes.size() - first, before = surface_.points.size();
            for (std::size_t i = first; i < first + std::min(left, saved_at_once); ++i)
                places.emplace_back(surface_.cells->x(nodes[i]), surface_.cells->y(nodes[i]));
            evaluate(places, false, before + left);
            for (std::size_t i = 0; i < places.size(); ++i)
                surface_.cells->set(nodes[first + i], surface_.points[before + i].loss);
            first += places.size();
            if (first < nodes.size() && evaluated_new_ && options_.after_round)
                options_.after_round(surface_);
        }
    }
    /// Adds the points at these places to the surface, several under way at once. @param known_total  for progress
    void evaluate(const std::vector<std::pair<double, double>>& places, bool held_out,
                  std::size_t known_total) {
        std::deque<std::size_t> in_flight;
        std::size_t started = 0, finished = 0;
        std::vector<AdaptivePoint> points(places.size());
        std::vector<bool> done(places.size());
        const auto total = static_cast<Index>(known_total);
        const auto finish_oldest = [&] {
            const std::size_t i = in_flight.front();
            in_flight.pop_front();
            const auto result = evaluator_.finish(finished++ % evaluator_.max_in_flight());
            points[i] = {places[i].first,
                         places[i].second,
                         result.loss,
                         result.standard_error,
                         result.difference_standard_error,
                         held_out};
            done[i] = true;
            options_.work.report(++evaluated_, total);
        };
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (const auto known = known_.find(places[i]); known != known_.end()) {
                points[i] = known->second;
                points[i].held_out = held_out;
                done[i] = true;
                options_.work.report(++evaluated_, total);
                continue;
            }
            if (options_.work.must_stop()) {
                while (!in_flight.empty()) finish_oldest();
                for (std::size_t k = 0; k < places.size(); ++k)
                    if (done[k]) surface_.points.push_back(points[k]);
                if (options_.after_round) options_.after_round(surface_);
                throw Interrupted(
                    message("stopped after ", surface_.points.size(), " points of an adaptive surface"));
            }
            evaluated_new_ = true;
            evaluator_.start(space_, places[i].first, places[i].second, point_,
                             started++ % evaluator_.max_in_flight());
            in_flight.push_back(i);
            if (in_flight.size() == evaluator_.max_in_flight()) finish_oldest();
        }
        while (!in_flight.empty()) finish_oldest();
        surface_.points.insert(surface_.points.end(), points.begin(), points.end());
    }
    /// Compares the interpolation with points that it does not know.
    void measure() {
        if (options_.held_out == 0) return;
        RandomSequence random(
            {.seed = options_.seed, .purpose = Purpose::held_out_point, .epoch = options_.check});
        const Grid &x = surface_.range.x, &y = surface_.range.y;
        std::vector<std::pair<double, double>> places;
        for (Index i = 0; i < options_.held_out; ++i) {
            const double along_x = random.uniform(x.from, x.to);
            places.emplace_back(along_x, y.steps == 1 ? y.from : random.uniform(y.from, y.to));
        }
        const std::size_t first = surface_.points.size();
        evaluate(places, true, first + places.size());
        InterpolationError error;
        double squares = 0;
        for (std::size_t i = first; i < surface_.points.size(); ++i) {
            const AdaptivePoint& point = surface_.points[i];
            const double difference = std::abs(point.loss - (*surface_.cells)(point.x, point.y));
            if (std::isfinite(difference)) {
                ++error.points;
                error.largest = std::max(error.largest, difference);
                squares += difference * difference;
            } else if (std::isfinite(point.loss) || std::isfinite((*surface_.cells)(point.x, point.y))) {
                ++error.gaps;
            }
        }
        if (error.points > 0) {
            const auto points = static_cast<double>(error.points);
            error.root_mean_square = std::sqrt(squares / points);
            error.share = 1 - std::pow(0.05, 1 / points);
        }
        surface_.error = error;
        if (options_.after_round) options_.after_round(surface_);
    }

    const Space& space_;
    const AdaptiveOptions& options_;
    PointEvaluator<B, O> evaluator_;
    Vector<B> point_;
    AdaptiveSurface surface_;
    std::map<std::pair<double, double>, AdaptivePoint> known_;
    Index evaluated_ = 0;
    bool evaluated_new_ = false;
};

template <Backend B, class O, class Space>
AdaptiveSurface refine_surface(O& objective, const Space& space, const PlaneGrid& range,
                               const AdaptiveOptions& options) {
    check_adaptive(range, options);
    if (static_cast<Index>(objective.layout().size()) != space.size())
        throw ShapeError(message("the objective has ", objective.layout().size(),
                                 " parameters, the centre has ", space.size()));
    return AdaptiveRefiner<B, O, Space>(objective, space, range, options).refine();
}

}  // namespace detail

/// Evaluates an objective on the range of `range` (the steps of its axes do not matter) by refinement in place of a dense grid.
/// A few cells of 3 x 3 points are divided in four wherever the estimated error of the interpolation exceeds the tolerance.
/// The estimate of a cell is how far its own new points and those on its edges lay from the interpolation before they were
/// known, times the factor by which this fell at the last division (between 1/16 and 1/2). Cells side by side differ by at most
/// one division. A cell is interpolated by a polynomial of degree 4 along each axis through the 5 x 5 points of the cell that it
/// is a quarter of, or of degree 2 through its own 3 x 3 where that has predicted its points better; across edges the
/// interpolation may jump by as much as its error.
///
/// The estimates promise nothing: what is stated is `error`, measured at the end on held-out points at random places.
/// @throws ShapeError, ConfigError, NumericError before the first point; Interrupted after `options.work.interrupted`.
template <Backend B, class O>
[[nodiscard]] AdaptiveSurface project_adaptively(O&& objective, const Plane<B>& plane, const PlaneGrid& range,
                                                 const AdaptiveOptions& options = {}) {
    static_assert(require_evaluable<O, B>());
    if constexpr (Evaluable<O, B>) {
        if (range.y.steps < 2)
            throw ConfigError(message("an adaptive surface needs a range along y, not the single place ",
                                      range.y.from, "; along one direction alone pass a Line"));
        return detail::refine_surface<B>(objective, plane, range, options);
    }
}

/// The same along a line, by halving; 3 and 5 points in place of 3 x 3 and 5 x 5.
template <Backend B, class O>
[[nodiscard]] AdaptiveSurface project_adaptively(O&& objective, const Line<B>& line, const Grid& range,
                                                 const AdaptiveOptions& options = {}) {
    static_assert(require_evaluable<O, B>());
    if constexpr (Evaluable<O, B>)
        return detail::refine_surface<B>(objective, line,
                                         PlaneGrid(range, Grid{.from = 0, .to = 0, .steps = 1}), options);
}

}  // namespace vitscape
