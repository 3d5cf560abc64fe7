// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include <vitscape/backend/cuda/error.hpp>

#include <cuda_runtime_api.h>

namespace vitscape::gpu {

/// Number of GPUs that the driver reports; 0 without a driver. Never throws.
inline int device_count() noexcept {
    int count = 0;
    if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
    static_cast<void>(cudaGetLastError());
    return 0;
}

/// Whether there is a GPU to try.
inline bool available() noexcept { return device_count() > 0; }

/// Properties of a GPU needed for the choice of kernels and for reports.
struct DeviceProperties {
    std::string name;
    int multiprocessors = 0;
    int capability_major = 0, capability_minor = 0;
    std::size_t shared_memory_per_block = 0;  ///< bytes that a kernel may opt in to
    std::size_t shared_memory_per_multiprocessor = 0;
    std::size_t memory = 0;    ///< bytes
    std::size_t l2_cache = 0;  ///< bytes
};

/// @throws DeviceError when there is no such device.
inline DeviceProperties device_properties(int index) {
    cudaDeviceProp p{};
    check(cudaGetDeviceProperties(&p, index), "reading a GPU's properties");
    DeviceProperties result;
    result.name = p.name;
    result.multiprocessors = p.multiProcessorCount;
    result.capability_major = p.major;
    result.capability_minor = p.minor;
    result.shared_memory_per_block = p.sharedMemPerBlockOptin;
    result.shared_memory_per_multiprocessor = p.sharedMemPerMultiprocessor;
    result.memory = p.totalGlobalMem;
    result.l2_cache = static_cast<std::size_t>(p.l2CacheSize);
    return result;
}

/// Makes `index` the current device of the calling thread and initializes CUDA on it; returns if it can be used. If
/// `kernel` is the address of a kernel of this program, also checks that the program has code for its architecture.
/// @throws DeviceError with one sentence that states what is missing, and the remedy.
inline void require_device(int index, const void* kernel = nullptr) {
    DeviceReport report;
    report.index = index;
    const auto refuse = [&report](DeviceProblem problem, cudaError_t status = cudaSuccess) {
        report.problem = problem;
        report.detail = cudaGetErrorString(status);
        static_cast<void>(cudaGetLastError());
        throw DeviceError(detail::device_problem_text(report));
    };
    static_cast<void>(cudaDriverGetVersion(&report.driver_version));  // 0 without a driver
    static_cast<void>(cudaRuntimeGetVersion(&report.runtime_version));
    const cudaError_t counted = cudaGetDeviceCount(&report.devices);
    if (report.driver_version == 0 || counted == cudaErrorStubLibrary) refuse(DeviceProblem::no_driver);
    if (counted == cudaErrorInsufficientDriver) refuse(DeviceProblem::old_driver);
    if (counted == cudaErrorNoDevice || (counted == cudaSuccess && report.devices == 0))
        refuse(DeviceProblem::no_device);
    if (counted != cudaSuccess) refuse(DeviceProblem::other, counted);
    if (index < 0 || index >= report.devices) refuse(DeviceProblem::no_such_index);

    cudaError_t started = cudaSetDevice(index);
    if (started == cudaSuccess) started = cudaFree(nullptr);  // creates the context if the driver is lazy
    if (started != cudaSuccess) refuse(DeviceProblem::other, started);
    if (kernel == nullptr) return;
    cudaFuncAttributes attributes{};
    const cudaError_t found = cudaFuncGetAttributes(&attributes, kernel);
    if (found == cudaSuccess) return;
    const DeviceProperties properties = device_properties(index);
    report.name = properties.name;
    report.capability_major = properties.capability_major;
    report.capability_minor = properties.capability_minor;
    const bool no_code = found == cudaErrorNoKernelImageForDevice ||
                         found == cudaErrorInvalidDeviceFunction || found == cudaErrorUnsupportedPtxVersion ||
                         found == cudaErrorInvalidPtx;
    refuse(no_code ? DeviceProblem::no_code : DeviceProblem::other, found);
}

#if defined(__CUDACC__)

namespace detail {
template <class>
__global__ void architecture_probe() {}
}  // namespace detail

/// `require_device` that also checks whether the program was built for the device's architecture; for
/// programs compiled by nvcc.
inline void require_device_with_code(int index) {
    require_device(index, reinterpret_cast<const void*>(&detail::architecture_probe<void>));
}

#endif

}  // namespace vitscape::gpu
