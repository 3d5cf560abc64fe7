// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include <vitscape/backend/cuda/kernels/pack.hpp>
#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/operand.hpp>
#include <vitscape/core/error.hpp>

namespace vitscape::kernels {

/// Numbers in a pack of an operand's row, and whether packs can be read: 1 of operands that are read one by one.
template <class Pointer>
struct PackedPointer {
    static constexpr int width = 1;
    static bool aligned_to(const Pointer&, int) { return false; }
};
template <class T>
struct PackedPointer<T*> {
    static constexpr int width = pack_width<T>;
    static bool aligned_to(const T* data, int packs) { return aligned(packs, data); }
};
template <class T>
struct PackedPointer<DualPointer<T>> {
    static constexpr int width = pack_width<T>;
    static bool aligned_to(const DualPointer<T>& data, int packs) {
        return aligned(packs, data.part(0), data.part(1));
    }
};

template <class Operand>
inline constexpr int operand_width = 1;
template <class P>
inline constexpr int operand_width<operand::Matrix<P>> = PackedPointer<P>::width;
template <class P>
inline constexpr int operand_width<operand::PerColumn<P>> = PackedPointer<P>::width;
template <class P>
inline constexpr int operand_width<operand::PerRow<P>> = PackedPointer<P>::width;
template <class P>
inline constexpr int operand_width<operand::Grouped<P>> = PackedPointer<P>::width;
template <class P>
inline constexpr int operand_width<operand::Gathered<P>> = PackedPointer<P>::width;

/// Whether all rows of an operand begin at packs of `width` numbers.
template <class Operand>
bool rows_in_packs(const Operand&, Index, int) {
    return false;
}
template <class P>
bool rows_in_packs(const operand::Matrix<P>& m, Index rows, int width) {
    return PackedPointer<P>::aligned_to(m.data, width) && (rows == 1 || m.stride % width == 0);
}
template <class P>
bool rows_in_packs(const operand::PerColumn<P>& m, Index, int width) {
    return PackedPointer<P>::aligned_to(m.data, width);
}
template <class P>
bool rows_in_packs(const operand::PerRow<P>&, Index, int) {
    return true;
}
template <class P>
bool rows_in_packs(const operand::Grouped<P>& m, Index, int width) {
    return PackedPointer<P>::aligned_to(m.data, width) && m.stride % width == 0 &&
           m.group_stride % width == 0;
}
template <class P>
bool rows_in_packs(const operand::Gathered<P>& m, Index, int width) {
    return PackedPointer<P>::aligned_to(m.data, width) && m.stride % width == 0;
}

/// N numbers of a row from column c.
template <int N, class Row, class S>
VITSCAPE_DEVICE void load_row(const Row& row, Index c, S (&to)[N]) {
    static_assert(N == 1);
    to[0] = row[c];
}
template <int N, class T, class S>
VITSCAPE_DEVICE void load_row(const RowOf<T>& row, Index c, S (&to)[N]) {
    load(row.data + c, to);
}
template <int N, class T, class S>
VITSCAPE_DEVICE void load_row(const ConstantRow<T>& row, Index, S (&to)[N]) {
    VITSCAPE_UNROLL
    for (int k = 0; k < N; ++k) to[k] = row.number;
}
template <int N, class T, class S>
VITSCAPE_DEVICE void load_row(const SeriesRow<T, detail::DualSeries<1>>& row, Index c,
                              DualNumber<S> (&to)[N]) {
    S values[N], tangents[N];
    load(row.data.part(0) + c, values);
    load(row.data.part(1) + c, tangents);
    VITSCAPE_UNROLL
    for (int k = 0; k < N; ++k) to[k] = {values[k], tangents[k]};
}
template <int N, class Row, class S>
VITSCAPE_DEVICE void store_row(const Row& row, Index c, const S (&from)[N]) {
    static_assert(N == 1);
    Row(row).set(c, from[0]);
}
template <int N, class T, class S>
VITSCAPE_DEVICE void store_row(const RowOf<T>& row, Index c, const S (&from)[N]) {
    store(from, row.data + c);
}
template <int N, class T, class S>
VITSCAPE_DEVICE void store_row(const SeriesRow<T, detail::DualSeries<1>>& row, Index c,
                               const DualNumber<S> (&from)[N]) {
    S values[N], tangents[N];
    VITSCAPE_UNROLL
    for (int k = 0; k < N; ++k) {
        values[k] = from[k].value;
        tangents[k] = from[k].tangent[0];
    }
    store(values, row.data.part(0) + c);
    store(tangents, row.data.part(1) + c);
}

/// out(r, c) = f(in(r, c)...) for all rows and columns, in packs where every operand allows it. At most 2^31 elements in one launch
/// (`next` gives the following rows), so that indices are 32-bit: a division of 64-bit numbers takes longer than the rest.
template <class F, class Out, class... In>
class Map {
    template <class Operand>
    using Element = std::remove_cvref_t<decltype(std::declval<const Operand&>().row(0)[0])>;
    template <int N, class S>
    struct Numbers {
        S at[N];
    };

