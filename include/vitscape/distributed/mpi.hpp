// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <vitscape/distributed/communicator.hpp>

/// This header is empty if there is no <mpi.h>.
#if __has_include(<mpi.h>)

// Without the C++ interface that MPI 3 removed and that some headers still include.
#if !defined(OMPI_SKIP_MPICXX)
#define OMPI_SKIP_MPICXX 1
#endif
#if !defined(MPICH_SKIP_MPICXX)
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

namespace vitscape {

namespace detail {

inline void check_mpi(int result, const char* call) {
    if (result == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    if (MPI_Error_string(result, text, &length) != MPI_SUCCESS) length = 0;
    throw CommunicationError(message(call, " failed: ", std::string(text, static_cast<std::size_t>(length))));
}

/// The connection shared by all copies of an `Mpi`.
class MpiConnection {
  public:
    MpiConnection() : exceptions_(std::uncaught_exceptions()) {
        int initialized = 0, finalized = 0;
        MPI_Initialized(&initialized);
        MPI_Finalized(&finalized);
        if (finalized != 0)
            throw CommunicationError(
                "MPI was finalized and cannot be started again; keep one Mpi as long as the program needs "
                "it");
        if (initialized == 0) {
            // Threads that load images do not call MPI. A library without thread support reports that here, and
            // works nevertheless.
            int provided = MPI_THREAD_SINGLE;
            check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
            owns_ = true;
        }
        try {
            // A communicator of its own, so that messages do not mix with others of the program.
            check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &world), "MPI_Comm_dup");
            check_mpi(MPI_Comm_set_errhandler(world, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
            check_mpi(MPI_Comm_rank(world, &rank), "MPI_Comm_rank");
            check_mpi(MPI_Comm_size(world, &size), "MPI_Comm_size");
        } catch (...) {
            if (owns_) MPI_Finalize();
            throw;
        }
    }
    MpiConnection(const MpiConnection&) = delete;
    MpiConnection& operator=(const MpiConnection&) = delete;
    /// Finalizing waits for all others, which may be waiting for this process: it is skipped after `abandon` and during
    /// stack unwinding.
    ~MpiConnection() {
        if (abandoned || std::uncaught_exceptions() > exceptions_) return;
        int finalized = 0;
        MPI_Finalized(&finalized);
        if (finalized != 0) return;
        if (!pending.empty())
            MPI_Waitall(static_cast<int>(pending.size()), pending.data(), MPI_STATUSES_IGNORE);
        MPI_Comm_free(&world);
        if (owns_) MPI_Finalize();
    }

    MPI_Comm world = MPI_COMM_NULL;
    int rank = 0, size = 1;
    std::vector<MPI_Request> pending;
    bool abandoned = false;

  private:
    int exceptions_;
    bool owns_ = false;
};

}  // namespace detail

/// The processes started by mpirun, for backends in host memory. The first `Mpi` initializes MPI, unless the
/// program has already done so, and the last copy finalizes it. Only the thread that initialized MPI may use it.
///
///     mpirun -np 2 ./pretrain …
class Mpi {
  public:
    /// @throws CommunicationError if MPI cannot be initialized, or was already finalized
    Mpi() : connection_(std::make_shared<detail::MpiConnection>()) {}

    [[nodiscard]] int rank() const { return connection_->rank; }
    [[nodiscard]] int size() const { return connection_->size; }

    /// numbers[i] = their sum over all processes.
    void sum(double* numbers, std::size_t count) {
        detail::MpiConnection& c = connection();
        in_pieces(count, [&](std::size_t first, int n) {
            detail::check_mpi(MPI_Allreduce(MPI_IN_PLACE, numbers + first, n, MPI_DOUBLE, MPI_SUM, c.world),
                              "MPI_Allreduce");
        });
    }
    void barrier() { detail::check_mpi(MPI_Barrier(connection().world), "MPI_Barrier"); }
    void abandon() { connection_->abandoned = true; }

    template <class B, class Pointer>
    void start_sum(B& backend, Index n, Pointer p) {
        detail::MpiConnection& c = connection();
        backend.synchronize();
        in_pieces(static_cast<std::size_t>(n), [&](std::size_t first, int count) {
            MPI_Request request = MPI_REQUEST_NULL;
            detail::check_mpi(MPI_Iallreduce(MPI_IN_PLACE, p + first, count, number_type<B, Pointer>(),
                                             MPI_SUM, c.world, &request),
                              "MPI_Iallreduce");
            c.pending.push_back(request);
        });
        // Many MPI libraries make progress only during calls: this advances the earlier sums.
        int done = 0;
        detail::check_mpi(
            MPI_Testall(static_cast<int>(c.pending.size()), c.pending.data(), &done, MPI_STATUSES_IGNORE),
            "MPI_Testall");
    }
    /// Waits until all started sums are complete.
    template <class B>
    void finish(B&) {
        detail::MpiConnection& c = connection();
        const int result =
            MPI_Waitall(static_cast<int>(c.pending.size()), c.pending.data(), MPI_STATUSES_IGNORE);
        c.pending.clear();
        detail::check_mpi(result, "MPI_Waitall");
    }
    template <class B, class Pointer>
    void broadcast(B& backend, Index n, Pointer p, int root) {
        detail::MpiConnection& c = connection();
        backend.synchronize();
        in_pieces(static_cast<std::size_t>(n), [&](std::size_t first, int count) {
            detail::check_mpi(MPI_Bcast(p + first, count, number_type<B, Pointer>(), root, c.world),
                              "MPI_Bcast");
        });
    }

    /// Sends numbers to the process `to`, which calls `receive` with the same count; returns when they may be overwritten.
    template <class B, class Pointer>
    void send(B& backend, Index n, Pointer p, int to) {
        detail::MpiConnection& c = connection();
        backend.synchronize();
        in_pieces(static_cast<std::size_t>(n), [&](std::size_t first, int count) {
            detail::check_mpi(MPI_Send(p + first, count, number_type<B, Pointer>(), to, 0, c.world),
                              "MPI_Send");
        });
    }
    template <class B, class Pointer>
    void receive(B& backend, Index n, Pointer p, int from) {
        detail::MpiConnection& c = connection();
        backend.synchronize();
        in_pieces(static_cast<std::size_t>(n), [&](std::size_t first, int count) {
            detail::check_mpi(
                MPI_Recv(p + first, count, number_type<B, Pointer>(), from, 0, c.world, MPI_STATUS_IGNORE),
                "MPI_Recv");
        });
    }

  private:
    template <class B, class Pointer>
    static MPI_Datatype number_type() {
        static_assert(!DeviceBackend<B>,
                      "Mpi sums numbers in host memory (Cpu<T>, Thrust on cpp and omp); for CUDA use Nccl");
        static_assert(std::is_same_v<Pointer, float*> || std::is_same_v<Pointer, double*>,
                      "Mpi sums plain float and double numbers; gradients of bfloat16 models are float");
        return std::is_same_v<Pointer, float*> ? MPI_FLOAT : MPI_DOUBLE;
    }
    [[nodiscard]] detail::MpiConnection& connection() const {
        if (connection_->abandoned) throw CommunicationError("this process has left the run and must exit");
        return *connection_;
    }
    /// MPI counts in int.
    template <class F>
    static void in_pieces(std::size_t count, const F& f) {
        constexpr std::size_t most = std::size_t{1} << 30U;
        for (std::size_t first = 0; first < count; first += most)
            f(first, static_cast<int>(std::min(most, count - first)));
    }

    std::shared_ptr<detail::MpiConnection> connection_;
};

}  // namespace vitscape

#endif
