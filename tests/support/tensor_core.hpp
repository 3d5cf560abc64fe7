// SPDX-License-Identifier: Apache-2.0
//
// What a warp's matrix instructions do with the registers of its 32 lanes, written from the fragment layouts
// of the PTX manual (sections on mma.m16n8k16 with .bf16, and on ldmatrix).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <vitscape/core/bfloat16.hpp>

namespace vitscape::test {

/// The two numbers of a 32-bit register, the lower half first.
inline std::array<bfloat16, 2> halves(std::uint32_t word) {
    return std::bit_cast<std::array<bfloat16, 2>>(word);
}
inline std::uint32_t word(bfloat16 low, bfloat16 high) {
    return std::bit_cast<std::uint32_t>(std::array{low, high});
}

/// One lane's arguments of `mma`.
struct MmaLane {
    float* d;                // 4
    const std::uint32_t* a;  // 4
    const std::uint32_t* b;  // 2
};

/// d += a b: lane l holds rows l / 4 and l / 4 + 8 of a and d, and column l / 4 of b.
inline void warp_mma(const std::array<const MmaLane*, 32>& lanes) {
    double a[16][16], b[16][8];
    for (std::size_t lane = 0; lane < 32; ++lane) {
        const std::size_t group = lane / 4, pair = 2 * (lane % 4);
        for (std::size_t part = 0; part < 2; ++part) {
            for (std::size_t i = 0; i < 4; ++i)
                a[group + 8 * (i % 2)][pair + 8 * (i / 2) + part] = halves(lanes[lane]->a[i])[part];
            for (std::size_t i = 0; i < 2; ++i)
                b[pair + 8 * i + part][group] = halves(lanes[lane]->b[i])[part];
        }
    }
    for (std::size_t lane = 0; lane < 32; ++lane)
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
            double sum = lanes[lane]->d[i];
            for (std::size_t k = 0; k < 16; ++k) sum += a[row][k] * b[k][column];
            lanes[lane]->d[i] = static_cast<float>(sum);
        }
}

/// One lane's arguments of `load_matrix`.
struct LoadMatrixLane {
    std::uint32_t* r;     // 4
    const bfloat16* row;  // 8
};

/// Register m of lane l gets row l / 4, numbers 2 (l % 4) and the next, of the 8 x 8 matrix m (transposed, if
/// so asked), whose row i begins at the address of lane 8 m + i.
inline void warp_load_matrix(const std::array<const LoadMatrixLane*, 32>& lanes, bool transposed) {
    bfloat16 matrix[4][8][8];
    for (std::size_t lane = 0; lane < 32; ++lane)
        std::memcpy(matrix[lane / 8][lane % 8], lanes[lane]->row, 8 * sizeof(bfloat16));
    for (std::size_t lane = 0; lane < 32; ++lane)
        for (std::size_t m = 0; m < 4; ++m) {
            const std::size_t row = lane / 4, column = 2 * (lane % 4);
            lanes[lane]->r[m] = transposed ? word(matrix[m][column][row], matrix[m][column + 1][row])
                                           : word(matrix[m][row][column], matrix[m][row][column + 1]);
        }
}

}  // namespace vitscape::test
