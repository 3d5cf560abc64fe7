// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <vitscape/core/shape.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

/// A point of a surface's grid and its loss.
struct SurfacePoint {
    std::size_t row = 0, column = 0;
    double x = 0, y = 0, loss = 0;
};

/// A local minimum of a surface and how long it lives while the level rises: from its own loss (its birth) to that of the
/// saddle where its basin joins the basin of a lower minimum (its death).
struct SurfaceMinimum {
    static constexpr double forever = std::numeric_limits<double>::infinity();

    SurfacePoint point;
    std::optional<SurfacePoint> saddle;  ///< none if no path of finite losses leads to a lower minimum
    std::size_t joins = 0;  ///< place of that lower minimum in `MergeTree::minima`; its own without a saddle
    double leaf_end =
        forever;       ///< loss at the first saddle of its basin, with whichever minimum; at most the death
    double share = 0;  ///< of the points with a finite loss: from those steepest descent ends here
    /// Upper bound of the standard error of saddle minus minimum (`bound_of_difference_error`); NaN if unknown.
    double error_bound = std::numeric_limits<double>::quiet_NaN();
    bool border = false;     ///< at the border of the grid: the surface may fall further outside
    bool undecided = false;  ///< its basin touches points that are not yet computed, which may end it earlier

    [[nodiscard]] double birth() const { return point.loss; }
    [[nodiscard]] double death() const {
        if (saddle) return saddle->loss;
        return forever;
    }
    [[nodiscard]] double persistence() const { return death() - birth(); }
    /// Whether the persistence exceeds `k` times the bound of its standard error. True of a minimum that lives for ever; false
    /// where no error is known, or where missing points may end it earlier.
    [[nodiscard]] bool significant(double k) const {
        return !undecided && (!saddle || persistence() > k * error_bound);
    }
};

/// The minima of a surface in order of falling persistence, the global one first, and which joins which.
struct MergeTree {
    std::vector<SurfaceMinimum> minima;
    double highest = std::numeric_limits<double>::quiet_NaN();  ///< the largest finite loss of the surface

    [[nodiscard]] Index significant(double k) const {
        return static_cast<Index>(
            std::count_if(minima.begin(), minima.end(),
                          [&](const SurfaceMinimum& minimum) { return minimum.significant(k); }));
    }
};

/// Upper bound of the standard error of L(a) - L(b) for two points of a surface. Both were compared with the centre c on the
/// same samples, but not with each other. Since L(a) - L(b) = (L(a) - L(c)) - (L(b) - L(c)), and a standard deviation obeys the
/// triangle inequality, it is at most the sum of the two `difference_standard_error`, and likewise of the two
/// `standard_error`; the smaller sum is returned. Where b is the centre itself it is no bound but the number. NaN if the surface
/// has no errors.
[[nodiscard]] inline double bound_of_difference_error(const Surface& surface, const SurfacePoint& a,
                                                      const SurfacePoint& b) {
    const auto sum = [&](const auto& errors) { return errors(a.row, a.column) + errors(b.row, b.column); };
    return std::fmin(sum(surface.difference_standard_error), sum(surface.standard_error));
}

