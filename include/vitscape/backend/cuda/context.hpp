// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <vitscape/backend/cuda/device.hpp>
#include <vitscape/backend/cuda/error.hpp>
#include <vitscape/backend/cuda/graph.hpp>
#include <vitscape/backend/cuda/handles.hpp>
#include <vitscape/backend/cuda/pool.hpp>
#include <vitscape/backend/cuda/uploads.hpp>

#include <cublasLt.h>
#include <cuda_runtime_api.h>

namespace vitscape::gpu {

struct ContextOptions {
    int device = 0;
    bool graphs = true;                      ///< false: `run` calls the body every time (for debugging)
    std::size_t workspace_bytes = 32 << 20;  ///< for matrix products; NVIDIA's recommendation for Hopper
    /// Time the algorithms that cuBLASLt offers for a matrix product at its first use and take the fastest. Two runs may then choose,
    /// and round, differently; `product_choices` of a backend keeps what one chose.
    bool tune_products = false;
    std::size_t upload_slot_bytes = 8 << 20;
    std::size_t upload_slots = 64;  ///< maximum; each uses equal amounts of pinned and device memory
};

/// One GPU and the state shared by work on it: a stream that orders all computation, a stream for uploads, memory,
/// cuBLASLt. All calls return before the work is done unless documented otherwise. Copies of a backend share
/// one context; one host thread at a time uses it.
class Context : public std::enable_shared_from_this<Context> {
  public:
    using Pools = PoolSet<DeviceMemory>;
    /// A captured graph and the downloads in it.
    struct Executable {
        detail::ExecutableGraph graph;
        std::vector<std::shared_ptr<detail::Download>> downloads;
    };

    /// @throws DeviceError when the GPU cannot be used, see `require_device`.
    [[nodiscard]] static std::shared_ptr<Context> create(const ContextOptions& options = {}) {
        require_device(options.device);
        return std::shared_ptr<Context>(new Context(options));
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() {
        static_cast<void>(cudaSetDevice(options_.device));
        static_cast<void>(cudaStreamSynchronize(stream_.get()));
    }

    [[nodiscard]] int device() const { return options_.device; }
    [[nodiscard]] const DeviceProperties& properties() const { return properties_; }
    [[nodiscard]] cudaStream_t stream() const { return stream_.get(); }
    [[nodiscard]] cudaStream_t copy_stream() const { return uploads_.stream(); }
    [[nodiscard]] cublasLtHandle_t blas() const { return blas_.get(); }
    [[nodiscard]] void* workspace() const { return workspace_.get(); }
    [[nodiscard]] std::size_t workspace_bytes() const { return options_.workspace_bytes; }
    [[nodiscard]] bool tunes_products() const { return options_.tune_products; }
    [[nodiscard]] Pools& pools() { return pools_; }
    /// Makes this GPU the current one of the calling thread; needed if one thread uses several contexts.
    void activate() const { check(cudaSetDevice(options_.device), "choosing the GPU"); }

    /// Uninitialized device memory in the order of `stream()`. @throws OutOfDeviceMemory
    [[nodiscard]] void* allocate(std::size_t bytes) { return pools_.allocate(bytes); }
    void release(void* memory, std::size_t bytes) { pools_.release(memory, bytes); }
    /// Returns unused memory to the device; blocks.
    void trim() { pools_.trim(); }

    /// Copies `bytes` bytes from device memory to device memory.
    void copy(const void* from, void* to, std::size_t bytes) {
        if (bytes != 0)
            check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream()), "copying on the GPU");
    }
    void fill_bytes(void* to, int value, std::size_t bytes) {
        if (bytes != 0) check(cudaMemsetAsync(to, value, bytes, stream()), "filling device memory");
    }

    /// Copies host memory to the device; when it returns, `host` may be reused. The transfer overlaps with work on
    /// the compute stream, which only copies the arrived bytes to their destination, in stream order.
    /// @throws CaptureError while a step is captured.
    void upload_bytes(const void* host, void* to, std::size_t bytes) {
        forbid_in_capture("an upload", "upload before the step, into arrays that live as long as it is run");
        uploads_.upload(host, to, bytes);
    }

    /// Copies device memory to the host and blocks until it is done. @throws CaptureError while a step is captured.
    void download_bytes(const void* from, void* host, std::size_t bytes) {
        forbid_in_capture("a download that waits", "start it with HostBuffer and wait after the step");
        if (bytes == 0) return;
        check(cudaMemcpyAsync(host, from, bytes, cudaMemcpyDeviceToHost, stream()), "a download");
        check(cudaStreamSynchronize(stream()), "earlier work on the GPU");
    }

    /// Waits until all earlier work is done. @throws CaptureError while a step is captured.
    void synchronize() {
        forbid_in_capture("waiting for the GPU", "wait after the step");
        check(cudaStreamSynchronize(copy_stream()), "earlier uploads");
        check(cudaStreamSynchronize(stream()), "earlier work on the GPU");
    }

    /// `graph.run`: runs, captures or launches a repeated step.
    template <class Body>
    void run(BasicGraph<Context>& graph, std::uint64_t signature, Body&& body) {
        graph.run(*this, signature, std::forward<Body>(body));
    }
    [[nodiscard]] bool graphs_enabled() const { return options_.graphs; }
    [[nodiscard]] bool capturing() const { return recording_ != nullptr; }

