// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <vitscape/backend/cuda/kernels/block.hpp>

/// The GPU kernels of the CUDA backend; see `KernelBlock` for how they are written. Besides its arguments each kernel
/// has `max_threads`, its block size, `blocks()` and `shared_bytes()`.
namespace vitscape::kernels {

/// N numbers transferred between memory and registers in one access.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
    T at[N];
};

/// Number of elements of the widest access, 16 bytes.
template <class T>
inline constexpr int pack_width = 16 / static_cast<int>(sizeof(T));

/// Whether packs of `width` numbers can be read from all of the arrays; null counts as aligned.
template <class... T>
VITSCAPE_HOST_DEVICE bool aligned(int width, const T*... arrays) {
    return ((reinterpret_cast<std::uintptr_t>(arrays) % (sizeof(T) * static_cast<std::size_t>(width) < 16
                                                             ? sizeof(T) * static_cast<std::size_t>(width)
                                                             : 16) ==
             0) &&
            ...);
}

/// Pack number p of an array that is aligned to packs, unconverted.
template <int N, class T>
VITSCAPE_DEVICE Pack<T, N> pack_at(const T* array, int p) {
    return reinterpret_cast<const Pack<T, N>*>(array)[p];
}

/// N numbers from `from`, in accesses of up to 16 bytes, to which `from` must be aligned.
template <int N, class T>
VITSCAPE_DEVICE void load(const T* from, Real<T> (&to)[N]) {
    constexpr int width = N < pack_width<T> ? N : pack_width<T>;
    VITSCAPE_UNROLL
    for (int part = 0; part < N; part += width) {
        const auto pack = *reinterpret_cast<const Pack<T, width>*>(from + part);
        VITSCAPE_UNROLL
        for (int k = 0; k < width; ++k) to[part + k] = static_cast<Real<T>>(pack.at[k]);
    }
}

/// Writes one pack, by one access: of a struct the compiler would make several where it loses track of the alignment of the pointers
/// in a loop, but not of its own vector types.
template <class T, int N>
VITSCAPE_DEVICE void store_pack(const Pack<T, N>& pack, T* to) {
#if defined(__CUDA_ARCH__)
    if constexpr (sizeof(pack) == 16) {
        *reinterpret_cast<unsigned __int128*>(to) = __builtin_bit_cast(unsigned __int128, pack);
        return;
    }
    if constexpr (sizeof(pack) == 8) {
        *reinterpret_cast<unsigned long long*>(to) = __builtin_bit_cast(unsigned long long, pack);
        return;
    }
#endif
    *reinterpret_cast<Pack<T, N>*>(to) = pack;
}

/// Inverse of `load`, with rounding to T.
template <int N, class T>
VITSCAPE_DEVICE void store(const Real<T> (&from)[N], T* to) {
    constexpr int width = N < pack_width<T> ? N : pack_width<T>;
    VITSCAPE_UNROLL
    for (int part = 0; part < N; part += width) {
        Pack<T, width> pack;
        VITSCAPE_UNROLL
        for (int k = 0; k < width; ++k) pack.at[k] = static_cast<T>(from[part + k]);
        store_pack(pack, to + part);
    }
}

/// Like `load` from an array that may be unaligned, such as a parameter in the flat vector; then one by one.
template <int N, class T>
VITSCAPE_DEVICE void load_parameter(const T* from, bool is_aligned, Real<T> (&to)[N]) {
    if (is_aligned) {
        load(from, to);
    } else {
        VITSCAPE_UNROLL
        for (int k = 0; k < N; ++k) to[k] = static_cast<Real<T>>(from[k]);
    }
}

/// Packs per thread in a block's part of an array.
inline constexpr int packs_per_thread = 4;

/// `body.template at<N>(i)` for the packs of the elements begin to end - 1, with the block's threads adjacent, and
/// `at<1>(i)` for the remainder. `wide`: N elements can be accessed at a time from `begin`; otherwise all
/// are accessed one by one. Less than 2^31 elements: the compiler divides to count the turns of a loop, and 64-bit numbers slowly.
template <int N, class Block, class Body>
VITSCAPE_DEVICE void for_each_pack(const Block& block, Index begin, Index end, bool wide, const Body& body) {
    const auto count = static_cast<unsigned>(end - begin), singles = wide ? count / N * N : 0U;
    const auto thread = static_cast<unsigned>(block.thread()),
               threads = static_cast<unsigned>(block.threads());
    for (unsigned i = thread * N; i < singles; i += threads * N) body.template at<N>(begin + i);
    for (unsigned i = singles + thread; i < count; i += threads) body.template at<1>(begin + i);
}

/// Block size of streaming kernels: with up to 2048 threads per multiprocessor, enough loads are in flight.
inline constexpr int stream_threads = 256;

/// Number of elements per block of an elementwise kernel, with packs of `width`.
VITSCAPE_HOST_DEVICE constexpr Index elementwise_part(int width) {
    return static_cast<Index>(width) * stream_threads * packs_per_thread;
}
VITSCAPE_HOST_DEVICE constexpr Index ceiling_ratio(Index a, Index b) { return (a + b - 1) / b; }

/// The call operator of an elementwise kernel over `n` elements, in packs of `N`.
template <int N, class Block, class Kernel>
VITSCAPE_DEVICE void elementwise(const Block& block, Index n, bool wide, const Kernel& kernel) {
    const Index begin = block.index() * elementwise_part(N);
    const Index end = begin + elementwise_part(N) < n ? begin + elementwise_part(N) : n;
    for_each_pack<N>(block, begin, end, wide, kernel);
}

/// The sum of x over the block in a fixed order, for thread 0 only. `partial`: shared memory for warps()
/// numbers.
template <class Block>
VITSCAPE_DEVICE float block_sum(Block& block, float x, float* partial) {
    const float sum = block.warp_sum(x);
    if (block.lane() == 0) partial[block.warp()] = sum;
    block.sync();
    float total = 0;
    if (block.thread() == 0)
        for (int warp = 0; warp < block.warps(); ++warp) total += partial[warp];
    return total;
}

}  // namespace vitscape::kernels
