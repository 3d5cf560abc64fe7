// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <thread>
#include <type_traits>

#include <vitscape/distributed/launch.hpp>

/// This header is empty if there is no <nccl.h> or no CUDA.
#if __has_include(<nccl.h>) && __has_include(<cuda_runtime_api.h>)

#include <vitscape/backend/cuda/device.hpp>
#include <vitscape/backend/cuda/handles.hpp>

#include <cuda_runtime_api.h>
#include <nccl.h>

namespace vitscape {

namespace detail {

/// The connection shared by all copies of an `Nccl`: NCCL's communicator on one GPU and a stream for it.
class NcclConnection {
  public:
    static constexpr std::size_t host_numbers = 512;  // transferred at once by `sum`
    static constexpr int most_blocks = 16;  // of a sum, so that the backward pass keeps its multiprocessors

    NcclConnection(int own_rank, int ranks, const ncclUniqueId& id, int device,
                   std::chrono::seconds longest_wait)
        : rank(own_rank), size(ranks), limit(longest_wait), exceptions_(std::uncaught_exceptions()) {
        gpu::require_device(device);
        stream = gpu::detail::make_stream();
        ready = gpu::detail::make_event();
        done = gpu::detail::make_event();
        pinned = gpu::detail::make_pinned_bytes(host_numbers * sizeof(double));
        numbers = gpu::detail::make_device_bytes(host_numbers * sizeof(double), 0);
        ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
        config.maxCTAs = most_blocks;
        check(ncclCommInitRankConfig(&communicator, size, id, rank, &config), "ncclCommInitRankConfig");
    }
    NcclConnection(const NcclConnection&) = delete;
    NcclConnection& operator=(const NcclConnection&) = delete;
    /// Finalizing waits for all others, which may be waiting for this process: it is skipped during stack
    /// unwinding.
    ~NcclConnection() {
        if (std::uncaught_exceptions() > exceptions_) abandon();
        if (communicator == nullptr) return;
        static_cast<void>(cudaStreamSynchronize(stream.get()));
        static_cast<void>(ncclCommDestroy(communicator));
    }

    /// @throws CommunicationError with the name of the call and NCCL's error message
    void check(ncclResult_t result, const char* call) const {
        if (result == ncclSuccess) return;
        const char* const last = ncclGetLastError(communicator);
        throw CommunicationError(message(call, " failed: ", ncclGetErrorString(result),
                                         last != nullptr && *last != '\0' ? "; " : "",
                                         last != nullptr ? last : ""));
    }
    /// Checks for asynchronous errors, in the network or in another process.
    void check_earlier() const {
        ncclResult_t state = ncclSuccess;
        check(ncclCommGetAsyncError(communicator, &state), "ncclCommGetAsyncError");
        if (state != ncclInProgress) check(state, "a sum or broadcast by NCCL");
    }
    /// NCCL's next work waits for all work enqueued on `compute` so far.
    void follow(cudaStream_t compute) const {
        gpu::check(cudaEventRecord(ready.get(), compute), "ordering a sum after the computation");
        gpu::check(cudaStreamWaitEvent(stream.get(), ready.get(), 0), "ordering a sum after the computation");
    }
    /// Work enqueued on `compute` from now on waits for NCCL's work; the host does not.
    void lead(cudaStream_t compute) const {
        gpu::check(cudaEventRecord(done.get(), stream.get()), "ordering the computation after a sum");
        gpu::check(cudaStreamWaitEvent(compute, done.get(), 0), "ordering the computation after a sum");
    }
    /// Waits until the work on `work` is done or has failed. A process that has ended leaves the sums of the others waiting, on the
    /// same machine without any error.
    /// @throws CommunicationError for an error of NCCL, or after `limit`, when this process has left the run
    void wait(cudaStream_t work) {
        const auto start = std::chrono::steady_clock::now();
        for (int turn = 0;; ++turn) {
            const cudaError_t status = cudaStreamQuery(work);
            if (status == cudaSuccess) return;
            if (status != cudaErrorNotReady) gpu::check(status, "a sum over processes");
            static_cast<void>(cudaGetLastError());
            check_earlier();
            if (turn < 1000) {
                std::this_thread::yield();
                continue;
            }
            std::this_thread::sleep_for(std::chrono::microseconds(50));
            if (std::chrono::steady_clock::now() - start < limit) continue;
            abandon();
            throw CommunicationError(message(
                "a sum over ", size, " processes did not end within ", limit.count(),
                " s: one of them has ended, hangs, or takes longer than that between two sums; the last "
                "checkpoint is complete, --resume goes on from it"));
        }
    }
    void abandon() {
        if (communicator != nullptr) static_cast<void>(ncclCommAbort(communicator));
        communicator = nullptr;
    }

