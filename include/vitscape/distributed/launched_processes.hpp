// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>

#include <vitscape/distributed/communicator.hpp>
#include <vitscape/distributed/launch.hpp>

// Defined by the component vitscape::mpi, and by programs for devices that are linked with NCCL.
#if defined(VITSCAPE_HAS_MPI)
#include <vitscape/distributed/mpi.hpp>
#endif
#if defined(VITSCAPE_HAS_NCCL)
#include <vitscape/distributed/nccl.hpp>
#endif

namespace vitscape {

/// The processes that a launcher started, known at run time: one alone, which costs nothing and needs no library, or several
/// that are connected by MPI and, for backends on devices, by NCCL. One type for both, so that a program has one `Trainer`.
///
///     LaunchedProcesses processes = LaunchedProcesses::connect(process_place());
///     processes.use_device(device);     // only for backends on a device
///     Trainer trainer{backend, method, optimizer, schedule, seed, processes};
class LaunchedProcesses {
  public:
    /// A process alone.
    LaunchedProcesses() = default;

    /// Connects the processes of `place`, all of which call this; MPI is not started for a process alone.
    /// @throws ConfigError if there are several and this program was built without MPI, or MPI connects another number of
    ///         them: then each would work alone, in the same folder
    [[nodiscard]] static LaunchedProcesses connect(const ProcessPlace& place) {
        LaunchedProcesses processes;
        if (place.size == 1) return processes;
        processes.local_rank_ = place.local_rank;
#if defined(VITSCAPE_HAS_MPI)
        Mpi mpi;
        if (mpi.size() != place.size)
            throw ConfigError(message("the launcher started ", place.size, " processes, but MPI connects ",
                                      mpi.size(),
                                      ": it is the launcher of another MPI library. Start the program with "
                                      "the mpirun of the library that it was built with, or under Slurm "
                                      "with srun --mpi=pmix (Open MPI) or --mpi=pmi2 (MPICH)"));
        processes.mpi_ = mpi;
        return processes;
#else
        throw ConfigError(message(
            "the launcher started ", place.size,
            " processes, but this program was built without MPI; install it (Debian: libopenmpi-dev), "
            "configure and build again, or start one process"));
#endif
    }

    /// For backends on a device: connects this process and its device with the others by NCCL, whose id goes over MPI.
    /// @throws ConfigError if there are several processes and the program was built without NCCL
    void use_device([[maybe_unused]] int device) {
        if (size() == 1) return;
#if defined(VITSCAPE_HAS_MPI) && defined(VITSCAPE_HAS_NCCL)
        nccl_.emplace(*mpi_, device);
#else
        throw ConfigError(
            "several processes with a device each need NCCL and MPI, one of which this program was built "
            "without; "
            "install both, configure and build again, or start one process");
#endif
    }

#if defined(VITSCAPE_HAS_MPI)
    [[nodiscard]] int rank() const { return mpi_ ? mpi_->rank() : 0; }
    [[nodiscard]] int size() const { return mpi_ ? mpi_->size() : 1; }
#else
    [[nodiscard]] int rank() const { return 0; }
    [[nodiscard]] int size() const { return 1; }
#endif
    /// Its number among the processes of this machine.
    [[nodiscard]] int local_rank() const { return local_rank_; }

    void sum([[maybe_unused]] double* numbers, [[maybe_unused]] std::size_t count) {
#if defined(VITSCAPE_HAS_MPI)
        if (mpi_) mpi_->sum(numbers, count);
#endif
    }
    void barrier() {
#if defined(VITSCAPE_HAS_MPI)
        if (mpi_) mpi_->barrier();
#endif
    }
    void abandon() {
#if defined(VITSCAPE_HAS_NCCL)
        if (nccl_) nccl_->abandon();
#endif
#if defined(VITSCAPE_HAS_MPI)
        if (mpi_) mpi_->abandon();
#endif
    }

    template <class B, class Pointer>
    void start_sum(B& backend, Index n, Pointer p) {
        with<B>([&](auto& several) { several.start_sum(backend, n, p); });
    }
    template <class B>
    void finish(B& backend) {
        with<B>([&](auto& several) { several.finish(backend); });
    }
    template <class B, class Pointer>
    void broadcast(B& backend, Index n, Pointer p, int root) {
        with<B>([&](auto& several) { several.broadcast(backend, n, p, root); });
    }
    /// On a device: see `WaitingCommunicator`.
    template <class B>
    requires DeviceBackend<B>
    void wait_for(B& backend) {
        with<B>([&](auto& several) { several.wait_for(backend); });
    }
    /// In host memory: see `PassingCommunicator`.
    template <class B, class Pointer>
    requires(!DeviceBackend<B>) void send(B& backend, Index n, Pointer p, int to) {
        with<B>([&](auto& several) { several.send(backend, n, p, to); });
    }
    template <class B, class Pointer>
    requires(!DeviceBackend<B>) void receive(B& backend, Index n, Pointer p, int from) {
        with<B>([&](auto& several) { several.receive(backend, n, p, from); });
    }

  private:
    /// f of what connects the memory of `B`, where there are several processes.
    template <class B, class F>
    void with([[maybe_unused]] const F& f) {
        if constexpr (DeviceBackend<B>) {
#if defined(VITSCAPE_HAS_NCCL)
            if (nccl_) return f(*nccl_);
#endif
            if (size() > 1)
                throw CommunicationError("use_device() must be called before numbers on a device are summed");
        } else {
#if defined(VITSCAPE_HAS_MPI)
            if (mpi_) f(*mpi_);
#endif
        }
    }

    int local_rank_ = 0;
#if defined(VITSCAPE_HAS_MPI)
    std::optional<Mpi> mpi_{};
#endif
#if defined(VITSCAPE_HAS_NCCL)
    std::optional<Nccl> nccl_{};
#endif
};

}  // namespace vitscape
