// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/pack.hpp>

namespace vitscape::kernels {

/// dx = beta dx + inverse (g - mean(g) - n mean(g n)) with n the normalized row and g = gamma dy; beta = 1 adds to
/// the gradient that a residual path has stored in dx, beta = 0 does not read it. The sums of dy n and of dy over
/// each block's rows are written to `partial`, from which `AddPartialSums` with parts = blocks() adds them to the
/// gradients of gamma and beta, in a fixed order.
///
/// A warp processes every (blocks * warps)-th row. Each lane keeps `cached` packs of a row in registers, 1024 columns in bfloat16 and 768
/// in float, and adds to their sums in shared memory, where each warp has its own: in registers these would leave room for one block
/// per multiprocessor only. For wider rows the sums of the other columns take further passes.
template <class T>
struct LayerNormBackward {
    static constexpr int max_threads = stream_threads, width = pack_width<T>, cached = width == 8 ? 4 : 6;
    static constexpr int min_blocks = width == 8 ? 2 : 1;  // more packs of floats take more registers
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
        return sizeof(float) * 2 * static_cast<std::size_t>(cached * warp_lanes * width) *
               (max_threads / warp_lanes);
    }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        if (columns % width == 0 && aligned(width, x, dy, dx))
            differentiate<width>(block);
        else
            differentiate<1>(block);
    }

  private:
    /// Columns of one pass.
    template <int N>
    static constexpr int size = cached* warp_lanes* N;
    /// Where a lane's sum for number k of its pack i lies, relative to its warp's: adjacent lanes use adjacent banks.
    static VITSCAPE_DEVICE int place(int lane, int i, int k) { return (k * cached + i) * warp_lanes + lane; }

    template <int N, class Block>
    VITSCAPE_DEVICE void differentiate(Block& block) const {
        const int packs = static_cast<int>(columns) / N;
        float* const sums = reinterpret_cast<float*>(block.shared());  // (warps, 2, size)
        float* const own = sums + block.warp() * 2 * size<N>;
        for (int first = 0; first < packs; first += cached * warp_lanes) {
            for (int i = block.lane(); i < 2 * size<N>; i += warp_lanes) own[i] = 0;
            block.sync_warp();
            for (Index row = block.index() * block.warps() + block.warp(); row < rows;
                 row += block.blocks() * block.warps())
                add_row<N>(block, row, first, packs, own);
            block.sync();
            add_warps<N>(block, first, packs, sums);
            block.sync();  // the next columns reuse the memory
        }
    }

    /// The row's contribution to the sums for the packs from `first`; its dx too, in the first pass.
    template <int N, class Block>
    VITSCAPE_DEVICE void add_row(Block& block, Index row, int first, int packs, float* own) const {
        const T *const in = x + row * columns, *const upstream = dy + row * columns;
        T* const out = dx + row * columns;
        const float average = mean[row], inverse = inverse_deviation[row];
        const bool gamma_aligned = aligned(N, gamma), keep = first == 0 && beta != 0;
        const int lane = block.lane();
        Pack<T, N> numbers[cached], gradients[cached], before[cached];
        VITSCAPE_UNROLL
        for (int i = 0; i < cached; ++i)
            if (const int p = first + i * warp_lanes + lane; p < packs) {
                numbers[i] = pack_at<N>(in, p);
                gradients[i] = pack_at<N>(upstream, p);
                if (keep) before[i] = pack_at<N>(out, p);
            }
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
                VITSCAPE_UNROLL
                for (int k = 0; k < N; ++k) {
                    const float gradient = static_cast<float>(gradients[i].at[k]);
                    float* const at = own + place(lane, i, k);
                    at[0] += gradient * ((static_cast<float>(numbers[i].at[k]) - average) * inverse);
                    at[size<N>] += gradient;
                }
                if (first == 0) add(p, numbers[i], gradients[i]);
            }
        if (first != 0) return;
        for (int p = cached * warp_lanes + lane; p < packs; p += warp_lanes)
            add(p, pack_at<N>(in, p), pack_at<N>(upstream, p));
        const float mean_g = block.warp_sum(sum) / static_cast<float>(columns);
        const float mean_gn = block.warp_sum(weighted_sum) / static_cast<float>(columns);

        const auto write = [&](int p, const Pack<T, N>& number, const Pack<T, N>& gradient,
                               const Pack<T, N>& earlier) {
            float result[N];
            load_parameter(gamma + p * N, gamma_aligned, result);
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k) {
                const float n = (static_cast<float>(number.at[k]) - average) * inverse;
                result[k] = inverse * (result[k] * static_cast<float>(gradient.at[k]) - mean_g - n * mean_gn);
                if (keep) result[k] += beta * static_cast<float>(earlier.at[k]);
            }
            store(result, out + p * N);
        };
        VITSCAPE_UNROLL
        for (int i = 0; i < cached; ++i)
            if (const int p = i * warp_lanes + lane; p < packs) write(p, numbers[i], gradients[i], before[i]);
        for (int p = cached * warp_lanes + lane; p < packs; p += warp_lanes)
            write(p, pack_at<N>(in, p), pack_at<N>(upstream, p), keep ? pack_at<N>(out, p) : Pack<T, N>{});
    }

    /// Writes the sums of the warps, added in order.
    template <int N, class Block>
    VITSCAPE_DEVICE void add_warps(Block& block, int first, int packs, const float* sums) const {
        const int count = (packs - first < cached * warp_lanes ? packs - first : cached * warp_lanes) * N;
        float* const out = partial + block.index() * 2 * columns + static_cast<Index>(first) * N;
        for (int c = block.thread(); c < count; c += block.threads()) {
            const float* at = sums + place(c / N % warp_lanes, c / N / warp_lanes, c % N);
            float gamma_sum = 0, beta_sum = 0;
            for (int warp = 0; warp < block.warps(); ++warp, at += 2 * size<N>) {
                gamma_sum += at[0];
                beta_sum += at[size<N>];
            }
            out[c] = gamma_sum;
            out[columns + c] = beta_sum;
        }
    }
};

}  // namespace vitscape::kernels
