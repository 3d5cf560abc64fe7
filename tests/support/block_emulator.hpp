// SPDX-License-Identifier: Apache-2.0
//
// Runs a GPU kernel on the host, block by block, so that tests find wrong results, deadlocks, divergence and
// accesses beyond the shared memory without a GPU.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/backend/thrust/cuda/kernels/block.hpp>
#include <vitscape/core/error.hpp>

#include "support/fibers.hpp"
#include "support/tensor_core.hpp"

namespace vitscape::test {

/// A kernel did what a GPU would answer with a hang, an error or silent nonsense.
struct EmulatorError : Error {
    using Error::Error;
};

/// A place in a kernel's source.
struct Place {
    const char* file = "";
    int line = 0;
    static constexpr Place here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
        return {file, line};
    }
    friend bool operator==(const Place& a, const Place& b) {
        return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
    }
};

/// All threads of one block, as fibers. Threads that wait go on in an order that changes from rendezvous to
/// rendezvous, the same in every run: whole warps run ahead of others, lanes go forwards and backwards.
class EmulatedThreads {
  public:
    using Complete = void (*)(const std::array<void*, 32>& lanes);

    EmulatedThreads(Fibers& fibers, Index index, Index blocks, int threads, std::size_t shared_bytes)
        : index(index),
          blocks(blocks),
          threads(threads),
          fibers_(fibers),
          shared_bytes_(shared_bytes),
          memory_((guard_bytes * 2 + shared_bytes) / sizeof(Line) + 1),
          states_(static_cast<std::size_t>(threads)),
          waiting_in_warp_(static_cast<std::size_t>(threads / 32)),
          random_(static_cast<std::uint32_t>(index) * 7919u + 1u) {
        std::memset(static_cast<void*>(memory_.data()), 0xFF, memory_.size() * sizeof(Line));
    }

    /// Runs `body(thread)` for all threads. @throws EmulatorError, or what the body throws.
    template <class Body>
    void run(const Body& body) {
        fibers_.start(threads, [&](int thread) {
            try {
                body(thread);
                leave(thread);
            } catch (...) {
                error_ = std::current_exception();
            }
            fibers_.jump(thread, error_ ? Fibers::outside : next(), true);
        });
        go_on(0, threads, Fibers::outside);
        fibers_.jump(Fibers::outside, next());
        if (error_) std::rethrow_exception(error_);
        const auto left = [](const State& state) { return state.kind == Kind::left; };
        if (!std::all_of(states_.begin(), states_.end(), left))
            throw EmulatorError(message("block ", index, " stands still: ", description()));
        check_guards();
    }

    /// Waits until all lanes of the thread's warp have come to one place; the last runs `complete` on
    /// everybody's arguments.
    void meet_warp(int thread, const char* what, Place place, void* arguments, Complete complete) {
        State& own = state(thread);
        own = {Kind::warp, what, place, arguments, std::move(own.copies)};
        int& waiting = waiting_in_warp_[static_cast<std::size_t>(thread / 32)];
        if (++waiting < 32) return pause(thread);
        waiting = 0;
        const int first = thread / 32 * 32;
        check_same_place(first, first + 32, own);
        std::array<void*, 32> lanes{};
        for (int lane = 0; lane < 32; ++lane)
            lanes[static_cast<std::size_t>(lane)] = state(first + lane).arguments;
        complete(lanes);
        go_on(first, first + 32, thread);
    }

    /// Waits until all threads of the block have come to one place.
    void meet_block(int thread, Place place) {
        State& own = state(thread);
        own = {Kind::block, "sync", place, nullptr, std::move(own.copies)};
        if (++waiting_in_block_ < threads) return pause(thread);
        waiting_in_block_ = 0;
        check_same_place(0, threads, own);
        go_on(0, threads, thread);
    }

    [[nodiscard]] std::byte* shared() { return reinterpret_cast<std::byte*>(memory_.data()) + guard_bytes; }

