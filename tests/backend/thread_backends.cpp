// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <string>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/backend/thread_backends.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace thread_backends_test {

using namespace vitscape;

namespace {

/// A user's backend, which may have a state: it is not taken apart.
class Own : public Cpu<float> {
  public:
    using Cpu<float>::Cpu;
};

}  // namespace

TEST_CASE("every part runs once, on a backend of one thread that no other part uses at the same time") {
    STATIC_REQUIRE(ThreadedBackend<Cpu<float>>);
    STATIC_REQUIRE(ThreadedBackend<Cpu<bfloat16>>);
    STATIC_REQUIRE(ThreadedBackend<CpuPrimitives<double>>);
    const Index parts = GENERATE(0, 1, 2, 3, 7, 12);
    const int threads = GENERATE(1, 2, 3, 5);
    const Cpu<float> all(threads);
    ThreadBackends<Cpu<float>> backends(all);
    for (int round = 0; round < 2; ++round) {  // the second uses the same backends again
        std::array<std::atomic<int>, 12> runs{};
        std::array<std::atomic<int>, 6> in_use{};  // by the backends' numbers
        REQUIRE(backends.count() <= in_use.size());
        std::atomic<int> alone = 0, shared = 0;
        backends.for_each(parts, [&](Cpu<float> backend, std::size_t number, Index part) {
            ++runs[static_cast<std::size_t>(part)];
            alone += backend.threads() == 1 && &backend.memory() != &all.memory();
            std::atomic<int>& users = in_use.at(number);
            shared += ++users > 1;
            for (Index n = 1; n < 4000; n *= 2) {  // memory pools are not safe among threads
                float* const numbers = backend.allocate(n);
                backend.fill(n, static_cast<double>(part), numbers);
                shared += !std::all_of(numbers, numbers + n,
                                       [&](float x) { return x == static_cast<float>(part); });
                backend.release(numbers, n);
            }
            --users;
        });
        CHECK(shared == 0);
        for (std::size_t i = 0; i < runs.size(); ++i) CHECK(runs[i] == (static_cast<Index>(i) < parts));
        // two parts of five threads, or one of three and two, are left to all threads together
        const Index left = parts % threads;
        CHECK(alone == (threads == 1 ? 0 : 2 * left > threads ? parts : parts - left));
    }
    CHECK(all.memory().bytes_in_use() == 0);
}

TEST_CASE("what a part throws arrives when all threads have ended") {
    ThreadBackends<Cpu<float>> backends(Cpu<float>(3));
    const Index failing = GENERATE(0, 4, 6);  // in the first and second round of threads, and after them
    std::atomic<int> others = 0;
    const auto work = [&](const Cpu<float>&, std::size_t, Index part) {
        if (part == failing) throw ConfigError("part " + std::to_string(part));
        ++others;
    };
    CHECK(test::error_text<ConfigError>([&] { backends.for_each(7, work); }) ==
          "part " + std::to_string(failing));
    CHECK(others >= 4);
    others = 0;
    backends.for_each(3, [&](const Cpu<float>&, std::size_t, Index) { ++others; });  // nothing is left of it
    CHECK(others == 3);
}

TEST_CASE("a backend that cannot give threads their own runs part by part") {
    STATIC_REQUIRE_FALSE(ThreadedBackend<Own>);
    const Own own(3);
    ThreadBackends<Own> backends(own);
    std::string order;
    backends.for_each(4, [&](const Own& backend, std::size_t number, Index part) {
        CHECK(&backend.memory() == &own.memory());
        CHECK(number == 0);
        order += std::to_string(part);
    });
    CHECK(order == "0123");
}

}  // namespace thread_backends_test
