// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/cuda/kernels/pack.hpp>

namespace vitscape::kernels {

/// A range of the flat vector with the same AdamW settings; scales multiply the step's weight decay and learning rate.
struct AdamWGroup {
    Index offset, count;
    float weight_decay_scale, learning_rate_scale;
};

/// The coefficients of one step, computed in double.
struct AdamWNumbers {
    float beta1, one_minus_beta1, beta2, one_minus_beta2;
    float learning_rate, decay;  ///< learning rate / correction1, learning rate * weight decay
    float inverse_root, epsilon, gradient_scale;
    float momentum, one_minus_momentum;  ///< of the teacher

    static AdamWNumbers of(const AdamWStep& step, double momentum) {
        const auto number = [](double x) { return static_cast<float>(x); };
        return {number(step.beta1),
                number(1 - step.beta1),
                number(step.beta2),
                number(1 - step.beta2),
                number(step.learning_rate / step.correction1),
                number(step.learning_rate * step.weight_decay),
                number(1 / std::sqrt(step.correction2)),
                number(step.epsilon),
                number(step.gradient_scale),
                number(momentum),
                number(1 - momentum)};
    }
};

/// One step of AdamW over the flat vector of n parameters in one pass; see `AdamWStep` for the formula. Elements in no
/// group are unchanged, including their moments. Then, if not null, teacher = momentum teacher + (1 - momentum)
/// theta.
struct AdamW {
    static constexpr int max_threads = stream_threads, width = pack_width<float>;
    Index n;
    const AdamWGroup* groups;  ///< in device memory, by ascending offset, without overlap
    int group_count;
    AdamWNumbers numbers;
    float* theta;
    const float* gradient;
    float *first_moment, *second_moment;
    float* teacher = nullptr;

    [[nodiscard]] Index blocks() const { return ceiling_ratio(n, elementwise_part(width)); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        Range range{0, 0, false, 1, 0};
        elementwise<width>(block, n, aligned(width, theta, gradient, first_moment, second_moment, teacher),
                           Body{*this, range});
    }

  private:
    /// A group, or a gap between two, with the coefficients of its elements.
    struct Range {
        Index begin, end;
        bool moves;
        float keep, step;
    };

    struct Body {
        const AdamW& kernel;
        Range& range;
        template <int N>
        VITSCAPE_DEVICE void at(Index i) const {
            kernel.update<N>(i, range);
        }
    };

    VITSCAPE_DEVICE Range range_at(Index i) const {
        int begin = 0, end = group_count;  // of the first group that ends after i
        while (begin < end) {
            const int middle = (begin + end) / 2;
            if (groups[middle].offset + groups[middle].count > i)
                end = middle;
            else
                begin = middle + 1;
        }
        if (begin == group_count) return {i, n, false, 1, 0};
        const AdamWGroup group = groups[begin];
        if (group.offset > i) return {i, group.offset, false, 1, 0};
        return {group.offset, group.offset + group.count, true,
                1 - numbers.decay * group.weight_decay_scale * group.learning_rate_scale,
                numbers.learning_rate * group.learning_rate_scale};
    }

    template <int N>
    VITSCAPE_DEVICE void update(Index i, Range& range) const {
        float t[N], g[N], m[N], v[N];
        load(theta + i, t);
        load(gradient + i, g);
        load(first_moment + i, m);
        load(second_moment + i, v);
        VITSCAPE_UNROLL
        for (int k = 0; k < N; ++k) {
            if (i + k < range.begin || i + k >= range.end) range = range_at(i + k);
            if (!range.moves) continue;
            const float scaled = numbers.gradient_scale * g[k];
            m[k] = numbers.beta1 * m[k] + numbers.one_minus_beta1 * scaled;
            v[k] = numbers.beta2 * v[k] + numbers.one_minus_beta2 * scaled * scaled;
            t[k] = range.keep * t[k] -
                   range.step * m[k] / (std::sqrt(v[k]) * numbers.inverse_root + numbers.epsilon);
        }
        store(t, theta + i);
        store(m, first_moment + i);
        store(v, second_moment + i);
        if (teacher == nullptr) return;
        float average[N];
        load(teacher + i, average);
        VITSCAPE_UNROLL
        for (int k = 0; k < N; ++k)
            average[k] = numbers.momentum * average[k] + numbers.one_minus_momentum * t[k];
        store(average, teacher + i);
    }
};

}  // namespace vitscape::kernels
