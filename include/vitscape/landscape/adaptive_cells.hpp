// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <vitscape/core/shape.hpp>
#include <vitscape/landscape/grid.hpp>

namespace vitscape::detail {

/// A place in the lattice of a quadtree: in half widths of its smallest cells, from the lower left corner.
struct LatticeNode {
    Index x = 0, y = 0;
    friend auto operator<=>(const LatticeNode&, const LatticeNode&) = default;
};

/// Weights of the polynomial through values at 0, 1, ..., N - 1, at the place t.
template <std::size_t N>
std::array<double, N> lagrange_weights(double t) {
    std::array<double, N> weights;
    for (std::size_t i = 0; i < N; ++i) {
        weights[i] = 1;
        for (std::size_t j = 0; j < N; ++j)
            if (j != i)
                weights[i] *=
                    (t - static_cast<double>(j)) / (static_cast<double>(i) - static_cast<double>(j));
    }
    return weights;
}

/// A quadtree of cells over a rectangle, with values at 3 x 3 nodes of each; on a line, a binary tree with 3 nodes. A cell is
/// divided when the values of its new nodes are known; how far they lie from what was interpolated before tells the error.
class AdaptiveCells {
  public:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    struct Cell {
        LatticeNode corner;  ///< its lower left one
        Index half = 0;      ///< half of its width
        std::size_t parent = none;
        std::size_t child = none;  ///< the first of its 4 children (2 on a line); none for a leaf
        double surplus = 0;    ///< largest distance of a node, when it was new, from the interpolation before
        double estimate = 0;   ///< of the largest error of the interpolation in it
        bool quartic = false;  ///< interpolated by its parent's 5 x 5 nodes; else by its own 3 x 3
    };

    /// @param cells  undivided cells along each axis
    /// @param depth  how often one may be divided
    AdaptiveCells(const Grid& x, const Grid& y, Index cells, Index depth)
        : line_(y.steps == 1), half_(Index{1} << depth), size_(cells * 2 * half_) {
        x_ = {.from = x.from, .to = x.to, .steps = size_ + 1};
        y_ = line_ ? y : Grid{.from = y.from, .to = y.to, .steps = size_ + 1};
        roots_ = cells;
        for (Index row = 0; row < (line_ ? 1 : cells); ++row)
            for (Index column = 0; column < cells; ++column) {
                Cell root;
                root.corner = {column * 2 * half_, row * 2 * half_};
                root.half = half_;
                root.estimate = std::numeric_limits<double>::infinity();  // nothing is known of it
                cells_.push_back(root);
            }
    }

    [[nodiscard]] const std::vector<Cell>& cells() const { return cells_; }
    [[nodiscard]] double x(const LatticeNode& node) const { return x_.at(node.x); }
    [[nodiscard]] double y(const LatticeNode& node) const { return y_.at(node.y); }
    [[nodiscard]] bool contains(const LatticeNode& node) const { return values_.contains(key(node)); }
    void set(const LatticeNode& node, double value) { values_[key(node)] = value; }

    /// The nodes of a cell, or with `step` = half / 2 those that it has once it is divided.
    [[nodiscard]] std::vector<LatticeNode> nodes(std::size_t cell, Index step) const {
        const Cell& c = cells_[cell];
        std::vector<LatticeNode> nodes;
        for (Index row = 0; row <= (line_ ? 0 : 2 * c.half); row += step)
            for (Index column = 0; column <= 2 * c.half; column += step)
                nodes.push_back({c.corner.x + column, c.corner.y + row});
        return nodes;
    }

