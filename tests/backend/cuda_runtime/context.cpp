// SPDX-License-Identifier: Apache-2.0
//
// The CUDA context and its products on the host, with a device that only the tests have.
#if __has_include(<cuda_runtime_api.h>) && __has_include(<cublasLt.h>) && !defined(__CUDACC__)

#include <array>
#include <cstddef>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <vitscape/backend/thrust/cuda/context.hpp>
#include <vitscape/backend/thrust/cuda/matrix_product.hpp>

#include "fake_device.hpp"
#include "support/catch.hpp"

namespace {

using namespace vitscape;

/// The device as new before, without faults and with nothing left after.
struct Fixture {
    Fixture() { fake::device = {}; }
    ~Fixture() {
        fake::finish_all();
        CHECK((fake::device.faults == std::vector<std::string>{}));
        CHECK(fake::device.memory.empty());
        CHECK(fake::device.pinned.empty());
        CHECK(fake::device.streams.empty());
        CHECK(fake::device.events == 0);
        CHECK(fake::device.handles == 0);
    }
};

std::vector<float> numbers(std::size_t count, float first) {
    std::vector<float> result(count);
    std::iota(result.begin(), result.end(), first);
    return result;
}
std::size_t bytes_of(const std::vector<float>& x) { return x.size() * sizeof(float); }

/// Device memory that lives as long as this.
template <class T>
struct Array {
    Array(std::shared_ptr<gpu::Context> c, std::size_t n)
        : context(std::move(c)), count(n), data(static_cast<T*>(context->allocate(n * sizeof(T)))) {}
    Array(std::shared_ptr<gpu::Context> c, const std::vector<T>& host) : Array(std::move(c), host.size()) {
        context->upload_bytes(host.data(), data, count * sizeof(T));
    }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;
    ~Array() { context->release(data, count * sizeof(T)); }
    [[nodiscard]] std::vector<T> read() const {
        std::vector<T> host(count);
        context->download_bytes(data, host.data(), count * sizeof(T));
        return host;
    }
    std::shared_ptr<gpu::Context> context;
    std::size_t count;
    T* data;
};

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

TEMPLATE_TEST_CASE("products: row-major, with every extra, as written down", "[cuda]",
                   (std::pair<double, double>), (std::pair<float, float>), (std::pair<bfloat16, bfloat16>),
                   (std::pair<bfloat16, float>)) {
    using In = typename TestType::first_type;
    using Out = typename TestType::second_type;
    const Fixture fixture;
    const auto context = gpu::Context::create();
    gpu::MatrixProducts products(context, {.candidates = 2});
    // Small integers: exact in every type.
    const auto make = [](auto zero, std::size_t count, int seed) {
        std::vector<decltype(zero)> result(count);
        for (auto& x : result) x = decltype(zero)(static_cast<float>((seed = (seed * 7 + 3) % 11) - 5));
        return result;
    };
    for (const bool transpose_a : {false, true})
        for (const bool transpose_b : {false, true}) {
            const Index m = 3, n = 5, k = 4;
            MatrixProduct p{.transpose_a = transpose_a,
                            .transpose_b = transpose_b,
                            .m = m,
                            .n = n,
                            .k = k,
                            .stride_a = (transpose_a ? m : k) + 1,
                            .stride_b = (transpose_b ? k : n) + 2,
                            .stride_c = n + 3,
                            .alpha = 2};
            const auto a = make(In(0.0f), 40, 1), b = make(In(0.0f), 40, 2);
            const auto c = make(Out(0.0f), 40, 3), d = make(Out(0.0f), 40, 4), bias = make(Out(0.0f), 6, 5);
            const Array<In> a_array(context, a), b_array(context, b);
            Array<Out> c_array(context, c), d_array(context, d), bias_array(context, bias), sums(context, 8);
            const auto at_a = [&](Index i, Index l) {
                return static_cast<double>(
                    a[static_cast<std::size_t>(transpose_a ? l * p.stride_a + i : i * p.stride_a + l)]);
            };
            const auto at_b = [&](Index l, Index j) {
                return static_cast<double>(
                    b[static_cast<std::size_t>(transpose_b ? j * p.stride_b + l : l * p.stride_b + j)]);
            };
            /// c where nothing is written, else beta addend + 2 A B + bias.
            const auto expect = [&](double beta, const std::vector<Out>& addend, bool with_bias) {
                std::vector<Out> result = c;
                for (Index i = 0; i < m; ++i)
                    for (Index j = 0; j < n; ++j) {
                        double sum = 0;
                        for (Index l = 0; l < k; ++l) sum += at_a(i, l) * at_b(l, j);
                        const auto at = static_cast<std::size_t>(i * p.stride_c + j);
                        result[at] =
                            Out(2 * sum + beta * static_cast<double>(addend[at]) +
                                (with_bias ? static_cast<double>(bias[static_cast<std::size_t>(j) + 1]) : 0));
                    }
                return result;
            };
            const auto same = [](const std::vector<Out>& x, const std::vector<Out>& y) {
                bool equal = x.size() == y.size();
                for (std::size_t i = 0; equal && i < x.size(); ++i)
                    equal = static_cast<double>(x[i]) == static_cast<double>(y[i]);
                return equal;
            };
            const auto renew = [&] { context->upload_bytes(c.data(), c_array.data, c.size() * sizeof(Out)); };

            products.multiply(p, a_array.data, b_array.data, c_array.data);
            CHECK(same(c_array.read(), expect(0, c, false)));
            renew();
            p.beta = 1;
            products.multiply(p, a_array.data, b_array.data, c_array.data);
            CHECK(same(c_array.read(), expect(1, c, false)));
            renew();
            // The bias is at an address of low alignment, as parameters of a flat vector are.
            CHECK(products.try_multiply(p, a_array.data, b_array.data, c_array.data,
                                        {.addend = d_array.data, .bias = bias_array.data + 1}));
            CHECK(same(c_array.read(), expect(1, d, true)));
            renew();
            CHECK(
                products.try_multiply(p, a_array.data, b_array.data, c_array.data, {.sums_of_a = sums.data}));
            CHECK(same(c_array.read(), expect(1, c, false)));
            for (Index i = 0; i < m; ++i) {
                double sum = 0;
                for (Index l = 0; l < k; ++l) sum += at_a(i, l);
                CHECK(static_cast<double>(sums.read()[static_cast<std::size_t>(i)]) == sum);
            }
            CHECK(
                products.try_multiply(p, a_array.data, b_array.data, d_array.data, {.sums_of_b = sums.data}));
            for (Index j = 0; j < n; ++j) {
                double sum = 0;
                for (Index l = 0; l < k; ++l) sum += at_b(l, j);
                CHECK(static_cast<double>(sums.read()[static_cast<std::size_t>(j)]) == sum);
            }
            CHECK_THROWS_AS(products.try_multiply(p, a_array.data, b_array.data, c_array.data,
                                                  {.bias = bias_array.data, .sums_of_a = sums.data}),
                            ConfigError);
        }
}

TEST_CASE("products: batches of samples and heads, each form of product is planned once", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    gpu::MatrixProducts products(context);
    // (sample, token, head, width) times its transpose per head, as attention does it.
    const Index samples = 3, tokens = 4, heads = 2, width = 5;
    std::vector<float> x(static_cast<std::size_t>(samples * tokens * heads * width));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * i % 13) - 6;
    const Array<float> input(context, x);
    Array<float> scores(context, static_cast<std::size_t>(samples * heads * tokens * tokens));
    const MatrixProduct p{.transpose_b = true,
                          .m = tokens,
                          .n = tokens,
                          .k = width,
                          .stride_a = heads * width,
                          .stride_b = heads * width,
                          .stride_c = tokens};
    const ProductBatch batch{.outer = samples,
                             .inner = heads,
                             .outer_a = tokens * heads * width,
                             .inner_a = width,
                             .outer_b = tokens * heads * width,
                             .inner_b = width,
                             .outer_c = heads * tokens * tokens,
                             .inner_c = tokens * tokens};
    for (int round = 0; round < 3; ++round) {
        context->fill_bytes(scores.data, 0xFF, scores.count * 4);
        products.multiply_batch(p, batch, input.data, input.data, scores.data);
    }
    const auto found = scores.read();
    bool equal = true;
    for (Index s = 0; s < samples; ++s)
        for (Index h = 0; h < heads; ++h)
            for (Index i = 0; i < tokens; ++i)
                for (Index j = 0; j < tokens; ++j) {
                    float sum = 0;
                    for (Index w = 0; w < width; ++w)
                        sum += x[static_cast<std::size_t>(((s * tokens + i) * heads + h) * width + w)] *
                               x[static_cast<std::size_t>(((s * tokens + j) * heads + h) * width + w)];
                    equal =
                        equal &&
                        found[static_cast<std::size_t>(((s * heads + h) * tokens + i) * tokens + j)] == sum;
                }
    CHECK(equal);
    // Two calls, one per head, whose first operands are aligned differently.
    CHECK(products.plans() == 2);
    CHECK(fake::device.heuristics == 2);
}

