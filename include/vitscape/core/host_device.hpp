// SPDX-License-Identifier: Apache-2.0
#pragma once

/// VITSCAPE_HOST_DEVICE marks a function that a GPU kernel may call, VITSCAPE_DEVICE one that only kernels may call; both
/// are empty unless a CUDA compiler reads the header.
#if defined(__CUDACC__)
#define VITSCAPE_HOST_DEVICE __host__ __device__
#define VITSCAPE_DEVICE __device__
#else
#define VITSCAPE_HOST_DEVICE
#define VITSCAPE_DEVICE
#endif
