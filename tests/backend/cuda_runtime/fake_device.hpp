// SPDX-License-Identifier: Apache-2.0
//
// A GPU for tests, on the host: the functions of the CUDA runtime (fake_runtime.cpp) and of cuBLASLt (fake_cublaslt.cpp)
// that vitscape calls. It is as late as a GPU may be: what is queued on a stream is done only when somebody waits for
// it, so that memory that is used anew too early shows. Addresses, alignments and descriptors are checked; what is wrong
// is in `faults`. A program with it is linked with neither library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fake_capture.hpp"

#include <cuda_runtime_api.h>

namespace fake {

using Work = std::function<void()>;
struct Stream {
    std::deque<Work> queue;
    std::shared_ptr<Capture> capture;  // null while none is under way
    std::size_t branch = 0;            // its number there
};
struct Event {
    std::uint64_t recorded = 0, done = 0;
    Stream* stream = nullptr;
    std::shared_ptr<Capture> capture;  // that it was recorded in last, which may have ended
    Reached reached;                   // of it when it was recorded
};
struct Graph {
    std::vector<Work> work;
};
struct Device {
    std::map<std::uintptr_t, std::size_t> memory, pinned;
    std::vector<Stream*> streams;
    std::vector<std::unique_ptr<Event>> all_events;
    std::vector<std::string> faults;
    std::size_t capacity = std::size_t{1} << 30, used = 0, allocations = 0, waits = 0, launches = 0,
                heuristics = 0;
    int count = 1, driver_version = 13000;
    cudaError_t count_status = cudaSuccess, code_status = cudaSuccess;
    bool epilogues = true;  // whether there are algorithms for them
    // Of the algorithms that the heuristic gives, numbered from 1: how many are refused when they are used, how often that happened,
    // which one takes the least time, and which one ran last.
    std::uint64_t refused = 0, refusals = 0, fastest = 1, latest = 0;
    int matmul_status = 0, checked = 0;  // what cublasLtMatmul and cublasLtMatmulAlgoCheck return
    std::size_t events = 0, handles = 0;

    void fault(const std::string& text) { faults.push_back(text); }
};
inline Device device;

inline bool holds(const std::map<std::uintptr_t, std::size_t>& blocks, const void* at, std::size_t bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    auto found = blocks.upper_bound(address);
    if (found == blocks.begin()) return false;
    --found;
    return address + bytes <= found->first + found->second;
}
inline bool on_device(const void* at, std::size_t bytes) { return holds(device.memory, at, bytes); }
inline bool is_pinned(const void* at, std::size_t bytes) { return holds(device.pinned, at, bytes); }

inline void step(Stream& stream) {
    const Work work = std::move(stream.queue.front());
    stream.queue.pop_front();
    work();
}
inline void finish(Stream& stream) {
    while (!stream.queue.empty()) step(stream);
}
inline void finish_all() {
    for (Stream* stream : device.streams) finish(*stream);
}
inline void queue(Stream& stream, Work work) {
    if (stream.capture)
        stream.capture->add(stream.branch, std::move(work));
    else
        stream.queue.push_back(std::move(work));
}
/// What cannot be part of a capture; it is worth nothing then.
inline cudaError_t spoil(Stream& stream, const std::string& text, cudaError_t status) {
    device.fault(text);
    if (stream.capture) stream.capture->invalid = true;
    return status;
}
inline void until(const Event& event, std::uint64_t version) {
    while (event.done < version) step(*event.stream);
}
inline Stream& stream_of(cudaStream_t handle) { return *reinterpret_cast<Stream*>(handle); }
inline Event& event_of(cudaEvent_t handle) { return *reinterpret_cast<Event*>(handle); }

}  // namespace fake
