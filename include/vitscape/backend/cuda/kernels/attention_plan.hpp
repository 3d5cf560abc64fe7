// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <type_traits>

#include <vitscape/backend/concept.hpp>
#include <vitscape/core/bfloat16.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/host_device.hpp>

namespace vitscape {

/// The problem and its division into blocks, as passed to the attention kernels.
struct AttentionPlan {
    int tokens = 0, heads = 0, first_query = 0, queries = 0;
    int groups = 1;    ///< blocks that share the rows of one (sample, head)
    int resident = 0;  ///< rows of each of the two streamed matrices in shared memory at once
};

/// Launch configuration of an attention kernel.
struct AttentionLaunch {
    AttentionPlan plan;
    Index blocks = 0;
    int threads = 0, shared_bytes = 0;
};

/// Device limits that the division depends on: the maximum dynamic shared memory of a block in bytes
/// (cudaDevAttrMaxSharedMemoryPerBlockOptin), and how many blocks run concurrently.
struct AttentionDevice {
    int shared_bytes = 0, multiprocessors = 1;
};

/// Number of row statistics saved by the forward pass: log-sum-exp per (sample, head, query).
[[nodiscard]] inline Index attention_saved(const AttentionShape& shape) {
    return shape.samples * shape.heads * shape.queries;
}

namespace detail {

/// Rows of the result that a warp computes at a time.
constexpr int attention_tile = 16;

/// Streamed rows are processed in multiples of this; rows beyond the last token are zero and have no weight.
template <class T>
constexpr int attention_step = std::is_same_v<T, float> ? 32 : 16;

/// Elements from one row in shared memory to the next: 16 bytes more than the row, so that the 16-byte pieces of
/// eight rows cover all 32 banks.
template <class T>
VITSCAPE_HOST_DEVICE constexpr int attention_pitch(int head_width) {
    return head_width + 16 / static_cast<int>(sizeof(T));
}

/// Weights exchanged between lanes: (streamed rows, own rows) of float, with
/// a pitch that keeps 16-byte accesses of eight rows apart.
constexpr int attention_weight_pitch = attention_tile + 4;

/// Shared memory of one warp in the kernels without tensor cores: its own rows and tiles of weights.
template <class T>
constexpr int attention_warp_bytes(int head_width, int own_matrices, int weight_tiles) {
    if (!std::is_same_v<T, float>) return 0;  // fragments remain in registers
    const int own = own_matrices * attention_tile * attention_pitch<T>(head_width);
    return (own + weight_tiles * attention_step<T> * attention_weight_pitch) * static_cast<int>(sizeof(T));
}

/// Maximum number of warps per block: on tensor cores, seven process the 13 tiles of 197 tokens in two rounds. The
/// backward pass uses more registers.
template <class T, bool Backward>
constexpr int attention_most_warps = Backward || std::is_same_v<T, float> ? 4 : 7;

/// Threads that share the registers of a multiprocessor: of two or more blocks, so that one
/// computes while another waits for its rows. Each of four schedulers has a quarter of the registers: a thread
/// of 14 warps gets 128, of 12 168, of 8 255.
template <class T, bool Backward>
constexpr int attention_register_threads = 32 * (Backward ? (std::is_same_v<T, float> ? 8 : 12) : 14);

/// Shared memory of a block that the kernel cannot use, in bytes.
constexpr int attention_reserved_bytes = 1024;

/// @param row_bytes   shared memory of one streamed row of both matrices
/// @param warp_bytes  shared memory of one warp
/// @param own         rows owned by the warps in the longer pass
template <class T, bool Backward>
AttentionLaunch divide_attention(const AttentionShape& shape, const AttentionDevice& device, int row_bytes,
                                 int warp_bytes, Index own) {
    constexpr int step = attention_step<T>, most_warps = attention_most_warps<T, Backward>;
    const auto divide_up = [](Index a, Index b) { return (a + b - 1) / b; };
    const Index tiles = divide_up(own, attention_tile), heads = shape.samples * shape.heads;

    // At most half of the shared memory: while one block waits for its rows, another computes.
    const Index warps_at_most = std::min<Index>(tiles, most_warps);
    const Index half = (device.shared_bytes + attention_reserved_bytes) / 2 - attention_reserved_bytes;
    const Index room = half - warps_at_most * warp_bytes;
    const Index fitting = std::max<Index>(room / row_bytes / step, 1) * step;
    const Index chunks = divide_up(shape.tokens, fitting);
    const Index resident = divide_up(divide_up(shape.tokens, chunks), step) * step;

    // If the rows do not all fit, each round of tiles reloads them and may as well be a separate block.
    const Index rounds_of_one = divide_up(tiles, most_warps);
    const Index wanted = chunks > 1 ? rounds_of_one : divide_up(2 * Index{device.multiprocessors}, heads);
    const Index groups = std::clamp<Index>(wanted, 1, rounds_of_one);
    const Index rounds = divide_up(tiles, groups * most_warps);
    const Index warps = divide_up(tiles, groups * rounds);

    const auto narrow = [](Index n) { return static_cast<int>(n); };
    return {.plan = {.tokens = narrow(shape.tokens),
                     .heads = narrow(shape.heads),
                     .first_query = narrow(shape.first_query),
                     .queries = narrow(shape.queries),
                     .groups = narrow(groups),
                     .resident = narrow(resident)},
            .blocks = heads * groups,
            .threads = narrow(32 * warps),
            .shared_bytes = narrow(resident * row_bytes + warps * warp_bytes)};
}

template <class T>
AttentionLaunch divide_attention_forward(const AttentionShape& shape, const AttentionDevice& device) {
    const int width = static_cast<int>(shape.head_width);
    const int row = 2 * attention_pitch<T>(width) * static_cast<int>(sizeof(T));
    return divide_attention<T, false>(shape, device, row, attention_warp_bytes<T>(width, 1, 1),
                                      shape.queries);
}

template <class T>
AttentionLaunch divide_attention_backward(const AttentionShape& shape, const AttentionDevice& device) {
    const int width = static_cast<int>(shape.head_width);
    const int row = 2 * (attention_pitch<T>(width) * static_cast<int>(sizeof(T)) + 4);  // plus two numbers
    AttentionLaunch launch =
        divide_attention<T, true>(shape, device, row, attention_warp_bytes<T>(width, 2, 2), shape.tokens);
    launch.blocks *= 2;  // one for the keys and values, one for the queries
    return launch;
}

}  // namespace detail

/// Whether the attention kernels support this shape on this device; otherwise the backend uses its primitives. Head
/// widths 32 and 64 of float and bfloat16, any number of tokens.
template <class T>
[[nodiscard]] bool attention_supported(const AttentionShape& shape, const AttentionDevice& device) {
    constexpr Index most = 1 << 30;
    if constexpr (!std::is_same_v<T, float> && !std::is_same_v<T, bfloat16>) return false;
    if (shape.head_width != 32 && shape.head_width != 64) return false;
    if (shape.samples < 1 || shape.heads < 1 || shape.queries < 1 || shape.first_query < 0) return false;
    if (shape.first_query + shape.queries > shape.tokens || shape.tokens > most) return false;
    const AttentionLaunch launch = detail::divide_attention_backward<T>(shape, device);
    return launch.blocks <= most && launch.shared_bytes <= device.shared_bytes &&
           detail::divide_attention_forward<T>(shape, device).shared_bytes <= device.shared_bytes;
}

namespace detail {

template <class T>
void require_attention(const AttentionShape& s, const AttentionDevice& device) {
    if (attention_supported<T>(s, device)) return;
    throw ShapeError(
        message("the attention kernels need head width 32 or 64 and queries among the tokens; "
                "given: head width ",
                s.head_width, ", ", s.tokens, " tokens, queries ", s.first_query, " to ",
                s.first_query + s.queries - 1, ", ", device.shared_bytes,
                " bytes of shared memory; check attention_supported first"));
}

}  // namespace detail

/// @throws ShapeError if `attention_supported` is false.
template <class T>
[[nodiscard]] AttentionLaunch attention_forward_launch(const AttentionShape& shape,
                                                       const AttentionDevice& device) {
    detail::require_attention<T>(shape, device);
    return detail::divide_attention_forward<T>(shape, device);
}

/// @throws ShapeError if `attention_supported` is false.
template <class T>
[[nodiscard]] AttentionLaunch attention_backward_launch(const AttentionShape& shape,
                                                        const AttentionDevice& device) {
    detail::require_attention<T>(shape, device);
    return detail::divide_attention_backward<T>(shape, device);
}

}  // namespace vitscape
