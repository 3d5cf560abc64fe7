// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <vitscape/distributed/process_watch.hpp>

#include "support/catch.hpp"
#include "support/thread_processes.hpp"

namespace process_watch_test {

using namespace vitscape;
using test::Threads;
using namespace std::chrono_literals;

namespace {

constexpr int nothing = -2;  // no process was lost

/// What the watch of each of three processes says when they end as `end(watch, rank)` says, which may wait for that.
template <class End>
std::vector<int> said(const End& end, std::vector<std::chrono::milliseconds> beats = {100ms, 100ms, 100ms}) {
    std::vector<std::atomic<int>> lost(3);
    std::atomic<int> watching{0};
    test::run_processes(3, [&](Threads process) {
        const auto rank = static_cast<std::size_t>(process.rank());
        lost[rank] = nothing;
        const ProcessWatch::Options options{.beat = beats[rank], .patience = 5};
        auto watch = std::make_unique<ProcessWatch>(
            process, [&lost, rank](int number) { lost[rank] = number; }, options);
        if (watch->watching()) ++watching;
        process.barrier();
        end(watch, process.rank(), lost[rank]);
        process.barrier();
    });
    if (watching != 3) return {};
    return {lost[0], lost[1], lost[2]};
}
void wait_for(const std::atomic<int>& lost) {
    for (int i = 0; i < 1000 && lost == nothing; ++i) std::this_thread::sleep_for(10ms);
}
using Watch = std::unique_ptr<ProcessWatch>;

}  // namespace

TEST_CASE("processes that end in order miss none", "[distributed][watch]") {
    const auto all = said([](Watch& watch, int rank, const std::atomic<int>&) {
        std::this_thread::sleep_for(rank * 150ms);  // one after the other
        watch->leave();
    });
    CHECK(bool(all == std::vector<int>{nothing, nothing, nothing}));
}

TEST_CASE("a process that ends without a word is missed", "[distributed][watch]") {
    for (const int gone : {0, 2}) {
        const auto all = said([&](Watch& watch, int rank, const std::atomic<int>& lost) {
            if (rank == gone)
                watch.reset();
            else
                wait_for(lost);
        });
        // process 0 knows who it is and tells the others, who else miss process 0
        if (gone == 0)
            CHECK(bool(all == std::vector<int>{nothing, 0, 0}));
        else
            CHECK(bool(all == std::vector<int>{2, -1, nothing}));
    }
}

TEST_CASE("a process that is silent for long is missed", "[distributed][watch]") {
    const auto all = said(
        [&](Watch&, int rank, const std::atomic<int>& lost) {
            if (rank != 1) wait_for(lost);
        },
        {20ms, 1h, 20ms});  // process 1 says nothing for an hour, as if it were stopped
    CHECK(all.at(0) == 1);
    CHECK(all.at(2) == -1);
}

TEST_CASE("the others of a process that ends by an error need not say so", "[distributed][watch]") {
    for (const int wrong : {0, 1}) {
        const auto all = said([&](Watch& watch, int rank, const std::atomic<int>& lost) {
            if (rank == wrong)
                watch->alarm();
            else
                wait_for(lost);
        });
        CHECK(all.at(2) == -1);
        CHECK(all.at(static_cast<std::size_t>(1 - wrong)) == -1);
    }
}

TEST_CASE("a process alone watches nobody", "[distributed][watch]") {
    ProcessWatch watch(SingleProcess{}, [](int) {});
    CHECK_FALSE(watch.watching());
    watch.leave();
}

}  // namespace process_watch_test
