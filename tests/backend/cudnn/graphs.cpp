// SPDX-License-Identifier: Apache-2.0
//
// What cuDNN's frontend says to the graphs of an attention, which it validates without a device.
#include <vitscape/backend/cuda/cudnn_graphs.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace graphs_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

AttentionShape attention_of(Index tokens, Index heads, Index head_width, Index first_query = 0) {
    return {.samples = 256,
            .tokens = tokens,
            .heads = heads,
            .head_width = head_width,
            .first_query = first_query,
            .queries = tokens - first_query};
}

}  // namespace

TEST_CASE("cuDNN's frontend accepts the shapes that are called supported, on any device since 8.0") {
    for (const int capability : {80, 86, 90, 100, 120})
        for (const Index tokens : {3, 50, 197, 257, 1025})
            for (const Index head_width : {8, 32, 64, 80, 128}) {
                INFO(tokens << " tokens, head width " << head_width << ", capability " << capability);
                for (const Index first_query : {Index{0}, tokens - 2}) {
                    const AttentionShape shape = attention_of(tokens, 12, head_width, first_query);
                    CHECK(cudnn_attention_supported(shape));
                    CHECK_NOTHROW(gpu::attention_graph(shape, capability));
                    CHECK_NOTHROW(gpu::attention_gradient_graph(shape, capability));
                }
            }
}

TEST_CASE("cuDNN's frontend refuses the head widths that are not called supported, by its own message") {
    for (const Index head_width : {12, 60, 136}) {
        INFO("head width " << head_width);
        const AttentionShape shape = attention_of(197, 12, head_width);
        CHECK_FALSE(cudnn_attention_supported(shape));
        const std::string text =
            error_text<gpu::DeviceError>([&] { (void)gpu::attention_gradient_graph(shape, 80); });
        CHECK(contains(text, "cuDNN failed in describing the gradient of an attention"));
        CHECK(contains(text, "multiple of 8"));
    }
}

}  // namespace graphs_test
