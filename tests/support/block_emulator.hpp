// SPDX-License-Identifier: Apache-2.0
//
// Runs a GPU kernel on the host, block by block, so that tests find wrong results, deadlocks, divergence and
// accesses beyond the shared memory without a GPU.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <vitscape/backend/cuda/kernels/block.hpp>

#include "support/emulated_threads.hpp"
#include "support/tensor_core.hpp"

namespace vitscape::test {

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
