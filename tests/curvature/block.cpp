// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include <vitscape/curvature/block.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/spectral_density.hpp>
#include <vitscape/curvature/symmetric_eigen.hpp>
#include <vitscape/curvature/trace.hpp>

#include "curvature/operators.hpp"
#include "support/backend_types.hpp"
#include "support/catch.hpp"

namespace block_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using B64 = CpuPrimitives<double>;

/// A dense symmetric matrix given by its entries.
struct Dense {
    Eigen::MatrixXd matrix;
    B64 cpu{1};

    explicit Dense(Index size) : matrix(size, size) {
        RandomSequence random({.seed = 21, .purpose = Purpose::test});
        for (Index i = 0; i < size; ++i)
            for (Index j = 0; j <= i; ++j) matrix(i, j) = matrix(j, i) = random.normal();
    }
    [[nodiscard]] B64 backend() const { return cpu; }
    [[nodiscard]] Index size() const { return matrix.rows(); }
    void apply(const Vector<B64>& v, Vector<B64>& out) const {
        for (Index i = 0; i < size(); ++i) {
            double sum = 0;
            for (Index j = 0; j < size(); ++j) sum += matrix(i, j) * v.data()[j];
            out.data()[i] = sum;
        }
    }
};

std::vector<std::string> names(const std::vector<ParameterBlock>& blocks) {
    std::vector<std::string> result;
    for (const ParameterBlock& block : blocks) result.push_back(block.name());
    return result;
}

}  // namespace

TEST_CASE("a block's spectrum is that of its rows and columns") {
    Dense a(30);
    ParameterBlock part("two ranges");
    part.add({20, 5});
    part.add({3, 4});
    part.add({7, 2});  // continues the range before
    REQUIRE(part.ranges().size() == 2);
    CHECK(part.ranges()[0].offset == 3);
    CHECK(part.ranges()[0].size == 6);
    CHECK(part.size() == 11);
    std::vector<Index> rows = {3, 4, 5, 6, 7, 8, 20, 21, 22, 23, 24};
    Eigen::MatrixXd expected(11, 11);
    for (Index i = 0; i < 11; ++i)
        for (Index j = 0; j < 11; ++j)
            expected(i, j) = a.matrix(rows[static_cast<std::size_t>(i)], rows[static_cast<std::size_t>(j)]);

    auto restricted = block(a, part);
    static_assert(SymmetricOperator<decltype(restricted), B64>);
    CHECK(restricted.size() == 11);
    Vector<B64> unit(a.cpu, 11), column(a.cpu, 11);
    for (Index j = 0; j < 11; ++j) {
        fill(0, unit);
        unit.data()[j] = 1;
        restricted.apply(unit, column);
        for (Index i = 0; i < 11; ++i) CHECK(column.data()[i] == expected(i, j));
    }
    vitscape::detail::SymmetricEigen<double> exact;
    exact.compute(expected);
    const auto ends = lanczos(restricted, {.largest = 2, .smallest = 1});
    CHECK(ends.largest[0].value == Approx(exact.values()[10]).epsilon(1e-9));
    CHECK(ends.largest[1].value == Approx(exact.values()[9]).epsilon(1e-9));
    CHECK(ends.smallest[0].value == Approx(exact.values()[0]).epsilon(1e-9));
    const SpectralDensity density = spectral_density(restricted, {.probes = 2, .steps = 20});
    for (std::size_t i = 0; i < 11; ++i)
        CHECK(density.probes()[0].nodes[i] ==
              Approx(exact.values()[static_cast<Index>(i)]).epsilon(1e-9).margin(1e-9));
    const TraceEstimate sum = trace(restricted, {.samples = 400});
    CHECK(std::abs(sum.value - expected.trace()) < 4 * sum.standard_error);
}

TEMPLATE_LIST_TEST_CASE("block-diagonal matrices fall into their blocks", "", test::Plain) {
    // of two reflected diagonals, one after the other
    struct Pair {
        ReflectedDiagonal<TestType> first{{1, 2, 3, 4, 5}}, second{{-7, 0, 0.5, 10}};
        [[nodiscard]] TestType backend() const { return first.backend(); }
        [[nodiscard]] Index size() const { return 9; }
        void apply(const Vector<TestType>& v, Vector<TestType>& out) {
            const TestType backend = first.backend();
            Vector<TestType> x(backend, 5), y(backend, 4), ax = x, ay = y;
            x.backend().copy(5, v.data(), x.data());
            y.backend().copy(4, v.data() + 5, y.data());
            first.apply(x, ax), second.apply(y, ay);
            out.backend().copy(5, ax.data(), out.data());
            out.backend().copy(4, ay.data(), out.data() + 5);
        }
    };
    Pair a;
    ParameterLayout layout;
    layout.add("blocks.0.weight", {2, 2}, ParameterKind::weight, Initializer::zeros());
    layout.add("blocks.0.bias", {1}, ParameterKind::bias, Initializer::zeros());
    layout.add("head.weight", {2, 2}, ParameterKind::weight, Initializer::zeros());
    const std::vector<ParameterBlock> blocks = natural_blocks(layout);
    REQUIRE(names(blocks) == std::vector<std::string>{"blocks.0", "head"});
    const double tolerance = std::is_same_v<typename TestType::Storage, float> ? 1e-4 : 1e-9;
    const auto first = lanczos(block(a, blocks[0]), {.largest = 5, .smallest = 0});
    for (std::size_t i = 0; i < 5; ++i)
        CHECK(first.largest[i].value == Approx(5.0 - static_cast<double>(i)).epsilon(tolerance));
    const auto second = lanczos(block(a, blocks[1]), {.largest = 1, .smallest = 1});
    CHECK(second.largest[0].value == Approx(10).epsilon(tolerance));
    CHECK(second.smallest[0].value == Approx(-7).epsilon(tolerance));
    // by consecutive elements, by slots, and of an operator that belongs to the block
    CHECK(lanczos(block(a, ParameterRange{5, 4}), {.largest = 1, .smallest = 0}).largest[0].value ==
          Approx(10).epsilon(tolerance));
    const std::vector<ParameterSlot> slots = {layout.find("head.weight")->slot};
    CHECK(lanczos(block(Pair{}, slots), {.largest = 1, .smallest = 0}).largest[0].value ==
          Approx(10).epsilon(tolerance));
}

TEST_CASE("blocks that cannot be are refused") {
    Dense a(10);
    ParameterBlock part("p");
    part.add({2, 3});
    CHECK_THROWS_AS(part.add({4, 2}), ConfigError);
    CHECK_THROWS_AS(part.add({0, 3}), ConfigError);
    CHECK_THROWS_AS(part.add({-1, 1}), ConfigError);
    CHECK(part.size() == 3);
    part.add({5, 6});
    CHECK(part.ranges().size() == 1);
    CHECK_THROWS_AS(block(a, part), ShapeError);
    CHECK_THROWS_AS(block(a, ParameterBlock("empty")), ShapeError);
    auto good = block(a, ParameterRange{0, 4});
    Vector<B64> five(a.cpu, 5), four(a.cpu, 4);
    CHECK_THROWS_AS(good.apply(five, four), ShapeError);
}

}  // namespace block_test
