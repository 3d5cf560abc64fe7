// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <vitscape/backend/cuda/kernels/attention_plan.hpp>
#include <vitscape/backend/cuda/kernels/block.hpp>
#include <vitscape/core/host_device.hpp>

namespace vitscape::detail {

/// 16 bytes, moved in one access.
struct __attribute__((aligned(16), may_alias)) Words {
    std::uint32_t at[4];
};
struct __attribute__((aligned(16), may_alias)) Floats {
    float at[4];
};
struct __attribute__((aligned(8), may_alias)) FloatPair {
    float at[2];
};

/// Rows of one head's matrix in global memory, each 16-byte aligned.
template <class T>
struct HeadRows {
    T* first;
    int stride, count;
    VITSCAPE_DEVICE T* row(int r) const { return first + Index{r} * stride; }
};

/// One (sample, head) of the packed rows (sample, token) of q, k, v.
template <class T>
struct PackedHead {
    HeadRows<T> query, key, value;  // query: only the query tokens
};

/// The part of the problem computed by a block.
struct AttentionPlace {
    int sample, head, group;

    VITSCAPE_DEVICE static AttentionPlace of(const AttentionPlan& plan, int index) {
        const int problem = index / plan.groups;
        return {problem / plan.heads, problem % plan.heads, index % plan.groups};
    }

    template <int W, class T>
    VITSCAPE_DEVICE PackedHead<T> packed(const AttentionPlan& plan, T* qkv) const {
        const int width = plan.heads * W;
        T* token = qkv + Index{sample} * plan.tokens * 3 * width + head * W;
        return {{token + Index{plan.first_query} * 3 * width, 3 * width, plan.queries},
                {token + width, 3 * width, plan.tokens},
                {token + 2 * width, 3 * width, plan.tokens}};
    }
    /// Rows of a matrix (samples, queries, heads, W).
    template <int W, class T>
    VITSCAPE_DEVICE HeadRows<T> queries(const AttentionPlan& plan, T* out) const {
        const int width = plan.heads * W;
        return {out + Index{sample} * plan.queries * width + head * W, width, plan.queries};
    }
    /// Row statistics (samples, heads, queries).
    template <class T>
    VITSCAPE_DEVICE T* numbers(const AttentionPlan& plan, T* saved) const {
        return saved + (Index{sample} * plan.heads + head) * plan.queries;
    }
};

/// The streamed rows in shared memory: two matrices and, if a pass needs them, two numbers per row.
template <class T, int W>
struct SharedRows {
    static constexpr int pitch = attention_pitch<T>(W);
    T *a, *b;
    float *log_sum, *projection;

