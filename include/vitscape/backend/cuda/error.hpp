// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iomanip>
#include <sstream>
#include <string>
#include <string_view>

#include <vitscape/core/error.hpp>

#if __has_include(<cuda_runtime_api.h>) && __has_include(<cublasLt.h>)
#include <cublasLt.h>
#include <cuda_runtime_api.h>
#define VITSCAPE_HAS_CUDA_HEADERS 1
#endif

/// Errors of the CUDA backend. Without the CUDA headers there are only the exceptions and no `check`.
namespace vitscape::gpu {

/// A GPU that does not exist or cannot be used, or a CUDA call that failed.
struct DeviceError : Error {
    using Error::Error;
};

/// A request that a capturing stream cannot carry out (upload, download, synchronization).
struct CaptureError : DeviceError {
    using DeviceError::DeviceError;
};

/// Free and total bytes of a device's memory.
struct MemoryInfo {
    std::size_t free = 0, total = 0;
};

namespace detail {

/// "384 B", "1.5 MiB", "79.2 GiB".
inline std::string bytes_text(std::size_t bytes) {
    const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    auto number = static_cast<double>(bytes);
    int unit = 0;
    for (; number >= 1024 && unit < 4; ++unit) number /= 1024;
    std::ostringstream text;
    text << std::fixed << std::setprecision(unit == 0 ? 0 : 1) << number << ' ' << units[unit];
    return text.str();
}

}  // namespace detail

/// The device's memory does not suffice, even after all unused memory has been released.
struct OutOfDeviceMemory : DeviceError {
    /// `requested_bytes`: size of the request; `in_use_bytes`: memory of all arrays at this time.
    OutOfDeviceMemory(std::size_t requested_bytes, MemoryInfo memory_info, std::size_t in_use_bytes)
        : DeviceError(message("out of device memory: ", detail::bytes_text(requested_bytes),
                              " were requested, ", detail::bytes_text(memory_info.free), " of ",
                              detail::bytes_text(memory_info.total),
                              " are free, and this program's arrays hold ", detail::bytes_text(in_use_bytes),
                              "; give a smaller --batch")),
          requested(requested_bytes),
          memory(memory_info) {}
    explicit OutOfDeviceMemory(std::string_view what, MemoryInfo memory_info)
        : DeviceError(message("out of device memory in ", what, ": ", detail::bytes_text(memory_info.free),
                              " of ", detail::bytes_text(memory_info.total),
                              " are free; give a smaller --batch")),
          memory(memory_info) {}

    std::size_t requested = 0;
    MemoryInfo memory;
};

/// Why no GPU can be used.
enum class DeviceProblem { no_driver, old_driver, no_device, no_such_index, no_code, other };

/// Information about a GPU that was requested and cannot be used; versions in CUDA's encoding (13000 = 13.0).
struct DeviceReport {
    DeviceProblem problem = DeviceProblem::other;
    int index = 0, devices = 0, driver_version = 0, runtime_version = 0;
    std::string name, detail;  ///< name of the device; CUDA's error message
    int capability_major = 0, capability_minor = 0;
};

namespace detail {

inline std::string version_text(int version) { return message(version / 1000, '.', version % 1000 / 10); }

/// One sentence: the request, the problem, and the remedy.
inline std::string device_problem_text(const DeviceReport& r) {
    const std::string asked = message("GPU ", r.index, " was requested, ");
    const char* const cpu = " or run with --backend cpu";
    switch (r.problem) {
        case DeviceProblem::no_driver:
            return message(
                asked, "but no NVIDIA driver is installed here: install one (nvidia-smi must list the GPU)",
                cpu);
        case DeviceProblem::old_driver:
            return message(asked, "but the NVIDIA driver here supports CUDA ", version_text(r.driver_version),
                           " and this program was built with ", version_text(r.runtime_version),
                           ": update the driver, build with an older CUDA Toolkit,", cpu);
        case DeviceProblem::no_device:
            return message(
                asked, "but the NVIDIA driver sees no GPU: look at nvidia-smi and at CUDA_VISIBLE_DEVICES,",
                cpu);
        case DeviceProblem::no_such_index:
            return message(asked, "but there ",
                           r.devices == 1 ? "is only GPU 0" : message("are GPUs 0 to ", r.devices - 1),
                           ": choose one of them", cpu);
        case DeviceProblem::no_code:
            return message(asked, "but this program holds no code for its architecture (", r.name,
                           ", compute capability ", r.capability_major, '.', r.capability_minor,
                           "): build with -DCMAKE_CUDA_ARCHITECTURES=", r.capability_major,
                           r.capability_minor, cpu);
        case DeviceProblem::other:
            break;
    }
    return message(asked, "but CUDA does not start (", r.detail, "): look at nvidia-smi,", cpu);
}

}  // namespace detail

#if defined(VITSCAPE_HAS_CUDA_HEADERS)

/// Throws the exception for `status`: OutOfDeviceMemory, or DeviceError with CUDA's name and message for it. `what`
/// names the work: "CUDA failed in <what>".
inline void check(cudaError_t status, std::string_view what) {
    if (status == cudaSuccess) return;
    static_cast<void>(cudaGetLastError());  // so that the next check does not see this error again
    if (status == cudaErrorMemoryAllocation) {
        MemoryInfo memory;
        static_cast<void>(cudaMemGetInfo(&memory.free, &memory.total));
        throw OutOfDeviceMemory(what, memory);
    }
    throw DeviceError(message("CUDA failed in ", what, ": ", cudaGetErrorString(status), " (",
                              cudaGetErrorName(status), ')'));
}

/// The same for cuBLASLt.
inline void check(cublasStatus_t status, std::string_view what) {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    if (status == CUBLAS_STATUS_ALLOC_FAILED) {
        MemoryInfo memory;
        static_cast<void>(cudaMemGetInfo(&memory.free, &memory.total));
        throw OutOfDeviceMemory(what, memory);
    }
    throw DeviceError(message("cuBLASLt failed in ", what, ": ", cublasLtGetStatusString(status)));
}

#endif

}  // namespace vitscape::gpu
