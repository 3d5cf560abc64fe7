// SPDX-License-Identifier: Apache-2.0
//
// The threads of an emulated block of a GPU kernel: where they wait for one another, and the shared memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>

#include "support/fibers.hpp"

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

}  // namespace vitscape::test
