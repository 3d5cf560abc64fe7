// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/pack.hpp>
#include <vitscape/core/functors.hpp>

namespace vitscape::kernels {

/// losses[i] = mean over the `count` elements of sample i of loss(prediction - target), one block per sample.
template <class T, class Loss>
struct ElementLoss {
    static constexpr int max_threads = 512, width = pack_width<T>;
    Loss loss;
    Index samples, count;
    const T *prediction, *target;  // (samples, count)
    float* losses;                 // (samples)

    [[nodiscard]] Index blocks() const { return samples; }
    [[nodiscard]] static std::size_t shared_bytes() { return sizeof(float) * max_threads / warp_lanes; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        float sum = 0;
        const Index begin = block.index() * count;
        for_each_pack<width>(block, begin, begin + count,
                             count % width == 0 && aligned(width, prediction, target), Body{*this, sum});
        const float total = block_sum(block, sum, reinterpret_cast<float*>(block.shared()));
        if (block.thread() == 0) losses[block.index()] = total / static_cast<float>(count);
    }

  private:
    struct Body {
        const ElementLoss& kernel;
        float& sum;
        template <int N>
        VITSCAPE_DEVICE void at(Index i) const {
            Real<T> p[N], t[N];
            load(kernel.prediction + i, p);
            load(kernel.target + i, t);
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k) sum += kernel.loss.value(p[k] - t[k]);
        }
    };
};

/// gradient = upstream[i] / count loss'(prediction - target) for the elements of sample i.
template <class T, class Loss>
struct ElementLossBackward {
    static constexpr int max_threads = stream_threads, width = pack_width<T>;
    Loss loss;
    Index samples, count;
    const float* upstream;         // (samples)
    const T *prediction, *target;  // (samples, count)
    T* gradient;                   // (samples, count)

    [[nodiscard]] Index blocks() const { return samples * parts(); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        const auto of_sample = static_cast<unsigned>(parts()), number = static_cast<unsigned>(block.index());
        const Index sample = number / of_sample, part = number % of_sample * elementwise_part(width);
        const Index begin = sample * count + part, end = (sample + 1) * count;
        const Index part_end = begin + elementwise_part(width) < end ? begin + elementwise_part(width) : end;
        const float factor = upstream[sample] / static_cast<float>(count);
        for_each_pack<width>(block, begin, part_end,
                             count % width == 0 && aligned(width, prediction, target, gradient),
                             Body{*this, factor});
    }

  private:
    [[nodiscard]] VITSCAPE_HOST_DEVICE Index parts() const {
        return ceiling_ratio(count, elementwise_part(width));
    }

    struct Body {
        const ElementLossBackward& kernel;
        float factor;
        template <int N>
        VITSCAPE_DEVICE void at(Index i) const {
            Real<T> p[N], t[N];
            load(kernel.prediction + i, p);
            load(kernel.target + i, t);
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k) p[k] = factor * kernel.loss.derivative(p[k] - t[k]);
            store(p, kernel.gradient + i);
        }
    };
};

}  // namespace vitscape::kernels
