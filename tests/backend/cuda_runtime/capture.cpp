// SPDX-License-Identifier: Apache-2.0
//
// Streams that a captured step forks to, on the fake device: what is refused, and that the library's own steps may do it.
#if __has_include(<cuda_runtime_api.h>) && __has_include(<cublasLt.h>) && !defined(__CUDACC__)

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/backend/cuda/context.hpp>

#include "context_fixture.hpp"

namespace capture_test {

namespace {

using namespace vitscape;
using test::Array;
using test::Fixture;
using test::numbers;

using Faults = std::vector<std::string>;

/// The faults so far, which a test expects.
Faults taken_faults() { return std::exchange(fake::device.faults, {}); }

/// Work on a stream of its own, as the sums over devices are: after the computation so far, and before what follows.
struct Side {
    gpu::detail::Stream stream = gpu::detail::make_stream();
    gpu::detail::Event ready = gpu::detail::make_event(), done = gpu::detail::make_event();

    void follow(cudaStream_t compute) const {
        CHECK(cudaEventRecord(ready.get(), compute) == cudaSuccess);
        CHECK(cudaStreamWaitEvent(stream.get(), ready.get(), 0) == cudaSuccess);
    }
    void lead(cudaStream_t compute) const {
        CHECK(cudaEventRecord(done.get(), stream.get()) == cudaSuccess);
        CHECK(cudaStreamWaitEvent(compute, done.get(), 0) == cudaSuccess);
    }
    void copy(const float* from, float* to, std::size_t count) const {
        CHECK(cudaMemcpyAsync(to, from, count * sizeof(float), cudaMemcpyDeviceToDevice, stream.get()) ==
              cudaSuccess);
    }
};

}  // namespace

TEST_CASE("capture: a step may fork to another stream and join it, several times", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    const Side side;
    gpu::Graph graph;
    Array<float> x(context, 8), y(context, 8), z(context, 8);
    gpu::HostBuffer result(context, 32);
    int calls = 0;
    const auto body = [&] {
        ++calls;
        context->copy(x.data, y.data, 32);
        side.follow(context->stream());
        side.copy(y.data, z.data, 4);
        context->fill_bytes(x.data, 0, 32);  // beside it
        side.follow(context->stream());
        side.copy(x.data, z.data + 4, 4);
        side.lead(context->stream());
        context->copy(z.data, y.data, 32);
        result.start(y.data, 32);
    };
    for (int step = 0; step < 4; ++step) {
        const auto input = numbers(8, static_cast<float>(10 * step + 1));
        context->upload_bytes(input.data(), x.data, 32);
        context->run(graph, 1, body);
        result.wait();
        auto expected = input;
        std::fill(expected.begin() + 4, expected.end(), 0.0F);
        CHECK((std::vector<float>(result.as<float>(), result.as<float>() + 8) == expected));
    }
    CHECK(calls == 2);
    CHECK(graph.captured());
    CHECK(taken_faults().empty());
}

TEST_CASE("capture: a forked stream works as late as it may, so that a missing join shows", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    const Side side;
    gpu::Graph graph;
    Array<float> x(context, numbers(1, 5)), y(context, numbers(1, 0)), z(context, numbers(1, 0));
    const auto body = [&](bool joined) {
        side.follow(context->stream());
        side.copy(x.data, y.data, 1);
        if (joined) side.lead(context->stream());
        context->copy(y.data, z.data, 4);  // of what the other stream writes
        if (!joined) side.lead(context->stream());
    };
    const bool joined = GENERATE(true, false);
    for (int step = 0; step < 2; ++step) {
        context->fill_bytes(y.data, 0, 4);
        context->run(graph, 1, [&] { body(joined); });
        context->synchronize();
    }
    CHECK(z.read()[0] == (joined ? 5 : 0));
}

TEST_CASE("capture: a stream that is not joined again is refused", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    const Side side;
    gpu::Graph graph;
    Array<float> x(context, numbers(8, 1)), y(context, numbers(8, 2));
    int which = 0;
    const auto body = [&] {
        side.follow(context->stream());
        if (which == 2) side.lead(context->stream());
        if (which != 3) side.copy(x.data, y.data, 8);
        if (which == 0) side.lead(context->stream());
    };
    for (const int fault : {1, 2}) {  // never, or too early
        which = 0;
        context->run(graph, 1, body);
        which = fault;
        CHECK_THROWS_AS(context->run(graph, 1, body), gpu::DeviceError);
        CHECK((taken_faults() == Faults{"a capture ends before a stream that it forked was joined"}));
        CHECK(!context->capturing());
        which = 0;  // the streams are as before
        for (int i = 0; i < 2; ++i) context->run(graph, 1, body);
        CHECK(graph.captured());
        CHECK((y.read() == numbers(8, 1)));
        graph.reset();
    }
    which = 3;  // without work there is nothing to join
    for (int i = 0; i < 3; ++i) context->run(graph, 1, body);
    CHECK(graph.captured());
    context->synchronize();
}

TEST_CASE("capture: no wait crosses its boundary", "[cuda]") {
    const Fixture fixture;
    const gpu::detail::Stream captured = gpu::detail::make_stream(), other = gpu::detail::make_stream();
    const gpu::detail::Event inside = gpu::detail::make_event(), outside = gpu::detail::make_event();
    const auto end = [&] {
        cudaGraph_t graph = nullptr;
        const cudaError_t status = cudaStreamEndCapture(captured.get(), &graph);
        const gpu::detail::CapturedGraph owned(graph);
        CHECK((status == cudaSuccess) == (graph != nullptr));
        return status;
    };
    const auto begin = [&](const gpu::detail::Stream& stream) {
        CHECK(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeRelaxed) == cudaSuccess);
    };
    CHECK(cudaEventRecord(outside.get(), other.get()) == cudaSuccess);

