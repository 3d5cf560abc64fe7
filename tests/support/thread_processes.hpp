// SPDX-License-Identifier: Apache-2.0
//
// The processes of a run as threads of a test.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <vitscape/distributed/communicator.hpp>

namespace vitscape::test {

/// A communicator, on host memory: messages wait in boxes, sums for all. Sums are those of double, in any order.
class Threads {
  public:
    struct Shared {
        std::mutex mutex{};
        std::condition_variable changed{};
        std::map<std::pair<int, int>, std::vector<std::vector<double>>> boxes{};  // (from, to)
        int messages = 0;
        std::vector<double> joint{};
        int arrived = 0, left = 0;
    };

    Threads(std::shared_ptr<Shared> shared, int rank, int size)
        : shared_(std::move(shared)), rank_(rank), size_(size) {}
    [[nodiscard]] int rank() const { return rank_; }
    [[nodiscard]] int size() const { return size_; }
    void sum(double* numbers, std::size_t count) {
        std::unique_lock lock(shared_->mutex);
        shared_->changed.wait(lock, [&] { return shared_->left == 0; });  // the last sum is over
        shared_->joint.resize(count);
        for (std::size_t i = 0; i < count; ++i) shared_->joint[i] += numbers[i];
        ++shared_->arrived;
        shared_->changed.notify_all();
        shared_->changed.wait(lock, [&] { return shared_->arrived == size_; });
        std::copy_n(shared_->joint.begin(), count, numbers);
        if (++shared_->left == size_) {
            shared_->joint.clear();
            shared_->arrived = shared_->left = 0;
        }
        shared_->changed.notify_all();
    }
    void barrier() { sum(nullptr, 0); }
    void abandon() {}
    template <class B, class T>
    void start_sum(B&, Index n, T* p) {
        std::vector<double> numbers(p, p + n);
        sum(numbers.data(), numbers.size());
        std::transform(numbers.begin(), numbers.end(), p, [](double x) { return static_cast<T>(x); });
    }
    template <class B>
    void finish(B&) {}
    template <class B, class T>
    void broadcast(B& backend, Index n, T* p, int root) {
        if (rank_ != root) std::fill_n(p, n, T(0));
        start_sum(backend, n, p);
    }
    template <class B, class T>
    void send(B&, Index n, T* p, int to) {
        const std::scoped_lock lock(shared_->mutex);
        shared_->boxes[{rank_, to}].emplace_back(p, p + n);
        ++shared_->messages;
        shared_->changed.notify_all();
    }
    template <class B, class T>
    void receive(B&, Index n, T* p, int from) {
        std::unique_lock lock(shared_->mutex);
        auto& box = shared_->boxes[{from, rank_}];
        shared_->changed.wait(lock, [&] { return !box.empty(); });
        if (static_cast<Index>(box.front().size()) != n) throw std::logic_error("a message of another size");
        std::transform(box.front().begin(), box.front().end(), p, [](double x) { return static_cast<T>(x); });
        box.erase(box.begin());
    }

  private:
    std::shared_ptr<Shared> shared_;
    int rank_, size_;
};

/// Calls f(process) in as many threads. Checks belong behind it: Catch2 counts them in one thread only.
/// @returns the number of messages
template <class F>
int run_processes(int processes, const F& f) {
    const auto shared = std::make_shared<Threads::Shared>();
    {
        std::vector<std::jthread> threads;
        for (int rank = 0; rank < processes; ++rank)
            threads.emplace_back([&, rank] { f(Threads(shared, rank, processes)); });
    }
    return shared->messages;
}

}  // namespace vitscape::test
