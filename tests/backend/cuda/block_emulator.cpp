// SPDX-License-Identifier: Apache-2.0
//
// The emulator that the kernels' tests rest on: right results, and each mistake of a kernel is reported.
#include "support/block_emulator.hpp"

#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace block_emulator_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// sums[block] = sum of the block's numbers.
struct Sum {
    const float* x;
    float* sums;
    bool forget_sync = false;

    template <KernelBlock Block>
    void operator()(Block& block) const {
        auto* const partial = reinterpret_cast<float*>(block.shared());
        const float sum = block.warp_sum(x[block.index() * block.threads() + block.thread()]);
        if (block.lane() == 0) partial[block.warp()] = sum;
        if (!forget_sync) block.sync();
        float total = 0;
        for (int warp = 0; warp < block.warps(); ++warp) total += partial[warp];
        if (block.thread() == 0) sums[block.index()] = total;
    }
};

/// c = a b for 16 x 16 a and 16 x 8 b (transposed, 8 x 16, or as it is), staged in shared memory.
struct Product {
    const bfloat16 *a, *b;
    float* c;
    bool transposed_b, wait = true;

    template <KernelBlock Block>
    void operator()(Block& block) const {
        auto* const a_rows = reinterpret_cast<bfloat16*>(block.shared());  // (16, 16)
        bfloat16* const b_rows = a_rows + 256;                             // (8, 16) or (16, 8)
        const int lane = block.lane();
        block.copy_async(a_rows + 8 * lane, a + 8 * lane);
        if (lane < 16) block.copy_async(b_rows + 8 * lane, b + 8 * lane);
        if (wait) block.wait_copies();
        block.sync();
        std::uint32_t left[4], right[4];
        // matrices 0 to 3: rows 0-7 and 8-15 of columns 0-7, then of columns 8-15
        block.load_matrix(left, a_rows + lane % 16 * 16 + lane / 16 * 8);
        if (transposed_b)
            block.load_matrix(right, b_rows + lane % 8 * 16 + lane / 8 % 2 * 8);
        else
            block.load_matrix_transposed(right, b_rows + lane % 16 * 8);
        const std::uint32_t halves_of_b[2] = {right[0], right[1]};
        float d[4] = {1, 1, 1, 1};
        block.mma(d, left, halves_of_b);
        const int row = lane / 4, column = 2 * (lane % 4);
        for (int i = 0; i < 4; ++i) c[(row + 8 * (i / 2)) * 8 + column + i % 2] = d[i];
        if (!wait) block.wait_copies();
    }
};

enum class Mistake {
    half_of_a_warp,
    leaves_before_sync,
    two_places,
    two_operations,
    writes_beyond,
    writes_before,
    loads_beyond,
    unaligned,
    copy_left_behind
};

struct Mistaken {
    Mistake mistake;

    template <KernelBlock Block>
    void operator()(Block& block) const {
        float sum = 1;
        alignas(16) std::uint32_t r[4] = {};
        auto* const rows = reinterpret_cast<bfloat16*>(block.shared());
        const bool first_half = block.lane() < 16;
        switch (mistake) {
            case Mistake::half_of_a_warp:
                if (first_half) sum = block.warp_sum(sum);
                break;
            case Mistake::leaves_before_sync:
                if (block.warp() != 1) block.sync();
                break;
            case Mistake::two_places:
                if (first_half)
                    sum = block.warp_sum(sum);
                else
                    sum = block.warp_sum(-sum);
                break;
            case Mistake::two_operations:
                if (first_half)
                    block.sync();
                else
                    block.sync_warp();
                break;
            case Mistake::writes_beyond:
                block.shared()[1024 + block.thread()] = std::byte{0};
                break;
            case Mistake::writes_before:
                *(block.shared() - 1 - block.thread()) = std::byte{0};
                break;
            case Mistake::loads_beyond:
                block.load_matrix(r, rows + 8 * (block.lane() + 33));
                break;
            case Mistake::unaligned:
                block.load_matrix(r, rows + block.lane());
                break;
            case Mistake::copy_left_behind:
                block.copy_async(rows, r);
                break;
        }
    }
};

std::string report(Mistake mistake) {
    return error_text<EmulatorError>([&] { emulate(Mistaken{mistake}, 2, 64, 1024); });
}

/// The lane `by` further, and the one that differs in its lowest bit.
struct Shuffle {
    double* rotated;
    int* swapped;
    template <KernelBlock Block>
    void operator()(Block& block) const {
        rotated[block.thread()] = block.shuffle(block.thread() + 0.1, (block.lane() + 5) % 32);
        swapped[block.thread()] = block.shuffle_xor(block.thread(), 1);
        const float most = block.warp_max(static_cast<float>(-block.lane()));
        if (most != 0) rotated[block.thread()] = -1;
    }
};

}  // namespace

