// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/distributed/gradient_sum.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace gradient_sum_test {

using namespace vitscape;

namespace {

using B = Cpu<float>;

/// Doubles every number, as if a second process held the same; notes what was sent.
class TwoAlike {
  public:
    struct Log {
        std::vector<std::pair<const float*, Index>> sent;
        int finished = 0;
        bool abandoned = false;
    };
    std::shared_ptr<Log> log = std::make_shared<Log>();

    [[nodiscard]] int rank() const { return 0; }
    [[nodiscard]] int size() const { return 2; }
    void sum(double* numbers, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) numbers[i] *= 2;
    }
    void barrier() {}
    void abandon() { log->abandoned = true; }
    void start_sum(B&, Index n, float* p) {
        log->sent.emplace_back(p, n);
        for (Index i = 0; i < n; ++i) p[i] *= 2;
    }
    void finish(B&) { ++log->finished; }
    void broadcast(B&, Index, float*, int) {}
};
static_assert(CommunicatorFor<TwoAlike, B>);
static_assert(CommunicatorFor<SingleProcess, B>);
static_assert(!single_process<TwoAlike>);
static_assert(single_process<SingleProcess>);

std::vector<double> counting(std::size_t n) {
    std::vector<double> numbers(n);
    for (std::size_t i = 0; i < n; ++i) numbers[i] = static_cast<double>(i + 1);
    return numbers;
}

/// (first element, count) of what is sent for a vector of `n` when the backward pass tells these offsets.
std::vector<std::pair<Index, Index>> chunks(Index n, std::size_t bytes, const std::vector<Index>& offsets) {
    TwoAlike communicator;
    GradientSum<TwoAlike, B> sum(communicator, bytes);
    const std::vector<double> numbers = counting(static_cast<std::size_t>(n));
    const Vector<B> gradient(B(1), numbers);
    sum.begin(gradient);
    Index final = n;
    for (const Index offset : offsets) {
        final = std::min(final, offset);
        sum.final_from(offset);
        for (const auto& [p, count] : communicator.log->sent) CHECK(p - gradient.data() >= final);
    }
    CHECK(sum.active());
    sum.finish();
    CHECK_FALSE(sum.active());
    CHECK(communicator.log->finished == 1);
    CHECK_FALSE(communicator.log->abandoned);
    std::vector<double> doubled = numbers;
    for (double& x : doubled) x *= 2;
    CHECK(bool(gradient.to_host() == doubled));  // each number was sent once
    std::vector<std::pair<Index, Index>> result;
    for (const auto& [p, count] : communicator.log->sent) result.emplace_back(p - gradient.data(), count);
    return result;
}

}  // namespace

TEST_CASE("a gradient is sent from its end, in chunks that depend on its size alone", "[distributed]") {
    const std::vector<std::pair<Index, Index>> expected{{8, 3}, {4, 4}, {0, 4}};
    CHECK(bool(chunks(11, 16, {}) == expected));
    CHECK(bool(chunks(11, 16, {11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}) == expected));
    CHECK(bool(chunks(11, 16, {7, 3}) == expected));
    CHECK(bool(chunks(11, 19, {0}) == expected));        // 19 bytes hold four numbers
    CHECK(bool(chunks(11, 16, {5, 9, 2}) == expected));  // what is final stays final
    CHECK(bool(chunks(8, 16, {6}) == std::vector<std::pair<Index, Index>>{{4, 4}, {0, 4}}));
    CHECK(bool(chunks(3, 1 << 20, {1}) == std::vector<std::pair<Index, Index>>{{0, 3}}));
    CHECK(chunks(0, 16, {0}).empty());
}

TEST_CASE("chunks leave during the backward pass, not after it", "[distributed]") {
    TwoAlike communicator;
    GradientSum<TwoAlike, B> sum(communicator, 16);
    const Vector<B> gradient(B(1), counting(11));
    sum.begin(gradient);
    CHECK(communicator.log->sent.empty());
    sum.final_from(9);
    CHECK(communicator.log->sent.empty());
    sum.final_from(8);
    CHECK(communicator.log->sent.size() == 1);
    sum.final_from(1);
    CHECK(communicator.log->sent.size() == 2);
    sum.finish();
    CHECK(communicator.log->sent.size() == 3);
    sum.begin(gradient);  // the next step
    sum.finish();
    CHECK(communicator.log->sent.size() == 6);
    CHECK(communicator.log->finished == 2);
}

TEST_CASE("a sum of gradients that is used wrongly says how", "[distributed]") {
    using Sum = GradientSum<TwoAlike, B>;
    CHECK(Sum(TwoAlike{}).chunk() == 1 << 20);
    CHECK(test::contains(test::error_text<ConfigError>([] { const Sum sum(TwoAlike{}, 3); }), "3 bytes"));
    TwoAlike communicator;
    {
        Sum sum(communicator, 16);
        const Vector<B> gradient(B(1), counting(11));
        CHECK_THROWS_AS(sum.final_from(3), Error);
        CHECK_THROWS_AS(sum.finish(), Error);
        sum.begin(gradient);
        CHECK_THROWS_AS(sum.begin(gradient), Error);
        CHECK_THROWS_AS(sum.final_from(-1), ShapeError);
        CHECK(test::contains(test::error_text<ShapeError>([&] { sum.final_from(12); }), "element 12"));
        CHECK_FALSE(communicator.log->abandoned);
    }
    CHECK(communicator.log->abandoned);  // left before the end: the others must not wait for the rest
}

TEST_CASE("one process has its sums already", "[distributed]") {
    SingleProcess alone;
    GradientSum<SingleProcess, B> sum(alone);
    const Vector<B> gradient(B(1), counting(5));
    sum.begin(gradient);
    sum.final_from(2);
    CHECK_FALSE(sum.active());
    sum.finish();
    CHECK(bool(gradient.to_host() == counting(5)));
    CHECK(sum_over_processes(alone, 2.5) == 2.5);
    TwoAlike pair;
    CHECK(sum_over_processes(pair, 2.5) == 5);
}

}  // namespace gradient_sum_test
