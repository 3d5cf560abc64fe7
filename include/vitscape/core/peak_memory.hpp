// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace vitscape {

/// How much memory a piece of work adds to this process at its peak, as the system counts it (Linux: resident pages).
///
///     const PeakMemory memory;  // from here
///     …
///     memory.added();           // bytes, the largest so far over what was there at the start
class PeakMemory {
  public:
    PeakMemory() {
        std::ofstream("/proc/self/clear_refs") << "5\n";  // the peak starts anew
        start_ = field("VmRSS:");
    }
    /// Bytes; nothing where the system does not say.
    [[nodiscard]] std::optional<double> added() const {
        const double peak = field("VmHWM:");
        if (!(start_ > 0) || !(peak >= start_)) return {};
        return peak - start_;
    }

  private:
    static double field(const std::string& name) {
        std::ifstream status("/proc/self/status");
        for (std::string word; status >> word;)
            if (double kilobytes = 0; word == name && status >> kilobytes) return 1024 * kilobytes;
        return std::numeric_limits<double>::quiet_NaN();
    }
    double start_ = 0;
};

}  // namespace vitscape
