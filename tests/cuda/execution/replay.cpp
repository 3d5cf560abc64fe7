// SPDX-License-Identifier: Apache-2.0
//
// Downloads that are waited for later, and work that is recorded and replayed.
#include <vitscape/tensor/host_numbers.hpp>
#include <vitscape/tensor/replay.hpp>

#include "../device_test.hpp"
#include "support/error_text.hpp"

namespace replay_test {

using namespace vitscape;
using namespace vitscape::test;

TEMPLATE_TEST_CASE("device downloads: numbers as they were when they were requested", "[cuda]", double, float,
                   bfloat16) {
    using B = Cuda<TestType>;
    STATIC_REQUIRE(DeferredDownload<B>);
    B backend;
    HostNumbers<B> numbers(backend), others(backend);
    CHECK(numbers.wait().empty());
    for (const Index n : {10, 100000, 3}) {  // the buffer grows, and then holds fewer
        const auto x = numbers_of<TestType>(n, static_cast<std::uint32_t>(n));
        const Tensor<B> memory = on(backend, x), ones = on(backend, std::vector<double>(x.size(), 1));
        numbers.copy(n, memory.data());
        others.copy(1, memory.data());
        backend.fill(n, 0, memory.data());  // behind the copy
        const auto there = numbers.wait();
        CHECK(bool(std::vector<double>(there.begin(), there.end()) == x));
        CHECK(bool(numbers.wait()[0] == x[0]));  // once more
        CHECK(others.wait().size() == 1);
        CHECK(others.wait()[0] == x[0]);

        double sum = 0, scale = 0;
        for (const double number : x) sum += number, scale += std::abs(number);
        backend.upload(n, x.data(), memory.data());
        numbers.dot(n, memory.data(), ones.data());
        backend.fill(n, 0, memory.data());
        REQUIRE(numbers.wait().size() == 1);
        CHECK(std::abs(numbers.wait()[0] - sum) <= 1e-14 * scale);  // taken in double
    }
}

TEMPLATE_TEST_CASE("device replay: records at the second run, and then sees new numbers in the old memory",
                   "[cuda]", double, float) {
    using B = Cuda<TestType>;
    const Index n = 5000;
    for (const bool graphs : {true, false}) {
        B backend({.graphs = graphs});
        Replay<B> replay;
        HostNumbers<B> result(backend), square(backend);
        const Tensor<B> x(backend, {n}), total = on(backend, {0.0});
        const operand::Matrix<TestType*> in{x.data(), n};
        int calls = 0;
        const auto work = [&] {
            ++calls;
            const Tensor<B> twice(backend, {n});  // of the graph's own memory
            const operand::Matrix<TestType*> out{twice.data(), n};
            backend.map(1, n, functor::Add{}, out, in, in);
            backend.reduce_rows(1, n, functor::Identity{}, total.data(), out);
            result.copy(n, twice.data());
            square.dot(n, twice.data(), twice.data());
        };
        std::size_t allocations = 0;
        for (int step = 0; step < 8; ++step) {
            INFO("graphs " << graphs << ", step " << step);
            std::vector<double> numbers(static_cast<std::size_t>(n), step + 1);
            backend.upload(n, numbers.data(), x.data());
            replay.run(backend, 17, work);
            numbers.assign(numbers.size(), -1);
            backend.upload(n, numbers.data(), x.data());   // behind the work
            const Tensor<B> other = on(backend, numbers);  // never in the graph's memory
            const auto there = result.wait();
            CHECK(bool(std::vector<double>(there.begin(), there.end()) ==
                       std::vector<double>(numbers.size(), 2 * (step + 1))));
            CHECK(square.wait()[0] == n * 4.0 * (step + 1) * (step + 1));
            CHECK(read(total, backend)[0] == 2.0 * n * (step + 1));
            CHECK(bool(read(other, backend) == numbers));
            if (step == 2) allocations = backend.memory().system_allocations();
        }
        CHECK(calls == (graphs ? 2 : 8));
        CHECK(backend.memory().system_allocations() == allocations);

        // another signature starts over, with memory that is there already
        for (int step = 0; step < 3; ++step) replay.run(backend, 18, work);
        CHECK(calls == (graphs ? 4 : 11));
        CHECK(bool(result.wait()[0] == -2));
        CHECK(backend.memory().system_allocations() == allocations);
    }
}

TEST_CASE("device replay: what cannot be recorded is an error with its remedy, and the next run starts over",
          "[cuda]") {
    using B = Cuda<float>;
    B backend;
    const Tensor<B> x = on(backend, {1.0, 2.0});
    const operand::Matrix<float*> row{x.data(), 2};
    std::vector<double> host(2);
    for (const int forbidden : {0, 1, 2}) {
        Replay<B> replay;
        int runs = 0;
        const auto work = [&] {
            backend.map(1, 2, functor::Add{}, row, row, row);
            if (++runs != 2) return;
            if (forbidden == 0) backend.download(2, x.data(), host.data());
            if (forbidden == 1) backend.upload(2, host.data(), x.data());
            if (forbidden == 2) backend.synchronize();
        };
        const std::vector<double> before = read(x, backend);
        replay.run(backend, 1, work);
        CHECK(
            contains(error_text<gpu::CaptureError>([&] { replay.run(backend, 1, work); }), "captured step"));
        for (int step = 0; step < 3; ++step) replay.run(backend, 1, work);
        CHECK(runs == 4);
        CHECK(read(x, backend)[1] == 16 * before[1]);  // four of five: what failed was not run
    }
}

}  // namespace replay_test
