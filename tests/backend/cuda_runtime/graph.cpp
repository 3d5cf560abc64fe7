// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/backend/cuda/graph.hpp>
#include <vitscape/backend/cuda/pool.hpp>

#include "support/catch.hpp"

namespace graph_test {

namespace {

using namespace vitscape;

struct HostMemory {
    void* allocate(std::size_t bytes) const { return std::malloc(bytes); }
    void release(void* memory) const { std::free(memory); }
    [[nodiscard]] gpu::MemoryInfo memory_info() const { return {}; }
};

/// Stands for a CUDA context: a body queues words, a captured graph is the list of them.
struct Recorder : std::enable_shared_from_this<Recorder> {
    using Executable = std::vector<std::string>;

    gpu::PoolSet<HostMemory>& pools() { return pool_set; }
    [[nodiscard]] bool graphs_enabled() const { return enabled; }
    [[nodiscard]] bool capturing() const { return recording != nullptr; }
    void begin_capture() {
        REQUIRE(!capturing());
        recording = std::make_unique<Executable>();
    }
    Executable end_capture() {
        REQUIRE(capturing());
        if (fail_at_end) {
            recording.reset();
            throw gpu::DeviceError("the capture failed");
        }
        return std::move(*std::exchange(recording, nullptr));
    }
    void abandon_capture() noexcept {
        ++abandoned;
        recording.reset();
    }
    void launch(const Executable& executable) {
        REQUIRE(!capturing());
        ++launches;
        done.insert(done.end(), executable.begin(), executable.end());
    }
    void queue(const std::string& word) { (capturing() ? *recording : done).push_back(word); }

    gpu::PoolSet<HostMemory> pool_set;
    std::unique_ptr<Executable> recording;
    Executable done;
    int launches = 0, abandoned = 0;
    bool enabled = true, fail_at_end = false;
};
using Graph = gpu::BasicGraph<Recorder>;
using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("graph: the first run is plain, the second captures, later ones launch", "[cuda]") {
    const auto context = std::make_shared<Recorder>();
    Graph graph;
    int calls = 0;
    const auto body = [&] {
        ++calls;
        context->queue("a");
        context->queue("b");
    };
    graph.run(*context, 7, body);
    CHECK(calls == 1);
    CHECK(context->launches == 0);
    CHECK(!graph.captured());
    graph.run(*context, 7, body);
    CHECK(calls == 2);
    CHECK(context->launches == 1);
    CHECK(graph.captured());
    for (int i = 0; i < 3; ++i) graph.run(*context, 7, body);
    CHECK(calls == 2);
    CHECK(context->launches == 4);
    CHECK((context->done == Words{"a", "b", "a", "b", "a", "b", "a", "b", "a", "b"}));
}

TEST_CASE("graph: another signature starts over", "[cuda]") {
    const auto context = std::make_shared<Recorder>();
    Graph graph;
    int calls = 0;
    const auto run = [&](std::uint64_t signature) { graph.run(*context, signature, [&] { ++calls; }); };
    for (int i = 0; i < 3; ++i) run(1);
    CHECK(calls == 2);
    for (int i = 0; i < 3; ++i) run(2);
    CHECK(calls == 4);
    run(1);
    CHECK(calls == 5);
    run(2);
    run(1);
    CHECK(calls == 7);
    CHECK(!graph.captured());
}

TEST_CASE("graph: the body's memory is from a pool of the graph", "[cuda]") {
    const auto context = std::make_shared<Recorder>();
    auto& pools = context->pools();
    void* scratch[2] = {};
    int calls = 0;
    {
        Graph graph;
        const auto body = [&] {
            scratch[calls] = pools.allocate(5000);
            pools.release(scratch[calls++], 5000);
        };
        graph.run(*context, 1, body);
        graph.run(*context, 1, body);
        CHECK(scratch[0] == scratch[1]);  // no memory is taken while the step is captured
        CHECK(pools.statistics().system_allocations == 1);
        void* const outside = pools.allocate(5000);
        CHECK(outside != scratch[0]);
        pools.release(outside, 5000);
        pools.trim();
    }
    // With the graph its memory is free again.
    CHECK(pools.statistics().reserved == pools.size_class(5000));
    void* const next = pools.allocate(5000);
    CHECK(next == scratch[0]);
    pools.release(next, 5000);
}

TEST_CASE("graph: an exception ends the capture, and the next run is plain", "[cuda]") {
    const auto context = std::make_shared<Recorder>();
    Graph graph;
    int calls = 0;
    bool fail = false;
    const auto body = [&] {
        ++calls;
        void* const memory = context->pools().allocate(100);
        context->pools().release(memory, 100);
        context->queue("word");
        if (fail) throw std::runtime_error("body");
    };
    graph.run(*context, 1, body);
    SECTION("in the body") {
        fail = true;
        CHECK_THROWS_AS(graph.run(*context, 1, body), std::runtime_error);
        CHECK(context->abandoned == 1);
        fail = false;
    }
    SECTION("at the end of the capture") {
        context->fail_at_end = true;
        CHECK_THROWS_AS(graph.run(*context, 1, body), gpu::DeviceError);
        context->fail_at_end = false;
    }
    CHECK(!context->capturing());
    CHECK((context->done == Words{"word"}));  // of the failed run nothing was done
    CHECK(context->pools().use(0) == 0);      // the common pool is current again
    graph.run(*context, 1, body);
    CHECK(context->launches == 0);
    graph.run(*context, 1, body);
    CHECK(context->launches == 1);
    graph.run(*context, 1, body);
    CHECK(calls == 4);
    CHECK((context->done == Words{"word", "word", "word", "word"}));
}

TEST_CASE("graph: an exception in the first run leaves nothing behind", "[cuda]") {
    const auto context = std::make_shared<Recorder>();
    Graph graph;
    const auto fail = [] { throw std::runtime_error("body"); };
    CHECK_THROWS_AS(graph.run(*context, 1, fail), std::runtime_error);
    CHECK(context->pools().use(0) == 0);
    int calls = 0;
    for (int i = 0; i < 4; ++i) graph.run(*context, 1, [&] { ++calls; });
    CHECK(calls == 2);
    CHECK(context->launches == 3);
}

TEST_CASE("graph: a graph inside another's body becomes a part of it", "[cuda]") {
    const auto context = std::make_shared<Recorder>();
    Graph outer, inner;
    const auto body = [&] {
        context->queue("before");
        inner.run(*context, 1, [&] { context->queue("inner"); });
    };
    for (int i = 0; i < 4; ++i) outer.run(*context, 1, body);
    CHECK(
        (context->done == Words{"before", "inner", "before", "inner", "before", "inner", "before", "inner"}));
    CHECK(context->launches == 3);
}

TEST_CASE("graph: moves keep what was captured; switched off, the body runs every time", "[cuda]") {
    const auto context = std::make_shared<Recorder>();
    int calls = 0;
    const auto body = [&] { ++calls; };
    Graph first;
    first.run(*context, 1, body);
    first.run(*context, 1, body);
    Graph second = std::move(first);
    second.run(*context, 1, body);
    CHECK(calls == 2);
    first = Graph();
    second = Graph();
    CHECK(context.use_count() == 1);  // nothing holds the context any more
    second.run(*context, 1, body);
    CHECK(calls == 3);
    context->enabled = false;
    for (int i = 0; i < 3; ++i) second.run(*context, 1, body);
    CHECK(calls == 6);
}

}  // namespace graph_test
