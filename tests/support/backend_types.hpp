// SPDX-License-Identifier: Apache-2.0
//
// The backends that typed tests run on: those of the processor where a C++ compiler reads the test, those of a
// device where a CUDA compiler does.
#pragma once

#include <tuple>

#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/eigen/cpu.hpp>
#if defined(VITSCAPE_HAS_THRUST)
#include <vitscape/backend/thrust/thrust.hpp>
#endif

namespace vitscape::test {

/// Primitives: what has no fused operations, and dual numbers.  Plain: the same for models and vectors.  Backends:
/// what users choose from.  Every: all of these.  Halves: those that store bfloat16.
#if defined(__CUDACC__)
using Primitives = std::tuple<ThrustPrimitives<system::cuda, double>, ThrustPrimitives<system::cuda, float>,
                              Dual<ThrustPrimitives<system::cuda, double>>>;
using Plain = std::tuple<ThrustPrimitives<system::cuda, double>, ThrustPrimitives<system::cuda, float>>;
using Backends = std::tuple<Cuda<double>, Cuda<float>>;
using Every = Backends;  // double has the primitives alone
using Halves = std::tuple<Cuda<bfloat16>>;
#elif defined(VITSCAPE_HAS_THRUST)
using Primitives =
    std::tuple<CpuPrimitives<double>, CpuPrimitives<float>, Dual<CpuPrimitives<double>>,
               Thrust<system::omp, double>, Thrust<system::omp, float>, Dual<Thrust<system::omp, double>>>;
using Plain = std::tuple<CpuPrimitives<double>, CpuPrimitives<float>, Thrust<system::omp, double>,
                         Thrust<system::omp, float>>;
using Backends = std::tuple<Cpu<double>, Cpu<float>, Thrust<system::omp, double>, Thrust<system::omp, float>>;
using Every = std::tuple<Cpu<double>, Cpu<float>, CpuPrimitives<double>, CpuPrimitives<float>,
                         Thrust<system::omp, double>, Thrust<system::omp, float>>;
using Halves = std::tuple<Cpu<bfloat16>, CpuPrimitives<bfloat16>, Thrust<system::omp, bfloat16>>;
#else
using Primitives = std::tuple<CpuPrimitives<double>, CpuPrimitives<float>, Dual<CpuPrimitives<double>>>;
using Plain = std::tuple<CpuPrimitives<double>, CpuPrimitives<float>>;
using Backends = std::tuple<Cpu<double>, Cpu<float>>;
using Every = std::tuple<Cpu<double>, Cpu<float>, CpuPrimitives<double>, CpuPrimitives<float>>;
using Halves = std::tuple<Cpu<bfloat16>, CpuPrimitives<bfloat16>>;
#endif

}  // namespace vitscape::test
