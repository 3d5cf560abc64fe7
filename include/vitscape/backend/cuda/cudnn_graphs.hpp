// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(VITSCAPE_HAS_CUDNN_FRONTEND)  // empty without vitscape::cudnn

#include <cmath>
#include <cstdint>
#include <cstring>  // of which cudnn_frontend.h (1.32) forgets that it needs it
#include <memory>
#include <string_view>
#include <vector>

#include <vitscape/backend/cuda/cudnn_layout.hpp>
#include <vitscape/backend/cuda/error.hpp>

#include <cudnn.h>
#include <cudnn_frontend.h>

/// Attention as graphs of cuDNN's frontend. They are built and validated without a device; a plan needs one (cudnn.hpp).
namespace vitscape::gpu {

using CudnnGraph = cudnn_frontend::graph::Graph;

/// The arrays of an attention's graphs, by the numbers with which cuDNN tells them apart.
namespace cudnn_array {
enum Number : std::int64_t {
    queries = 1,
    keys,
    values,
    out,
    log_sums,
    out_gradient,
    queries_gradient,
    keys_gradient,
    values_gradient
};
}

/// @throws DeviceError with cuDNN's message for it. `what` names the work.
inline void check(cudnnStatus_t status, std::string_view what) {
    if (status != CUDNN_STATUS_SUCCESS)
        throw DeviceError(message("cuDNN failed in ", what, ": ", cudnnGetErrorString(status)));
}
/// The same for its frontend.
inline void check(cudnn_frontend::error_t error, std::string_view what) {
    if (error.is_bad()) throw DeviceError(message("cuDNN failed in ", what, ": ", error.get_message()));
}

namespace detail {

using CudnnTensor = cudnn_frontend::graph::Tensor_attributes;

inline CudnnTensor& describe(CudnnTensor& tensor, cudnn_array::Number number, const HeadsLayout& layout) {
    return tensor.set_uid(number)
        .set_dim({layout.extents.begin(), layout.extents.end()})
        .set_stride({layout.strides.begin(), layout.strides.end()})
        .set_data_type(number == cudnn_array::log_sums ? cudnn_frontend::DataType_t::FLOAT
                                                       : cudnn_frontend::DataType_t::BFLOAT16);
}
inline std::shared_ptr<CudnnTensor> input(CudnnGraph& graph, cudnn_array::Number number,
                                          const HeadsLayout& layout) {
    CudnnTensor tensor;
    return graph.tensor(describe(tensor, number, layout));
}
inline void output(CudnnTensor& result, cudnn_array::Number number, const HeadsLayout& layout) {
    describe(result, number, layout).set_output(true);
}
inline std::shared_ptr<CudnnGraph> empty_graph(int capability) {
    auto graph = std::make_shared<CudnnGraph>();
    graph->set_io_data_type(cudnn_frontend::DataType_t::BFLOAT16)
        .set_intermediate_data_type(cudnn_frontend::DataType_t::FLOAT)
        .set_compute_data_type(cudnn_frontend::DataType_t::FLOAT)
        .set_sm_version(capability);
    return graph;
}
inline float attention_scale(const AttentionShape& s) {
    return static_cast<float>(1 / std::sqrt(static_cast<double>(s.head_width)));
}

}  // namespace detail

/// out = softmax(q k^T / sqrt(head width)) v and the log-sum-exp of each row of scores, in bfloat16 with sums in float.
/// @param capability  compute capability of the device, 10 major + minor
/// @throws DeviceError if cuDNN's frontend refuses the shape
inline std::shared_ptr<CudnnGraph> attention_graph(const AttentionShape& shape, int capability) {
    namespace array = cudnn_array;
    const CudnnAttentionLayout layout = cudnn_attention_layout(shape);
    auto graph = detail::empty_graph(capability);
    const auto q = detail::input(*graph, array::queries, layout.queries),
               k = detail::input(*graph, array::keys, layout.keys),
               v = detail::input(*graph, array::values, layout.values);
    cudnn_frontend::graph::SDPA_attributes attention;
    attention.set_name("attention").set_generate_stats(true).set_attn_scale(detail::attention_scale(shape));
    const auto [out, log_sums] = graph->sdpa(q, k, v, attention);
    detail::output(*out, array::out, layout.out);
    detail::output(*log_sums, array::log_sums, layout.log_sums);
    check(graph->validate(), "describing an attention");
    return graph;
}

/// The gradients by q, k and v. With cuDNN's deterministic algorithm: the same bytes in each run.
/// @param capability  compute capability of the device, 10 major + minor
/// @throws DeviceError if cuDNN's frontend refuses the shape
inline std::shared_ptr<CudnnGraph> attention_gradient_graph(const AttentionShape& shape, int capability) {
    namespace array = cudnn_array;
    const CudnnAttentionLayout layout = cudnn_attention_layout(shape);
    auto graph = detail::empty_graph(capability);
    const auto q = detail::input(*graph, array::queries, layout.queries),
               k = detail::input(*graph, array::keys, layout.keys),
               v = detail::input(*graph, array::values, layout.values),
               out = detail::input(*graph, array::out, layout.out),
               dout = detail::input(*graph, array::out_gradient, layout.out),
               log_sums = detail::input(*graph, array::log_sums, layout.log_sums);
    cudnn_frontend::graph::SDPA_backward_attributes attention;
    attention.set_name("attention_gradient")
        .set_attn_scale(detail::attention_scale(shape))
        .set_deterministic_algorithm(true);
    const auto [dq, dk, dv] = graph->sdpa_backward(q, k, v, out, dout, log_sums, attention);
    detail::output(*dq, array::queries_gradient, layout.queries);
    detail::output(*dk, array::keys_gradient, layout.keys);
    detail::output(*dv, array::values_gradient, layout.values);
    check(graph->validate(), "describing the gradient of an attention");
    return graph;
}

}  // namespace vitscape::gpu

#endif
