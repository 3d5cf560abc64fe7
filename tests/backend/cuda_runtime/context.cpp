// SPDX-License-Identifier: Apache-2.0
//
// The CUDA context on the host, with a device that only the tests have.
#if __has_include(<cuda_runtime_api.h>) && __has_include(<cublasLt.h>) && !defined(__CUDACC__)

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <vitscape/backend/cuda/context.hpp>

#include "context_fixture.hpp"

namespace context_test {

namespace {

using namespace vitscape;
using test::Array;
using test::Fixture;
using test::numbers;

std::size_t bytes_of(const std::vector<float>& x) { return x.size() * sizeof(float); }

std::string refusal(int index, const void* kernel = nullptr) {
    try {
        gpu::require_device(index, kernel);
    } catch (const gpu::DeviceError& error) {
        return error.what();
    }
    return "";
}
bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("require_device: tells a missing driver, device, index and architecture apart", "[cuda]") {
    const Fixture fixture;
    auto& device = fake::device;
    const int kernel = 0;
    CHECK(refusal(0, &kernel).empty());
    CHECK(gpu::available());
    CHECK(has(refusal(3), "is only GPU 0"));
    CHECK(has(refusal(-1), "is only GPU 0"));
    device.code_status = cudaErrorNoKernelImageForDevice;
    CHECK(refusal(0).empty());
    CHECK(has(refusal(0, &kernel), "Fake GPU, compute capability 9.0"));
    device.count_status = cudaErrorNoDevice;
    CHECK(has(refusal(0), "sees no GPU"));
    CHECK(!gpu::available());
    device.count_status = cudaErrorInsufficientDriver;
    device.driver_version = 12020;
    CHECK(has(refusal(0), "supports CUDA 12.2"));
    device.driver_version = 0;
    CHECK(has(refusal(0), "no NVIDIA driver"));
    CHECK(!gpu::available());
    device.driver_version = 13000;
    device.count_status = cudaErrorSystemNotReady;
    CHECK(has(refusal(0), "does not start"));
    CHECK_THROWS_AS(gpu::Context::create(), gpu::DeviceError);
}

TEST_CASE("context: uploads go beside the computation and leave the host's memory free", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create({.upload_slot_bytes = 1024, .upload_slots = 64});
    auto host = numbers(1000, 1);  // four slots
    const auto first = host, second = numbers(1000, 5000);
    Array<float> x(context, 1000), y(context, 1000);
    const std::size_t waits = fake::device.waits;
    context->upload_bytes(host.data(), x.data, bytes_of(host));
    context->copy(x.data, y.data, bytes_of(host));  // a step that reads x
    host = second;                                  // at once
    context->upload_bytes(host.data(), x.data, bytes_of(host));
    host.assign(1000, 0);
    CHECK(fake::device.waits == waits);  // nobody waited

    // The transfers are done without the compute stream, the copies into their places are not.
    fake::finish(fake::stream_of(context->copy_stream()));
    CHECK(x.data[0] != second[0]);
    CHECK((y.read() == first));
    CHECK((x.read() == second));
}

TEST_CASE("context: uploads of any size, with few slots, in a steady state without allocations", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create({.upload_slot_bytes = 512, .upload_slots = 3});
    Array<float> x(context, 3000), y(context, 10);
    std::size_t allocations = 0;
    for (int step = 0; step < 6; ++step) {
        if (step == 2) allocations = fake::device.allocations;
        const auto large = numbers(3000, static_cast<float>(step)),
                   small = numbers(10, static_cast<float>(-step));
        context->upload_bytes(large.data(), x.data, bytes_of(large));
        context->upload_bytes(small.data(), y.data, bytes_of(small));
        context->upload_bytes(nullptr, y.data, 0);
        CHECK((x.read() == large));
        CHECK((y.read() == small));
    }
    CHECK(fake::device.allocations == allocations);
}

TEST_CASE("context: copy, fill and the order of the stream", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    Array<float> x(context, numbers(100, 1));
    {
        Array<float> scratch(context, 100);
        context->copy(x.data, scratch.data, 400);
        context->copy(scratch.data, x.data + 1, 99 * 4);
    }
    Array<float> again(context, 100);  // takes the released memory, whose use is still queued
    context->fill_bytes(again.data, 0, 400);
    auto expected = numbers(100, 0);
    expected[0] = 1;
    CHECK((x.read() == expected));
    CHECK((again.read() == std::vector<float>(100, 0)));
    context->copy(x.data, again.data, 0);
    context->fill_bytes(again.data, 0, 0);
}

TEST_CASE("context: out of memory gives back what is unused, and says what it lacks", "[cuda]") {
    const Fixture fixture;
    fake::device.capacity = 64 << 20;
    const auto context = gpu::Context::create({.workspace_bytes = 16 << 20});
    { const Array<float> large(context, 10 << 20); }
    const Array<float> other(context, 11 << 20);
    CHECK_THROWS_AS(context->allocate(40 << 20), gpu::OutOfDeviceMemory);
    CHECK_THROWS_AS(gpu::Context::create({.workspace_bytes = 64 << 20}), gpu::OutOfDeviceMemory);

    // While a step is captured nothing is given back to the device; afterwards it is again.
    { const Array<float> unused(context, 256); }
    const std::size_t used = fake::device.used;
    gpu::Graph graph;
    bool too_much = false;
    const auto body = [&] {
        if (too_much) context->release(context->allocate(40 << 20), 40 << 20);
    };
    context->run(graph, 1, body);
    too_much = true;
    CHECK_THROWS_AS(context->run(graph, 1, body), gpu::OutOfDeviceMemory);
    CHECK(fake::device.used == used);
    CHECK_THROWS_AS(context->run(graph, 1, body), gpu::OutOfDeviceMemory);
    CHECK(fake::device.used < used);
    too_much = false;
    for (int i = 0; i < 3; ++i) context->run(graph, 1, body);
    CHECK(graph.captured());
    { const Array<float> unused(context, 256); }
    CHECK_THROWS_AS(context->allocate(40 << 20), gpu::OutOfDeviceMemory);
    CHECK(fake::device.used < used);
}

TEST_CASE("context: a step is captured at its second run and launched from then on", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    gpu::Graph graph;
    Array<float> x(context, 64), y(context, 64);
    gpu::HostBuffer result(context, 64 * 4);
    result.wait();  // nothing was started
    int calls = 0;
    const auto body = [&] {
        ++calls;
        const Array<float> scratch(context, 64);
        context->copy(x.data, scratch.data, 256);
        context->fill_bytes(scratch.data, 0, 4);
        context->copy(scratch.data, y.data, 256);
        result.start(y.data, 256);
    };
    std::size_t allocations = 0, waits = 0;
    for (int step = 0; step < 6; ++step) {
        if (step == 2) {
            allocations = fake::device.allocations;
            waits = fake::device.waits;
        }
        const auto input = numbers(64, static_cast<float>(100 * step));
        context->upload_bytes(input.data(), x.data, bytes_of(input));
        // Memory that the graph uses is nobody else's.
        const Array<float> before(context, 64), other(context, step < 2 ? 1024 : 64);
        context->fill_bytes(other.data, 0x40, 256);
        context->run(graph, 42, body);
        auto expected = input;
        expected[0] = 0;
        result.wait();
        CHECK((std::vector<float>(result.as<float>(), result.as<float>() + 64) == expected));
        CHECK(other.data[63] == other.data[0]);
        CHECK(other.data[0] > 3);
        CHECK(other.data[0] < 3.01f);
    }
    CHECK(calls == 2);
    CHECK(fake::device.launches == 5);
    CHECK(fake::device.allocations == allocations + 1);  // the new size of `other`
    CHECK(fake::device.waits == waits + 4);              // result.wait() alone
    CHECK_THROWS_AS(result.start(y.data, 257), ShapeError);
}

TEST_CASE("context: what cannot be captured is refused in a sentence, and the capture ends", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    gpu::Graph graph;
    Array<float> x(context, 8);
    gpu::HostBuffer buffer(context, 32);
    const auto host = numbers(8, 1);
    std::vector<float> back(8);
    int which = 0;
    const auto body = [&] {
        const Array<float> scratch(context, 8);
        context->fill_bytes(x.data, 0, 32);
        if (which == 1) context->upload_bytes(host.data(), x.data, 32);
        if (which == 2) context->download_bytes(x.data, back.data(), 32);
        if (which == 3) context->synchronize();
        if (which == 4) buffer.wait();
        if (which == 5) throw std::runtime_error("the body's own");
    };
    for (int fault = 1; fault <= 5; ++fault) {
        which = 0;
        context->run(graph, 1, body);
        which = fault;
        try {
            context->run(graph, 1, body);
            FAIL("it was captured");
        } catch (const gpu::CaptureError& error) {
            INFO(error.what());
            CHECK(fault < 5);
            CHECK(has(error.what(), "cannot be part of a captured step"));
        } catch (const std::runtime_error& error) {
            CHECK(fault == 5);
        }
        CHECK(!context->capturing());
        CHECK(fake::device.launches == 0);
        context->upload_bytes(host.data(), x.data, 32);  // all as before
        CHECK((x.read() == host));
    }
    CHECK(fake::device.handles == 1);  // cuBLASLt's: no graph is left
}

TEST_CASE("context: a buffer may go while its download is under way", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    const Array<float> x(context, numbers(8, 1));
    gpu::Graph graph;
    {
        gpu::HostBuffer buffer(context, 32);
        buffer.start(x.data, 32);
        for (int i = 0; i < 3; ++i) context->run(graph, 1, [&] { buffer.start(x.data, 32); });
    }
    for (int i = 0; i < 2; ++i) context->run(graph, 1, [] {});  // the graph keeps the memory it writes to
    { gpu::HostBuffer(context, 32).start(x.data, 32); }
    context->synchronize();
}

#endif

}  // namespace context_test