    int rank, size;
    std::chrono::seconds limit;
    ncclComm_t communicator = nullptr;  // null: abandoned
    gpu::detail::Stream stream;
    gpu::detail::Event ready, done;
    gpu::detail::PinnedBytes pinned;
    gpu::detail::DeviceBytes numbers;
    bool started = false;

  private:
    int exceptions_;
};

}  // namespace detail

/// One process (or host thread) for each GPU, connected by NCCL, for backends in CUDA memory:
///
///     const ProcessPlace place = process_place();
///     Nccl processes = Nccl::launched(place);          // torchrun or mpirun started one process for each GPU
///     Cuda<bfloat16> backend({.device = place.local_rank});
///
/// Sums run on their own stream, concurrently with the backend's: they wait for the work that wrote their numbers,
/// and only `finish` makes later work wait for them. Only `sum` and `barrier` block the host, so all other calls
/// may be part of a captured step, from the first `start_sum` to `finish`. A graph that contains them must
/// be destroyed before the last copy of its `Nccl`.
class Nccl {
  public:
    /// Of one sum: smaller ones do not reach a link's bandwidth, larger ones begin too late.
    static constexpr std::size_t chunk_bytes = std::size_t{32} << 20U;
    /// How long a process waits for the others.
    static constexpr std::chrono::seconds usual_wait{600};

    /// @param id      of the run, from `unique_id()` in one process
    /// @param device  the CUDA device of this process, the same as the backend's
    /// @param longest_wait  longer than what one process does alone between two sums, such as an evaluation
    /// @throws DeviceError without such a device, CommunicationError if NCCL cannot connect; waits for all
    Nccl(int rank, int size, const ncclUniqueId& id, int device,
         std::chrono::seconds longest_wait = usual_wait)
        : connection_(std::make_shared<detail::NcclConnection>(rank, size, id, device, longest_wait)) {}

    /// The processes of another communicator, as in `Nccl(Mpi(), place.local_rank)`.
    template <Communicator Host>
    requires(!std::same_as<std::remove_cvref_t<Host>, Nccl>) Nccl(Host host, int device)
        : Nccl(host.rank(), host.size(), id_through(host), device) {}

    /// The processes started by a launcher, see `process_place`; they exchange the id through a file, see `Rendezvous`.
    [[nodiscard]] static Nccl launched(const ProcessPlace& place = process_place()) {
        gpu::require_device(place.local_rank);  // fail before the others wait
        Rendezvous rendezvous(place, Rendezvous::default_path());
        ncclUniqueId id{};
        if (place.rank == 0) id = unique_id();
        rendezvous.exchange(std::as_writable_bytes(std::span(id.internal)));
        return Nccl(place.rank, place.size, id, place.local_rank);
    }
    /// The id of a new run, to be passed to all of its processes.
    [[nodiscard]] static ncclUniqueId unique_id() {
        ncclUniqueId id{};
        const ncclResult_t result = ncclGetUniqueId(&id);
        if (result != ncclSuccess)
            throw CommunicationError(message("ncclGetUniqueId failed: ", ncclGetErrorString(result)));
        return id;
    }

    [[nodiscard]] int rank() const { return connection_->rank; }
    [[nodiscard]] int size() const { return connection_->size; }