namespace detail {

/// Sublevel sets of a surface, grown point by point as a union-find forest; a basin is known by its lowest point, its root.
class BasinForest {
  public:
    explicit BasinForest(const Surface& surface)
        : surface_(surface), rows_(surface.y.size()), columns_(surface.x.size()), nodes_(rows_ * columns_) {
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            if (std::isfinite(loss(i))) order_.push_back(i);
        // Ties are broken by the place in the grid, so that no two points have the same level (simulation of simplicity).
        std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
            return std::pair(loss(a), a) < std::pair(loss(b), b);
        });
        for (const std::size_t i : order_) add(i);
    }

    [[nodiscard]] MergeTree tree() const {
        MergeTree tree;
        if (order_.empty()) return tree;
        tree.highest = loss(order_.back());
        std::vector<std::size_t> roots, place(nodes_.size());
        for (const std::size_t i : order_)
            if (is_minimum(i)) roots.push_back(i);
        const auto persistence = [&](std::size_t i) {
            return nodes_[i].saddle == none ? SurfaceMinimum::forever : loss(nodes_[i].saddle) - loss(i);
        };
        std::stable_sort(roots.begin(), roots.end(),
                         [&](std::size_t a, std::size_t b) { return persistence(a) > persistence(b); });
        for (std::size_t k = 0; k < roots.size(); ++k) place[roots[k]] = k;
        for (const std::size_t i : roots) {
            const Node& node = nodes_[i];
            SurfaceMinimum minimum;
            minimum.point = point(i);
            minimum.joins = place[i];
            minimum.leaf_end = node.leaf_end;
            minimum.border = on_border(i);
            minimum.undecided = node.missing;
            if (node.saddle != none) {
                minimum.saddle = point(node.saddle);
                minimum.joins = place[node.elder];
                minimum.error_bound = bound_of_difference_error(surface_, *minimum.saddle, minimum.point);
            }
            tree.minima.push_back(minimum);
        }
        for (const std::size_t i : order_) {
            std::size_t end = nodes_[i].minimum;
            while (!is_minimum(end)) end = nodes_[end].elder;
            ++tree.minima[place[end]].share;
        }
        for (SurfaceMinimum& minimum : tree.minima) minimum.share /= static_cast<double>(order_.size());
        return tree;
    }

  private:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    struct Node {
        std::size_t parent = none;                ///< none: not yet reached by the level
        std::size_t minimum = none;               ///< where steepest descent ends
        std::size_t saddle = none, elder = none;  ///< of a basin that has ended: where, and in which
        double leaf_end = SurfaceMinimum::forever;
        bool missing = false;  ///< of a basin: touches a point that is not yet computed
    };

    [[nodiscard]] double loss(std::size_t i) const { return surface_.loss(i / columns_, i % columns_); }
    [[nodiscard]] bool lower(std::size_t a, std::size_t b) const {
        return std::pair(loss(a), a) < std::pair(loss(b), b);
    }
    [[nodiscard]] SurfacePoint point(std::size_t i) const {
        const std::size_t row = i / columns_, column = i % columns_;
        return {row, column, surface_.x[column], surface_.y[row], loss(i)};
    }
    [[nodiscard]] bool on_border(std::size_t i) const {
        const std::size_t row = i / columns_, column = i % columns_;
        return (rows_ > 1 && (row == 0 || row + 1 == rows_)) ||
               (columns_ > 1 && (column == 0 || column + 1 == columns_));
    }
    /// Whether a basin starts here; one that ends at its own level belongs to a plateau and is none.
    [[nodiscard]] bool is_minimum(std::size_t i) const {
        const Node& node = nodes_[i];
        return node.minimum == i && (node.saddle == none || loss(node.saddle) > loss(i));
    }
    [[nodiscard]] std::size_t root(std::size_t i) {
        while (nodes_[i].parent != i) i = nodes_[i].parent = nodes_[nodes_[i].parent].parent;
        return i;
    }
    /// Calls `visit(j)` for the up to 8 neighbours of a point.
    template <class Visit>
    void for_neighbours(std::size_t i, const Visit& visit) const {
        const std::size_t row = i / columns_, column = i % columns_;
        for (std::size_t r = row > 0 ? row - 1 : 0; r < rows_ && r <= row + 1; ++r)
            for (std::size_t c = column > 0 ? column - 1 : 0; c < columns_ && c <= column + 1; ++c)
                if (r != row || c != column) visit(r * columns_ + c);
    }

    /// The level reaches a point: the eldest of the basins around it takes the point and the others.
    void add(std::size_t i) {
        Node& node = nodes_[i];
        std::vector<std::size_t> basins;
        double steepest = 0;
        node.minimum = i;
        for_neighbours(i, [&](std::size_t j) {
            if (surface_.computed(j / columns_, j % columns_) == 0) node.missing = true;
            if (nodes_[j].parent == none) return;
            const double width = surface_.x[i % columns_] - surface_.x[j % columns_],
                         height = surface_.y[i / columns_] - surface_.y[j / columns_];
            const double slope = (loss(i) - loss(j)) / std::hypot(width, height);
            if (basins.empty() || slope > steepest) {
                steepest = slope;
                node.minimum = nodes_[j].minimum;
            }
            const std::size_t basin = root(j);
            if (std::find(basins.begin(), basins.end(), basin) == basins.end()) basins.push_back(basin);
        });
        node.parent = i;
        if (basins.empty()) return;
        const std::size_t eldest = *std::min_element(
            basins.begin(), basins.end(), [&](std::size_t a, std::size_t b) { return lower(a, b); });
        node.parent = eldest;
        nodes_[eldest].missing |= node.missing;
        for (const std::size_t basin : basins)
            if (basin != eldest) end(basin, eldest, i);
    }
    void end(std::size_t basin, std::size_t eldest, std::size_t saddle) {
        Node &ended = nodes_[basin], &elder = nodes_[eldest];
        ended.parent = ended.elder = eldest;
        ended.saddle = saddle;
        elder.missing |= ended.missing;
        if (loss(saddle) == loss(basin)) return;
        ended.leaf_end = std::min(ended.leaf_end, loss(saddle));
        elder.leaf_end = std::min(elder.leaf_end, loss(saddle));
    }

    const Surface& surface_;
    std::size_t rows_, columns_;
    std::vector<Node> nodes_;
    std::vector<std::size_t> order_;  ///< the points with a finite loss, from the lowest to the highest
};

}  // namespace detail

