// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__CUDACC__)

#include <limits>

#include <vitscape/backend/cuda/kernels/block.hpp>
#include <vitscape/core/error.hpp>

#include <cuda_runtime.h>

namespace vitscape {

/// `KernelBlock` on a GPU of compute capability 8.0 or later.
class DeviceBlock {
  public:
    __device__ int thread() const { return static_cast<int>(threadIdx.x); }
    __device__ int threads() const { return static_cast<int>(blockDim.x); }
    __device__ int lane() const { return thread() % warp_lanes; }
    __device__ int warp() const { return thread() / warp_lanes; }
    __device__ int warps() const { return threads() / warp_lanes; }
    __device__ Index index() const { return blockIdx.x; }
    __device__ Index blocks() const { return gridDim.x; }
    __device__ std::byte* shared() const {
        extern __shared__ uint4 vitscape_shared_memory[];
        return reinterpret_cast<std::byte*>(vitscape_shared_memory);
    }

    __device__ void sync() { __syncthreads(); }
    __device__ void sync_warp() { __syncwarp(); }
    __device__ float warp_sum(float x) {
        VITSCAPE_UNROLL
        for (int mask = warp_lanes / 2; mask > 0; mask /= 2) x += shuffle_xor(x, mask);
        return x;
    }
    __device__ float warp_max(float x) {
        VITSCAPE_UNROLL
        for (int mask = warp_lanes / 2; mask > 0; mask /= 2) x = fmaxf(x, shuffle_xor(x, mask));
        return x;
    }
    template <class V>
    __device__ V shuffle(V x, int lane) {
        return __shfl_sync(all_lanes, x, lane);
    }
    template <class V>
    __device__ V shuffle_xor(V x, int mask) {
        return __shfl_xor_sync(all_lanes, x, mask);
    }

    __device__ void mma(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
            "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
    __device__ void load_matrix(std::uint32_t (&r)[4], const bfloat16* row) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                     : "r"(shared_address(row))
                     : "memory");
    }
    __device__ void load_matrix_transposed(std::uint32_t (&r)[4], const bfloat16* row) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                     : "r"(shared_address(row))
                     : "memory");
    }
    __device__ void copy_async(void* shared, const void* global) {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(shared)),
                     "l"(__cvta_generic_to_global(global))
                     : "memory");
    }
    __device__ void wait_copies() { asm volatile("cp.async.wait_all;" ::: "memory"); }
    __device__ void atomic_add(float* to, float x) { ::atomicAdd(to, x); }

  private:
    static constexpr unsigned all_lanes = 0xFFFFFFFFu;

    __device__ static std::uint32_t shared_address(const void* p) {
        return static_cast<std::uint32_t>(__cvta_generic_to_shared(p));
    }
};

namespace detail {

template <class Kernel>
__global__ void __launch_bounds__(max_threads<Kernel>, min_blocks<Kernel>)
    run_kernel(const __grid_constant__ Kernel kernel) {
    DeviceBlock block;
    kernel(block);
}

}  // namespace detail

/// Runs `kernel` on a grid of `blocks` blocks of `threads` threads (a multiple of 32) with `shared_bytes` of
/// dynamic shared memory, after the earlier work of `stream`; a no-op for zero blocks. May be captured in a graph.
/// @throws ConfigError if the GPU rejects the launch, with its error message.
template <class Kernel>
void launch(const Kernel& kernel, Index blocks, int threads, std::size_t shared_bytes, cudaStream_t stream) {
    if (blocks == 0) return;
    if (blocks < 0 || blocks > std::numeric_limits<int>::max() || threads <= 0 || threads % warp_lanes != 0 ||
        threads > detail::max_threads<Kernel>)
        throw ConfigError(message("a kernel was launched with ", blocks, " blocks of ", threads,
                                  " threads; expected up to 2147483647 blocks of a multiple of 32 up to ",
                                  detail::max_threads<Kernel>, " threads"));
    constexpr std::size_t without_asking = 48 * 1024;
    cudaError_t status = cudaSuccess;
    if (shared_bytes > without_asking)
        status = cudaFuncSetAttribute(detail::run_kernel<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                      static_cast<int>(shared_bytes));
    if (status == cudaSuccess) {
        detail::run_kernel<Kernel>
            <<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), shared_bytes, stream>>>(kernel);
        status = cudaGetLastError();
    }
    if (status != cudaSuccess)
        throw ConfigError(message("the GPU refused a kernel of ", blocks, " blocks of ", threads,
                                  " threads with ", shared_bytes,
                                  " bytes of shared memory: ", cudaGetErrorString(status)));
}

}  // namespace vitscape

#endif
