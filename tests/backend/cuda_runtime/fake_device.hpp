// SPDX-License-Identifier: Apache-2.0
//
// A GPU for tests, on the host: the functions of the CUDA runtime and of cuBLASLt that vitscape calls. It is as
// late as a GPU may be: what is queued on a stream is done only when somebody waits for it, so that memory that
// is used anew too early shows. Addresses, alignments and descriptors are checked; what is wrong is in `faults`.
// Include it in one file of a program, and link that with neither library.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <vitscape/core/bfloat16.hpp>

#include <cublasLt.h>
#include <cuda_runtime_api.h>

namespace fake {

using Work = std::function<void()>;
struct Stream {
    std::deque<Work> queue;
    std::vector<Work> captured;
    bool capturing = false;
};
struct Event {
    std::uint64_t recorded = 0, done = 0;
    Stream* stream = nullptr;
};
struct Graph {
    std::vector<Work> work;
};
struct Description {
    std::map<int, std::uint64_t> attributes;
    cublasComputeType_t compute;
    cudaDataType_t scale;
    [[nodiscard]] std::uint64_t get(int name, std::uint64_t otherwise) const {
        const auto found = attributes.find(name);
        return found == attributes.end() ? otherwise : found->second;
    }
};
struct Layout {
    cudaDataType_t type;
    std::int64_t rows, columns, leading, count = 1, stride = 0;
};
struct Preference {
    std::map<int, std::uint64_t> attributes;
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
    if (stream.capturing)
        stream.captured.push_back(std::move(work));
    else
        stream.queue.push_back(std::move(work));
}
inline void until(const Event& event, std::uint64_t version) {
    while (event.done < version) step(*event.stream);
}
inline Stream& stream_of(cudaStream_t handle) { return *reinterpret_cast<Stream*>(handle); }
inline Event& event_of(cudaEvent_t handle) { return *reinterpret_cast<Event*>(handle); }

inline double load(cudaDataType_t type, const void* data, std::int64_t i) {
    if (type == CUDA_R_64F) return static_cast<const double*>(data)[i];
    if (type == CUDA_R_32F) return static_cast<double>(static_cast<const float*>(data)[i]);
    return static_cast<double>(static_cast<float>(static_cast<const vitscape::bfloat16*>(data)[i]));
}
inline void store(cudaDataType_t type, void* data, std::int64_t i, double x) {
    if (type == CUDA_R_64F)
        static_cast<double*>(data)[i] = x;
    else if (type == CUDA_R_32F)
        static_cast<float*>(data)[i] = static_cast<float>(x);
    else
        static_cast<vitscape::bfloat16*>(data)[i] = vitscape::bfloat16(x);
}
inline std::size_t element_bytes(cudaDataType_t type) {
    return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : 2;
}
inline std::size_t extent(const Layout& l) {
    return element_bytes(l.type) *
           static_cast<std::size_t>((l.count - 1) * l.stride + (l.columns - 1) * l.leading + l.rows);
}

/// D = alpha op(A) op(B) + beta C as cuBLASLt's descriptors say, column-major.
struct Product {
    Description description;
    Layout a, b, c;
    const void *first, *second, *addend;
    void *result, *vector;
    double alpha, beta;

