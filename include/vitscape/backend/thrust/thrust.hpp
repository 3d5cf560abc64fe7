// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/thrust/primitives.hpp>
#if defined(__CUDACC__)
#include <vitscape/backend/cuda/backend.hpp>
#endif

namespace vitscape {

/// The backend on Thrust (see concept.hpp for the arguments), for the systems cpp, omp and cuda and
/// T of double, float or bfloat16. On the host it has only the primitives: the same algorithms and functors as
/// on a device, for tests without a GPU. On a CUDA device (cuda/backend.hpp) it also has fused kernels.
template <class System, class T>
class Thrust : public ThrustPrimitives<System, T> {
  public:
    using ThrustPrimitives<System, T>::ThrustPrimitives;
    using MasterBackend = Thrust<System, Real<T>>;
    /// The float counterpart of a bfloat16 backend, on the same memory; a copy of itself otherwise.
    [[nodiscard]] MasterBackend master() const { return MasterBackend(this->execution()); }
};

}  // namespace vitscape
