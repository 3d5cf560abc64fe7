// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <vitscape/backend/concept.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Communication between processes failed: one has ended, or the library that connects them reports an error.
struct CommunicationError : Error {
    using Error::Error;
};

/// Several processes that run the same program on parts of the same work. A `Communicator` is a cheap handle
/// like a backend: copies share one connection, which one host thread at a time may use.
///
/// | member | meaning |
/// | --- | --- |
/// | `rank()`, `size()` | the number of this process, from 0, and the number of processes |
/// | `sum(numbers, count)` | numbers[i] = their sum over all processes, the same bits in each; host memory |
/// | `barrier()` | returns when all processes have called it |
/// | `abandon()` | this process leaves the group: it no longer waits for others, and its further calls throw |
///
/// and, for each backend whose memory it can access, `CommunicatorFor`. All but `rank`, `size` and `abandon` are
/// collective: every process makes the same calls in the same order, with the same counts.
///
/// A process that leaves by an exception leaves the others waiting. After `abandon()` it exits without finalizing,
/// which launchers such as mpirun and torchrun treat as a failure: they terminate the others.
template <class C>
concept Communicator = std::copyable<C> && requires(C c, double* numbers, std::size_t count) {
    { c.rank() } -> std::convertible_to<int>;
    { c.size() } -> std::convertible_to<int>;
    c.sum(numbers, count);
    c.barrier();
    c.abandon();
};

/// The operations of a communicator on the memory of a backend:
///
/// | member | meaning |
/// | --- | --- |
/// | `start_sum(backend, n, p)` | starts p[i] = sum of p[i] over all processes, the same bits in each |
/// | `finish(backend)` | later work of the backend sees the results of all sums started |
/// | `broadcast(backend, n, p, root)` | p[i] = p[i] of the process `root` |
///
/// A sum sees the results of the backend's earlier work; until `finish` those numbers must not be accessed,
/// while other work of the backend may overlap.
///
/// Optional: `chunk_bytes`, the preferred size of one sum of a large vector, and `wait_for(backend)`, which waits for the backend's
/// work, sums included, and throws if they cannot end because another process did.
template <class C, class B>
concept WaitingCommunicator = requires(C c, B b) {
    c.wait_for(b);
};
template <class C, class B>
concept CommunicatorFor = Communicator<C> && Backend<B> &&
    requires(C c, B b, typename B::Pointer p, Index n) {
    c.start_sum(b, n, p);
    c.finish(b);
    c.broadcast(b, n, p, 0);
};

/// A communicator that also passes numbers from one process to another: `send(backend, n, p, to)` and `receive(backend, n, p,
/// from)`, each of which returns when `p` may be used again.
template <class C, class B>
concept PassingCommunicator = CommunicatorFor<C, B> && requires(C c, B b, typename B::Pointer p, Index n) {
    c.send(b, n, p, 0);
    c.receive(b, n, p, 0);
};

/// A single process: every sum is complete already. Optimized away entirely.
class SingleProcess {
  public:
    [[nodiscard]] static constexpr int rank() { return 0; }
    [[nodiscard]] static constexpr int size() { return 1; }
    static constexpr void sum(double*, std::size_t) {}
    static constexpr void barrier() {}
    static constexpr void abandon() {}
    template <class B, class Pointer>
    static constexpr void start_sum(B&, Index, Pointer) {}
    template <class B>
    static constexpr void finish(B&) {}
    template <class B, class Pointer>
    static constexpr void broadcast(B&, Index, Pointer, int) {}
    template <class B, class Pointer>
    static constexpr void send(B&, Index, Pointer, int) {}
    template <class B, class Pointer>
    static constexpr void receive(B&, Index, Pointer, int) {}
};

/// Whether a communicator always has a single process, known at compile time: `if constexpr
/// (!single_process<C>)` guards code that only several processes need.
template <class C>
constexpr bool single_process = requires {
    requires std::bool_constant<(C::size() == 1)>::value;
};

/// Compiles if `C` is a communicator for the memory of `B`; otherwise the compiler's first error says what is missing.
template <class C, class B>
constexpr bool require_communicator() {
    static_assert(
        Communicator<C>,
        "a communicator lacks one of rank(), size(), sum(double*, std::size_t), barrier() and abandon()");
    static_assert(CommunicatorFor<C, B>,
                  "a communicator lacks, for the backend that holds the parameters, one of start_sum(B&, "
                  "Index, pointer), "
                  "finish(B&) and broadcast(B&, Index, pointer, int root)");
    return true;
}

/// The sum of one number over all processes.
template <Communicator C>
double sum_over_processes(C& communicator, double number) {
    communicator.sum(&number, 1);
    return number;
}

/// A backend whose memory belongs to a device, which executes a stream of commands.
template <class B>
concept DeviceBackend = requires(B b) {
    b.stream();
}
|| requires(B b) { b.execution().stream(); };

}  // namespace vitscape