    VITSCAPE_DEVICE SharedRows(std::byte* memory, int resident)
        : a(reinterpret_cast<T*>(memory)),
          b(a + resident * pitch),
          log_sum(reinterpret_cast<float*>(b + resident * pitch)),
          projection(log_sum + resident) {}
};

/// Starts copying rows first to first + rows - 1 to shared memory; rows beyond the end become zero.
template <int W, class T, class Block>
VITSCAPE_DEVICE void fetch_rows(Block& block, T* to, const HeadRows<const T>& from, int first, int rows) {
    constexpr int piece = 16 / sizeof(T), pieces = W / piece, pitch = attention_pitch<T>(W);
    const int column = block.thread() % pieces * piece, step = block.threads() / pieces;
    const int begin = block.thread() / pieces;
    const T* source = from.row(first + begin) + column;
    T* target = to + begin * pitch + column;
    for (int row = begin; row < rows; row += step) {
        if (first + row < from.count)
            block.copy_async(target, source);
        else
            *reinterpret_cast<Words*>(target) = Words{};
        source += Index{step} * from.stride;
        target += step * pitch;
    }
}

/// Dot product of 16 bytes each.
template <class T>
VITSCAPE_DEVICE float dot_piece(const T* x, const T* y) {
    float sum = 0;
    if constexpr (std::is_same_v<T, float>) {
        const Floats a = *reinterpret_cast<const Floats*>(x), b = *reinterpret_cast<const Floats*>(y);
        VITSCAPE_UNROLL
        for (int i = 0; i < 4; ++i) sum += a.at[i] * b.at[i];
    } else {
        const Words a = *reinterpret_cast<const Words*>(x), b = *reinterpret_cast<const Words*>(y);
        VITSCAPE_UNROLL
        for (int i = 0; i < 4; ++i) {
            sum += __builtin_bit_cast(float, a.at[i] << 16) * __builtin_bit_cast(float, b.at[i] << 16);
            sum += __builtin_bit_cast(float, a.at[i] & 0xFFFF0000u) *
                   __builtin_bit_cast(float, b.at[i] & 0xFFFF0000u);
        }
    }
    return sum;
}

/// The score of a row without weight.
VITSCAPE_DEVICE inline float no_score() { return -__builtin_huge_valf(); }

/// For queries first to first + rows - 1: log-sum-exp times `unit` and the projection sum(dout * out), the
/// component of the gradient along the probabilities. Called by all warps of the block.
template <int W, class T, class Block>
VITSCAPE_DEVICE void fetch_row_numbers(Block& block, const SharedRows<T, W>& to, const float* log_sum,
                                       const HeadRows<const T>& out, const HeadRows<const T>& dout, int first,
                                       int rows, float unit) {
    constexpr int piece = 16 / sizeof(T), pieces = W / piece;
    static_assert(attention_step<T> * pieces % 32 == 0, "whole warps take part in the shuffles");
    for (int i = block.thread(); i < rows * pieces; i += block.threads()) {
        const int row = i / pieces, column = i % pieces * piece, query = first + row;
        const bool exists = query < out.count;
        float sum = exists ? dot_piece(out.row(query) + column, dout.row(query) + column) : 0;
        for (int mask = 1; mask < pieces; mask *= 2) sum += block.shuffle_xor(sum, mask);
        if (column == 0) {
            to.log_sum[row] = exists ? log_sum[query] * unit : 0;
            to.projection[row] = sum;
        }
    }
}

/// x, hidden from the optimizer: values computed from it are not kept in registers across a loop.
VITSCAPE_DEVICE inline int opaque(int x) {
#if defined(__CUDA_ARCH__)
    asm volatile("" : "+r"(x));
#endif
    return x;
}

/// One pass of a block: its warps own tiles of 16 rows each and process all streamed rows, chunk by chunk.
/// `Tile` is the register state of a warp:
///     begin(block, operands, first own row, scratch)   absorb(block, shared, count of streamed rows)
///     finish(block, operands, first own row)
/// `Operands` name the matrices: a, b, and fetch_numbers(block, shared, first, rows);
/// `kernel.operands<Operands>(place)` constructs them at each use: their addresses would occupy the
/// registers that the tile needs.
template <class Tile, class Block, class Kernel>
VITSCAPE_DEVICE void attention_pass(Block& block, const Kernel& kernel, const AttentionPlace& place) {
    using T = typename Tile::Scalar;
    constexpr int W = Tile::head_width;
    const AttentionPlan& plan = kernel.plan;
    const auto operands = [&kernel, &place] {
        return kernel.template operands<typename Tile::Operands>(
            AttentionPlace{opaque(place.sample), opaque(place.head), place.group});
    };
    const SharedRows<T, W> shared(block.shared(), plan.resident);
    auto* scratch = reinterpret_cast<T*>(shared.log_sum + (Tile::has_row_numbers ? 2 * plan.resident : 0)) +
                    block.warp() * (Tile::warp_bytes / static_cast<int>(sizeof(T)));
    const int own = Tile::owns_queries ? plan.queries : plan.tokens;
    const int count = Tile::owns_queries ? plan.tokens : plan.queries;
    bool loaded = false;
    for (int tile = place.group * block.warps(); tile * attention_tile < own;
         tile += plan.groups * block.warps()) {
        const int first = (tile + block.warp()) * attention_tile;
        const bool busy = first < own;
        Tile state;
        for (int chunk = 0; chunk < count; chunk += plan.resident) {
            const int existing = count - chunk < plan.resident ? count - chunk : plan.resident;
            const bool load = !loaded || plan.resident < count;
            if (load) {
                if (loaded) block.sync();  // all have read the previous chunk
                const auto from = operands();
                const int rows = (existing + attention_step<T> - 1) / attention_step<T> * attention_step<T>;
                fetch_rows<W>(block, shared.a, from.a, chunk, rows);
                fetch_rows<W>(block, shared.b, from.b, chunk, rows);
                from.fetch_numbers(block, shared, chunk, rows);
            }
            if (busy && chunk == 0) state.begin(block, operands(), first, scratch);
            if (load) {
                block.wait_copies();
                block.sync();
                loaded = true;
            }
            if (busy) state.absorb(block, shared, existing);
        }
        if (busy) state.finish(block, operands(), first);
    }
}

}  // namespace vitscape::detail
