// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <vitscape/backend/operand.hpp>
#include <vitscape/core/host_device.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Parallel arrays of the parts of truncated power series, part 0 being the values; a `SeriesBackend` uses it in place of the plain
/// pointer of its base.
/// @tparam Series  has the number of `parts` and a `Number` that is made of as many
template <class T, class Series>
struct SeriesPointer {
    static constexpr int parts = Series::parts;
    T* data[parts] = {};
    unsigned zeros = 0;  ///< bit i: part i counts as zeros; products neither read nor write it

    [[nodiscard]] VITSCAPE_HOST_DEVICE T*& part(int i) { return data[i]; }
    [[nodiscard]] VITSCAPE_HOST_DEVICE T* part(int i) const { return data[i]; }
    [[nodiscard]] bool is_zero(int i) const { return (zeros >> i & 1U) != 0; }
    VITSCAPE_HOST_DEVICE friend SeriesPointer operator+(SeriesPointer p, Index offset) {
        for (T*& part : p.data) part += offset;
        return p;
    }
};

/// A contiguous row of series.
template <class T, class Series>
struct SeriesRow {
    using Number = typename Series::template Number<Real<T>>;
    SeriesPointer<T, Series> data;

    VITSCAPE_HOST_DEVICE Number operator[](Index c) const {
        return read(c, std::make_integer_sequence<int, Series::parts>{});
    }
    VITSCAPE_HOST_DEVICE void set(Index c, Number number) const {
        write(c, number, std::make_integer_sequence<int, Series::parts>{});
    }

  private:
    template <int... I>
    [[nodiscard]] VITSCAPE_HOST_DEVICE Number read(Index c, std::integer_sequence<int, I...>) const {
        return {static_cast<Real<T>>(data.data[I][c])...};
    }
    template <int... I>
    VITSCAPE_HOST_DEVICE void write(Index c, Number& number, std::integer_sequence<int, I...>) const {
        ((data.data[I][c] = static_cast<T>(number.part(I))), ...);
    }
};
template <class T, class Series>
VITSCAPE_HOST_DEVICE SeriesRow<T, Series> row_at(SeriesPointer<T, Series> data) {
    return {data};
}

}  // namespace vitscape
