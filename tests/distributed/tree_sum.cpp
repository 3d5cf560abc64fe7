// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/distributed/gather.hpp>
#include <vitscape/distributed/tree_sum.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/thread_processes.hpp"

namespace tree_sum_test {

using namespace vitscape;

namespace {

using B = Cpu<float>;

using test::Threads;
static_assert(PassingCommunicator<Threads, B>);
static_assert(PassingCommunicator<SingleProcess, B>);

constexpr Index numbers = 33;

std::vector<float> leaf(std::size_t number) {
    std::vector<float> values(numbers);
    const std::vector<double> random = test::random_numbers(numbers, static_cast<std::uint32_t>(number));
    std::transform(random.begin(), random.end(), values.begin(),
                   [](double x) { return static_cast<float>(x); });
    return values;
}

/// The sum as the tree defines it, without any vector or process.
std::vector<float> expected(std::size_t first, std::size_t end) {
    if (end - first == 1) return leaf(first);
    std::size_t width = 1;
    while (width * 2 < end - first) width *= 2;
    std::vector<float> sum = expected(first, first + width);
    const std::vector<float> second = expected(first + width, end);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += second[i];
    return sum;
}

struct Result {
    std::vector<double> sum;
    std::size_t vectors = 0;
    int messages = 0;
};
/// @param sums  one after the other, each added to the total of the first process
Result summed(std::size_t leaves, int processes, int sums = 1) {
    Result result;
    std::mutex mutex;
    result.messages = test::run_processes(processes, [&](Threads process) {
        B backend(1);
        TreeSum<B, Threads> sum(backend, process, leaves);
        Vector<B> total(backend, numbers);
        const std::size_t own = leaves / static_cast<std::size_t>(processes);
        std::size_t most = 0;
        for (int i = 0; i < sums; ++i) {
            for (std::size_t k = 0; k < own; ++k) {
                sum.add(Vector<B>(backend, leaf(static_cast<std::size_t>(process.rank()) * own + k)));
                most = std::max(most, sum.vectors());
            }
            sum.finish(total);
        }
        const std::scoped_lock lock(mutex);
        result.vectors = std::max({result.vectors, most, sum.vectors()});
        if (process.rank() == 0) result.sum = total.to_host();
    });
    return result;
}

}  // namespace

TEST_CASE("a sum in a tree has the same bytes for any number of processes", "[distributed][tree]") {
    for (std::size_t leaves = 1; leaves <= 24; ++leaves) {
        const std::vector<float> tree = expected(0, leaves);
        const std::vector<double> reference(tree.begin(), tree.end());
        for (int processes = 1; processes <= static_cast<int>(leaves); ++processes) {
            if (leaves % static_cast<std::size_t>(processes) != 0) continue;
            const Result result = summed(leaves, processes);
            INFO(leaves << " leaves, " << processes << " processes");
            CHECK(bool(result.sum == reference));
            std::size_t levels = 0;
            while ((std::size_t{1} << levels) < leaves) ++levels;
            CHECK(result.vectors <= levels + 2);
            CHECK(result.messages >= processes - 1);
        }
    }
}

TEST_CASE("the order of a tree's sum is not that of a loop", "[distributed][tree]") {
    std::vector<float> loop = leaf(0);
    for (std::size_t k = 1; k < 16; ++k) {
        const std::vector<float> next = leaf(k);
        for (std::size_t i = 0; i < loop.size(); ++i) loop[i] += next[i];
    }
    CHECK_FALSE(bool(loop == expected(0, 16)));  // so that equal bytes above say something
}

TEST_CASE("sums follow each other, and are added to what is there", "[distributed][tree]") {
    const std::vector<double> once = summed(12, 1).sum;
    std::vector<double> twice;
    for (const double x : once)
        twice.push_back(static_cast<double>(static_cast<float>(x) + static_cast<float>(x)));
    for (const int processes : {1, 2, 3, 4, 6, 12}) CHECK(bool(summed(12, processes, 2).sum == twice));
}

TEST_CASE("nodes of a tree", "[distributed][tree]") {
    CHECK(SumTree::split(0, 7) == 4);
    CHECK(SumTree::split(4, 7) == 6);
    CHECK(SumTree::split(0, 8) == 4);
    const SumTree tree{7};
    CHECK(tree.has_node(0, 7));
    CHECK(tree.has_node(4, 7));
    CHECK(tree.has_node(6, 7));
    CHECK_FALSE(tree.has_node(0, 5));
    CHECK_FALSE(tree.has_node(3, 5));
    CHECK_FALSE(tree.has_node(5, 7));
}

TEST_CASE("a tree's sum that cannot be says why", "[distributed][tree]") {
    B backend(1);
    using Sum = TreeSum<B, Threads>;
    CHECK(test::contains(test::error_text<ConfigError>([&] { Sum(backend, Threads({}, 0, 4), 6); }),
                         "6 parts cannot be shared evenly by 4 processes"));
    CHECK_THROWS_AS(Sum(backend, Threads({}, 0, 1), 0), ConfigError);
    TreeSum<B, SingleProcess> sum(backend, {}, 2);
    Vector<B> total(backend, Index{3});
    const Vector<B> one(backend, std::vector<float>{1, 2, 3});
    sum.add(one);
    CHECK(test::contains(test::error_text<Error>([&] { sum.finish(total); }),
                         "has 2 parts of a sum, 1 were given"));
    sum.add(one);
    CHECK_THROWS_AS(sum.add(one), Error);
    sum.finish(total);
    CHECK(bool(total.to_host() == std::vector<double>{2, 4, 6}));
}

TEST_CASE("numbers of several processes are joined with their bits", "[distributed][gather]") {
    constexpr int processes = 3;
    constexpr std::size_t count = 10;
    std::vector<std::vector<float>> joined(processes, std::vector<float>(count));
    test::run_processes(processes, [&](Threads process) {
        const Share own = share_of(count, process);
        std::vector<float>& numbers = joined[static_cast<std::size_t>(process.rank())];
        for (std::size_t i = own.first; i < own.end; ++i) numbers[i] = leaf(7)[i];
        join(process, std::span(numbers));
    });
    const std::vector<float> all = leaf(7);
    for (const auto& numbers : joined) CHECK(std::equal(numbers.begin(), numbers.end(), all.begin()));
}

}  // namespace tree_sum_test
