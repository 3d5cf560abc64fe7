// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/series.hpp>
#include <vitscape/core/plane_jet.hpp>

namespace vitscape {

namespace detail {
struct PlaneJetSeries {
    static constexpr int parts = 6;
    template <class T>
    using Number = PlaneJet<T>;
    enum { value, x, y, xx, xy, yy };
    static constexpr SeriesTerm product[] = {
        {value, value, value}, {x, value, x},   {value, x, x},  {y, value, y},
        {value, y, y},         {xx, value, xx}, {x, x, xx, 2},  {value, xx, xx},
        {xy, value, xy},       {x, y, xy},      {y, x, xy},     {value, xy, xy},
        {yy, value, yy},       {y, y, yy, 2},   {value, yy, yy}};
};
}  // namespace detail

/// Parallel arrays of the parts of `PlaneJet` numbers, in its order.
template <class T>
using PlaneJetPointer = SeriesPointer<T, detail::PlaneJetSeries>;

/// A point that moves along a plane: values, two first derivatives and no second ones. @param zero  as many zeros, which are never
/// written
template <class T>
[[nodiscard]] PlaneJetPointer<T> point_on_plane(T* value, T* x, T* y, T* zero) {
    return {{value, x, y, zero, zero, zero}, 0b111000};
}

/// A backend of numbers with their derivatives along two directions over a backend of plain numbers. Evaluating a model on it,
/// forward only, at parameters {theta, delta, eta} gives each sample's loss with its exact gradient and Hessian on the plane
/// theta + x delta + y eta: 15 products of matrices in place of one, or 12 where one matrix is a parameter.
template <Backend B>
using PlaneJets = detail::SeriesBackend<B, detail::PlaneJetSeries>;

}  // namespace vitscape
