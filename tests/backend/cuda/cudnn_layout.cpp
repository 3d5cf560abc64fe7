// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <vitscape/backend/cuda/cudnn_layout.hpp>

#include "support/catch.hpp"

namespace cudnn_layout_test {

using namespace vitscape;

namespace {

constexpr AttentionShape some{
    .samples = 3, .tokens = 7, .heads = 2, .head_width = 8, .first_query = 2, .queries = 4};

/// Calls f(the number's place by the layout, sample, head, token, c) for all numbers.
template <class F>
void for_each_number(const HeadsLayout& layout, const F& f) {
    for (Index sample = 0; sample < layout.extents[0]; ++sample)
        for (Index head = 0; head < layout.extents[1]; ++head)
            for (Index token = 0; token < layout.extents[2]; ++token)
                for (Index c = 0; c < layout.extents[3]; ++c)
                    f(layout.offset + sample * layout.strides[0] + head * layout.strides[1] +
                          token * layout.strides[2] + c * layout.strides[3],
                      sample, head, token, c);
}

}  // namespace

TEST_CASE("cuDNN's attention reads queries, keys and values where packed rows hold them") {
    const auto layout = cudnn_attention_layout(some);
    std::vector<int> uses(3 * 7 * 3 * 16);
    Index wrong = 0;
    const auto check = [&](const HeadsLayout& matrix, Index part, Index first_token) {
        for_each_number(matrix, [&](Index place, Index sample, Index head, Index token, Index c) {
            const Index row = sample * 7 + first_token + token;
            wrong += place != ((row * 3 + part) * 2 + head) * 8 + c;
            ++uses.at(static_cast<std::size_t>(place));
        });
    };
    check(layout.queries, 0, 2);
    check(layout.keys, 1, 0);
    check(layout.values, 2, 0);
    CHECK(wrong == 0);
    CHECK(layout.queries.extents == std::array<std::int64_t, 4>{3, 2, 4, 8});
    CHECK(layout.keys.extents == std::array<std::int64_t, 4>{3, 2, 7, 8});
    // All but the tokens without a query are there, once.
    for (std::size_t place = 0; place < uses.size(); ++place) {
        const std::size_t token = place / 48 % 7;
        const bool read = place / 16 % 3 != 0 || (token >= 2 && token < 6);
        if (uses[place] != (read ? 1 : 0)) FAIL("number " << place << " is read " << uses[place] << " times");
    }
}

TEST_CASE("cuDNN's attention writes rows of queries, and a number for each sample, head and query") {
    const auto layout = cudnn_attention_layout(some);
    Index wrong = 0, numbers = 0;
    for_each_number(layout.out, [&](Index place, Index sample, Index head, Index query, Index c) {
        wrong += place != ((sample * 4 + query) * 2 + head) * 8 + c;
        ++numbers;
    });
    CHECK(numbers == 3 * 4 * 16);
    for_each_number(layout.log_sums, [&](Index place, Index sample, Index head, Index query, Index) {
        wrong += place != (sample * 2 + head) * 4 + query;
        ++numbers;
    });
    CHECK(numbers == 3 * 4 * 16 + 3 * 2 * 4);
    CHECK(wrong == 0);
}

TEST_CASE(
    "cuDNN's attention is for head widths that are multiples of 8 up to 128, and queries among the tokens") {
    const auto with = [](Index head_width, Index first_query, Index queries) {
        AttentionShape shape = some;
        shape.head_width = head_width;
        shape.first_query = first_query;
        shape.queries = queries;
        return shape;
    };
    for (const Index head_width : {8, 32, 64, 80, 128})
        CHECK(cudnn_attention_supported(with(head_width, 0, 7)));
    for (const Index head_width : {0, 4, 12, 100, 136})
        CHECK_FALSE(cudnn_attention_supported(with(head_width, 0, 7)));
    CHECK(cudnn_attention_supported(with(64, 6, 1)));
    CHECK_FALSE(cudnn_attention_supported(with(64, 6, 2)));
    CHECK_FALSE(cudnn_attention_supported(with(64, -1, 2)));
    CHECK_FALSE(cudnn_attention_supported(with(64, 3, 0)));
    AttentionShape empty = some;
    empty.samples = 0;
    CHECK_FALSE(cudnn_attention_supported(empty));
}

}  // namespace cudnn_layout_test