    /// The leaves whose estimate exceeds the tolerance, and their neighbours that must be divided as well, so
    /// that leaves side by side differ by at most one division: wide ones first, of a width those of the largest estimate.
    [[nodiscard]] std::vector<std::size_t> to_divide(double tolerance) const {
        std::vector<std::size_t> chosen;
        std::vector<bool> is_chosen(cells_.size());
        const auto choose = [&](std::size_t i) {
            if (is_chosen[i] || cells_[i].half < 2) return;
            is_chosen[i] = true;
            chosen.push_back(i);
        };
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < cells_.size(); ++i)
            if (cells_[i].child == none && cells_[i].estimate > tolerance) order.push_back(i);
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return cells_[a].estimate > cells_[b].estimate;
        });
        for (const std::size_t i : order) choose(i);
        for (std::size_t k = 0; k < chosen.size(); ++k) {
            const Cell& c = cells_[chosen[k]];
            const Index width = 2 * c.half;
            for (const LatticeNode& beside :
                 {LatticeNode{c.corner.x - 1, c.corner.y}, LatticeNode{c.corner.x + width, c.corner.y},
                  LatticeNode{c.corner.x, c.corner.y - 1}, LatticeNode{c.corner.x, c.corner.y + width}}) {
                if (beside.x < 0 || beside.y < 0 || beside.x >= size_ || beside.y >= (line_ ? 1 : size_))
                    continue;
                const std::size_t neighbour = leaf_at(beside);
                if (cells_[neighbour].half > c.half) choose(neighbour);
            }
        }
        // the wide ones first, so that whoever divides only some keeps to that difference
        std::stable_sort(chosen.begin(), chosen.end(),
                         [&](std::size_t a, std::size_t b) { return cells_[a].half > cells_[b].half; });
        return chosen;
    }

    /// Divides a leaf whose new nodes have values.
    void divide(std::size_t cell) {
        const Index step = cells_[cell].half / 2;
        const std::size_t first = cells_.size();
        const Cell parent = cells_[cell];
        double quadratic_error = 0, quartic_error = 0, family = 0;
        for (Index row = 0; row < (line_ ? 1 : 2); ++row)
            for (Index column = 0; column < 2; ++column) {
                Cell child;
                child.corner = {parent.corner.x + column * parent.half, parent.corner.y + row * parent.half};
                child.half = step;
                child.parent = cell;
                cells_.push_back(child);
                bool finite = false, gap = false;
                double surplus = 0;
                for (const LatticeNode& node : nodes(cells_.size() - 1, step)) {
                    const double value = values_.at(key(node));
                    (std::isfinite(value) ? finite : gap) = true;
                    const auto error = [&](double predicted) {  // NaN next to a loss that is not finite
                        return std::isfinite(value) ? std::abs(value - predicted) : 0.0;
                    };
                    const double used = error(interpolate(cell, at(node.x), at(node.y)));
                    surplus = std::max(surplus, std::isnan(used) ? 0.0 : used);
                    quadratic_error =
                        std::max(quadratic_error, error(quadratic(cell, at(node.x), at(node.y))));
                    if (parent.parent != none)
                        quartic_error = std::max(quartic_error, error(quartic(cell, at(node.x), at(node.y))));
                }
                cells_.back().surplus = surplus;
                family = std::max(family, surplus);
                // a region of finite losses that ends in a cell is followed; beyond it there is nothing to find
                cells_.back().estimate = !gap     ? surplus
                                         : finite ? std::numeric_limits<double>::infinity()
                                                  : 0.0;
            }
        cells_[cell].child = first;
        const double fall = parent.surplus > 0 ? std::clamp(family / parent.surplus, 0.125, 0.5) : 0.125;
        for (std::size_t i = first; i < cells_.size(); ++i) {
            Cell& child = cells_[i];
            // Some nodes lie by chance where the interpolation was right: those beside them speak for them too.
            if (std::isfinite(child.estimate) && child.surplus > 0)
                child.estimate = fall * std::max(child.estimate, 0.5 * family);
            // Where a higher degree has been worse than a lower one, the loss is not smooth.
            child.quartic = quartic_error <= quadratic_error;
        }
    }

    /// The interpolation at a place of the rectangle; NaN where a value that it needs is not finite.
    [[nodiscard]] double operator()(double x, double y) const {
        const double u = place(x, x_), v = line_ ? 0 : place(y, y_);
        const auto node = [&](double t) {
            return std::clamp(static_cast<Index>(std::floor(t)), Index{0}, size_ - 1);
        };
        return interpolate(leaf_at({node(u), line_ ? 0 : node(v)}), u, v);
    }

  private:
    [[nodiscard]] static double at(Index place) { return static_cast<double>(place); }
    [[nodiscard]] double place(double coordinate, const Grid& axis) const {
        return (coordinate - axis.from) / (axis.to - axis.from) * static_cast<double>(size_);
    }
    [[nodiscard]] static std::uint64_t key(const LatticeNode& node) {
        return static_cast<std::uint64_t>(node.y) << 32 | static_cast<std::uint64_t>(node.x);
    }
    [[nodiscard]] std::size_t leaf_at(const LatticeNode& node) const {
        auto cell = static_cast<std::size_t>(node.y / (2 * half_) * roots_ + node.x / (2 * half_));
        while (cells_[cell].child != none) {
            const Cell& c = cells_[cell];
            cell = c.child + (node.x >= c.corner.x + c.half ? 1u : 0u) +
                   (node.y >= c.corner.y + c.half ? 2u : 0u);
        }
        return cell;
    }
    [[nodiscard]] double interpolate(std::size_t cell, double u, double v) const {
        if (!cells_[cell].quartic) return quadratic(cell, u, v);
        const double value = quartic(cell, u, v);
        return std::isfinite(value) ? value : quadratic(cell, u, v);  // fewer points, further from the edge
    }
    [[nodiscard]] double quartic(std::size_t cell, double u, double v) const {
        return polynomial<5>(cells_[cells_[cell].parent].corner, cells_[cell].half, u, v);
    }
    [[nodiscard]] double quadratic(std::size_t cell, double u, double v) const {
        return polynomial<3>(cells_[cell].corner, cells_[cell].half, u, v);
    }
    /// The tensor product of polynomials through N x N values, `step` apart.
    template <std::size_t N>
    [[nodiscard]] double polynomial(const LatticeNode& corner, Index step, double u, double v) const {
        const auto along_x = lagrange_weights<N>((u - at(corner.x)) / at(step));
        const auto along_y = lagrange_weights<N>((v - at(corner.y)) / at(step));
        double sum = 0;
        for (std::size_t row = 0; row < (line_ ? 1 : N); ++row)
            for (std::size_t column = 0; column < N; ++column) {
                const LatticeNode node{corner.x + static_cast<Index>(column) * step,
                                       corner.y + static_cast<Index>(row) * step};
                sum += along_x[column] * (line_ ? 1 : along_y[row]) * values_.at(key(node));
            }
        return sum;
    }

    bool line_;
    Index half_, size_,
        roots_ = 1;  ///< of a root: half its width; of the rectangle: its width, and its roots along an axis
    Grid x_, y_;
    std::vector<Cell> cells_;
    std::unordered_map<std::uint64_t, double> values_;
};

}  // namespace vitscape::detail