    /// numbers[i] = their sum over all processes; host memory.
    void sum(double* numbers, std::size_t count) {
        detail::NcclConnection& c = connection();
        constexpr std::size_t most = detail::NcclConnection::host_numbers;
        for (std::size_t first = 0; first < count; first += most) {
            const std::size_t n = std::min(most, count - first), bytes = n * sizeof(double);
            std::memcpy(c.pinned.get(), numbers + first, bytes);
            gpu::check(cudaMemcpyAsync(c.numbers.get(), c.pinned.get(), bytes, cudaMemcpyHostToDevice,
                                       c.stream.get()),
                       "uploading numbers to be summed");
            c.check(ncclAllReduce(c.numbers.get(), c.numbers.get(), n, ncclDouble, ncclSum, c.communicator,
                                  c.stream.get()),
                    "ncclAllReduce");
            gpu::check(cudaMemcpyAsync(c.pinned.get(), c.numbers.get(), bytes, cudaMemcpyDeviceToHost,
                                       c.stream.get()),
                       "downloading numbers that were summed");
            c.wait(c.stream.get());
            std::memcpy(numbers + first, c.pinned.get(), bytes);
        }
    }
    void barrier() {
        double nothing = 0;
        sum(&nothing, 1);
    }
    /// Aborts NCCL's work on this GPU immediately, whatever its state.
    void abandon() { connection_->abandon(); }

    template <class B, class Pointer>
    void start_sum(B& backend, Index n, Pointer p) {
        const ncclDataType_t type = number_type<B, Pointer>();
        detail::NcclConnection& c = connection();
        c.check_earlier();
        c.follow(stream_of(backend));
        c.check(
            ncclAllReduce(p, p, static_cast<std::size_t>(n), type, ncclSum, c.communicator, c.stream.get()),
            "ncclAllReduce");
        c.started = true;
    }
    /// The backend's later work waits for the sums; the host does not.
    template <class B>
    void finish(B& backend) {
        detail::NcclConnection& c = connection();
        if (!c.started) return;
        c.lead(stream_of(backend));
        c.started = false;
    }
    /// Waits for the backend's work. @throws CommunicationError if it cannot end, see `longest_wait`
    template <class B>
    void wait_for(B& backend) {
        connection().wait(stream_of(backend));
    }
    template <class B, class Pointer>
    void broadcast(B& backend, Index n, Pointer p, int root) {
        const ncclDataType_t type = number_type<B, Pointer>();
        const detail::NcclConnection& c = connection();
        c.follow(stream_of(backend));
        c.check(ncclBroadcast(p, p, static_cast<std::size_t>(n), type, root, c.communicator, c.stream.get()),
                "ncclBroadcast");
        c.lead(stream_of(backend));
    }

  private:
    template <class B, class Pointer>
    static ncclDataType_t number_type() {
        static_assert(DeviceBackend<B>, "Nccl sums numbers in CUDA memory; for Cpu<T> use Mpi");
        static_assert(std::is_same_v<Pointer, float*> || std::is_same_v<Pointer, double*>,
                      "Nccl sums plain float and double numbers; gradients of bfloat16 models are float");
        return std::is_same_v<Pointer, float*> ? ncclFloat : ncclDouble;
    }
    template <class B>
    static cudaStream_t stream_of(B& backend) {
        if constexpr (requires { backend.stream(); })
            return backend.stream();
        else
            return backend.execution().stream();
    }
    /// Broadcasts process 0's id as a sum to which the others contribute zero.
    template <Communicator Host>
    static ncclUniqueId id_through(Host& host) {
        ncclUniqueId id{};
        if (host.rank() == 0) id = unique_id();
        double bytes[NCCL_UNIQUE_ID_BYTES];
        for (std::size_t i = 0; i < NCCL_UNIQUE_ID_BYTES; ++i)
            bytes[i] = static_cast<unsigned char>(id.internal[i]);
        host.sum(bytes, NCCL_UNIQUE_ID_BYTES);
        for (std::size_t i = 0; i < NCCL_UNIQUE_ID_BYTES; ++i)
            id.internal[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]));
        return id;
    }
    [[nodiscard]] detail::NcclConnection& connection() const {
        if (connection_->communicator == nullptr)
            throw CommunicationError("this process has left the run and must exit");
        return *connection_;
    }

    std::shared_ptr<detail::NcclConnection> connection_;
};

}  // namespace vitscape

#endif
