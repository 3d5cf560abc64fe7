// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <type_traits>

#include <Eigen/Core>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/eigen/gemm.hpp>

namespace vitscape::detail {

/// Whether `small_gemm` computes a product, and faster than a general one, whose call and packing cost about a microsecond: attention
/// heads over few tokens, and pooling.
inline bool is_small(const MatrixProduct& p) { return p.n <= 64 && p.k <= 64 && p.m <= 64; }

/// `Columns` columns of C in blocks of `Rows` rows, from a panel of B: row l of it at panel + l * Columns, zeros beyond the last
/// column. Sums over k are in order, whatever the block.
template <class T, int Rows, int Columns>
void small_gemm_rows(const MatrixProduct& p, Index row, Index columns, const T* a, const T* panel, T* c) {
    using Strip = Eigen::Array<T, Columns, 1>;
    const Index row_step = p.transpose_a ? 1 : p.stride_a, inner_step = p.transpose_a ? p.stride_a : 1;
    Strip sum[Rows];
    for (int r = 0; r < Rows; ++r) sum[r].setZero();
    const T* const first = a + row * row_step;
    for (Index l = 0; l < p.k; ++l) {
        const Strip b = Eigen::Map<const Strip>(panel + l * Columns);
        for (int r = 0; r < Rows; ++r) sum[r] += first[r * row_step + l * inner_step] * b;
    }
    const T alpha = static_cast<T>(p.alpha), beta = static_cast<T>(p.beta);
    for (int r = 0; r < Rows; ++r) {
        sum[r] *= alpha;
        T* const target = c + (row + r) * p.stride_c;
        if (beta == T(0))
            for (Index j = 0; j < columns; ++j) target[j] = sum[r][j];
        else
            for (Index j = 0; j < columns; ++j) target[j] = beta * target[j] + sum[r][j];
    }
}

template <class T, int Columns>
void small_gemm_in_panels(const MatrixProduct& p, const T* a, const T* b, T* c) {
    alignas(64) T panel[64 * Columns];
    for (Index j = 0; j < p.n; j += Columns) {
        const Index columns = std::min<Index>(Columns, p.n - j);
        for (Index l = 0; l < p.k; ++l) {
            T* const to = panel + l * Columns;
            const T* const from = p.transpose_b ? b + j * p.stride_b + l : b + l * p.stride_b + j;
            const Index step = p.transpose_b ? p.stride_b : 1;
            for (Index i = 0; i < columns; ++i) to[i] = from[i * step];
            std::fill(to + columns, to + Columns, T(0));
        }
        Index row = 0;
        for (; row + 8 <= p.m; row += 8) small_gemm_rows<T, 8, Columns>(p, row, columns, a, panel, c + j);
        const auto rest = [&]<int Count>(std::integral_constant<int, Count>) {
            if (p.m - row < Count) return;
            small_gemm_rows<T, Count, Columns>(p, row, columns, a, panel, c + j);
            row += Count;
        };
        rest(std::integral_constant<int, 4>{});
        rest(std::integral_constant<int, 2>{});
        rest(std::integral_constant<int, 1>{});
    }
}

/// `MatrixProduct` on the calling thread for which `is_small` holds: B is copied to panels on the stack, and sums stay in registers.
template <class T>
void small_gemm(const MatrixProduct& p, const T* a, const T* b, T* c) {
    if (p.n <= 16)
        small_gemm_in_panels<T, 16>(p, a, b, c);
    else
        small_gemm_in_panels<T, 32>(p, a, b, c);
}

/// One of many small products: `small_gemm` where it is faster, else `gemm`.
template <std::floating_point T>
void head_gemm(const MatrixProduct& p, const T* a, const T* b, T* c) {
    if (is_small(p))
        small_gemm(p, a, b, c);
    else
        gemm(p, a, b, c);
}

}  // namespace vitscape::detail
