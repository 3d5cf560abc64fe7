// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vitscape/core/bfloat16.hpp>
#include <vitscape/core/shape.hpp>

/// Marks a loop of a kernel that must be unrolled, so that its arrays remain in registers.
#if defined(__CUDACC__)
#define VITSCAPE_UNROLL _Pragma("unroll")
#else
#define VITSCAPE_UNROLL
#endif

namespace vitscape {

/// The machine as seen by a kernel. A kernel is a struct whose members are its arguments and whose call
/// operator takes the block that one of its threads belongs to:
///
///     template <class T>
///     struct Add {
///         static constexpr int max_threads = 256;  // optional: maximum threads of a block (default 1024)
///         Index n;
///         const T *x, *y;
///         T* sum;
///         template <KernelBlock Block>
///         VITSCAPE_DEVICE void operator()(Block& block) const;
///     };
///
/// `launch` (device_block.hpp) runs it on a GPU; an emulator in the tests runs the same code on the host. Blocks
/// consist of whole warps of 32 threads, grids have one axis. All threads of a block must call `sync`, and all lanes of
/// a warp everything that is marked (warp), at the same point of the code.
///
/// | member | meaning |
/// | --- | --- |
/// | `thread()`, `threads()` | index within the block, and number of threads |
/// | `lane()`, `warp()`, `warps()` | thread() % 32, thread() / 32, threads() / 32 |
/// | `index()`, `blocks()` | index of the block within the grid, and number of blocks |
/// | `shared()` | the launch's shared memory, 16-byte aligned, uninitialized |
/// | `sync()` | barrier for all threads of the block; their writes are visible |
/// | `sync_warp()` | the same for a warp (warp) |
/// | `warp_sum(x)`, `warp_max(x)` | all lanes get the result; additions in one fixed order (warp) |
/// | `shuffle(x, lane)`, `shuffle_xor(x, mask)` | the x of another lane; 4 or 8 bytes (warp) |
/// | `mma(d, a, b)` | d += a b with bfloat16 a (16 x 16), b (16 x 8), float d (16 x 8) in the fragments of PTX `mma.sync.m16n8k16.row.col` (warp) |
/// | `load_matrix(r, row)`, `load_matrix_transposed(r, row)` | PTX `ldmatrix.x4[.trans]`: lane i passes the address of row i % 8 of matrix i / 8, eight numbers, 16-byte aligned, in shared memory (warp) |
/// | `copy_async(to, from)` | 16 bytes from global to shared memory, both aligned; complete after `wait_copies()` |
/// | `wait_copies()` | waits for this thread's copies; other threads see them after `sync()` |
/// | `atomic_add(to, x)` | unordered: only if the order does not matter |
template <class B>
concept KernelBlock = requires(B block, float& number, float (&d)[4], std::uint32_t (&r)[4],
                               const std::uint32_t (&a)[4], const std::uint32_t (&b)[2], const bfloat16* row,
                               void* shared, const void* global) {
    { block.thread() } -> std::same_as<int>;
    { block.threads() } -> std::same_as<int>;
    { block.lane() } -> std::same_as<int>;
    { block.warp() } -> std::same_as<int>;
    { block.warps() } -> std::same_as<int>;
    { block.index() } -> std::same_as<Index>;
    { block.blocks() } -> std::same_as<Index>;
    { block.shared() } -> std::same_as<std::byte*>;
    block.sync();
    block.sync_warp();
    { block.warp_sum(number) } -> std::same_as<float>;
    { block.warp_max(number) } -> std::same_as<float>;
    { block.shuffle(number, 0) } -> std::same_as<float>;
    { block.shuffle_xor(number, 1) } -> std::same_as<float>;
    block.mma(d, a, b);
    block.load_matrix(r, row);
    block.load_matrix_transposed(r, row);
    block.copy_async(shared, global);
    block.wait_copies();
    block.atomic_add(&number, number);
};

namespace detail {

/// The maximum block size of a kernel; registers are allocated for it.
template <class Kernel>
inline constexpr int max_threads = 1024;
template <class Kernel>
requires requires { Kernel::max_threads; }
inline constexpr int max_threads<Kernel> = Kernel::max_threads;
/// Blocks that a multiprocessor must have registers for.
template <class Kernel>
inline constexpr int min_blocks = 1;
template <class Kernel>
requires requires { Kernel::min_blocks; }
inline constexpr int min_blocks<Kernel> = Kernel::min_blocks;

}  // namespace detail

/// Lanes of a warp.
inline constexpr int warp_lanes = 32;

}  // namespace vitscape
