// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include <vitscape/backend/series.hpp>
#include <vitscape/core/dual_number.hpp>

namespace vitscape {

namespace detail {
template <int K>
struct DualSeries {
    static constexpr int parts = K + 1;
    template <class T>
    using Number = DualNumber<T, K>;
    /// d_i(A B) = d_i A B + A d_i B.
    static constexpr std::array<SeriesTerm, 2 * K + 1> product = [] {
        std::array<SeriesTerm, 2 * K + 1> terms{};
        for (int i = 1; i <= K; ++i) {
            terms[static_cast<std::size_t>(2 * i - 1)] = {i, 0, i};
            terms[static_cast<std::size_t>(2 * i)] = {0, i, i};
        }
        return terms;
    }();
};
}  // namespace detail

/// Parallel arrays of values and of K tangents.
template <class T, int K = 1>
using DualPointer = SeriesPointer<T, detail::DualSeries<K>>;

/// A backend of dual numbers over a backend of plain numbers; running the gradient code on it gives exact products of the Hessian
/// with K vectors (forward over reverse, Pearlmutter 1994, "Fast exact multiplication by the Hessian"): 1 + 2 K products of matrices
/// in place of one.
template <Backend B, int K = 1>
using Dual = detail::SeriesBackend<B, detail::DualSeries<K>>;

/// A backend of dual numbers.
template <class B>
concept OverDualNumbers = Backend<B> && requires(typename B::Scalar number, B backend) {
    backend.base();
    number.tangent;
};

}  // namespace vitscape
