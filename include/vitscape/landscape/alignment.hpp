// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/assignment.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/nn/parameter_matrix.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Another order of a Transformer block's units, under which it computes the same: for each place the unit that comes there.
struct BlockOrder {
    std::vector<Index> units;  ///< (hidden) of the MLP
    std::vector<Index> heads;  ///< (heads)
    std::vector<std::vector<Index>>
        query_key;  ///< (heads, head width): coordinates of queries and keys, of the head that comes there
    std::vector<std::vector<Index>>
        value;  ///< (heads, head width): of values and the columns of the output projection
};

namespace detail {
/// The order of one block of `other` that brings it closest to that of `theta`.
class BlockMatch {
  public:
    BlockMatch(const BlockSlots& block, const std::vector<double>& theta, const std::vector<double>& other)
        : block_(block), theta_(theta), other_(other) {}

    /// gains(i, j): inner product of the parameters of unit i of theta and unit j of the other one.
    [[nodiscard]] std::vector<Index> units() const {
        Eigen::MatrixXd gains = here(block_.fc1_weight) * there(block_.fc1_weight).transpose();
        gains += here(block_.fc1_bias) * there(block_.fc1_bias).transpose();
        gains += here(block_.fc2_weight).transpose() * there(block_.fc2_weight);
        return best_assignment(gains);
    }
    /// Heads, and of each pair of them the best order of coordinates, whose gain is that of the pair.
    void heads(BlockOrder& order) const {
        const auto count = static_cast<std::size_t>(block_.heads);
        std::vector<std::vector<Index>> query_key(count * count), value = query_key;
        Eigen::MatrixXd gains(block_.heads, block_.heads);
        for (Index i = 0; i < block_.heads; ++i)
            for (Index j = 0; j < block_.heads; ++j) {
                const auto pair = static_cast<std::size_t>(i * block_.heads + j);
                gains(i, j) = assign(rows(0, i, j) + rows(1, i, j), query_key[pair]) +
                              assign(rows(2, i, j) + columns(i, j), value[pair]);
            }
        order.heads = best_assignment(gains);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t pair = i * count + static_cast<std::size_t>(order.heads[i]);
            order.query_key.push_back(query_key[pair]);
            order.value.push_back(value[pair]);
        }
    }

  private:
    [[nodiscard]] Eigen::Map<const RowMatrix<double>> here(const ParameterSlot& slot) const {
        return matrix_of(theta_, slot);
    }
    [[nodiscard]] Eigen::Map<const RowMatrix<double>> there(const ParameterSlot& slot) const {
        return matrix_of(other_, slot);
    }
    /// Inner products of the coordinates of head i and head j, in query (part 0), key (1) or value (2) and its bias.
    [[nodiscard]] Eigen::MatrixXd rows(Index part, Index i, Index j) const {
        const Index size = block_.head_width();
        const Index first = part * block_.width() + i * size, second = part * block_.width() + j * size;
        Eigen::MatrixXd gains = here(block_.qkv_weight).middleRows(first, size) *
                                there(block_.qkv_weight).middleRows(second, size).transpose();
        gains += here(block_.qkv_bias).middleRows(first, size) *
                 there(block_.qkv_bias).middleRows(second, size).transpose();
        return gains;
    }
    /// The same of the output projection.
    [[nodiscard]] Eigen::MatrixXd columns(Index i, Index j) const {
        const Index size = block_.head_width();
        return here(block_.projection_weight).middleCols(i * size, size).transpose() *
               there(block_.projection_weight).middleCols(j * size, size);
    }
    static double assign(const Eigen::MatrixXd& gains, std::vector<Index>& order) {
        order = best_assignment(gains);
        double sum = 0;
        for (std::size_t i = 0; i < order.size(); ++i) sum += gains(static_cast<Index>(i), order[i]);
        return sum;
    }

    const BlockSlots& block_;
    const std::vector<double>&theta_, &other_;
};

inline void require_size(const ParameterLayout& layout, std::size_t size) {
    if (static_cast<std::size_t>(layout.size()) != size)
        throw ShapeError(
            message("the layout has ", layout.size(), " parameters, the vector has ", size, " numbers"));
}

/// Puts the units of one block into that order. @param from  the numbers before
template <class T>
void reorder(const BlockSlots& block, const BlockOrder& order, const std::vector<T>& from,
             std::vector<T>& to) {
    const Index width = block.width(), size = block.head_width();
    const auto row = [&](const ParameterSlot& slot, Index place, Index unit) {
        matrix_of(to, slot).row(place) = matrix_of(from, slot).row(unit);
    };
    const auto column = [&](const ParameterSlot& slot, Index place, Index unit) {
        matrix_of(to, slot).col(place) = matrix_of(from, slot).col(unit);
    };
    for (std::size_t i = 0; i < order.units.size(); ++i) {
        row(block.fc1_weight, static_cast<Index>(i), order.units[i]);
        row(block.fc1_bias, static_cast<Index>(i), order.units[i]);
        column(block.fc2_weight, static_cast<Index>(i), order.units[i]);
    }
    for (std::size_t head = 0; head < order.heads.size(); ++head)
        for (std::size_t i = 0; i < order.value[head].size(); ++i) {
            const Index place = static_cast<Index>(head) * size + static_cast<Index>(i);
            const Index first = order.heads[head] * size;
            for (Index part = 0; part < 3; ++part) {
                const Index unit = first + (part < 2 ? order.query_key : order.value)[head][i];
                row(block.qkv_weight, part * width + place, part * width + unit);
                row(block.qkv_bias, part * width + place, part * width + unit);
            }
            column(block.projection_weight, place, first + order.value[head][i]);
        }
}
}  // namespace detail