    [[nodiscard]] bool transposed(int name) const {
        return description.get(name, CUBLAS_OP_N) == static_cast<std::uint64_t>(CUBLAS_OP_T);
    }
    void check() const {
        const bool ta = transposed(CUBLASLT_MATMUL_DESC_TRANSA), tb = transposed(CUBLASLT_MATMUL_DESC_TRANSB);
        if ((ta ? a.columns : a.rows) != c.rows || (tb ? b.rows : b.columns) != c.columns ||
            (ta ? a.rows : a.columns) != (tb ? b.columns : b.rows))
            device.fault("a product's matrices do not fit");
        for (const Layout* l : {&a, &b, &c})
            if (l->leading < l->rows || l->count != c.count) device.fault("a matrix's layout is impossible");
        if (!on_device(first, extent(a)) || !on_device(second, extent(b)) || !on_device(result, extent(c)) ||
            (beta != 0 && !on_device(addend, extent(c))))
            device.fault("a product reaches beyond its operands' memory");
        const bool wide = a.type == CUDA_R_64F;
        if (description.compute != (wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F) ||
            description.scale != (wide ? CUDA_R_64F : CUDA_R_32F))
            device.fault("a product computes in another type");
    }
    void run() const {
        check();
        const bool ta = transposed(CUBLASLT_MATMUL_DESC_TRANSA), tb = transposed(CUBLASLT_MATMUL_DESC_TRANSB);
        const auto epilogue = description.get(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_DEFAULT);
        const std::int64_t inner = ta ? a.rows : a.columns;
        const auto at_a = [&](std::int64_t i, std::int64_t r, std::int64_t k) {
            return load(a.type, first, i * a.stride + (ta ? r * a.leading + k : k * a.leading + r));
        };
        const auto at_b = [&](std::int64_t i, std::int64_t k, std::int64_t n) {
            return load(b.type, second, i * b.stride + (tb ? k * b.leading + n : n * b.leading + k));
        };
        for (std::int64_t i = 0; i < c.count; ++i)
            for (std::int64_t n = 0; n < c.columns; ++n)
                for (std::int64_t r = 0; r < c.rows; ++r) {
                    double sum = 0;
                    for (std::int64_t k = 0; k < inner; ++k) sum += at_a(i, r, k) * at_b(i, k, n);
                    const std::int64_t at = i * c.stride + n * c.leading + r;
                    double x = alpha * sum;
                    if (beta != 0) x += beta * load(c.type, addend, at);
                    if (epilogue == CUBLASLT_EPILOGUE_BIAS) x += load(c.type, vector, r);
                    store(c.type, result, at, x);
                }
        if (epilogue == CUBLASLT_EPILOGUE_BGRADA)
            for (std::int64_t r = 0; r < c.rows; ++r) {
                double sum = 0;
                for (std::int64_t k = 0; k < inner; ++k) sum += at_a(0, r, k);
                store(c.type, vector, r, sum);
            }
        if (epilogue == CUBLASLT_EPILOGUE_BGRADB)
            for (std::int64_t n = 0; n < c.columns; ++n) {
                double sum = 0;
                for (std::int64_t k = 0; k < inner; ++k) sum += at_b(0, k, n);
                store(c.type, vector, n, sum);
            }
    }
};

inline void put(std::map<int, std::uint64_t>& attributes, int name, const void* value, std::size_t bytes) {
    std::uint64_t number = 0;
    std::memcpy(&number, value, std::min<std::size_t>(bytes, 8));
    attributes[name] = number;
}

}  // namespace fake

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
        if (stream->capturing) fake::device.fault("cudaFree while a stream is captured");
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
    if (made.capturing)
        return fake::device.fault("a wait while the stream is captured"), cudaErrorStreamCaptureUnsupported;
    ++fake::device.waits;
    fake::finish(made);
    return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
    if (fake::stream_of(stream).capturing)
        return fake::device.fault("a captured stream waits for another"), cudaErrorStreamCaptureIsolation;
    fake::Event& made = fake::event_of(event);
    fake::queue(fake::stream_of(stream), [&made, version = made.recorded] { fake::until(made, version); });
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
    if (on.capturing)
        return fake::device.fault("an event is recorded in a capture"), cudaErrorStreamCaptureUnsupported;
    made.stream = &on;
    fake::queue(on, [&made, version = ++made.recorded] { made.done = version; });
    return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
    return fake::event_of(event).done == fake::event_of(event).recorded ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    ++fake::device.waits;
    fake::until(fake::event_of(event), fake::event_of(event).recorded);
    return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
    return *milliseconds = 1, cudaSuccess;
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
        if (on.capturing)
            return fake::device.fault("a waiting copy in a capture"), cudaErrorStreamCaptureUnsupported;
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
    return fake::stream_of(stream).capturing = true, cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    fake::Stream& on = fake::stream_of(stream);
    on.capturing = false;
    *graph = reinterpret_cast<cudaGraph_t>(new fake::Graph{std::exchange(on.captured, {})});
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