    /// @throws EmulatorError unless [p, p + 16) lies in the shared memory, at a multiple of 16 bytes.
    void check_shared(const void* p, const char* what, Place place) {
        const auto offset = reinterpret_cast<std::intptr_t>(p) - reinterpret_cast<std::intptr_t>(shared());
        if (offset < 0 || offset + 16 > static_cast<std::intptr_t>(shared_bytes_))
            throw EmulatorError(message(what, " at ", place.file, ":", place.line, " takes bytes ", offset,
                                        " to ", offset + 15, " of ", shared_bytes_,
                                        " bytes of shared memory"));
        if (offset % 16 != 0)
            throw EmulatorError(message(what, " at ", place.file, ":", place.line, " takes byte ", offset,
                                        " of the shared memory, not a multiple of 16"));
    }

    /// The destination is spoilt until the thread waits.
    void copy_async(int thread, void* to, const void* from, Place place) {
        check_shared(to, "copy_async", place);
        if (reinterpret_cast<std::uintptr_t>(from) % 16 != 0)
            throw EmulatorError(message("copy_async at ", place.file, ":", place.line,
                                        " reads from an address that is no multiple of 16"));
        std::memset(to, 0xFF, 16);
        state(thread).copies.emplace_back(to, from);
    }
    void wait_copies(int thread) {
        for (const auto& [to, from] : state(thread).copies) std::memcpy(to, from, 16);
        state(thread).copies.clear();
    }

    const Index index, blocks;
    const int threads;

  private:
    enum class Kind { runs, warp, block, left };
    struct State {
        Kind kind = Kind::runs;
        const char* what = "";
        Place place;
        void* arguments = nullptr;
        std::vector<std::pair<void*, const void*>> copies;
    };
    struct alignas(16) Line {
        std::byte bytes[16];
    };
    static constexpr std::size_t guard_bytes = std::size_t{16} << 10;

    State& state(int thread) { return states_[static_cast<std::size_t>(thread)]; }

    void pause(int thread) {
        const int to = next();
        fibers_.jump(thread, to);
    }

    void leave(int thread) {
        if (!state(thread).copies.empty())
            throw EmulatorError(message("block ", index, ": thread ", thread,
                                        " leaves with copies that it has not waited for"));
        state(thread).kind = Kind::left;
    }

    /// The thread that goes on; outside where nobody can.
    int next() {
        if (ready_.empty()) return Fibers::outside;
        const int thread = ready_.front();
        ready_.pop_front();
        return thread;
    }

    void check_same_place(int begin, int end, const State& own) {
        for (int thread = begin; thread < end; ++thread)
            if (!(state(thread).place == own.place && state(thread).what == own.what))
                throw EmulatorError(message("block ", index, " diverges: ", description()));
    }

    /// Threads begin to end - 1 may go on; `running` does already.
    void go_on(int begin, int end, int running) {
        random_ = random_ * 1664525u + 1013904223u;
        const bool ahead = (random_ >> 31) != 0, downwards = (random_ >> 30 & 1u) != 0;
        for (int i = begin; i < end; ++i) {
            const int thread = downwards ? begin + end - 1 - i : i;
            state(thread).kind = Kind::runs;
            if (thread == running) continue;
            if (ahead)
                ready_.push_front(thread);
            else
                ready_.push_back(thread);
        }
    }

    /// "threads 0-15 wait in warp_sum (file:line), threads 16-31 have left".
    std::string description() {
        std::string text;
        int parts = 0;
        for (int begin = 0, end = 0; begin < threads && parts < 8; begin = end, ++parts) {
            const State& first = state(begin);
            const bool waits = first.kind == Kind::warp || first.kind == Kind::block;
            for (end = begin + 1; end < threads; ++end)
                if (state(end).kind != first.kind ||
                    (waits && !(state(end).place == first.place && state(end).what == first.what)))
                    break;
            text += message(text.empty() ? "" : ", ", "threads ", begin, "-", end - 1);
            if (waits)
                text += message(" wait in ", first.what, " (", first.place.file, ":", first.place.line, ")");
            else
                text += first.kind == Kind::left ? " have left" : " run";
        }
        return text;
    }

