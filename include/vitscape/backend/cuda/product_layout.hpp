// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <vitscape/backend/concept.hpp>
#include <vitscape/core/shape.hpp>

/// Conversion of row-major products for a column-major library, and the keys that identify products; all of
/// it is plain arithmetic.
namespace vitscape::gpu {

/// A matrix in column-major memory: element (r, c) at c * leading + r.
struct ColumnMatrix {
    Index rows = 0, columns = 0, leading = 0;
};

/// D = op(first) op(second), column-major.
struct ColumnProduct {
    bool transpose_first = false, transpose_second = false;
    Index rows = 0, columns = 0, inner = 0;  ///< D is rows x columns.
    ColumnMatrix first, second, result;
};

/// The same product in column-major terms. A row-major matrix is its transpose in column-major memory, and C^T
/// = op(B)^T op(A)^T: so B comes first, A second, and both keep their transposition.
inline ColumnProduct column_product(const MatrixProduct& p) {
    // The stride of a row-major matrix of one row is irrelevant, so a valid one is used.
    const auto stored = [](Index rows, Index columns, Index stride) {
        return ColumnMatrix{columns, rows, rows == 1 ? std::max(stride, columns) : stride};
    };
    ColumnProduct result;
    result.transpose_first = p.transpose_b;
    result.transpose_second = p.transpose_a;
    result.rows = p.n;
    result.columns = p.m;
    result.inner = p.k;
    result.first = p.transpose_b ? stored(p.n, p.k, p.stride_b) : stored(p.k, p.n, p.stride_b);
    result.second = p.transpose_a ? stored(p.k, p.m, p.stride_a) : stored(p.m, p.k, p.stride_a);
    result.result = stored(p.m, p.n, p.stride_c);
    return result;
}

/// A batch as `calls` calls of `count` products; product j of call i has its operands at i * call_x + j *
/// stride_x elements.
struct StridedBatches {
    Index calls = 1, count = 1;
    Index call_a = 0, call_b = 0, call_c = 0;
    Index stride_a = 0, stride_b = 0, stride_c = 0;
};

/// One call if one stride reaches all problems, otherwise one for each of the outer or the inner ones, whichever
/// are fewer.
inline StridedBatches strided_batches(const ProductBatch& b) {
    const auto even = [&b](Index outer, Index inner) { return outer == b.inner * inner; };
    if (b.outer == 1 ||
        (even(b.outer_a, b.inner_a) && even(b.outer_b, b.inner_b) && even(b.outer_c, b.inner_c)))
        return {1, b.outer * b.inner, 0, 0, 0, b.inner_a, b.inner_b, b.inner_c};
    if (b.inner <= b.outer)
        return {b.inner, b.outer, b.inner_a, b.inner_b, b.inner_c, b.outer_a, b.outer_b, b.outer_c};
    return {b.outer, b.inner, b.outer_a, b.outer_b, b.outer_c, b.inner_a, b.inner_b, b.inner_c};
}

/// The largest power of two, at most 256, that divides an address and the byte distances from it.
template <class... Distances>
std::uint32_t common_alignment(const void* address, Distances... distances) {
    std::uint64_t bits = reinterpret_cast<std::uintptr_t>(address) | 256u;
    ((bits |= static_cast<std::uint64_t>(distances)), ...);
    return static_cast<std::uint32_t>(bits & (~bits + 1));
}

enum class ElementType : std::uint8_t { float64, float32, bfloat16 };

/// The fused epilogue of a product. In column-major terms sums over A's inner index are sums of the
/// second operand.
enum class Epilogue : std::uint8_t { none, bias, sums_of_second };

/// Everything that the choice of an algorithm depends on.
struct ProductKey {
    ColumnProduct product;
    Index count = 1, stride_first = 0, stride_second = 0, stride_result = 0;
    ElementType input = ElementType::float32, output = ElementType::float32;
    Epilogue epilogue = Epilogue::none;
    /// Alignment of the first and second operand, the addend, the result and the epilogue's vector.
    std::array<std::uint32_t, 5> alignment{};

    /// All of it, in a fixed order.
    using Numbers = std::array<Index, 24>;
    [[nodiscard]] Numbers numbers() const {
        const ColumnProduct& p = product;
        const auto matrix = [](const ColumnMatrix& m, std::size_t i) {
            return i == 0 ? m.rows : i == 1 ? m.columns : m.leading;
        };
        Numbers n{};
        for (std::size_t i = 0; i < 3; ++i) {
            n[i] = matrix(p.first, i);
            n[3 + i] = matrix(p.second, i);
            n[6 + i] = matrix(p.result, i);
        }
        n[9] = p.rows;
        n[10] = p.columns;
        n[11] = p.inner;
        n[12] = count;
        n[13] = stride_first;
        n[14] = stride_second;
        n[15] = stride_result;
        n[16] = (p.transpose_first ? 1 : 0) + (p.transpose_second ? 2 : 0);
        n[17] = static_cast<Index>(input) + 8 * static_cast<Index>(output);
        n[18] = static_cast<Index>(epilogue);
        for (std::size_t i = 0; i < alignment.size(); ++i) n[19 + i] = alignment[i];
        return n;
    }
};

struct ProductKeyHash {
    std::size_t operator()(const ProductKey::Numbers& numbers) const {
        std::uint64_t hash = 0;
        for (const Index number : numbers) {
            hash = (hash ^ static_cast<std::uint64_t>(number)) * 0x9E3779B97F4A7C15u;
            hash ^= hash >> 29;
        }
        return static_cast<std::size_t>(hash);
    }
};

}  // namespace vitscape::gpu
