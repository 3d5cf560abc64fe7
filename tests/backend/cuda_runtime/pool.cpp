// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <vitscape/backend/cuda/pool.hpp>

#include "support/catch.hpp"

namespace pool_test {

namespace {

using namespace vitscape;
using gpu::PoolSet;

/// Host memory with a capacity, and a record of what is out.
struct HostMemory {
    struct State {
        std::size_t capacity = SIZE_MAX, used = 0, allocations = 0, releases = 0;
        std::map<void*, std::size_t> blocks{};
    };
    State* state;

    void* allocate(std::size_t bytes) {
        if (bytes > state->capacity - state->used) return nullptr;
        void* const memory = std::malloc(bytes);
        state->used += bytes;
        state->blocks[memory] = bytes;
        ++state->allocations;
        return memory;
    }
    void release(void* memory) {
        const auto found = state->blocks.find(memory);
        REQUIRE(found != state->blocks.end());  // given back once, and only what came from here
        state->used -= found->second;
        state->blocks.erase(found);
        ++state->releases;
        std::free(memory);
    }
    [[nodiscard]] gpu::MemoryInfo memory_info() const {
        return {state->capacity - state->used, state->capacity};
    }
};
using Pools = PoolSet<HostMemory>;

}  // namespace

TEST_CASE("device pool: a loop of the same requests takes memory once", "[cuda]") {
    HostMemory::State state;
    {
        Pools pools(HostMemory{&state});
        for (int round = 0; round < 5; ++round) {
            std::vector<void*> blocks;
            for (const std::size_t bytes : {0u, 1u, 256u, 257u, 3000u, 1000000u, 1000000u})
                blocks.push_back(pools.allocate(bytes));
            std::memset(blocks[5], round, 1000000);
            std::memset(blocks[6], round, 1000000);
            std::size_t i = 0;
            for (const std::size_t bytes : {0u, 1u, 256u, 257u, 3000u, 1000000u, 1000000u})
                pools.release(blocks[i++], bytes);
        }
        CHECK(state.allocations == 7);
        CHECK(pools.statistics().system_allocations == 7);
        CHECK(pools.statistics().in_use == 0);
        CHECK(pools.statistics().reserved == state.used);
        CHECK(pools.statistics().peak == state.used);
        pools.trim();
        CHECK(pools.statistics().reserved == 0);
        CHECK(state.used == 0);
        pools.release(pools.allocate(10), 10);
        CHECK(state.used == 256);
        pools.forget_peak();
        CHECK(pools.statistics().peak == 0);
        pools.release(pools.allocate(10), 10);
        CHECK(pools.statistics().peak == 256);
    }
    CHECK(state.used == 0);
}

TEST_CASE("device pool: sizes are rounded up by an eighth at most, and to the alignment", "[cuda]") {
    for (std::size_t bytes = 1; bytes < 3000000; bytes += 1 + bytes / 7) {
        const std::size_t size = Pools::size_class(bytes);
        INFO(bytes);
        CHECK(size >= bytes);
        CHECK(size % Pools::alignment == 0);
        CHECK(size <= std::max(bytes + bytes / 8 + 1, bytes + Pools::alignment - 1));
        CHECK(Pools::size_class(size) == size);
    }
    CHECK(Pools::size_class(0) == Pools::alignment);
}

TEST_CASE("device pool: a block goes back to the pool it came from", "[cuda]") {
    HostMemory::State state;
    Pools pools(HostMemory{&state});
    void* const ordinary = pools.allocate(5000);
    const auto graph = pools.open(), other = pools.open();

    CHECK(pools.use(graph) == Pools::common);
    void* const scratch = pools.allocate(5000);
    pools.release(ordinary, 5000);  // the common pool's, although the private one is current
    CHECK(pools.statistics(Pools::common).in_use == 0);
    CHECK(pools.statistics(graph).in_use == Pools::size_class(5000));
    CHECK(pools.use(Pools::common) == graph);
    pools.release(scratch, 5000);  // the private pool's, although the common one is current
    CHECK(pools.statistics(graph).in_use == 0);

    // Nobody else gets a private pool's block; its own next request does.
    CHECK(pools.allocate(5000) == ordinary);
    void* const third = pools.allocate(5000);
    CHECK(third != scratch);
    pools.use(other);
    void* const fourth = pools.allocate(5000);
    CHECK(fourth != scratch);
    pools.use(graph);
    CHECK(pools.allocate(5000) == scratch);
    pools.use(Pools::common);

    // What is free in a private pool is not trimmed: a graph writes to it.
    pools.release(scratch, 5000);
    pools.release(third, 5000);
    const std::size_t before = state.releases;
    pools.trim();
    CHECK(state.releases == before + 1);
    CHECK(state.blocks.count(scratch) == 1);
    CHECK(state.blocks.count(third) == 0);

    pools.release(fourth, 5000);
    pools.release(ordinary, 5000);
}

TEST_CASE("device pool: a private pool takes over what is free in the common one", "[cuda]") {
    HostMemory::State state;
    Pools pools(HostMemory{&state});
    void* const block = pools.allocate(7000);
    pools.release(block, 7000);
    const auto graph = pools.open();
    pools.use(graph);
    CHECK(pools.allocate(7000) == block);
    CHECK(state.allocations == 1);
    pools.release(block, 7000);
    pools.use(Pools::common);
    CHECK(pools.statistics(graph).reserved == Pools::size_class(7000));
    CHECK(pools.statistics(Pools::common).reserved == 0);
    void* const second = pools.allocate(7000);
    CHECK(second != block);
    pools.release(second, 7000);
}

TEST_CASE("device pool: a closed pool's memory is the common one's, in use or free", "[cuda]") {
    HostMemory::State state;
    Pools pools(HostMemory{&state});
    const auto graph = pools.open();
    pools.use(graph);
    void* const kept = pools.allocate(4096);
    void* const scratch = pools.allocate(9000);
    pools.release(scratch, 9000);
    pools.close(graph);  // while current: the common pool takes its place
    CHECK(pools.statistics(Pools::common).in_use == 4096);
    CHECK(pools.statistics(Pools::common).reserved == state.used);
    CHECK(pools.allocate(9000) == scratch);
    pools.release(scratch, 9000);
    pools.release(kept, 4096);
    CHECK(pools.allocate(4096) == kept);
    pools.release(kept, 4096);
    pools.trim();
    CHECK(state.used == 0);
}

TEST_CASE("device pool: out of memory trims and tries again, then says how much was requested and is free",
          "[cuda]") {
    HostMemory::State state;
    state.capacity = 64 << 20;
    Pools pools(HostMemory{&state});
    void* const large = pools.allocate(40 << 20);
    void* const small = pools.allocate(8 << 20);
    pools.release(large, 40 << 20);
    void* const next = pools.allocate(48 << 20);  // fits only after the 40 MiB have been given back
    CHECK(state.used == (56 << 20));

    const auto before = pools.statistics();
    std::string text;
    try {
        static_cast<void>(pools.allocate(std::size_t{3} << 29));
    } catch (const gpu::OutOfDeviceMemory& error) {
        text = error.what();
        CHECK(error.requested == std::size_t{3} << 29);
        CHECK(error.memory.free == (8 << 20));
    }
    INFO(text);
    CHECK(text.find("1.5 GiB were requested") != std::string::npos);
    CHECK(text.find("8.0 MiB of 64.0 MiB are free") != std::string::npos);
    CHECK(text.find("56.0 MiB") != std::string::npos);
    CHECK(text.find("--batch") != std::string::npos);
    CHECK(pools.statistics().in_use == before.in_use);
    CHECK(pools.statistics().reserved == before.reserved);
    CHECK(pools.statistics().system_allocations == before.system_allocations);

    // While a stream is captured nothing may be given back.
    pools.release(next, 48 << 20);
    pools.allow_trim(false);
    CHECK_THROWS_AS(pools.allocate(20 << 20), gpu::OutOfDeviceMemory);
    CHECK(state.blocks.count(next) == 1);
    pools.allow_trim(true);
    void* const last = pools.allocate(20 << 20);
    pools.release(last, 20 << 20);
    pools.release(small, 8 << 20);
}

}  // namespace pool_test
