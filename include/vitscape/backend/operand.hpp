// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include <vitscape/core/bfloat16.hpp>
#include <vitscape/core/host_device.hpp>
#include <vitscape/core/shape.hpp>

/// The view of memory in a backend's `map` and reductions: an operand maps (row, column) to an element. `row(r)`
/// returns a row whose elements are read with `[c]` and written with `set(c, x)`; hoisting the row keeps inner
/// loops contiguous.
namespace vitscape {

/// A contiguous row of elements at a plain pointer; bfloat16 elements are read and written as float.
template <class T>
struct RowOf {
    T* data;
    VITSCAPE_HOST_DEVICE Real<T> operator[](Index c) const { return static_cast<Real<T>>(data[c]); }
    VITSCAPE_HOST_DEVICE void set(Index c, Real<T> x) const { data[c] = static_cast<T>(x); }
};
/// A row whose elements are all the same number.
template <class S>
struct ConstantRow {
    S number;
    VITSCAPE_HOST_DEVICE S operator[](Index) const { return number; }
};

template <class T>
VITSCAPE_HOST_DEVICE RowOf<T> row_at(T* data) {
    return {data};
}

namespace detail {
/// Some elements of a row, or all in another order.
template <class Row>
struct SelectedRow {
    Row row;
    const std::int32_t* columns;
    VITSCAPE_HOST_DEVICE auto operator[](Index c) const { return row[columns[c]]; }
};
}  // namespace detail

namespace operand {

/// Element (r, c) at data[r * stride + c]; an ordinary row-major matrix.
template <class P>
struct Matrix {
    P data;
    Index stride;
    VITSCAPE_HOST_DEVICE auto row(Index r) const { return row_at(data + r * stride); }
};
/// One number per column, the same in each row (e.g. a bias).
template <class P>
struct PerColumn {
    P data;
    VITSCAPE_HOST_DEVICE auto row(Index) const { return row_at(data); }
};
/// One number per row, the same in each column (e.g. a row mean).
template <class P>
struct PerRow {
    P data;
    VITSCAPE_HOST_DEVICE auto row(Index r) const {
        const auto element = row_at(data)[r];
        return ConstantRow<std::remove_const_t<decltype(element)>>{element};
    }
};
/// Rows in groups: row r is row `r % rows_per_group` of group `r / rows_per_group`; groups start
/// `group_stride` elements apart. With `data` offset to a first token it denotes the same token range of every
/// sample of a batch.
template <class P>
struct Grouped {
    P data;
    Index rows_per_group, group_stride, stride;
    VITSCAPE_HOST_DEVICE auto row(Index r) const {
#if defined( \
    __CUDA_ARCH__)  // rows are fewer than 2^31 there, and a division of 64-bit numbers takes longer than the rest
        const Index group = static_cast<unsigned>(r) / static_cast<unsigned>(rows_per_group);
#else
        const Index group = r / rows_per_group;
#endif
        return row_at(data + (group * group_stride + (r - group * rows_per_group) * stride));
    }
};
/// Row r is row `rows[r]` of a table; as an output the `rows` must not repeat.
template <class P>
struct Gathered {
    P data;
    const std::int32_t* rows;
    Index stride;
    VITSCAPE_HOST_DEVICE auto row(Index r) const { return row_at(data + rows[r] * stride); }
};
/// Element (r, c) at data[rows[r] * stride + columns[c]]: numbers whose place is the sum of a row's and of a column's, such as those of
/// patches in images.
template <class P>
struct Selected {
    P data;
    const std::int32_t* rows;
    Index stride;
    const std::int32_t* columns;
    VITSCAPE_HOST_DEVICE auto row(Index r) const {
        return detail::SelectedRow<decltype(row_at(data))>{row_at(data + rows[r] * stride), columns};
    }
};

}  // namespace operand
}  // namespace vitscape
