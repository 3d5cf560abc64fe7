// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

/// The systems on which Thrust's algorithms run; the names are Thrust's own.
namespace vitscape::system {

/// One processor thread.
struct cpp {};
/// Processor threads, by OpenMP.
struct omp {};
/// A CUDA device; needs a CUDA compiler.
struct cuda {};

}  // namespace vitscape::system

namespace vitscape {

template <class S>
concept HostSystem = std::same_as<S, system::cpp> || std::same_as<S, system::omp>;

}  // namespace vitscape
