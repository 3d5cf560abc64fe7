// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__CUDACC__)  // empty without a CUDA compiler

#include <vitscape/backend/cuda/execution.hpp>
#include <vitscape/backend/cuda/kernels/device_block.hpp>

namespace vitscape::detail {

/// Device memory for one operation, released in stream order.
template <class T>
class DeviceScratch {
  public:
    DeviceScratch(Execution<system::cuda>& execution, Index count)
        : execution_(execution),
          bytes_(static_cast<std::size_t>(count) * sizeof(T)),
          data_(static_cast<T*>(execution.allocate(bytes_))) {}
    DeviceScratch(const DeviceScratch&) = delete;
    DeviceScratch& operator=(const DeviceScratch&) = delete;
    ~DeviceScratch() { execution_.release(data_, bytes_); }
    [[nodiscard]] T* data() const { return data_; }

  private:
    Execution<system::cuda>& execution_;
    std::size_t bytes_;
    T* data_;
};

/// Launches a kernel with the grid that it defines.
template <class Kernel>
void run(Execution<system::cuda>& execution, const Kernel& kernel) {
    launch(kernel, kernel.blocks(), Kernel::max_threads, kernel.shared_bytes(), execution.stream());
}

}  // namespace vitscape::detail

#endif
