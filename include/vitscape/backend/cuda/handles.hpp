// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

#include <vitscape/backend/cuda/error.hpp>

#include <cublasLt.h>
#include <cuda_runtime_api.h>

/// RAII owners of CUDA handles. Errors in destroying one are ignored: they belong to earlier work, whose checks
/// report them.
namespace vitscape::gpu {
namespace detail {

/// A move-only handle that is destroyed by `destroy`.
template <class Handle, auto destroy>
class Owned {
  public:
    Owned() = default;
    explicit Owned(Handle handle) : handle_(handle) {}
    Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Owned& operator=(Owned&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Owned() {
        if (handle_ != nullptr) static_cast<void>(destroy(handle_));
    }
    [[nodiscard]] Handle get() const { return handle_; }

  private:
    Handle handle_ = nullptr;
};

using Stream = Owned<cudaStream_t, cudaStreamDestroy>;
using Event = Owned<cudaEvent_t, cudaEventDestroy>;
using PinnedBytes = Owned<void*, cudaFreeHost>;
using DeviceBytes = Owned<void*, cudaFree>;
using CapturedGraph = Owned<cudaGraph_t, cudaGraphDestroy>;
using ExecutableGraph = Owned<cudaGraphExec_t, cudaGraphExecDestroy>;
using BlasHandle = Owned<cublasLtHandle_t, cublasLtDestroy>;
using ProductDescription = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using MatrixLayout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using ProductPreference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

/// A stream that does not synchronize with the legacy default stream.
inline Stream make_stream() {
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "creating a stream");
    return Stream(stream);
}
inline Event make_event(unsigned flags = cudaEventDisableTiming) {
    cudaEvent_t event = nullptr;
    check(cudaEventCreateWithFlags(&event, flags), "creating an event");
    return Event(event);
}
inline PinnedBytes make_pinned_bytes(std::size_t bytes) {
    void* memory = nullptr;
    check(cudaHostAlloc(&memory, bytes, cudaHostAllocDefault), "allocating pinned host memory");
    return PinnedBytes(memory);
}
inline DeviceBytes make_device_bytes(std::size_t bytes, std::size_t in_use) {
    void* memory = nullptr;
    const cudaError_t status = cudaMalloc(&memory, bytes);
    if (status == cudaErrorMemoryAllocation) {
        static_cast<void>(cudaGetLastError());
        MemoryInfo info;
        static_cast<void>(cudaMemGetInfo(&info.free, &info.total));
        throw OutOfDeviceMemory(bytes, info, in_use);
    }
    check(status, "allocating device memory");
    return DeviceBytes(memory);
}

/// The pinned memory and state of a download.
struct Download {
    PinnedBytes memory;
    std::size_t bytes = 0;
    Event arrived;
    bool started = false;

    Download() = default;
    Download(const Download&) = delete;
    Download& operator=(const Download&) = delete;
    ~Download() {  // the memory must not be freed during a copy
        if (started) static_cast<void>(cudaEventSynchronize(arrived.get()));
    }
};
}  // namespace detail

/// Device memory as the source of a pool.
struct DeviceMemory {
    int device = 0;
    cudaStream_t stream = nullptr;  ///< the stream whose order the pool relies on

    void* allocate(std::size_t bytes) const {
        check(cudaSetDevice(device), "choosing the GPU");
        void* memory = nullptr;
        const cudaError_t status = cudaMalloc(&memory, bytes);
        if (status == cudaErrorMemoryAllocation) {
            static_cast<void>(cudaGetLastError());
            return nullptr;
        }
        check(status, "allocating device memory");
        return memory;
    }
    void release(void* memory) const {
        static_cast<void>(cudaStreamSynchronize(stream));
        static_cast<void>(cudaFree(memory));
    }
    [[nodiscard]] MemoryInfo memory_info() const {
        MemoryInfo info;
        static_cast<void>(cudaMemGetInfo(&info.free, &info.total));
        return info;
    }
};

}  // namespace vitscape::gpu
