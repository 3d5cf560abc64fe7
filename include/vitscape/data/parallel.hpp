// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace vitscape::detail {

/// `requested`, or the number of cores if that is 0.
inline std::size_t thread_count(std::size_t requested) {
    return requested != 0 ? requested : std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

/// Calls `work(i)` once for each i in [0, count), on several threads, and `progress(done)` about a hundred
/// times, never concurrently. The first exception stops the rest and is rethrown.
template <class Work, class Progress>
void parallel_for(std::size_t count, std::size_t threads, const Work& work, const Progress& progress) {
    const std::size_t step = std::max<std::size_t>(1, count / 100);
    std::atomic<std::size_t> next{0};
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::size_t done = 0;
    std::exception_ptr error;
    const auto run = [&] {
        try {
            for (std::size_t begin; !stop && (begin = next.fetch_add(step)) < count;) {
                const std::size_t end = std::min(begin + step, count);
                for (std::size_t i = begin; i < end; ++i) work(i);
                const std::scoped_lock lock(mutex);
                done += end - begin;
                progress(done);
            }
        } catch (...) {
            const std::scoped_lock lock(mutex);
            if (!error) error = std::current_exception();
            stop = true;
        }
    };
    const std::size_t helpers = std::min(thread_count(threads), (count + step - 1) / step);
    std::vector<std::jthread> pool;
    for (std::size_t i = 1; i < helpers; ++i) pool.emplace_back(run);
    run();
    pool.clear();  // joins
    if (error) std::rethrow_exception(error);
}

}  // namespace vitscape::detail
