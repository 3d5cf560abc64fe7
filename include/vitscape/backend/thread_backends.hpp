// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/eigen/parallel.hpp>

namespace vitscape {

/// A backend on processors that can give each thread a backend of its own: `on_one_thread()`, the same with one thread and other memory.
template <class B>
concept ThreadedBackend = Backend<B> && requires(const B& backend) {
    { backend.threads() } -> std::convertible_to<int>;
    { backend.on_one_thread() } -> std::same_as<B>;
};

/// Runs parts of work that do not depend on each other; on any but a `ThreadedBackend` one after another. Threads that compute a part
/// each wait for each other once, instead of at every operation, and each finds its activations in its own cache.
template <Backend B>
class ThreadBackends {
  public:
    explicit ThreadBackends(B all) : all_(std::move(all)) {}

    [[nodiscard]] const B& all() const { return all_; }
    /// Numbers that `work` may get for a backend.
    [[nodiscard]] std::size_t count() const {
        if constexpr (ThreadedBackend<B>)
            return static_cast<std::size_t>(all_.threads()) + 1;
        else
            return 1;
    }

    /// Calls work(backend, number of the backend, part) for 0 <= part < parts. As many parts as there are threads run at the same
    /// time, on backends of one thread; a few that are left in the end, part by part on all threads. A tensor may be read by one part
    /// only, since counting its handles is not safe among threads. @throws what `work` throws, after all threads have ended
    template <class Work>
    void for_each(Index parts, const Work& work) {
        Index first = 0;
        if constexpr (ThreadedBackend<B>) {
            const Index threads = all_.threads(), left = parts % threads;
            if (threads > 1) first = 2 * left > threads ? parts : parts - left;
            if (first > 0) on_threads(threads, first, work);
        }
        for (Index part = first; part < parts; ++part) work(all_, count() - 1, part);
    }

  private:
    template <class Work>
    void on_threads(Index threads, Index parts, const Work& work) {
        while (own_.size() + 1 < count()) own_.push_back(all_.on_one_thread());
        failed_.assign(own_.size(), nullptr);
        detail::parallel_for(static_cast<int>(threads), threads, [&](Index thread) {
            const auto i = static_cast<std::size_t>(thread);
            try {
                for (Index part = thread; part < parts; part += threads) work(own_[i], i, part);
            } catch (...) {
                failed_[i] = std::current_exception();  // may not leave the parallel region
            }
        });
        for (std::exception_ptr& failure : failed_)
            if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
    }

    B all_;
    std::vector<B> own_;  // one for each thread, made when they are needed
    std::vector<std::exception_ptr> failed_;
};

}  // namespace vitscape
