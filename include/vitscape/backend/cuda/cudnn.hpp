// SPDX-License-Identifier: Apache-2.0
#pragma once

// Empty without a CUDA compiler and vitscape::cudnn. No other header includes it: cuDNN's frontend takes longer to compile than all
// kernels.
#if defined(__CUDACC__) && defined(VITSCAPE_HAS_CUDNN_FRONTEND)

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include <vitscape/backend/cuda/cudnn_graphs.hpp>
#include <vitscape/backend/thrust/thrust.hpp>

namespace vitscape {

namespace detail {

/// cuDNN on the device and stream of a context, with the plan of each shape that it met.
class CudnnAttention {
  public:
    /// @throws DeviceError if cuDNN does not start
    explicit CudnnAttention(std::shared_ptr<gpu::Context> context) : context_(std::move(context)) {
        context_->activate();
        cudnnHandle_t handle = nullptr;
        gpu::check(cudnnCreate(&handle), "starting cuDNN");
        handle_ = Handle(handle);
        gpu::check(cudnnSetStream(handle, context_->stream()), "starting cuDNN");
    }

    void forward(Execution<system::cuda>& execution, const AttentionShape& shape, const bfloat16* qkv,
                 bfloat16* out, float* log_sums) {
        namespace array = gpu::cudnn_array;
        const CudnnAttentionLayout layout = cudnn_attention_layout(shape);
        run(execution, plan(forward_, shape, gpu::attention_graph),
            {{array::queries, part(qkv, layout.queries)},
             {array::keys, part(qkv, layout.keys)},
             {array::values, part(qkv, layout.values)},
             {array::out, out},
             {array::log_sums, log_sums}});
    }
    void backward(Execution<system::cuda>& execution, const AttentionShape& shape, const bfloat16* qkv,
                  const bfloat16* out, const float* log_sums, const bfloat16* dout, bfloat16* dqkv) {
        namespace array = gpu::cudnn_array;
        const CudnnAttentionLayout layout = cudnn_attention_layout(shape);
        if (shape.queries < shape.tokens)  // tokens without a query get no gradient for it
            context_->fill_bytes(dqkv, 0,
                                 static_cast<std::size_t>(shape.samples * shape.tokens * 3 * shape.width()) *
                                     sizeof(bfloat16));
        run(execution, plan(backward_, shape, gpu::attention_gradient_graph),
            {{array::queries, part(qkv, layout.queries)},
             {array::keys, part(qkv, layout.keys)},
             {array::values, part(qkv, layout.values)},
             {array::out, const_cast<bfloat16*>(out)},
             {array::log_sums, const_cast<float*>(log_sums)},
             {array::out_gradient, const_cast<bfloat16*>(dout)},
             {array::queries_gradient, part(dqkv, layout.queries)},
             {array::keys_gradient, part(dqkv, layout.keys)},
             {array::values_gradient, part(dqkv, layout.values)}});
    }

  private:
    using Handle = gpu::detail::Owned<cudnnHandle_t, cudnnDestroy>;
    using Pointers = std::unordered_map<std::int64_t, void*>;
    struct Plan {
        std::shared_ptr<gpu::CudnnGraph> graph;
        Index workspace = 0;  // bytes
    };
    using Plans = std::map<std::array<Index, 6>, Plan>;

    /// cuDNN's first choice for a shape: the same in each process with the same cuDNN and device.
    template <class Describe>
    Plan& plan(Plans& plans, const AttentionShape& s, const Describe& describe) {
        const std::array<Index, 6> key{s.samples, s.tokens, s.heads, s.head_width, s.first_query, s.queries};
        const auto found = plans.find(key);
        if (found != plans.end()) return found->second;
        context_->forbid_in_capture("the first attention of a shape",
                                    "run the step once before, so that cuDNN makes its plan");
        const gpu::DeviceProperties& device = context_->properties();
        Plan result{.graph = describe(s, 10 * device.capability_major + device.capability_minor)};
        gpu::check(result.graph->build(handle_.get(), {cudnn_frontend::HeurMode_t::A}),
                   message("planning an attention of ", s.tokens, " tokens, head width ", s.head_width));
        std::int64_t bytes = 0;
        gpu::check(result.graph->get_workspace_size(bytes), "planning an attention");
        result.workspace = bytes;
        return plans.emplace(key, std::move(result)).first->second;
    }
    void run(Execution<system::cuda>& execution, Plan& plan, Pointers pointers) {
        const DeviceScratch<std::byte> workspace(execution, std::max<Index>(plan.workspace, 1));
        gpu::check(plan.graph->execute(handle_.get(), pointers, workspace.data()), "an attention");
    }
    static void* part(const bfloat16* array, const HeadsLayout& layout) {
        return const_cast<bfloat16*>(array) + layout.offset;
    }

    std::shared_ptr<gpu::Context> context_;
    Handle handle_;
    Plans forward_, backward_;
};

}  // namespace detail

/// `Cuda<bfloat16>` whose attention is cuDNN's, for head widths that are multiples of 8 up to 128; other widths use the primitives. All
/// else is `Cuda<bfloat16>`'s. Results are the same bytes in each run with the same cuDNN and device. A new shape takes cuDNN up to
/// seconds to plan.
///
/// `attention` and `attention_backward` throw DeviceError with cuDNN's message where it has no plan for a shape on the device.
template <class T>
requires std::same_as<T, bfloat16>
class CudaWithCudnn : public Cuda<T> {
  public:
    /// @param device  number of the GPU
    explicit CudaWithCudnn(int device = 0) : CudaWithCudnn(gpu::ContextOptions{.device = device}) {}
    explicit CudaWithCudnn(const gpu::ContextOptions& options)
        : Cuda<T>(options),
          cudnn_(std::make_shared<detail::CudnnAttention>(this->execution().shared_context())) {}

    [[nodiscard]] bool attention_supported(const AttentionShape& shape) const {
        return cudnn_attention_supported(shape);
    }
    void attention(const AttentionShape& shape, const T* qkv, T* out, float* log_sums) {
        cudnn_->forward(this->execution(), shape, qkv, out, log_sums);
    }
    void attention_backward(const AttentionShape& shape, const T* qkv, const T* out, const float* log_sums,
                            const T* dout, T* dqkv) {
        cudnn_->backward(this->execution(), shape, qkv, out, log_sums, dout, dqkv);
    }

  private:
    std::shared_ptr<detail::CudnnAttention> cudnn_;  // shared by copies, as is the context
};

}  // namespace vitscape

#endif