/// The merge tree of the sublevel sets {L <= level} of a surface, and with it the persistence of its minima (Edelsbrunner et al.
/// 2002): the level rises from point to point, each joins the basins among its up to 8 neighbours (2 on a line; those of
/// `local_minima`), and where basins meet all but the one with the lowest minimum end. O(n log n) for n points. A point without a
/// finite loss counts as infinitely high. A plateau is one minimum.
///
/// If every loss is wrong by at most e, each persistence is wrong by at most 2 e, and no minimum of a greater persistence is
/// missed or invented (Cohen-Steiner et al. 2007); that holds on the grid: what lies between its points, it does not see.
[[nodiscard]] inline MergeTree merge_tree(const Surface& surface) {
    return detail::BasinForest(surface).tree();
}

/// How far minima lie below the saddles where their basins first join others: the saddle-minimum average distance (SMAD) of
/// Chen et al. 2026 (arXiv 2602.07135), here of the merge tree, whose saddles all join two minima; the leaves of their contour
/// tree may end earlier, where maxima part. 0 for fewer than two minima. Each leaf counts, the global minimum's too, and that
/// of noise: compare it on the same grid and samples.
struct SaddleMinimumDistance {
    double mean = 0;      ///< of saddle - minimum, in units of the loss
    double relative = 0;  ///< the mean divided by the range of the surface's losses; 0 to 1
    double weighted = 0;  ///< mean of (saddle - minimum) times the minimum's `share`, in units of the loss
};

[[nodiscard]] inline SaddleMinimumDistance saddle_minimum_distance(const MergeTree& tree) {
    SaddleMinimumDistance distance;
    double leaves = 0;
    for (const SurfaceMinimum& minimum : tree.minima) {
        if (!std::isfinite(minimum.leaf_end)) continue;
        const double gap = minimum.leaf_end - minimum.birth();
        distance.mean += gap;
        distance.weighted += gap * minimum.share;
        ++leaves;
    }
    if (leaves == 0) return distance;
    distance.mean /= leaves;
    distance.weighted /= leaves;
    distance.relative = distance.mean / (tree.highest - tree.minima.front().birth());
    return distance;
}

}  // namespace vitscape
