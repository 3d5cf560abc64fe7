// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Marks a function that a GPU kernel may call; nothing when no CUDA compiler reads the header.
#if defined(__CUDACC__)
#define VITSCAPE_HOST_DEVICE __host__ __device__
#else
#define VITSCAPE_HOST_DEVICE
#endif
