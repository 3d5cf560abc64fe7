// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <vitscape/core/shape.hpp>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace vitscape {

/// Number of processors that OpenMP would use; 1 without OpenMP.
inline int available_threads() {
#if defined(_OPENMP)
    return omp_get_num_procs();
#else
    return 1;
#endif
}

namespace detail {

/// Calls f(block) for 0 <= block < blocks on `threads` threads; thread t always gets the same contiguous
/// share, so what it wrote in one operation is in its cache in the next.
template <class F>
void parallel_for(int threads, Index blocks, const F& f) {
#if defined(_OPENMP)
    if (threads > 1 && blocks > 1) {
#pragma omp parallel for num_threads(threads) schedule(static)
        for (Index block = 0; block < blocks; ++block) f(block);
        return;
    }
#else
    (void)threads;
#endif
    for (Index block = 0; block < blocks; ++block) f(block);
}

/// A fixed division of `size` items into blocks of at least `smallest` and at most `largest` of them. It
/// depends on the size alone, never on the number of threads, so results do not either.
struct Blocks {
    Index size, length, count;
    Blocks(Index items, Index smallest, Index most_blocks) : size(items) {
        length = std::max<Index>(std::max<Index>(smallest, 1), (items + most_blocks - 1) / most_blocks);
        count = (items + length - 1) / length;
    }
    [[nodiscard]] Index begin(Index block) const { return block * length; }
    [[nodiscard]] Index end(Index block) const { return std::min(size, (block + 1) * length); }
};

}  // namespace detail
}  // namespace vitscape
