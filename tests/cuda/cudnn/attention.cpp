// SPDX-License-Identifier: Apache-2.0
//
// cuDNN's attention on a device against the primitives in double, as our own kernels are tested (operations/attention.cpp).
#include <vitscape/backend/cuda/cudnn.hpp>
#include <vitscape/tensor/replay.hpp>

#include "../attention_test.hpp"
#include "support/error_text.hpp"

namespace attention_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using Device = CudaWithCudnn<bfloat16>;

constexpr AttentionShape attention_of(Index samples, Index tokens, Index heads, Index head_width,
                                      Index queries) {
    return {.samples = samples,
            .tokens = tokens,
            .heads = heads,
            .head_width = head_width,
            .first_query = tokens - queries,
            .queries = queries};
}

}  // namespace

TEST_CASE("cuDNN's attention: as in double, at models' sizes", "[cuda]") {
    STATIC_REQUIRE(Backend<Device>);
    STATIC_REQUIRE(FusedAttention<Device>);
    const Device backend;
    for (const Index tokens : {50, 197, 257})
        for (const auto& [heads, head_width] : {std::pair<Index, Index>{3, 64}, {4, 32}, {2, 80}})
            for (const Index queries : {tokens, Index{37}})
                compare_attention(backend, attention_of(2, tokens, heads, head_width, queries), true);
}

TEST_CASE("cuDNN's attention: few and many tokens, many samples", "[cuda]") {
    const Device backend;
    for (const auto& [samples, tokens] : {std::pair<Index, Index>{1, 3}, {3, 17}, {1, 1025}, {200, 10}})
        compare_attention(backend, attention_of(samples, tokens, 2, 64, tokens), true);
}

TEST_CASE("cuDNN's attention: other head widths by the primitives", "[cuda]") {
    const Device backend;
    for (const Index head_width : {12, 136})
        compare_attention(backend, attention_of(2, 50, 3, head_width, 45), false);
}

TEST_CASE("cuDNN's attention: large scores do not overflow", "[cuda]") {
    const Device backend;
    const AttentionShape s = attention_of(2, 197, 2, 64, 197);
    const auto qkv = numbers_of<bfloat16>(s.samples * s.tokens * 3 * s.width(), 3, 100),
               upstream = numbers_of<bfloat16>(s.samples * s.queries * s.width(), 4);
    const AttentionResult result = run_attention(backend, s, qkv, upstream);
    for (const double number : result.out) REQUIRE(std::isfinite(number));
    for (const double number : result.gradient) REQUIRE(std::isfinite(number));
}

TEST_CASE("cuDNN's attention: the same bits in another backend, in a recorded step and in its replays",
          "[cuda]") {
    const AttentionShape s = attention_of(8, 197, 3, 64, 160);
    const auto qkv = numbers_of<bfloat16>(s.samples * s.tokens * 3 * s.width(), 5),
               upstream = numbers_of<bfloat16>(s.samples * s.queries * s.width(), 6);
    const AttentionResult once = run_attention(Device(), s, qkv, upstream);

    Device backend;
    const Tensor<Device> x = on(backend, qkv), dout = on(backend, upstream);
    const Tensor<Device> out = unwritten(backend, s.samples * s.queries * s.width());
    const Tensor<Device> dx = unwritten(backend, x.size());
    const Tensor<Master<Device>> saved(master(backend), {backend.attention_saved(s)});
    Replay<Device> replay;
    for (int step = 0; step < 4; ++step) {  // runs, records, and replays twice
        INFO("step " << step);
        backend.fill(out.size(), -1, out.data());
        backend.fill(dx.size(), -1, dx.data());
        replay.run(backend, 1, [&] {
            backend.attention(s, x.data(), out.data(), saved.data());
            backend.attention_backward(s, x.data(), out.data(), saved.data(), dout.data(), dx.data());
        });
        CHECK(bool(read(out, backend) == once.out));
        CHECK(bool(read(dx, backend) == once.gradient));
    }
}

TEST_CASE("cuDNN's attention: a shape that a recorded step meets first is an error with its remedy",
          "[cuda]") {
    Device backend;
    Index tokens = 10;
    const auto work = [&] {
        const AttentionShape s = attention_of(1, tokens, 1, 64, tokens);
        const Tensor<Device> x(backend, {tokens, 3 * s.width()}), out(backend, {tokens, s.width()});
        const Tensor<Master<Device>> saved(master(backend), {backend.attention_saved(s)});
        backend.attention(s, x.data(), out.data(), saved.data());
        ++tokens;
    };
    Replay<Device> replay;
    replay.run(backend, 1, work);
    CHECK(
        contains(error_text<gpu::CaptureError>([&] { replay.run(backend, 1, work); }), "run the step once"));
}

}  // namespace attention_test