    /// The operations of `BasicGraph`. Relaxed capture: a pool may still allocate device memory meanwhile.
    void begin_capture() {
        auto recording = std::make_unique<Executable>();
        check(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeRelaxed), "beginning to capture a step");
        pools_.allow_trim(false);
        recording_ = std::move(recording);
    }
    Executable end_capture() {
        Executable result = std::move(*recording_);
        detail::CapturedGraph graph = leave_capture("capturing a step");
        cudaGraphExec_t executable = nullptr;
        check(cudaGraphInstantiateWithFlags(&executable, graph.get(), 0), "building the graph of a step");
        result.graph = detail::ExecutableGraph(executable);
        return result;
    }
    void abandon_capture() noexcept {
        cudaGraph_t graph = nullptr;
        static_cast<void>(cudaStreamEndCapture(stream(), &graph));
        static_cast<void>(cudaGetLastError());
        const detail::CapturedGraph discarded(graph);
        pools_.allow_trim(true);
        recording_.reset();
    }
    void launch(const Executable& executable) {
        check(cudaGraphLaunch(executable.graph.get(), stream()), "launching the graph of a step");
        for (const auto& download : executable.downloads)
            check(cudaEventRecord(download->arrived.get(), stream()), "a download");
    }

    /// Enqueues a download; `HostBuffer` is the public interface.
    void start_download(const void* from, std::size_t bytes,
                        const std::shared_ptr<detail::Download>& download) {
        if (bytes != 0)
            check(cudaMemcpyAsync(download->memory.get(), from, bytes, cudaMemcpyDeviceToHost, stream()),
                  "a download");
        download->started = true;
        if (capturing())
            recording_->downloads.push_back(download);  // one cannot wait for an event inside the graph
        else
            check(cudaEventRecord(download->arrived.get(), stream()), "a download");
    }
    /// @throws CaptureError while a step is captured; `what` is not possible then, `remedy` is.
    void forbid_in_capture(const char* what, const char* remedy) const {
        if (capturing()) throw CaptureError(message(what, " cannot be part of a captured step: ", remedy));
    }

  private:
    explicit Context(const ContextOptions& options)
        : options_(options),
          properties_(device_properties(options.device)),
          stream_(detail::make_stream()),
          workspace_(detail::make_device_bytes(options.workspace_bytes, 0)),
          pools_(DeviceMemory{options.device, stream_.get()}),
          uploads_(stream_.get(), options.upload_slot_bytes, options.upload_slots) {
        cublasLtHandle_t handle = nullptr;
        check(cublasLtCreate(&handle), "starting cuBLASLt");
        blas_ = detail::BlasHandle(handle);
    }

    detail::CapturedGraph leave_capture(const char* what) {
        pools_.allow_trim(true);
        recording_.reset();
        cudaGraph_t graph = nullptr;
        const cudaError_t status = cudaStreamEndCapture(stream(), &graph);
        detail::CapturedGraph result(graph);
        check(status, what);
        return result;
    }

    ContextOptions options_;
    DeviceProperties properties_;
    detail::Stream stream_;
    detail::BlasHandle blas_;
    detail::DeviceBytes workspace_;
    Pools pools_;
    Uploads uploads_;
    std::unique_ptr<Executable> recording_;  // while a step is captured
};

/// A step that is captured at its second run, see `BasicGraph`: `context.run(graph, signature, body)`.
using Graph = BasicGraph<Context>;

/// Pinned host memory for downloads that overlap with computation.
class HostBuffer {
  public:
    /// A buffer of `bytes` bytes.
    HostBuffer(std::shared_ptr<Context> context, std::size_t bytes)
        : context_(std::move(context)), download_(std::make_shared<detail::Download>()) {
        context_->activate();
        download_->memory = detail::make_pinned_bytes(bytes == 0 ? 1 : bytes);
        download_->bytes = bytes;
        download_->arrived = detail::make_event();
    }

    /// Enqueues the copy of `bytes` bytes of device memory into the buffer. In a captured step every launch
    /// copies again: wait for one before the next.
    /// @throws ShapeError for more bytes than the buffer has.
    void start(const void* from, std::size_t bytes) {
        if (bytes > download_->bytes)
            throw ShapeError(message("a download of ", bytes, " bytes does not fit in a buffer of ",
                                     download_->bytes, " bytes: make the buffer as large as the array"));
        context_->start_download(from, bytes, download_);
    }
    /// Waits until the latest copy queued by `start` has arrived; returns immediately if none was started.
    void wait() const {
        context_->forbid_in_capture("waiting for a download", "wait after the step");
        if (download_->started)
            check(cudaEventSynchronize(download_->arrived.get()), "earlier work on the GPU");
    }
    [[nodiscard]] const void* data() const { return download_->memory.get(); }
    template <class T>
    [[nodiscard]] const T* as() const {
        return static_cast<const T*>(download_->memory.get());
    }
    [[nodiscard]] std::size_t bytes() const { return download_->bytes; }

  private:
    std::shared_ptr<Context> context_;
    std::shared_ptr<detail::Download> download_;
};

}  // namespace vitscape::gpu
