// SPDX-License-Identifier: Apache-2.0
//
// A device's memory: what is asked for in vain, and GPUs that are not there.
#include <vitscape/backend/cuda/device.hpp>

#include "../device_test.hpp"
#include "support/error_text.hpp"

namespace memory_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("device memory: a request that cannot be met says what was asked, what is free and what helps",
          "[cuda]") {
    using B = Cuda<float>;
    B backend;
    const gpu::Context& context = backend.execution().context();
    const std::vector<double> numbers = numbers_of<float>(1000, 1);
    const Tensor<B> x = on(backend, numbers);
    backend.release(backend.allocate(1 << 20), 1 << 20);  // waits in the pool
    const auto before = backend.memory().all;
    CHECK(before.reserved > before.in_use);
    const Index too_much = static_cast<Index>(context.properties().memory / sizeof(float)) * 2;
    try {
        static_cast<void>(backend.allocate(too_much));
        FAIL("twice the device's memory was given");
    } catch (const gpu::OutOfDeviceMemory& error) {
        CHECK(error.requested == static_cast<std::size_t>(too_much) * sizeof(float));
        CHECK(error.memory.total > 0);
        CHECK(error.memory.free <= error.memory.total);
        for (const char* const words : {"were requested", "are free", "--batch"})
            CHECK(contains(error.what(), words));
    }
    const auto after = backend.memory().all;
    CHECK(after.in_use == before.in_use);
    CHECK(after.reserved == after.in_use);  // all that was unused went back to the device
    CHECK(bool(read(x, backend) == numbers));
}

TEST_CASE("device memory: blocks come again, copies of a backend share them", "[cuda]") {
    using B = Cuda<bfloat16>;
    B backend;
    const auto sums = backend.master();
    std::size_t allocations = 0;
    for (int step = 0; step < 5; ++step) {
        const Tensor<B> a(backend, {100, 1000}), b(backend, {7});
        const Tensor<Cuda<float>> c(sums, {500});
        B copy = backend;
        const Tensor<B> d(copy, {100, 1000});
        if (step == 0) allocations = backend.memory().system_allocations();
        CHECK(a.data() != d.data());
    }
    CHECK(backend.memory().system_allocations() == allocations);
    CHECK(sums.memory().system_allocations() == allocations);
    CHECK(backend.memory().bytes_in_use() == 0);
    CHECK(backend.memory().peak_bytes() >= 2 * 100 * 1000 * sizeof(bfloat16));
}

TEST_CASE("devices: a GPU that is not there is an error with its remedy", "[cuda]") {
    CHECK(gpu::available());
    const int none = gpu::device_count();
    for (const int device : {none, -1})
        CHECK(contains(error_text<gpu::DeviceError>([device] { const Cuda<float> backend(device); }),
                       "choose"));
}

}  // namespace memory_test
