// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstring>
#include <vector>

#include <vitscape/backend/eigen/primitives.hpp>

#include "support/catch.hpp"

namespace memory_pool_test {

using namespace vitscape;

TEST_CASE("memory pool: released memory serves the next request of its size", "[backend]") {
    MemoryPool pool;
    for (int round = 0; round < 5; ++round) {
        std::vector<std::pair<void*, std::size_t>> blocks;
        for (const std::size_t bytes : {0ul, 1ul, 64ul, 65ul, 512ul, 513ul, 4096ul, 5000ul, 1000003ul}) {
            void* const memory = pool.allocate(bytes);
            CHECK(reinterpret_cast<std::uintptr_t>(memory) % MemoryPool::alignment == 0);
            std::memset(memory, round, bytes);
            for (const auto& [other, size] : blocks) CHECK(other != memory);
            blocks.emplace_back(memory, bytes);
        }
        CHECK(pool.bytes_in_use() >= 1011059);
        for (const auto& [memory, bytes] : blocks) pool.release(memory, bytes);
        CHECK(pool.bytes_in_use() == 0);
        CHECK(pool.system_allocations() == 9);
    }
}

TEST_CASE("memory pool: sizes are rounded up by an eighth at most", "[backend]") {
    MemoryPool pool;
    for (std::size_t bytes = 513; bytes < 100000; bytes += 97) {
        void* const memory = pool.allocate(bytes);
        CHECK(pool.bytes_in_use() >= bytes);
        CHECK(static_cast<double>(pool.bytes_in_use()) <= 1.125 * static_cast<double>(bytes));
        pool.release(memory, bytes);
    }
}

TEST_CASE("memory pool: the peak is remembered, trim gives memory back", "[backend]") {
    MemoryPool pool;
    void* const first = pool.allocate(1024);
    void* const second = pool.allocate(2048);
    pool.release(first, 1024);
    pool.release(second, 2048);
    CHECK(pool.peak_bytes() == 3072);
    pool.trim();
    pool.release(pool.allocate(1024), 1024);
    CHECK(pool.system_allocations() == 3);
    CHECK(pool.peak_bytes() == 3072);
    void* const third = pool.allocate(512);
    pool.forget_peak();
    CHECK(pool.peak_bytes() == 512);
    pool.release(third, 512);
}

TEST_CASE("CPU backend: copies share the memory pool", "[backend]") {
    CpuPrimitives<double> backend(1);
    CpuPrimitives<double> copy = backend;
    double* const numbers = copy.allocate(100);
    CHECK(backend.memory().bytes_in_use() >= 800);
    backend.release(numbers, 100);
    CHECK(copy.memory().bytes_in_use() == 0);
    CHECK(backend.threads() == 1);
    CHECK(CpuPrimitives<double>(0).threads() == available_threads());
}

#if defined(_OPENMP)
TEST_CASE("CPU backend: as many threads as OpenMP was told, where no number is given", "[backend]") {
    const int before = omp_get_max_threads();
    for (const int threads : {1, 3, 5}) {
        omp_set_num_threads(threads);  // what OMP_NUM_THREADS sets at the start
        CHECK(CpuPrimitives<double>().threads() == threads);
        CHECK(CpuPrimitives<double>(2).threads() == 2);
    }
    omp_set_num_threads(before);
}
#endif

}  // namespace memory_pool_test