const char* cublasLtGetStatusString(cublasStatus_t) { return "words"; }
cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
    *handle = reinterpret_cast<cublasLtHandle_t>(new int);
    return ++fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
    delete reinterpret_cast<int*>(handle);
    return --fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* description, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
    *description = reinterpret_cast<cublasLtMatmulDesc_t>(new fake::Description{{}, compute, scale});
    return ++fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description) {
    delete reinterpret_cast<fake::Description*>(description);
    return --fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t description,
                                              cublasLtMatmulDescAttributes_t name, const void* value,
                                              size_t bytes) {
    fake::put(reinterpret_cast<fake::Description*>(description)->attributes, name, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
    *layout = reinterpret_cast<cublasLtMatrixLayout_t>(
        new fake::Layout{type, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), leading});
    return ++fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
    delete reinterpret_cast<fake::Layout*>(layout);
    return --fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t name, const void* value,
                                                size_t) {
    auto& made = *reinterpret_cast<fake::Layout*>(layout);
    if (name == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) made.count = *static_cast<const std::int32_t*>(value);
    if (name == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET)
        made.stride = *static_cast<const std::int64_t*>(value);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
    *preference = reinterpret_cast<cublasLtMatmulPreference_t>(new fake::Preference);
    return ++fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
    delete reinterpret_cast<fake::Preference*>(preference);
    return --fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t name,
                                                    const void* value, size_t bytes) {
    fake::put(reinterpret_cast<fake::Preference*>(preference)->attributes, name, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t description,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t results[], int* count) {
    ++fake::device.heuristics;
    const auto& made = *reinterpret_cast<fake::Description*>(description);
    const auto& wishes = reinterpret_cast<fake::Preference*>(preference)->attributes;
    *count = 0;
    if (!fake::device.epilogues && made.attributes.count(CUBLASLT_MATMUL_DESC_EPILOGUE) != 0)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    *count = std::min(wanted, 3);
    for (int i = 0; i < *count; ++i) {
        results[i] = {};
        results[i].state =
            i == 0 ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;  // the first one is to be left out
        results[i].algo.data[0] = i == 0 ? 0 : 77;
        results[i].algo.data[1] = wishes.at(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
        results[i].algo.data[2] = wishes.at(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
        results[i].algo.data[3] = wishes.at(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
        results[i].algo.data[4] = wishes.at(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
        const std::uint64_t vector = made.get(CUBLASLT_MATMUL_DESC_BIAS_POINTER, 0) | 256;
        results[i].algo.data[5] = vector & (~vector + 1);
    }
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t description, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t layout_a, const void* b,
                              cublasLtMatrixLayout_t layout_b, const void* beta, const void* c,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t layout_d,
                              const cublasLtMatmulAlgo_t* algorithm, void*, size_t, cudaStream_t stream) {
    fake::Product p{*reinterpret_cast<fake::Description*>(description),
                    *reinterpret_cast<fake::Layout*>(layout_a),
                    *reinterpret_cast<fake::Layout*>(layout_b),
                    *reinterpret_cast<fake::Layout*>(layout_d),
                    a,
                    b,
                    c,
                    d,
                    nullptr,
                    0,
                    0};
    p.vector = reinterpret_cast<void*>(p.description.get(CUBLASLT_MATMUL_DESC_BIAS_POINTER, 0));
    p.alpha = fake::load(p.description.scale, alpha, 0);
    p.beta = fake::load(p.description.scale, beta, 0);
    if (algorithm->data[0] != 77) fake::device.fault("an algorithm that was not offered");
    const void* const operands[] = {a, b, c, d, p.vector};
    for (int i = 0; i < 5; ++i)
        if (reinterpret_cast<std::uintptr_t>(operands[i]) % algorithm->data[i + 1] != 0)
            fake::device.fault("an operand is less aligned than its algorithm needs");
    fake::queue(fake::stream_of(stream), [p] { p.run(); });
    return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
// NOLINTEND