  public:
    static constexpr int max_threads = stream_threads;
    static constexpr int width = std::min({operand_width<Out>, operand_width<In>...}) == 1
                                     ? 1
                                     : std::max({operand_width<Out>, operand_width<In>...});

    Map(Index rows, Index columns, const F& f, const Out& out, const In&... in)
        : rows_(columns == 0 ? 0 : std::max<Index>(0, rows)),
          columns_(static_cast<std::uint32_t>(columns)),
          f_(f),
          out_(out),
          in_(in...) {
        if (columns > most)
            throw ShapeError(message("a device computes rows of up to ", most, " numbers, not of ", columns));
        const bool wide = width > 1 && (rows == 1 || columns % width == 0) &&
                          rows_in_packs(out, rows, width) && (rows_in_packs(in, rows, width) && ...);
        packs_ = wide ? columns_ / static_cast<std::uint32_t>(width) : 0;
        per_row_ = packs_ + (columns_ - packs_ * static_cast<std::uint32_t>(width));
        start_at(0);
    }

    /// Whether rows remain for another launch, which this is then.
    [[nodiscard]] bool next() {
        start_at(first_ + count_);
        return count_ > 0;
    }
    [[nodiscard]] Index blocks() const { return ceiling_ratio(count_ * per_row_, part); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        const auto begin =
            static_cast<std::uint32_t>(block.index()) * part + static_cast<std::uint32_t>(block.thread());
        const auto end = static_cast<std::uint32_t>(count_) * per_row_;
        VITSCAPE_UNROLL
        for (std::uint32_t turn = 0; turn < packs_per_thread; ++turn) {
            const std::uint32_t i = begin + turn * static_cast<std::uint32_t>(block.threads());
            if (i >= end) return;
            const std::uint32_t row = i / per_row_, place = i - row * per_row_;
            constexpr auto all = std::index_sequence_for<In...>{};
            if (width > 1 && place < packs_)
                compute<width>(first_ + row, static_cast<Index>(place * static_cast<std::uint32_t>(width)),
                               all);
            else
                compute<1>(first_ + row,
                           static_cast<Index>(packs_ * static_cast<std::uint32_t>(width - 1) + place), all);
        }
    }

  private:
    static constexpr std::uint32_t part = static_cast<std::uint32_t>(stream_threads) * packs_per_thread;
    static constexpr Index most = Index{1} << 31;

    void start_at(Index row) {
        first_ = row;
        count_ = std::min<Index>(rows_ - row, std::max<Index>(1, most / std::max<Index>(1, columns_)));
    }
    template <int N, std::size_t... I>
    VITSCAPE_DEVICE void compute(Index row, Index column, std::index_sequence<I...>) const {
        std::tuple<Numbers<N, Element<In>>...> numbers;
        (load_row<N>(std::get<I>(in_).row(row), column, std::get<I>(numbers).at), ...);
        Element<Out> result[N];
        VITSCAPE_UNROLL
        for (int k = 0; k < N; ++k) result[k] = static_cast<Element<Out>>(f_(std::get<I>(numbers).at[k]...));
        store_row<N>(out_.row(row), column, result);
    }

    Index rows_, first_ = 0, count_ = 0;               // rows, and those of this launch
    std::uint32_t columns_, packs_ = 0, per_row_ = 0;  // of a row: packs, and those and single numbers
    F f_;
    Out out_;
    std::tuple<In...> in_;
};

}  // namespace vitscape::kernels
