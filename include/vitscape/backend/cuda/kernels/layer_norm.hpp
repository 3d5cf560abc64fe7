// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <vitscape/backend/cuda/kernels/pack.hpp>

namespace vitscape::kernels {

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta for each row, storing its mean and inverse
/// deviation (Ba et al. 2016, arXiv 1607.06450). One warp per row; each lane keeps `cached` packs of it in
/// registers (1024 numbers of bfloat16, 512 of float), wider rows are reread from cache.
template <class T>
struct LayerNorm {
    static constexpr int max_threads = stream_threads, width = pack_width<T>, cached = 4;
    Index rows, columns;
    float epsilon;
    const T* x;                       // (rows, columns)
    const T *gamma, *beta;            // (columns)
    T* y;                             // (rows, columns)
    float *mean, *inverse_deviation;  // (rows)

    [[nodiscard]] Index blocks() const { return ceiling_ratio(rows, max_threads / warp_lanes); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        const Index row = block.index() * block.warps() + block.warp();
        if (row >= rows) return;  // the whole warp; nothing below synchronizes with other warps
        if (columns % width == 0 && aligned(width, x, y))
            normalize<width>(block, row);
        else
            normalize<1>(block, row);
    }

  private:
    template <int N, class Block>
    VITSCAPE_DEVICE void normalize(Block& block, Index row) const {
        const T* const in = x + row * columns;
        T* const out = y + row * columns;
        const bool parameters_aligned = aligned(N, gamma, beta);
        const int lane = block.lane(), packs = static_cast<int>(columns) / N;
        Pack<T, N> cache[cached];
        Pack<T, N> pack;

        float sum = 0;
        VITSCAPE_UNROLL
        for (int i = 0; i < cached; ++i)
            if (const int p = i * warp_lanes + lane; p < packs) {
                cache[i] = pack_at<N>(in, p);
                VITSCAPE_UNROLL
                for (int k = 0; k < N; ++k) sum += static_cast<float>(cache[i].at[k]);
            }
        for (int p = cached * warp_lanes + lane; p < packs; p += warp_lanes) {
            pack = pack_at<N>(in, p);
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k) sum += static_cast<float>(pack.at[k]);
        }
        const float average = block.warp_sum(sum) / static_cast<float>(columns);

        float squares = 0;
        const auto add_squares = [&](const Pack<T, N>& numbers) {
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k) {
                const float difference = static_cast<float>(numbers.at[k]) - average;
                squares += difference * difference;
            }
        };
        VITSCAPE_UNROLL
        for (int i = 0; i < cached; ++i)
            if (i * warp_lanes + lane < packs) add_squares(cache[i]);
        for (int p = cached * warp_lanes + lane; p < packs; p += warp_lanes) add_squares(pack_at<N>(in, p));
        const float variance = block.warp_sum(squares) / static_cast<float>(columns);
        const float inverse = 1.0f / std::sqrt(variance + epsilon);

        const auto write = [&](int p, const Pack<T, N>& numbers) {
            float scale[N], shift[N];
            load_parameter(gamma + p * N, parameters_aligned, scale);
            load_parameter(beta + p * N, parameters_aligned, shift);
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k)
                scale[k] = (static_cast<float>(numbers.at[k]) - average) * inverse * scale[k] + shift[k];
            store(scale, out + p * N);
        };
        VITSCAPE_UNROLL
        for (int i = 0; i < cached; ++i)
            if (const int p = i * warp_lanes + lane; p < packs) write(p, cache[i]);
        for (int p = cached * warp_lanes + lane; p < packs; p += warp_lanes) write(p, pack_at<N>(in, p));
        if (lane == 0) {
            mean[row] = average;
            inverse_deviation[row] = inverse;
        }
    }
};

}  // namespace vitscape::kernels
