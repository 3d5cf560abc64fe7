// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

#include <sys/resource.h>

#include <vitscape/core/error.hpp>

namespace vitscape {

/// Bytes that a process can still get: what the system says is available, and no more than the limits of its control
/// group and of itself (`ulimit -v`). Infinite where the system says nothing.
[[nodiscard]] inline double available_memory() {
    constexpr double unknown = std::numeric_limits<double>::infinity();
    double available = unknown;
    std::ifstream system("/proc/meminfo");
    for (std::string name, unit; system >> name;) {
        double kilobytes = 0;
        if (!(system >> kilobytes)) break;
        std::getline(system, unit);
        if (name == "MemAvailable:") available = 1024 * kilobytes;
        if (name == "SwapFree:" && available < unknown) available += 1024 * kilobytes;
    }
    for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        double limit = 0;  // "max" is no number
        if (std::ifstream(file) >> limit) available = std::min(available, limit);
    }
    rlimit own{};
    if (::getrlimit(RLIMIT_AS, &own) == 0 && own.rlim_cur != RLIM_INFINITY)
        available = std::min(available, static_cast<double>(own.rlim_cur));
    return available;
}

/// "3.2 GB": bytes with a decimal unit.
[[nodiscard]] inline std::string memory_text(double bytes) {
    constexpr std::array units{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    std::size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < units.size()) bytes /= 1000, ++unit;
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.3g %s", bytes, units[unit]);
    return text.data();
}

/// Refuses what cannot fit, before it is begun. Sizes are counted in floating point, which does not overflow.
/// @param what  whose memory it is, with the options that decide it  @param remedy  what needs less
/// @throws ConfigError saying how much is needed and how much there is
inline void require_memory(std::string_view what, double bytes, double available, std::string_view remedy) {
    if (bytes > available)
        throw ConfigError(message(what, " would need ", memory_text(bytes), " of memory, ",
                                  memory_text(available), " are available; ", remedy));
}

}  // namespace vitscape
