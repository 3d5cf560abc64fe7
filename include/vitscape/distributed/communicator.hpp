// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <vitscape/backend/concept.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Processes that cannot talk to each other: one ended, or the library that connects them reports a fault.
struct CommunicationError : Error {
    using Error::Error;
};

/// Several processes that run the same program on parts of the same work. A `Communicator` is a cheap handle
/// like a backend: copies are the same connection, and one host thread at a time uses it.
///
/// | member | meaning |
/// | --- | --- |
/// | `rank()`, `size()` | the number of this process, from 0, and how many there are |
/// | `sum(numbers, count)` | numbers[i] = their sum over all processes, the same bits in each; host memory |
/// | `barrier()` | returns when all processes have called it |
/// | `abandon()` | this process gives up: it waits for nobody any more, and its further calls throw |
///
/// and, for each backend whose memory it reaches, `CommunicatorFor`. All but `rank`, `size` and `abandon` are
/// collective: every process makes the same calls in the same order, with the same counts.
///
/// A process that alone leaves by an exception leaves the others waiting. `abandon()` before it ends makes it
/// end without a farewell, which launchers such as mpirun and torchrun take for a failure: they end the others.
template <class C>
concept Communicator = std::copyable<C> && requires(C c, double* numbers, std::size_t count) {
    { c.rank() } -> std::convertible_to<int>;
    { c.size() } -> std::convertible_to<int>;
    c.sum(numbers, count);
    c.barrier();
    c.abandon();
};

/// What a communicator does with the memory of a backend:
///
/// | member | meaning |
/// | --- | --- |
/// | `start_sum(backend, n, p)` | begins p[i] = sum of p[i] over all processes, the same bits in each |
/// | `finish(backend)` | all that was started is done for whatever the backend does next |
/// | `broadcast(backend, n, p, root)` | p[i] = p[i] of the process `root` |
///
/// A sum takes what the backend's earlier work has written; until `finish` nobody else may touch those numbers,
/// and other work of the backend may go on meanwhile.
template <class C, class B>
concept CommunicatorFor = Communicator<C> && Backend<B> &&
    requires(C c, B b, typename B::Pointer p, Index n) {
    c.start_sum(b, n, p);
    c.finish(b);
    c.broadcast(b, n, p, 0);
};

/// One process alone: every sum is there already. Nothing is left of it in a compiled program.
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
};

/// Whether a communicator has one process whatever happens, known while compiling: `if constexpr
/// (!single_process<C>)` surrounds what only several processes need.
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

/// A backend whose memory belongs to a device, which works off a stream of commands.
template <class B>
concept DeviceBackend = requires(B b) {
    b.stream();
}
|| requires(B b) { b.execution().stream(); };

}  // namespace vitscape
