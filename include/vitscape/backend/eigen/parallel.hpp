// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include <vitscape/core/host_device.hpp>
#include <vitscape/core/shape.hpp>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace vitscape {

/// Number of threads that OpenMP would start here: `OMP_NUM_THREADS` if it is set, otherwise one per processor available to
/// the process; 1 without OpenMP.
inline int available_threads() {
#if defined(_OPENMP)
    return omp_get_max_threads();
#else
    return 1;
#endif
}

namespace detail {

/// While it exists, code on this thread that would start its own OpenMP threads (Eigen, oneDNN) runs on
/// this thread.
class OneThread {
  public:
#if defined(_OPENMP)
    OneThread() : before_(omp_get_max_threads()) {
        if (before_ != 1) omp_set_num_threads(1);
    }
    ~OneThread() {
        if (before_ != 1) omp_set_num_threads(before_);
    }

  private:
    int before_;
#else
    OneThread() = default;
    ~OneThread() {}
#endif
  public:
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;
};

/// call(f, block) for 0 <= block < blocks on `threads` threads. A function of pointers, not a template: a user's program
/// holds one parallel region and not one for each kernel, and compiles a tenth faster.
[[gnu::noinline]] inline void run_blocks(int threads, Index blocks, void (*call)(const void*, Index),
                                         const void* f) {
#if defined(_OPENMP)
    if (threads > 1 && blocks > 1) {
#pragma omp parallel for num_threads(threads) schedule(static)
        for (Index block = 0; block < blocks; ++block) call(f, block);
        return;
    }
#else
    (void)threads;
#endif
    const OneThread guard;  // a team of one is not "parallel" for OpenMP: oneDNN would start all its threads
    for (Index block = 0; block < blocks; ++block) call(f, block);
}

/// Calls f(block) for 0 <= block < blocks on `threads` threads; thread t always gets the same contiguous
/// share, so what it wrote in one operation is in its cache in the next. Inside f, libraries do not start
/// threads of their own.
template <class F>
void parallel_for(int threads, Index blocks, const F& f) {
    run_blocks(
        threads, blocks, [](const void* g, Index block) { (*static_cast<const F*>(g))(block); }, &f);
}

/// A fixed division of `items` into a power of two of even blocks, at most `most` (a power of two) and each
/// of at least `smallest` items if there are that many. It depends only on the size, never on the number
/// of threads, and so do results.
struct Blocks {
    Index size, count;
    Blocks(Index items, Index smallest, Index most)
        : size(items),
          count(static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(
              std::clamp<Index>(items / std::max<Index>(smallest, 1), 1, most))))) {}
    [[nodiscard]] VITSCAPE_HOST_DEVICE Index begin(Index block) const { return size * block / count; }
    [[nodiscard]] VITSCAPE_HOST_DEVICE Index end(Index block) const { return begin(block + 1); }
    [[nodiscard]] Index length(Index block) const { return end(block) - begin(block); }
};

}  // namespace detail
}  // namespace vitscape
