// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/series.hpp>
#include <vitscape/core/plane_jet.hpp>

namespace vitscape {

/// Parallel arrays of the parts of `PlaneJet` numbers, in its order.
template <class T>
struct PlaneJetPointer {
    static constexpr int parts = 6;
    T* data[parts] = {};
    unsigned zeros = 0;  ///< bit i: part i counts as zeros; products neither read nor write it

    PlaneJetPointer() = default;
    /// A point that moves along a plane: no second derivatives. @param v, dx, dy  values and first derivatives @param zero  as many
    /// zeros, which are never written
    VITSCAPE_HOST_DEVICE PlaneJetPointer(T* v, T* dx, T* dy, T* zero)
        : data{v, dx, dy, zero, zero, zero}, zeros(0b111000) {}
    [[nodiscard]] VITSCAPE_HOST_DEVICE T*& part(int i) { return data[i]; }
    [[nodiscard]] VITSCAPE_HOST_DEVICE T* part(int i) const { return data[i]; }
    [[nodiscard]] bool is_zero(int i) const { return (zeros >> i & 1U) != 0; }
    VITSCAPE_HOST_DEVICE friend PlaneJetPointer operator+(PlaneJetPointer p, Index offset) {
        for (T*& part : p.data) part += offset;
        return p;
    }
};

/// A contiguous row of plane jets.
template <class T>
struct PlaneJetRow {
    PlaneJetPointer<T> to;
    VITSCAPE_HOST_DEVICE PlaneJet<Real<T>> operator[](Index c) const {
        return {part(0, c), part(1, c), part(2, c), part(3, c), part(4, c), part(5, c)};
    }
    VITSCAPE_HOST_DEVICE void set(Index c, PlaneJet<Real<T>> number) const {
        to.data[0][c] = static_cast<T>(number.value);
        to.data[1][c] = static_cast<T>(number.x);
        to.data[2][c] = static_cast<T>(number.y);
        to.data[3][c] = static_cast<T>(number.xx);
        to.data[4][c] = static_cast<T>(number.xy);
        to.data[5][c] = static_cast<T>(number.yy);
    }

  private:
    [[nodiscard]] VITSCAPE_HOST_DEVICE Real<T> part(int i, Index c) const {
        return static_cast<Real<T>>(to.data[i][c]);
    }
};
template <class T>
VITSCAPE_HOST_DEVICE PlaneJetRow<T> row_at(PlaneJetPointer<T> data) {
    return {data};
}

namespace detail {
struct PlaneJetSeries {
    template <class T>
    using Number = PlaneJet<T>;
    template <class T>
    using Pointer = PlaneJetPointer<T>;
    enum { value, x, y, xx, xy, yy };
    static constexpr SeriesTerm product[] = {
        {value, value, value}, {x, value, x},   {value, x, x},  {y, value, y},
        {value, y, y},         {xx, value, xx}, {x, x, xx, 2},  {value, xx, xx},
        {xy, value, xy},       {x, y, xy},      {y, x, xy},     {value, xy, xy},
        {yy, value, yy},       {y, y, yy, 2},   {value, yy, yy}};
};
}  // namespace detail

/// A backend of numbers with their derivatives along two directions over a backend of plain numbers. Evaluating a model on it,
/// forward only, at parameters {theta, delta, eta} gives each sample's loss with its exact gradient and Hessian on the plane
/// theta + x delta + y eta: 15 products of matrices in place of one, or 12 where one matrix is a parameter.
template <Backend B>
using PlaneJets = detail::SeriesBackend<B, detail::PlaneJetSeries>;

}  // namespace vitscape