TEST_CASE("products: the epilogue's vector may lie elsewhere at each call, and less aligned", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    gpu::MatrixProducts products(context);
    const Array<float> a(context, numbers(1, 1)), b(context, numbers(1, 1)), bias(context, numbers(200, 1));
    Array<float> c(context, 1);
    const MatrixProduct p{.m = 1, .n = 1, .k = 1, .stride_a = 1, .stride_b = 1, .stride_c = 1};
    for (const std::size_t at : {0u, 64u, 128u, 1u, 3u, 4u}) {
        CHECK(products.try_multiply(p, a.data, b.data, c.data, {.bias = bias.data + at}));
        CHECK(c.read()[0] == static_cast<float>(at) + 2);
    }
    CHECK(products.plans() == 3);  // aligned to 256, to 4 and to 16 bytes
}

TEST_CASE("products: without an algorithm an epilogue is refused, sums of nothing are zero", "[cuda]") {
    const Fixture fixture;
    fake::device.epilogues = false;
    const auto context = gpu::Context::create();
    gpu::MatrixProducts products(context);
    const Array<float> a(context, numbers(8, 1)), b(context, numbers(8, 2));
    Array<float> c(context, numbers(8, 3)), sums(context, numbers(4, 9));
    MatrixProduct p{.m = 2, .n = 3, .k = 2, .stride_a = 2, .stride_b = 3, .stride_c = 4};
    CHECK(!products.try_multiply(p, a.data, b.data, c.data, {.bias = b.data}));
    CHECK(!products.try_multiply(p, a.data, b.data, c.data, {.bias = b.data}));
    CHECK(fake::device.heuristics == 1);  // the answer is kept
    CHECK((c.read() == numbers(8, 3)));
    CHECK(products.try_multiply(p, a.data, b.data, c.data, {}));

    context->upload_bytes(numbers(8, 3).data(), c.data, 32);
    p.k = 0;
    p.beta = 1;
    products.multiply(p, a.data, b.data, c.data);
    CHECK((c.read() == numbers(8, 3)));
    p.beta = 0;
    CHECK(products.try_multiply(p, a.data, b.data, c.data, {.sums_of_a = sums.data}));
    CHECK((c.read() == std::vector<float>{0, 0, 0, 6, 0, 0, 0, 10}));
    CHECK((sums.read() == std::vector<float>{0, 0, 11, 12}));
    p.m = 0;
    products.multiply(p, a.data, b.data, c.data);
}

#endif
