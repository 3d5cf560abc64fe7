// SPDX-License-Identifier: Apache-2.0
//
// The CUDA runtime of the fake device.
#if __has_include(<cuda_runtime_api.h>) && __has_include(<cublasLt.h>) && !defined(__CUDACC__)

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "fake_device.hpp"

namespace fake_runtime_test {

// NOLINTBEGIN: the names and signatures are CUDA's.
extern "C" {

cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorString(cudaError_t) { return "words"; }
const char* cudaGetErrorName(cudaError_t) { return "name"; }
cudaError_t cudaDriverGetVersion(int* version) { return *version = fake::device.driver_version, cudaSuccess; }
cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) {
    *count = fake::device.count_status == cudaSuccess ? fake::device.count : 0;
    return fake::device.count_status;
}
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    *properties = {};
    std::strcpy(properties->name, "Fake GPU");
    properties->major = 9;
    return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, const void*) { return fake::device.code_status; }
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
    *total = fake::device.capacity;
    *free = fake::device.capacity - fake::device.used;
    return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, size_t bytes) {
    if (bytes > fake::device.capacity - fake::device.used) return cudaErrorMemoryAllocation;
    *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(*memory, 0xFF, bytes);
    fake::device.memory[reinterpret_cast<std::uintptr_t>(*memory)] = bytes;
    fake::device.used += bytes;
    ++fake::device.allocations;
    return cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
    if (memory == nullptr) return cudaSuccess;
    const auto found = fake::device.memory.find(reinterpret_cast<std::uintptr_t>(memory));
    if (found == fake::device.memory.end())
        return fake::device.fault("cudaFree of what is not there"), cudaErrorInvalidValue;
    for (const fake::Stream* stream : fake::device.streams)
        if (stream->capture) fake::device.fault("cudaFree while a stream is captured");
    fake::finish_all();
    fake::device.used -= found->second;
    fake::device.memory.erase(found);
    std::free(memory);
    return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned int) {
    *memory = std::malloc(bytes);
    fake::device.pinned[reinterpret_cast<std::uintptr_t>(*memory)] = bytes;
    return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
    if (fake::device.pinned.erase(reinterpret_cast<std::uintptr_t>(memory)) == 0)
        fake::device.fault("cudaFreeHost of what is not there");
    std::free(memory);
    return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int) {
    auto* const made = new fake::Stream;
    fake::device.streams.push_back(made);
    *stream = reinterpret_cast<cudaStream_t>(made);
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    fake::Stream& made = fake::stream_of(stream);
    fake::finish(made);
    std::erase(fake::device.streams, &made);
    delete &made;
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    fake::Stream& made = fake::stream_of(stream);
    if (made.capture)
        return fake::spoil(made, "a wait while the stream is captured", cudaErrorStreamCaptureUnsupported);
    ++fake::device.waits;
    fake::finish(made);
    return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
    fake::Stream& on = fake::stream_of(stream);
    fake::Event& made = fake::event_of(event);
    if (made.capture && (made.capture->ended || made.capture->invalid))
        return fake::spoil(on, "a wait for an event of a capture that is over",
                           cudaErrorStreamCaptureIsolation);
    if (made.capture && on.capture && on.capture != made.capture)
        return fake::spoil(on, "two captures become one", cudaErrorStreamCaptureMerge);
    if (made.capture) {  // the stream is, or becomes, a part of it
        if (!on.capture) {
            on.capture = made.capture;
            on.branch = on.capture->fork();
        }
        on.capture->wait(on.branch, made.reached);
        return cudaSuccess;
    }
    if (on.capture)
        return fake::spoil(on, "a captured stream waits for another", cudaErrorStreamCaptureIsolation);
    fake::queue(on, [&made, version = made.recorded] { fake::until(made, version); });
    return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int) {
    ++fake::device.events;
    *event = reinterpret_cast<cudaEvent_t>(
        fake::device.all_events.emplace_back(std::make_unique<fake::Event>()).get());
    return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    --fake::device.events;
    static_cast<void>(event);  // what is queued may still refer to it; the device keeps it
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    fake::Event& made = fake::event_of(event);
    fake::Stream& on = fake::stream_of(stream);
    made.capture = on.capture;
    if (on.capture) return made.reached = on.capture->reached(on.branch), cudaSuccess;
    made.stream = &on;
    fake::queue(on, [&made, version = ++made.recorded] { made.done = version; });
    return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
    if (fake::event_of(event).capture)
        return fake::device.fault("a look at an event of a capture"), cudaErrorCapturedEvent;
    return fake::event_of(event).done == fake::event_of(event).recorded ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    if (fake::event_of(event).capture)
        return fake::device.fault("a wait for an event of a capture"), cudaErrorCapturedEvent;
    ++fake::device.waits;
    fake::until(fake::event_of(event), fake::event_of(event).recorded);
    return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
    return *milliseconds = fake::device.latest == fake::device.fastest ? 1 : 2, cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
    const auto move = [=] {
        const bool good =
            kind == cudaMemcpyDeviceToDevice ? fake::on_device(to, bytes) && fake::on_device(from, bytes)
            : kind == cudaMemcpyHostToDevice ? fake::on_device(to, bytes) && fake::is_pinned(from, bytes)
                                             : fake::on_device(from, bytes);
        if (!good) return fake::device.fault("a copy beyond what is allocated");
        std::memmove(to, from, bytes);
    };
    fake::Stream& on = fake::stream_of(stream);
    if (kind == cudaMemcpyDeviceToHost && !fake::is_pinned(to, bytes)) {  // a copy to ordinary memory waits
        if (on.capture)
            return fake::spoil(on, "a waiting copy in a capture", cudaErrorStreamCaptureUnsupported);
        fake::finish(on);
        move();
    } else if (kind == cudaMemcpyDeviceToHost) {
        fake::queue(on, [=] {
            if (!fake::is_pinned(to, bytes)) return fake::device.fault("a download into memory that is gone");
            move();
        });
    } else {
        fake::queue(on, move);
    }
    return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
    fake::queue(fake::stream_of(stream), [=] {
        if (!fake::on_device(to, bytes)) return fake::device.fault("filling beyond what is allocated");
        std::memset(to, value, bytes);
    });
    return cudaSuccess;
}
cudaError_t cudaMemset2DAsync(void* to, size_t pitch, int value, size_t width, size_t height,
                              cudaStream_t stream) {
    for (size_t row = 0; row < height; ++row)
        cudaMemsetAsync(static_cast<char*>(to) + row * pitch, value, width, stream);
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    fake::Stream& on = fake::stream_of(stream);
    if (on.capture) return fake::spoil(on, "a capture begins in another", cudaErrorIllegalState);
    on.capture = std::make_shared<fake::Capture>();
    on.branch = 0;
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    const std::shared_ptr<fake::Capture> capture = fake::stream_of(stream).capture;
    *graph = nullptr;
    if (!capture) return fake::device.fault("the end of no capture"), cudaErrorIllegalState;
    if (fake::stream_of(stream).branch != 0)
        return fake::spoil(fake::stream_of(stream), "a capture ends on another stream than it began",
                           cudaErrorStreamCaptureUnmatched);
    for (fake::Stream* part : fake::device.streams)
        if (part->capture == capture) part->capture.reset();
    capture->ended = true;
    if (capture->invalid) return cudaErrorStreamCaptureInvalidated;
    if (!capture->joined())
        return fake::device.fault("a capture ends before a stream that it forked was joined"),
               cudaErrorStreamCaptureUnjoined;
    *graph = reinterpret_cast<cudaGraph_t>(new fake::Graph{capture->in_order()});
    return ++fake::device.handles, cudaSuccess;
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph,
                                          unsigned long long) {
    *executable = reinterpret_cast<cudaGraphExec_t>(new fake::Graph(*reinterpret_cast<fake::Graph*>(graph)));
    return ++fake::device.handles, cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    ++fake::device.launches;
    for (const fake::Work& work : reinterpret_cast<fake::Graph*>(executable)->work)
        fake::queue(fake::stream_of(stream), work);
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete reinterpret_cast<fake::Graph*>(graph);
    return --fake::device.handles, cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    delete reinterpret_cast<fake::Graph*>(executable);
    return --fake::device.handles, cudaSuccess;
}

}  // extern "C"
// NOLINTEND

#endif

}  // namespace fake_runtime_test