/// The order of heads, of coordinates within a head and of hidden units of `other` that brings it closest to `theta`: weight matching
/// (Ainsworth et al. 2023, "Git Re-Basin", arXiv 2209.04836, section 3.2), the minimum of |theta - pi(other)| over all such pi.
///
/// In a pre-norm Transformer whose residual stream keeps its channels no order touches the numbers of another one. So there is no
/// descent from one layer to the next: hidden units are one assignment for each block, heads another, whose gain of a pair of heads is
/// that of two assignments of their coordinates (queries and keys jointly, values and output projection jointly); the minimum is exact up to
/// `best_assignment`'s rounding. The channels themselves keep their order: with fixed position embeddings no other one computes
/// the same, and with learned ones, where every layer's numbers would follow, it is left out.
///
/// Takes (heads^2) * 2 assignments of the head's width and one of the hidden width for each block.
/// @param theta, other  of the layout's size
/// @return one for each of the layout's blocks
/// @throws ShapeError if sizes do not match; ConfigError without dlib, or for a layout without Transformer blocks; NumericError for numbers that
///         are not finite; Interrupted after `work.interrupted`.
[[nodiscard]] inline std::vector<BlockOrder> match_weights(const ParameterLayout& layout,
                                                           const std::vector<double>& theta,
                                                           const std::vector<double>& other,
                                                           const WorkControl& work = {}) {
    require_assignment();
    detail::require_size(layout, theta.size());
    detail::require_size(layout, other.size());
    if (layout.blocks().empty())
        throw ConfigError("a model without Transformer blocks has no heads and hidden units to align");
    const auto total = static_cast<Index>(2 * layout.blocks().size());
    std::vector<BlockOrder> orders;
    const auto done = [&](Index count) {
        work.report(count, total);
        if (count < total && work.must_stop())
            throw Interrupted(message("stopped after ", count, " of ", total, " steps of the alignment"));
    };
    for (const BlockSlots& block : layout.blocks()) {
        const detail::BlockMatch match(block, theta, other);
        BlockOrder& order = orders.emplace_back();
        match.heads(order);
        done(static_cast<Index>(2 * orders.size() - 1));
        order.units = match.units();
        done(static_cast<Index>(2 * orders.size()));
    }
    return orders;
}

/// A random order of the same units, a function of (seed, block): what another order does that does not fit.
[[nodiscard]] inline std::vector<BlockOrder> random_orders(const ParameterLayout& layout,
                                                           std::uint64_t seed) {
    std::vector<BlockOrder> orders;
    std::uint32_t number = 0;
    for (const BlockSlots& block : layout.blocks()) {
        RandomSequence random({.seed = seed, .purpose = Purpose::permutation, .sample = ++number});
        const auto shuffled = [&](Index count) {
            std::vector<Index> order(static_cast<std::size_t>(count));
            std::iota(order.begin(), order.end(), Index{0});
            random.shuffle(std::span<Index>(order));
            return order;
        };
        BlockOrder& order = orders.emplace_back();
        order.units = shuffled(block.hidden());
        order.heads = shuffled(block.heads);
        for (Index head = 0; head < block.heads; ++head) {
            order.query_key.push_back(shuffled(block.head_width()));
            order.value.push_back(shuffled(block.head_width()));
        }
    }
    return orders;
}

/// `match_weights` of two models' vectors.
template <Backend B>
[[nodiscard]] std::vector<BlockOrder> match_weights(const ParameterLayout& layout, const Vector<B>& theta,
                                                    const Vector<B>& other, const WorkControl& work = {}) {
    return match_weights(layout, theta.to_host(), other.to_host(), work);
}

/// The numbers of a model, or of a vector that belongs to one such as an optimizer's, in these orders.
/// @throws ShapeError if there is not one order for each block, or the size is not the layout's
template <class T>
[[nodiscard]] std::vector<T> reordered(const ParameterLayout& layout, const std::vector<BlockOrder>& orders,
                                       const std::vector<T>& model) {
    detail::require_size(layout, model.size());
    if (orders.size() != layout.blocks().size())
        throw ShapeError(
            message(layout.blocks().size(), " blocks need as many orders, there are ", orders.size()));
    std::vector<T> result = model;
    for (std::size_t i = 0; i < orders.size(); ++i)
        detail::reorder(layout.blocks()[i], orders[i], model, result);
    return result;
}
template <Backend B>
[[nodiscard]] Vector<B> reordered(const ParameterLayout& layout, const std::vector<BlockOrder>& orders,
                                  const Vector<B>& model) {
    return {model.backend(), reordered(layout, orders, model.to_host())};
}

}  // namespace vitscape
