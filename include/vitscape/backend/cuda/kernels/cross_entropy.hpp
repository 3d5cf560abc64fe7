// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <vitscape/backend/cuda/kernels/pack.hpp>

namespace vitscape::kernels {

/// losses[i] = -sum over c of target(i, c) log softmax(logits(i))(c), and log_sum[i] = log sum over c of
/// exp(logits(i, c)) for the gradient; one warp per sample. Rows are reread from cache.
template <class T>
struct CrossEntropy {
    static constexpr int max_threads = stream_threads;
    Index samples, classes;
    const T *logits, *targets;  // (samples, classes)
    float *losses, *log_sum;    // (samples)

    [[nodiscard]] Index blocks() const { return ceiling_ratio(samples, max_threads / warp_lanes); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        const Index sample = block.index() * block.warps() + block.warp();
        if (sample >= samples) return;  // the whole warp; nothing below synchronizes with other warps
        const T *const x = logits + sample * classes, *const t = targets + sample * classes;
        float most = -INFINITY;
        for (Index c = block.lane(); c < classes; c += warp_lanes)
            most = std::fmax(most, static_cast<float>(x[c]));
        most = block.warp_max(most);
        float sum = 0;
        for (Index c = block.lane(); c < classes; c += warp_lanes)
            sum += std::exp(static_cast<float>(x[c]) - most);
        const float shift = std::log(block.warp_sum(sum));  // log_sum - most, without cancellation
        float loss = 0;
        for (Index c = block.lane(); c < classes; c += warp_lanes)
            loss += static_cast<float>(t[c]) * (shift + (most - static_cast<float>(x[c])));
        loss = block.warp_sum(loss);
        if (block.lane() != 0) return;
        losses[sample] = loss;
        log_sum[sample] = shift + most;
    }
};

/// gradient = upstream[i] (softmax(logits(i)) sum(target(i)) - target(i)); one warp per sample.
template <class T>
struct CrossEntropyBackward {
    static constexpr int max_threads = stream_threads;
    Index samples, classes;
    const float* upstream;      // (samples)
    const T *logits, *targets;  // (samples, classes)
    const float* log_sum;       // (samples)
    T* gradient;                // (samples, classes)

    [[nodiscard]] Index blocks() const { return ceiling_ratio(samples, max_threads / warp_lanes); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        const Index sample = block.index() * block.warps() + block.warp();
        if (sample >= samples) return;
        const T *const x = logits + sample * classes, *const t = targets + sample * classes;
        float sum = 0;
        for (Index c = block.lane(); c < classes; c += warp_lanes) sum += static_cast<float>(t[c]);
        sum = block.warp_sum(sum);
        const float scale = upstream[sample], shift = log_sum[sample];
        for (Index c = block.lane(); c < classes; c += warp_lanes) {
            const float probability = std::exp(static_cast<float>(x[c]) - shift);
            gradient[sample * classes + c] =
                static_cast<T>(scale * (probability * sum - static_cast<float>(t[c])));
        }
    }
};

}  // namespace vitscape::kernels
