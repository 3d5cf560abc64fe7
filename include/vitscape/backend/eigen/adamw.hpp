// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/eigen/parallel.hpp>

namespace vitscape::detail {

/// One AdamW step over n parameters in one pass, then teacher = momentum teacher + (1 - momentum) theta if it is not
/// null; see `AdamWStep` for the formula.
template <class T>
void adamw_step(int threads, Index n, const AdamWStep& step, T* theta, const T* gradient, T* first, T* second,
                T* teacher = nullptr, double momentum = 1) {
    const T beta1 = static_cast<T>(step.beta1), beta2 = static_cast<T>(step.beta2);
    const T one_minus_beta1 = static_cast<T>(1 - step.beta1),
            one_minus_beta2 = static_cast<T>(1 - step.beta2);
    const T keep = static_cast<T>(1 - step.learning_rate * step.weight_decay);
    const T step_size = static_cast<T>(step.learning_rate / step.correction1);
    const T inverse_root = static_cast<T>(1 / std::sqrt(step.correction2)),
            epsilon = static_cast<T>(step.epsilon);
    const T gradient_scale = static_cast<T>(step.gradient_scale);
    const T of_teacher = static_cast<T>(momentum), one_minus_momentum = static_cast<T>(1 - momentum);
    const Blocks blocks(n, 8192, 64);
    parallel_for(threads, blocks.count, [&](Index block) {
        const Index begin = blocks.begin(block), end = blocks.end(block);
#if defined(__clang__)
#pragma clang loop vectorize(assume_safety)
#elif defined(__GNUC__)
#pragma GCC ivdep
#endif
        for (Index i = begin; i < end; ++i) {
            const T g = gradient_scale * gradient[i];
            const T m = beta1 * first[i] + one_minus_beta1 * g;
            const T v = beta2 * second[i] + one_minus_beta2 * g * g;
            first[i] = m;
            second[i] = v;
            theta[i] = keep * theta[i] - step_size * m / (std::sqrt(v) * inverse_root + epsilon);
        }
        if (teacher == nullptr) return;
        for (Index i = begin; i < end; ++i)  // while the numbers are in cache
            teacher[i] = one_minus_momentum * theta[i] + of_teacher * teacher[i];
    });
}

}  // namespace vitscape::detail