TEST_CASE("An emulated reduction over blocks of several warps", "[emulator]") {
    std::vector<float> x(3 * 256), sums(3);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);  // sums below 2^24 are exact
    emulate(Sum{x.data(), sums.data()}, 3, 256, 8 * sizeof(float));
    CHECK((sums == std::vector<float>{32640, 98176, 163712}));
}

TEST_CASE("A missing sync shows as a result that is not a number", "[emulator]") {
    std::vector<float> x(3 * 256, 1.f), sums(3);
    emulate(Sum{x.data(), sums.data(), true}, 3, 256, 8 * sizeof(float));
    CHECK(!(sums == std::vector<float>{256, 256, 256}));
}

TEST_CASE("Emulated shuffles", "[emulator]") {
    std::vector<double> rotated(64);
    std::vector<int> swapped(64);
    emulate(Shuffle{rotated.data(), swapped.data()}, 1, 64);
    bool right = true;
    for (int i = 0; i < 64; ++i) {
        const auto at = static_cast<std::size_t>(i);
        right = right && rotated[at] == i / 32 * 32 + (i + 5) % 32 + 0.1 && swapped[at] == (i ^ 1);
    }
    CHECK(right);
}

TEST_CASE("Emulated matrix instructions against a plain product", "[emulator]") {
    const bool transposed_b = GENERATE(true, false);
    const auto a_numbers = random_numbers(256, 1), b_numbers = random_numbers(128, 2);
    alignas(16) bfloat16 a[256], b[128];
    for (std::size_t i = 0; i < 256; ++i) a[i] = bfloat16(a_numbers[i]);
    for (std::size_t i = 0; i < 128; ++i) b[i] = bfloat16(b_numbers[i]);
    std::vector<float> c(128);
    double largest = 0;
    emulate(Product{a, b, c.data(), transposed_b}, 1, 32, 768);
    for (std::size_t row = 0; row < 16; ++row)
        for (std::size_t column = 0; column < 8; ++column) {
            double sum = 1;
            for (std::size_t k = 0; k < 16; ++k)
                sum +=
                    static_cast<double>(a[row * 16 + k]) * b[transposed_b ? column * 16 + k : k * 8 + column];
            largest = std::max(largest, std::abs(c[row * 8 + column] - sum));
        }
    CHECK(largest < 1e-6);  // one rounding to float of numbers below 16
    SECTION("copies that were not waited for are not there") {
        emulate(Product{a, b, c.data(), transposed_b, false}, 1, 32, 768);
        CHECK(std::all_of(c.begin(), c.end(), [](float x) { return std::isnan(x); }));
    }
}

TEST_CASE("The emulator reports what a GPU would not survive", "[emulator]") {
    CHECK(contains(report(Mistake::half_of_a_warp), "block 0 stands still: threads 0-15 wait in warp_sum ("));
    CHECK(contains(report(Mistake::half_of_a_warp), "block_emulator.cpp"));
    CHECK(contains(report(Mistake::half_of_a_warp), "threads 16-31 have left"));
    CHECK(contains(report(Mistake::leaves_before_sync), "threads 0-31 wait in sync ("));
    CHECK(contains(report(Mistake::leaves_before_sync), "threads 32-63 have left"));
    CHECK(contains(report(Mistake::two_places), "block 0 diverges: threads "));
    CHECK(contains(report(Mistake::two_operations), "threads 0-15 wait in sync ("));
    CHECK(contains(report(Mistake::two_operations), "threads 16-31 wait in sync_warp ("));
    CHECK(contains(report(Mistake::writes_beyond), "has written to byte 1024 of 1024 bytes"));
    CHECK(contains(report(Mistake::writes_before), "before its shared memory"));
    CHECK(contains(report(Mistake::loads_beyond), "of 1024 bytes of shared memory"));
    CHECK(contains(report(Mistake::unaligned), "not a multiple of 16"));
    CHECK(contains(report(Mistake::copy_left_behind), "copies that it has not waited for"));
}

TEST_CASE("The emulator refuses launches that a GPU refuses", "[emulator]") {
    const auto text = [](int threads, std::size_t bytes) {
        return error_text<EmulatorError>(
            [&] { emulate(Mistaken{Mistake::writes_beyond}, 1, threads, bytes); });
    };
    CHECK(contains(text(48, 0), "a block of 48 threads"));
    CHECK(contains(text(2048, 0), "up to 1024"));
    CHECK(contains(text(32, 300000), "300000 bytes of shared memory"));
}

}  // namespace block_emulator_test