    void check_guards() {
        const std::byte* const begin = reinterpret_cast<const std::byte*>(memory_.data());
        const std::byte* const end = begin + memory_.size() * sizeof(Line);
        const auto written = [](std::byte byte) { return byte != std::byte{0xFF}; };
        const std::byte* const after = shared() + shared_bytes_;
        if (std::any_of(begin, begin + guard_bytes, written))
            throw EmulatorError(message("block ", index, " has written before its shared memory"));
        if (const std::byte* const found = std::find_if(after, end, written); found != end)
            throw EmulatorError(message("block ", index, " has written to byte ", found - shared(), " of ",
                                        shared_bytes_, " bytes of shared memory"));
    }

    Fibers& fibers_;
    std::size_t shared_bytes_;
    std::vector<Line> memory_;  // guard, shared memory, guard
    std::vector<State> states_;
    std::deque<int> ready_;
    std::vector<int> waiting_in_warp_;
    int waiting_in_block_ = 0;
    std::exception_ptr error_;
    std::uint32_t random_;  // a linear congruential generator
};

/// What one thread sees: the interface of `KernelBlock`.
class EmulatedBlock {
  public:
    EmulatedBlock(EmulatedThreads& all, int thread) : all_(all), thread_(thread) {}

    [[nodiscard]] int thread() const { return thread_; }
    [[nodiscard]] int threads() const { return all_.threads; }
    [[nodiscard]] int lane() const { return thread_ % 32; }
    [[nodiscard]] int warp() const { return thread_ / 32; }
    [[nodiscard]] int warps() const { return all_.threads / 32; }
    [[nodiscard]] Index index() const { return all_.index; }
    [[nodiscard]] Index blocks() const { return all_.blocks; }
    [[nodiscard]] std::byte* shared() const { return all_.shared(); }

    void sync(Place place = Place::here()) { all_.meet_block(thread_, place); }
    void sync_warp(Place place = Place::here()) {
        meet<char>("sync_warp", place, 0, [](const std::array<void*, 32>&) {});
    }
    float warp_sum(float x, Place place = Place::here()) {
        return meet<float>("warp_sum", place, x, [](const std::array<void*, 32>& lanes) {
            butterfly(lanes, [](float a, float b) { return a + b; });
        });
    }
    float warp_max(float x, Place place = Place::here()) {
        return meet<float>("warp_max", place, x, [](const std::array<void*, 32>& lanes) {
            butterfly(lanes, [](float a, float b) { return a > b || b != b ? a : b; });
        });
    }
    template <class V>
    V shuffle(V x, int lane, Place place = Place::here()) {
        return exchange("shuffle", place, x, lane);
    }
    template <class V>
    V shuffle_xor(V x, int mask, Place place = Place::here()) {
        return exchange("shuffle_xor", place, x, lane() ^ mask);
    }
    void mma(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
             Place place = Place::here()) {
        meet<MmaLane>("mma", place, {d, a, b},
                      [](const std::array<void*, 32>& lanes) { warp_mma(typed<const MmaLane>(lanes)); });
    }
    void load_matrix(std::uint32_t (&r)[4], const bfloat16* row, Place place = Place::here()) {
        all_.check_shared(row, "load_matrix", place);
        meet<LoadMatrixLane>("load_matrix", place, {r, row}, [](const std::array<void*, 32>& lanes) {
            warp_load_matrix(typed<const LoadMatrixLane>(lanes), false);
        });
    }
    void load_matrix_transposed(std::uint32_t (&r)[4], const bfloat16* row, Place place = Place::here()) {
        all_.check_shared(row, "load_matrix_transposed", place);
        meet<LoadMatrixLane>("load_matrix_transposed", place, {r, row},
                             [](const std::array<void*, 32>& lanes) {
                                 warp_load_matrix(typed<const LoadMatrixLane>(lanes), true);
                             });
    }
    void copy_async(void* shared, const void* global, Place place = Place::here()) {
        all_.copy_async(thread_, shared, global, place);
    }
    void wait_copies() { all_.wait_copies(thread_); }
    void atomic_add(float* to, float x) { *to += x; }

