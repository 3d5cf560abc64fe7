// SPDX-License-Identifier: Apache-2.0
#include "backend/cuda/attention_reference.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace attention_plan_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {
constexpr AttentionDevice large_gpu{.shared_bytes = 227 * 1024, .multiprocessors = 132};
}

TEMPLATE_TEST_CASE("attention kernels serve head widths 32 and 64", "", float, bfloat16) {
    CHECK(attention_supported<TestType>(attention_shape(4, 197, 12, 64), large_gpu));
    CHECK(attention_supported<TestType>(attention_shape(4, 197, 16, 32), large_gpu));
    CHECK(attention_supported<TestType>(attention_shape(1, 100000, 1, 64), large_gpu));
    CHECK(attention_supported<TestType>(attention_shape(1, 1, 1, 64), large_gpu));
    CHECK_FALSE(attention_supported<TestType>(attention_shape(4, 197, 12, 48), large_gpu));
    CHECK_FALSE(attention_supported<TestType>(attention_shape(0, 197, 12, 64), large_gpu));
    CHECK_FALSE(attention_supported<TestType>(attention_shape(4, 197, 12, 64, 100, 98), large_gpu));
    CHECK_FALSE(attention_supported<TestType>(attention_shape(4, 197, 12, 64, -1, 5), large_gpu));
    CHECK_FALSE(attention_supported<TestType>(attention_shape(4, 197, 12, 64), {.shared_bytes = 2000}));
}

TEST_CASE("attention kernels do not serve double") {
    CHECK_FALSE(attention_supported<double>(attention_shape(4, 197, 12, 64), large_gpu));
}

TEST_CASE("attention keeps whole sequences of ViT-B in shared memory, two blocks at a time") {
    for (const Index tokens : {50, 65, 197})
        for (const Index width : {32, 64}) {
            const AttentionShape shape = attention_shape(256, tokens, 12, width);
            for (const AttentionLaunch& launch : {attention_forward_launch<bfloat16>(shape, large_gpu),
                                                  attention_backward_launch<bfloat16>(shape, large_gpu)}) {
                CHECK(launch.plan.resident >= tokens);
                CHECK(launch.plan.groups == 1);
                CHECK(2 * (launch.shared_bytes + 1024) <= large_gpu.shared_bytes + 1024);
            }
        }
    CHECK(attention_forward_launch<bfloat16>(attention_shape(256, 197, 12, 64), large_gpu).blocks ==
          256 * 12);
    CHECK(attention_backward_launch<bfloat16>(attention_shape(256, 197, 12, 64), large_gpu).blocks ==
          2 * 256 * 12);
}

TEMPLATE_TEST_CASE("attention launches stay within the device", "", float, bfloat16) {
    for (const int kilobytes : {99, 163, 227})
        for (const Index width : {32, 64})
            for (const Index tokens : {1, 16, 31, 50, 197, 257, 577, 1025, 4096})
                for (const Index samples : {1, 64}) {
                    const AttentionDevice device{.shared_bytes = kilobytes * 1024, .multiprocessors = 100};
                    const AttentionShape shape = attention_shape(samples, tokens, 3, width);
                    INFO(kilobytes << " KB, head width " << width << ", " << tokens << " tokens");
                    const AttentionLaunch forward = attention_forward_launch<TestType>(shape, device);
                    const AttentionLaunch backward = attention_backward_launch<TestType>(shape, device);
                    CHECK(forward.shared_bytes <= device.shared_bytes);
                    CHECK(backward.shared_bytes <= device.shared_bytes);
                    CHECK(forward.blocks == samples * 3 * forward.plan.groups);
                    CHECK(backward.blocks == 2 * samples * 3 * backward.plan.groups);
                    CHECK(forward.threads <= AttentionForward<TestType, 64>::max_threads);
                    CHECK(backward.threads <= AttentionBackward<TestType, 64>::max_threads);
                    CHECK((forward.threads >= 32 && forward.threads % 32 == 0));
                    CHECK((backward.threads >= 32 && backward.threads % 32 == 0));
                    CHECK(forward.plan.resident % detail::attention_step<TestType> == 0);
                    CHECK(backward.plan.resident % detail::attention_step<TestType> == 0);
                }
}

TEST_CASE("attention says why it refuses a launch") {
    const AttentionShape shape = attention_shape(4, 197, 12, 48);
    CHECK_THROWS_AS(attention_forward_launch<float>(shape, large_gpu), ShapeError);
    CHECK_THROWS_AS(attention_backward_launch<bfloat16>(shape, large_gpu), ShapeError);
    const std::string text =
        error_text<ShapeError>([&] { (void)attention_forward_launch<float>(shape, large_gpu); });
    CHECK(contains(text, "given: head width 48"));
}

TEST_CASE("attention saves a number per query") {
    CHECK(attention_saved(attention_shape(3, 50, 4, 32, 1, 7)) == 3 * 4 * 7);
}

}  // namespace attention_plan_test
