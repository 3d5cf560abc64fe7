// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/pack.hpp>

namespace vitscape::kernels {

/// dx = beta dx + inverse (g - mean(g) - n mean(g n)) with n the normalized row and g = gamma dy; beta = 1 adds to
/// the gradient that a residual path has stored in dx, beta = 0 does not read it. The sums of dy n and of dy over
/// each block's rows are written to `partial`, from which `AddPartialSums` with parts = blocks() adds them to the
/// gradients of gamma and beta, in a fixed order.
///
/// A warp processes every (blocks * warps)-th row. Each lane keeps `cached` packs of a row and of their sums in
/// registers, 1024 columns in bfloat16 and 768 in float; for wider rows the sums of the other columns take further
/// passes.
template <class T>
struct LayerNormBackward {
    static constexpr int max_threads = stream_threads, width = pack_width<T>, cached = width == 8 ? 4 : 6;
    Index rows, columns;
    const T* x;                             // (rows, columns)
    const T* gamma;                         // (columns)
    const float *mean, *inverse_deviation;  // (rows)
    const T* dy;                            // (rows, columns)
    float beta;
    T* dx;           // (rows, columns)
    float* partial;  // (blocks(), 2, columns)

    /// Up to two blocks per multiprocessor of a large GPU, a number that depends only on the shape.
    [[nodiscard]] Index blocks() const {
        const Index by_rows = ceiling_ratio(rows, max_threads / warp_lanes);
        return by_rows < 256 ? by_rows : 256;
    }
    [[nodiscard]] static std::size_t shared_bytes() {
        return sizeof(float) * 2 * static_cast<std::size_t>(cached * warp_lanes * width);
    }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        if (columns % width == 0 && aligned(width, x, dy, dx))
            differentiate<width>(block);
        else
            differentiate<1>(block);
    }

  private:
    template <int N, class Block>
    VITSCAPE_DEVICE void differentiate(Block& block) const {
        const int packs = static_cast<int>(columns) / N;
        for (int first = 0; first < packs; first += cached * warp_lanes) {
            float gamma_sum[cached][N] = {}, beta_sum[cached][N] = {};
            for (Index row = block.index() * block.warps() + block.warp(); row < rows;
                 row += block.blocks() * block.warps())
                add_row<N>(block, row, first, packs, gamma_sum, beta_sum);
            add_warps<N>(block, first, packs, gamma_sum, beta_sum);
        }
    }

    /// The row's contribution to the sums for the packs from `first`; its dx too, in the first pass.
    template <int N, class Block>
    VITSCAPE_DEVICE void add_row(Block& block, Index row, int first, int packs, float (&gamma_sum)[cached][N],
                                 float (&beta_sum)[cached][N]) const {
        const T *const in = x + row * columns, *const upstream = dy + row * columns;
        const float average = mean[row], inverse = inverse_deviation[row];
        const bool gamma_aligned = aligned(N, gamma);
        const int lane = block.lane();
        Pack<T, N> numbers[cached], gradients[cached];
        float sum = 0, weighted_sum = 0;  // of g, of g n
        const auto add = [&](int p, const Pack<T, N>& number, const Pack<T, N>& gradient) {
            float scale[N];
            load_parameter(gamma + p * N, gamma_aligned, scale);
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k) {
                const float g = scale[k] * static_cast<float>(gradient.at[k]);
                sum += g;
                weighted_sum += g * ((static_cast<float>(number.at[k]) - average) * inverse);
            }
        };
        VITSCAPE_UNROLL
        for (int i = 0; i < cached; ++i)
            if (const int p = first + i * warp_lanes + lane; p < packs) {
                numbers[i] = pack_at<N>(in, p);
                gradients[i] = pack_at<N>(upstream, p);
                VITSCAPE_UNROLL
                for (int k = 0; k < N; ++k) {
                    const float gradient = static_cast<float>(gradients[i].at[k]);
                    gamma_sum[i][k] +=
                        gradient * ((static_cast<float>(numbers[i].at[k]) - average) * inverse);
                    beta_sum[i][k] += gradient;
                }
                if (first == 0) add(p, numbers[i], gradients[i]);
            }
        if (first != 0) return;
        for (int p = cached * warp_lanes + lane; p < packs; p += warp_lanes)
            add(p, pack_at<N>(in, p), pack_at<N>(upstream, p));
        const float mean_g = block.warp_sum(sum) / static_cast<float>(columns);
        const float mean_gn = block.warp_sum(weighted_sum) / static_cast<float>(columns);

        T* const out = dx + row * columns;
        const auto write = [&](int p, const Pack<T, N>& number, const Pack<T, N>& gradient) {
            float result[N], before[N];
            load_parameter(gamma + p * N, gamma_aligned, result);
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k) {
                const float n = (static_cast<float>(number.at[k]) - average) * inverse;
                result[k] = inverse * (result[k] * static_cast<float>(gradient.at[k]) - mean_g - n * mean_gn);
            }
            if (beta != 0) {
                load(out + p * N, before);
                VITSCAPE_UNROLL
                for (int k = 0; k < N; ++k) result[k] += beta * before[k];
            }
            store(result, out + p * N);
        };
        VITSCAPE_UNROLL
        for (int i = 0; i < cached; ++i)
            if (const int p = i * warp_lanes + lane; p < packs) write(p, numbers[i], gradients[i]);
        for (int p = cached * warp_lanes + lane; p < packs; p += warp_lanes)
            write(p, pack_at<N>(in, p), pack_at<N>(upstream, p));
    }

    /// Adds the sums of the warps in order in shared memory and writes them out.
    template <int N, class Block>
    VITSCAPE_DEVICE void add_warps(Block& block, int first, int packs, const float (&gamma_sum)[cached][N],
                                   const float (&beta_sum)[cached][N]) const {
        constexpr int size = cached * warp_lanes * N;
        auto* const total =
            reinterpret_cast<float*>(block.shared());  // (2, size): pairs without bank conflicts
        for (int warp = 0; warp < block.warps(); ++warp) {
            if (block.warp() == warp) {
                VITSCAPE_UNROLL
                for (int i = 0; i < cached; ++i) {
                    VITSCAPE_UNROLL
                    for (int k = 0; k < N; ++k) {
                        float* const at = total + (k * cached + i) * warp_lanes + block.lane();
                        at[0] = (warp == 0 ? 0 : at[0]) + gamma_sum[i][k];
                        at[size] = (warp == 0 ? 0 : at[size]) + beta_sum[i][k];
                    }
                }
            }
            block.sync();
        }
        const int count = (packs - first < cached * warp_lanes ? packs - first : cached * warp_lanes) * N;
        float* const out = partial + block.index() * 2 * columns + static_cast<Index>(first) * N;
        for (int c = block.thread(); c < count; c += block.threads()) {
            const float* const at = total + c % N * (cached * warp_lanes) + c / N;
            out[c] = at[0];
            out[columns + c] = at[size];
        }
        block.sync();  // the next columns reuse the memory
    }
};

}  // namespace vitscape::kernels