    begin(captured);
    CHECK(cudaStreamWaitEvent(captured.get(), outside.get(), 0) == cudaErrorStreamCaptureIsolation);
    CHECK(end() == cudaErrorStreamCaptureInvalidated);
    CHECK((taken_faults() == Faults{"a captured stream waits for another"}));

    begin(captured);
    CHECK(cudaEventRecord(inside.get(), captured.get()) == cudaSuccess);
    CHECK(cudaEventQuery(inside.get()) == cudaErrorCapturedEvent);
    CHECK(cudaEventSynchronize(inside.get()) == cudaErrorCapturedEvent);
    CHECK(end() == cudaSuccess);
    CHECK(taken_faults().size() == 2);
    CHECK(cudaStreamWaitEvent(other.get(), inside.get(), 0) == cudaErrorStreamCaptureIsolation);
    CHECK((taken_faults() == Faults{"a wait for an event of a capture that is over"}));
    CHECK(cudaEventRecord(inside.get(), captured.get()) == cudaSuccess);  // anew, outside
    CHECK(cudaStreamWaitEvent(other.get(), inside.get(), 0) == cudaSuccess);
    CHECK(cudaEventSynchronize(inside.get()) == cudaSuccess);

    begin(captured);
    begin(other);
    CHECK(cudaEventRecord(inside.get(), captured.get()) == cudaSuccess);
    CHECK(cudaStreamWaitEvent(other.get(), inside.get(), 0) == cudaErrorStreamCaptureMerge);
    cudaGraph_t none = nullptr;
    CHECK(cudaStreamEndCapture(other.get(), &none) == cudaErrorStreamCaptureInvalidated);
    CHECK(end() == cudaSuccess);
    CHECK((taken_faults() == Faults{"two captures become one"}));

    begin(captured);
    CHECK(cudaEventRecord(inside.get(), captured.get()) == cudaSuccess);
    CHECK(cudaStreamWaitEvent(other.get(), inside.get(), 0) == cudaSuccess);
    CHECK(cudaStreamEndCapture(other.get(), &none) == cudaErrorStreamCaptureUnmatched);
    CHECK(end() == cudaErrorStreamCaptureInvalidated);
    CHECK(cudaStreamSynchronize(other.get()) == cudaSuccess);  // free again
    CHECK((taken_faults() == Faults{"a capture ends on another stream than it began"}));
}

#endif

}  // namespace capture_test
