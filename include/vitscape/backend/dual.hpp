// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/series.hpp>
#include <vitscape/core/dual_number.hpp>

namespace vitscape {

namespace detail {
struct DualSeries {
    template <class T>
    using Number = DualNumber<T>;
    template <class T>
    using Pointer = DualPointer<T>;
    /// d(A B) = dA B + A dB.
    static constexpr SeriesTerm product[] = {{0, 0, 0}, {1, 0, 1}, {0, 1, 1}};
};
}  // namespace detail

/// A backend of dual numbers over a backend of plain numbers; running the gradient code on it gives exact Hessian-vector products
/// (forward over reverse, Pearlmutter 1994, "Fast exact multiplication by the Hessian").
template <Backend B>
using Dual = detail::SeriesBackend<B, detail::DualSeries>;

}  // namespace vitscape
