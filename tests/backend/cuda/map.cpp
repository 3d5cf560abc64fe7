// SPDX-License-Identifier: Apache-2.0
//
// The map of a device: every operand, in packs and one by one, against the same on processors.
#include <vitscape/backend/cuda/kernels/map.hpp>

#include "kernel_test.hpp"

namespace map_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

template <class F, class Out, class... In>
void map(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
    kernels::Map<F, Out, In...> kernel(rows, columns, f, out, in...);
    do run(kernel);
    while (kernel.next());
}

}  // namespace

TEMPLATE_TEST_CASE("The map kernel against plain loops, for every operand", "[cuda][map]", float, bfloat16,
                   double) {
    using T = TestType;
    struct Case {
        Index rows, columns, stride, offset;
    };
    for (const auto& [rows, columns, stride, offset] : {Case{1, 1, 1, 0},
                                                        {1, 8195, 8195, 0},
                                                        {1, 37, 37, 1},
                                                        {6, 16, 16, 0},
                                                        {6, 16, 24, 0},
                                                        {6, 16, 17, 0},
                                                        {6, 13, 16, 0},
                                                        {130, 64, 64, 0},
                                                        {130, 64, 64, 3},
                                                        {0, 16, 16, 0},
                                                        {6, 0, 16, 0}}) {
        CAPTURE(rows, columns, stride, offset);
        const Index size = std::max<Index>(1, rows * stride);
        const GuardedArray<T> x(numbers_around(0, size, 1), offset);
        const GuardedArray<T> bias(numbers_around(1, std::max<Index>(1, columns), 2));
        const GuardedArray<Real<T>> scale(numbers_around(1, std::max<Index>(1, rows), 3));
        GuardedArray<T> y(std::vector<double>(static_cast<std::size_t>(size), 7.0), offset);
        std::vector<double> expected = y.host();
        for (Index r = 0; r < rows; ++r)
            for (Index c = 0; c < columns; ++c)
                expected[static_cast<std::size_t>(r * stride + c)] =
                    static_cast<double>(static_cast<T>(functor::MultiplyAdd{}(
                        static_cast<Real<T>>(x.data()[r * stride + c]), static_cast<Real<T>>(scale.data()[r]),
                        static_cast<Real<T>>(bias.data()[c]))));
        map(rows, columns, functor::MultiplyAdd{}, operand::Matrix<T*>{y.data(), stride},
            operand::Matrix<const T*>{x.data(), stride}, operand::PerRow<const Real<T>*>{scale.data()},
            operand::PerColumn<const T*>{bias.data()});
        CHECK(y.host() == expected);
    }
}

TEST_CASE("The map kernel with rows in groups, gathered rows and dual numbers", "[cuda][map]") {
    for (const Index columns : {8, 12, 7}) {
        CAPTURE(columns);
        const Index rows = 15, group = 4 * columns;  // three rows of each group of four
        const GuardedArray<float> grouped(numbers_around(0, 5 * group, 1)),
            table(numbers_around(0, 9 * columns, 2)), tangents(numbers_around(0, 9 * columns, 3));
        GuardedArray<float> value(rows * columns), tangent(rows * columns);
        std::vector<std::int32_t> places(static_cast<std::size_t>(rows));
        for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::int32_t>(i * i % 9);
        map(rows, columns, functor::Add{}, operand::Matrix<float*>{value.data(), columns},
            operand::Grouped<const float*>{grouped.data(), 3, group, columns},
            operand::Gathered<const float*>{table.data(), places.data(), columns});
        const auto at = [&](Index r, Index c) {
            return std::pair{r / 3 * group + r % 3 * columns + c,
                             places[static_cast<std::size_t>(r)] * columns + c};
        };
        std::vector<double> sum, product, derivative;
        for (Index r = 0; r < rows; ++r)
            for (Index c = 0; c < columns; ++c) {
                const auto [i, j] = at(r, c);
                sum.push_back(double{grouped.data()[i] + table.data()[j]});
                product.push_back(double{table.data()[j] * table.data()[j]});
                derivative.push_back(
                    double{table.data()[j] * tangents.data()[j] + tangents.data()[j] * table.data()[j]});
            }
        CHECK(value.host() == sum);
        const operand::Gathered<DualPointer<const float>> gathered{
            {{table.data(), tangents.data()}}, places.data(), columns};
        map(rows, columns, functor::Multiply{},
            operand::Matrix<DualPointer<float>>{{{value.data(), tangent.data()}}, columns}, gathered,
            gathered);
        CHECK(distance(value.host(), product) < sum_tolerance);
        CHECK(distance(tangent.host(), derivative) < sum_tolerance);
    }
}

TEST_CASE("The map kernel takes packs only where every operand has them, and many rows in several launches",
          "[cuda][map]") {
    alignas(16) float memory[64] = {};
    const auto packs = [&](Index rows, Index columns, Index stride, Index offset) {
        const operand::Matrix<float*> out{memory + offset, stride};
        const operand::Matrix<const float*> in{memory, stride};
        const kernels::Map<functor::Identity, operand::Matrix<float*>, operand::Matrix<const float*>> kernel(
            rows, columns, functor::Identity{}, out, in);
        return kernel.blocks();
    };
    CHECK(packs(1, 4096, 4096, 0) == 1);  // 256 threads of 4 packs of 4
    CHECK(packs(1, 4096, 4096, 1) == 4);
    CHECK(packs(64, 64, 68, 0) == 1);
    CHECK(packs(64, 64, 66, 0) == 4);
    CHECK(packs(64, 63, 64, 0) == 4);
    using Big = kernels::Map<functor::Identity, operand::Matrix<float*>, operand::Matrix<const float*>>;
    Big big(3, Index{1} << 30, functor::Identity{}, {memory, 1}, {memory, 1});
    CHECK(big.blocks() == (Index{1} << 31) / 1024);  // stride 1: one by one
    CHECK(big.next());
    CHECK(big.blocks() == (Index{1} << 30) / 1024);
    CHECK(!big.next());
    CHECK(big.blocks() == 0);
    CHECK_THROWS_AS(Big(1, (Index{1} << 31) + 1, functor::Identity{}, {memory, 1}, {memory, 1}), ShapeError);
}

}  // namespace map_test
