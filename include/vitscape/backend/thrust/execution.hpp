// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/thrust/host.hpp>
#if defined(__CUDACC__)
#include <vitscape/backend/cuda/execution.hpp>
#endif
