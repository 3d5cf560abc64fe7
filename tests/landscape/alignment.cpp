// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/landscape/alignment.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>

#include "landscape/block_slices.hpp"
#include "support/catch.hpp"
#include "support/model.hpp"

namespace alignment_test {

using namespace vitscape;

namespace {

using B = Cpu<double>;
using Orders = std::vector<BlockOrder>;

/// Encoder and decoder of 2 heads; `mlp_ratio` hidden units for each of the 4 channels of the width.
MaskedAutoencoder<> model(double mlp_ratio = 4, Index depth = 2, Index width = 8) {
    return MaskedAutoencoder<>(
        {.encoder = {8, 4, {.width = width, .depth = depth, .heads = 2, .mlp_ratio = mlp_ratio}},
         .decoder = {.width = width, .depth = 1, .heads = 2, .mlp_ratio = mlp_ratio},
         .masking = {0.5}});
}
/// Initial values, and noise so that no bias is zero.
template <class Backend>
Vector<Backend> make_theta(const ParameterLayout& layout, std::uint64_t seed) {
    Vector<Backend> theta(Backend{1}, initial_values(layout, seed));
    axpby(0.1, gaussian_direction(Backend{1}, layout, seed, 40), 1, theta);
    return theta;
}
double distance(const Vector<B>& a, const Vector<B>& b) {
    Vector<B> difference = a;
    axpby(-1, b, 1, difference);
    return norm(difference);
}
std::vector<std::size_t> counted(std::size_t size) {
    std::vector<std::size_t> all(size);
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
}
std::vector<std::vector<Index>> all_orders(Index size) {
    std::vector<Index> order(static_cast<std::size_t>(size));
    std::iota(order.begin(), order.end(), Index{0});
    std::vector<std::vector<Index>> all;
    do all.push_back(order);
    while (std::next_permutation(order.begin(), order.end()));
    return all;
}

}  // namespace

#if defined(VITSCAPE_HAS_DLIB) && VITSCAPE_HAS_DLIB

TEST_CASE("the best assignment has the largest sum of all") {
    RandomSequence random({.seed = 3, .purpose = Purpose::test});
    for (Index size = 1; size <= 6; ++size)
        for (int trial = 0; trial < 20; ++trial) {
            Eigen::MatrixXd gains(size, size);
            for (double& gain : gains.reshaped())
                gain = trial == 0 ? -2.5 : trial < 5 ? static_cast<double>(random.below(3)) : random.normal();
            if (trial >= 15) gains *= 1e-200;  // the scale does not matter
            const auto sum = [&](const std::vector<Index>& columns) {
                double total = 0;
                for (Index i = 0; i < size; ++i) total += gains(i, columns[static_cast<std::size_t>(i)]);
                return total;
            };
            std::vector<Index> found = best_assignment(gains);
            double best = -std::numeric_limits<double>::infinity();
            for (const auto& order : all_orders(size)) best = std::max(best, sum(order));
            CHECK(sum(found) >= best - 1e-14 * gains.cwiseAbs().maxCoeff());
            std::sort(found.begin(), found.end());
            CHECK(found == all_orders(size).front());  // each column once
        }
}

TEST_CASE("what cannot be assigned is refused") {
    CHECK_THROWS_AS(best_assignment(Eigen::MatrixXd::Zero(2, 3)), ShapeError);
    Eigen::MatrixXd gains = Eigen::MatrixXd::Zero(2, 2);
    gains(1, 0) = std::nan("");
    CHECK_THROWS_AS(best_assignment(gains), NumericError);
    CHECK(best_assignment(Eigen::MatrixXd(0, 0)).empty());
}

TEST_CASE("an aligned model computes the same, and is closer") {
    const MaskedAutoencoder<> method = model();
    const ParameterLayout& layout = method.layout();
    REQUIRE(layout.blocks().size() == 3);
    FrozenObjective<B, MaskedAutoencoder<>> loss{
        B{1}, method, load_all(Synthetic(6, 8), {.side = 8}), {.mask_seed = 7}};
    const Vector<B> theta = make_theta<B>(layout, 1), other = make_theta<B>(layout, 2);
    std::vector<double> before(6), after(6);
    loss.sample_losses(other, before);
    const Vector<B> aligned = reordered(layout, match_weights(layout, theta, other), other);
    const Vector<B> random = reordered(layout, random_orders(layout, 5), other);
    for (const Vector<B>* rewritten : {&aligned, &random}) {
        CHECK(distance(*rewritten, other) > 0.1 * norm(other));
        loss.sample_losses(*rewritten, after);
        CHECK(test::relative_difference(after, before) < 1e-12);
        CHECK(norm(*rewritten) == Approx(norm(other)).epsilon(1e-13));
    }
    CHECK(distance(theta, aligned) < distance(theta, other));
    CHECK(distance(theta, aligned) < distance(theta, random));
    // the order of the other model does not matter
    CHECK(reordered(layout, match_weights(layout, theta, random), random).to_host() == aligned.to_host());
}

TEMPLATE_TEST_CASE("a model in random order is recovered exactly", "", double, float) {
    using Backend = Cpu<TestType>;
    const MaskedAutoencoder<> method = model();
    const ParameterLayout& layout = method.layout();
    const auto theta = make_theta<Backend>(layout, 1);
    for (const std::uint64_t seed : {0u, 1u, 2u}) {
        const auto mixed = reordered(layout, random_orders(layout, seed), theta);
        CHECK(mixed.to_host() != theta.to_host());
        const auto found = reordered(layout, match_weights(layout, theta, mixed), mixed);
        CHECK(found.to_host() == theta.to_host());
    }
}

TEST_CASE("no order of heads, coordinates and units is closer than the one that is found") {
    const MaskedAutoencoder<> method = model(1, 1, 4);  // 4 hidden units, 2 heads of 2 coordinates
    const ParameterLayout& layout = method.layout();
    const Vector<B> theta = make_theta<B>(layout, 1), other = make_theta<B>(layout, 2);
    const Orders found = match_weights(layout, theta, other);
    // other orders of one block at a time: the squared distance is a sum over blocks
    for (std::size_t block = 0; block < layout.blocks().size(); ++block) {
        double best = std::numeric_limits<double>::infinity();
        Orders tried = found;
        for (const auto& heads : all_orders(2))
            for (int inner = 0; inner < 16; ++inner) {
                const auto pair = [&](int bit) { return all_orders(2)[(inner >> bit) & 1]; };
                tried[block].heads = heads;
                tried[block].query_key = {pair(0), pair(1)};
                tried[block].value = {pair(2), pair(3)};
                for (const auto& units : all_orders(4)) {
                    tried[block].units = units;
                    best = std::min(best, distance(theta, reordered(layout, tried, other)));
                }
            }
        CHECK(distance(theta, reordered(layout, found, other)) == Approx(best).epsilon(1e-13));
    }
}

TEST_CASE("what cannot be aligned is refused, and an alignment can be stopped") {
    const MaskedAutoencoder<> method = model();
    const ParameterLayout& layout = method.layout();
    const Vector<B> theta = make_theta<B>(layout, 1), other = make_theta<B>(layout, 2);
    CHECK_THROWS_AS(match_weights(layout, theta, Vector<B>(B{1}, 3)), ShapeError);
    CHECK_THROWS_AS(reordered(layout, Orders{}, theta), ShapeError);
    ParameterLayout none;
    (void)none.add("weight", {3}, ParameterKind::weight, {});
    CHECK_THROWS_AS(match_weights(none, Vector<B>(B{1}, 3), Vector<B>(B{1}, 3)), ConfigError);
    std::vector<Index> counts;
    WorkControl work;
    work.progress = [&](Index done, Index total) {
        CHECK(total == 6);
        counts.push_back(done);
    };
    (void)match_weights(layout, theta, other, work);
    CHECK(counts == std::vector<Index>{1, 2, 3, 4, 5, 6});
    work.interrupted = [&] { return counts.size() >= 8; };
    CHECK_THROWS_AS(match_weights(layout, theta, other, work), Interrupted);
    CHECK(counts.size() == 8);
}

#else

TEST_CASE("without dlib it is said what to install") {
    CHECK_THROWS_WITH(best_assignment(Eigen::MatrixXd::Zero(2, 2)), Catch::Contains("libdlib-dev"));
}

#endif

TEST_CASE("a reordered model has its heads and units where the orders say") {
    const MaskedAutoencoder<> method = model();
    const ParameterLayout& layout = method.layout();
    const Vector<B> theta = make_theta<B>(layout, 1);
    Orders orders = random_orders(layout, 4);
    std::vector<double> expected = theta.to_host();
    for (std::size_t i = 0; i < orders.size(); ++i) {
        const std::string& block = layout.blocks()[i].name;
        orders[i].query_key = orders[i].value = {{0, 1, 2, 3}, {0, 1, 2, 3}};
        orders[i].heads = {1, 0};
        test::reorder(test::head_slices(layout, block, 2), {1, 0}, expected);
        std::vector<std::size_t> units = counted(orders[i].units.size());
        std::transform(orders[i].units.begin(), orders[i].units.end(), units.begin(),
                       [](Index unit) { return static_cast<std::size_t>(unit); });
        test::reorder(test::unit_slices(layout, block), units, expected);
    }
    CHECK(reordered(layout, orders, theta).to_host() == expected);
    CHECK(random_orders(layout, 4)[1].units == random_orders(layout, 4)[1].units);
    CHECK(random_orders(layout, 4)[1].units != random_orders(layout, 5)[1].units);
}

}  // namespace alignment_test
