// SPDX-License-Identifier: Apache-2.0
//
// Attention from its definition in double precision, and the kernels run by the emulator on the same numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include <vitscape/backend/cuda/kernels/attention.hpp>
#include <vitscape/core/random.hpp>

#include "support/block_emulator.hpp"

namespace vitscape::test {

/// n normal numbers times `factor`, as T holds them.
template <class T>
std::vector<T> normal_numbers(Index n, std::uint32_t stream, double factor = 1) {
    const RandomKey key{.seed = 7, .purpose = Purpose::test, .sample = stream};
    std::vector<T> numbers(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = T(static_cast<float>(factor * random_normal(key, i)));
    return numbers;
}

struct AttentionReference {
    std::vector<double> out, log_sum, dqkv;
    double largest_score = 0;
};

template <class T>
AttentionReference attention_reference(const AttentionShape& s, const std::vector<T>& qkv,
                                       const std::vector<T>& dout) {
    const auto size = [](Index n) { return static_cast<std::size_t>(n); };
    AttentionReference r{std::vector<double>(size(s.samples * s.queries * s.width())),
                         std::vector<double>(size(attention_saved(s))), std::vector<double>(qkv.size())};
    const double scale = 1 / std::sqrt(static_cast<double>(s.head_width));
    std::vector<double> p(size(s.tokens)), dp(size(s.tokens));
    for (Index sample = 0; sample < s.samples; ++sample)
        for (Index head = 0; head < s.heads; ++head)
            for (Index query = 0; query < s.queries; ++query) {
                const auto at = [&](Index token, Index part) {
                    return size(((sample * s.tokens + token) * 3 + part) * s.width() + head * s.head_width);
                };
                const std::size_t q = at(s.first_query + query, 0);
                const std::size_t o = size((sample * s.queries + query) * s.width() + head * s.head_width);
                const std::size_t width = size(s.head_width);
                double largest = -std::numeric_limits<double>::infinity(), sum = 0, projection = 0;
                for (Index token = 0; token < s.tokens; ++token) {
                    double& score = p[size(token)] = 0;
                    for (std::size_t i = 0; i < width; ++i)
                        score += double(qkv[q + i]) * double(qkv[at(token, 1) + i]) * scale;
                    largest = std::max(largest, score);
                    r.largest_score = std::max(r.largest_score, std::abs(score));
                }
                for (double& x : p) sum += x = std::exp(x - largest);
                r.log_sum[size((sample * s.heads + head) * s.queries + query)] = largest + std::log(sum);
                for (Index token = 0; token < s.tokens; ++token) {
                    const std::size_t v = at(token, 2);
                    p[size(token)] /= sum;
                    dp[size(token)] = 0;
                    for (std::size_t i = 0; i < width; ++i) {
                        r.out[o + i] += p[size(token)] * double(qkv[v + i]);
                        r.dqkv[v + i] += p[size(token)] * double(dout[o + i]);
                        dp[size(token)] += double(dout[o + i]) * double(qkv[v + i]);
                    }
                    projection += p[size(token)] * dp[size(token)];
                }
                for (Index token = 0; token < s.tokens; ++token) {
                    const double ds = p[size(token)] * (dp[size(token)] - projection) * scale;
                    const std::size_t k = at(token, 1);
                    for (std::size_t i = 0; i < width; ++i) {
                        r.dqkv[q + i] += ds * double(qkv[k + i]);
                        r.dqkv[k + i] += ds * double(qkv[q + i]);
                    }
                }
            }
    return r;
}

/// An array for a kernel to write: not-a-number before, and followed by numbers that must stay.
template <class T>
class WrittenArray {
  public:
    explicit WrittenArray(Index n) : size_(static_cast<std::size_t>(n)), numbers_(size_ + guard) {
        std::memset(static_cast<void*>(numbers_.data()), 0xFF, numbers_.size() * sizeof(T));
    }
    T* data() { return numbers_.data(); }
    [[nodiscard]] bool tail_is_untouched() const {
        const auto* bytes = reinterpret_cast<const unsigned char*>(numbers_.data() + size_);
        for (std::size_t i = 0; i < guard * sizeof(T); ++i)
            if (bytes[i] != 0xFF) return false;
        return true;
    }
    [[nodiscard]] std::vector<T> numbers() const {
        return {numbers_.begin(), numbers_.begin() + static_cast<std::ptrdiff_t>(size_)};
    }

  private:
    static constexpr std::size_t guard = 64;
    std::size_t size_;
    std::vector<T> numbers_;
};

template <class T>
struct AttentionResult {
    std::vector<T> out;
    std::vector<float> log_sum;
    std::vector<T> dqkv;  // empty without a backward pass
    bool tails_are_untouched = true;
};

/// Both kernels (or the forward one) of head width W as their launch helpers say.
template <class T, int W>
AttentionResult<T> emulate_attention(const AttentionShape& shape, const AttentionDevice& device,
                                     const std::vector<T>& qkv, const std::vector<T>* dout) {
    WrittenArray<T> out(shape.samples * shape.queries * shape.width()), dqkv(static_cast<Index>(qkv.size()));
    WrittenArray<float> log_sum(attention_saved(shape));
    const AttentionLaunch forward = attention_forward_launch<T>(shape, device);
    emulate(AttentionForward<T, W>{forward.plan, qkv.data(), out.data(), log_sum.data()}, forward.blocks,
            forward.threads, static_cast<std::size_t>(forward.shared_bytes));
    if (dout != nullptr) {
        const AttentionLaunch backward = attention_backward_launch<T>(shape, device);
        emulate(AttentionBackward<T, W>{backward.plan, qkv.data(), out.data(), log_sum.data(), dout->data(),
                                        dqkv.data()},
                backward.blocks, backward.threads, static_cast<std::size_t>(backward.shared_bytes));
    }
    return {out.numbers(), log_sum.numbers(), dout != nullptr ? dqkv.numbers() : std::vector<T>{},
            out.tail_is_untouched() && log_sum.tail_is_untouched() && dqkv.tail_is_untouched()};
}

/// |x - y| / |y| (Euclidean norms) over part `part` of `parts` equal parts of each row of `row` numbers; not
/// a number where x holds one. |x| where y is zero.
template <class T>
double relative_error(const std::vector<T>& x, const std::vector<double>& y, Index row = 1, Index part = 0,
                      Index parts = 1) {
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (static_cast<Index>(i) % row * parts / row != part) continue;
        difference += (double(x[i]) - y[i]) * (double(x[i]) - y[i]);
        norm += y[i] * y[i];
    }
    return std::sqrt(norm == 0 ? difference : difference / norm);
}

template <class T>
bool same_bits(const std::vector<T>& x, const std::vector<T>& y) {
    return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0;
}

/// A GPU with the shared memory of compute capability 9.0 that two heads fill: then a block has all rows of
/// one.
constexpr AttentionDevice one_processor{.shared_bytes = 227 * 1024, .multiprocessors = 1};
/// As many blocks as there are tiles.
constexpr AttentionDevice many_processors{.shared_bytes = 227 * 1024, .multiprocessors = 1000};
/// Long sequences do not fit into this one's shared memory.
constexpr AttentionDevice small_memory{.shared_bytes = 80 * 1024, .multiprocessors = 1};

/// All tokens ask, unless said otherwise.
constexpr AttentionShape attention_shape(Index samples, Index tokens, Index heads, Index head_width,
                                         Index first_query = 0, Index queries = 0) {
    return {.samples = samples,
            .tokens = tokens,
            .heads = heads,
            .head_width = head_width,
            .first_query = first_query,
            .queries = queries == 0 ? tokens : queries};
}

/// A scalar and a head width for typed tests.
template <class T, int W>
struct HeadOf {
    using Scalar = T;
    static constexpr int width = W;
};

}  // namespace vitscape::test
