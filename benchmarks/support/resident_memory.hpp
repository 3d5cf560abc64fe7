// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>

namespace vitscape::benchmarks {

/// The most memory that this process has had resident so far, in MB (10^6 bytes).
inline double most_resident_megabytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;  // Linux counts KiB
}

}  // namespace vitscape::benchmarks
