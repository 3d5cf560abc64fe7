// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__CUDACC__)  // empty without a CUDA compiler

#include <vitscape/backend/cuda/kernels/attention.hpp>
#include <vitscape/backend/cuda/run.hpp>

namespace vitscape::detail {

inline AttentionDevice attention_device(const gpu::Context& context) {
    return {.shared_bytes = static_cast<int>(context.properties().shared_memory_per_block),
            .multiprocessors = context.properties().multiprocessors};
}

/// Calls f(head width as a constant); the kernels support two widths.
template <class F>
void with_head_width(Index head_width, const F& f) {
    if (head_width == 32)
        f(std::integral_constant<int, 32>{});
    else
        f(std::integral_constant<int, 64>{});
}

template <class T>
void attention_forward(Execution<system::cuda>& execution, const AttentionShape& shape, const T* qkv, T* out,
                       float* log_sum) {
    const AttentionLaunch how = attention_forward_launch<T>(shape, attention_device(execution.context()));
    with_head_width(shape.head_width, [&](auto width) {
        launch(AttentionForward<T, width()>{how.plan, qkv, out, log_sum}, how.blocks, how.threads,
               static_cast<std::size_t>(how.shared_bytes), execution.stream());
    });
}

template <class T>
void attention_gradient(Execution<system::cuda>& execution, const AttentionShape& shape, const T* qkv,
                        const T* out, const float* log_sum, const T* dout, T* dqkv) {
    const AttentionLaunch how = attention_backward_launch<T>(shape, attention_device(execution.context()));
    with_head_width(shape.head_width, [&](auto width) {
        launch(AttentionBackward<T, width()>{how.plan, qkv, out, log_sum, dout, dqkv}, how.blocks,
               how.threads, static_cast<std::size_t>(how.shared_bytes), execution.stream());
    });
}

}  // namespace vitscape::detail

#endif