  private:
    template <class V>
    static std::array<V*, 32> typed(const std::array<void*, 32>& lanes) {
        std::array<V*, 32> result{};
        for (std::size_t lane = 0; lane < 32; ++lane) result[lane] = static_cast<V*>(lanes[lane]);
        return result;
    }

    template <class A>
    A meet(const char* what, Place place, A arguments, EmulatedThreads::Complete complete) {
        all_.meet_warp(thread_, what, place, &arguments, complete);
        return arguments;
    }

    template <class F>
    static void butterfly(const std::array<void*, 32>& lanes, const F& combine) {
        std::array<float, 32> x{}, other{};
        for (std::size_t lane = 0; lane < 32; ++lane) x[lane] = *static_cast<float*>(lanes[lane]);
        for (std::size_t mask = 16; mask > 0; mask /= 2) {
            for (std::size_t lane = 0; lane < 32; ++lane) other[lane] = x[lane ^ mask];
            for (std::size_t lane = 0; lane < 32; ++lane) x[lane] = combine(x[lane], other[lane]);
        }
        for (std::size_t lane = 0; lane < 32; ++lane) *static_cast<float*>(lanes[lane]) = x[lane];
    }

    struct Exchange {
        std::array<std::byte, 8> value;
        int lane;
    };
    template <class V>
    V exchange(const char* what, Place place, V x, int lane) {
        static_assert(std::is_trivially_copyable_v<V> && (sizeof(V) == 4 || sizeof(V) == 8));
        if (lane < 0 || lane >= 32)
            throw EmulatorError(message(what, " at ", place.file, ":", place.line, " asks for lane ", lane));
        Exchange arguments{{}, lane};
        std::memcpy(arguments.value.data(), &x, sizeof(V));
        arguments = meet(what, place, arguments, [](const std::array<void*, 32>& lanes) {
            std::array<Exchange, 32> before{};
            for (std::size_t i = 0; i < 32; ++i) before[i] = *static_cast<Exchange*>(lanes[i]);
            for (std::size_t i = 0; i < 32; ++i)
                static_cast<Exchange*>(lanes[i])->value =
                    before[static_cast<std::size_t>(before[i].lane)].value;
        });
        std::memcpy(&x, arguments.value.data(), sizeof(V));
        return x;
    }

    EmulatedThreads& all_;
    int thread_;
};
static_assert(KernelBlock<EmulatedBlock>);

/// Runs the kernel for all blocks, one after another, each with shared memory full of not-a-number.
/// @throws EmulatorError for a launch that a GPU would refuse, a deadlock, lanes that meet at different places,
/// shared memory used beyond its end or out of alignment, and copies that nobody waited for.
template <class Kernel>
void emulate(const Kernel& kernel, Index blocks, int threads, std::size_t shared_bytes = 0) {
    static thread_local Fibers fibers;
    constexpr std::size_t most_shared = std::size_t{227} << 10;  // of a block, compute capability 9.0
    if (threads <= 0 || threads % 32 != 0 || threads > detail::max_threads<Kernel>)
        throw EmulatorError(message("a block of ", threads, " threads; expected a multiple of 32 up to ",
                                    detail::max_threads<Kernel>));
    if (shared_bytes > most_shared)
        throw EmulatorError(
            message(shared_bytes, " bytes of shared memory; at most ", most_shared, " exist"));
    for (Index index = 0; index < blocks; ++index) {
        EmulatedThreads all(fibers, index, blocks, threads, shared_bytes);
        all.run([&](int thread) {
            EmulatedBlock block(all, thread);
            kernel(block);
        });
    }
}

}  // namespace vitscape::test
