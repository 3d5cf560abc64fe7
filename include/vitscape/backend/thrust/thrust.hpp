// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/thrust/primitives.hpp>
#if defined(__CUDACC__)
#include <vitscape/backend/cuda/backend.hpp>
#endif

namespace vitscape {

/// The backend on Thrust (concept.hpp has the arguments' meaning), for the systems cpp, omp and cuda and
/// T of double, float or bfloat16. On the processor it has the primitives alone: the same algorithms and functors as
/// on a device, to be tested where there is none. On a CUDA device (cuda/backend.hpp) also fused kernels.
template <class System, class T>
class Thrust : public ThrustPrimitives<System, T> {
  public:
    using ThrustPrimitives<System, T>::ThrustPrimitives;
    using MasterBackend = Thrust<System, Real<T>>;
    /// The float sibling of a bfloat16 backend, on the same memory; a copy of itself otherwise.
    [[nodiscard]] MasterBackend master() const { return MasterBackend(this->execution()); }
};

}  // namespace vitscape
