// SPDX-License-Identifier: Apache-2.0
#include <vitscape/backend/cuda/kernels/column_sums.hpp>

#include "kernel_test.hpp"

namespace column_sums_test {

using namespace vitscape;
using namespace vitscape::test;

TEMPLATE_TEST_CASE("The column sum kernels add what plain loops do", "[cuda][column_sums]", float, bfloat16) {
    using T = TestType;
    struct Case {
        Index rows, columns, offset = 0;
    };
    for (const Case& size :
         {Case{1, 1}, {3, 5}, {70, 33}, {200, 192}, {130, 264}, {65, 1000, 1}, {700, 8}, {300, 257}}) {
        const auto [rows, columns, offset] = size;
        CAPTURE(rows, columns, offset);
        const GuardedArray<T> x(numbers_around(0.1, rows * columns, 1), offset);
        const auto before = numbers_around(0, columns, 2);
        GuardedArray<float> out(before, 1);
        kernels::ColumnSums<T> sums{rows, columns, x.data(), nullptr};
        GuardedArray<float> partial(sums.parts() * columns);
        sums.partial = partial.data();
        run(sums);
        REQUIRE(partial.host().size() > 0);  // nothing beyond its end
        run(kernels::AddPartialSums{sums.parts(), columns, partial.data(), out.data()});

        std::vector<double> expected = GuardedArray<float>(before).host();
        const auto numbers = x.host();
        for (std::size_t i = 0; i < numbers.size(); ++i)
            expected[i % static_cast<std::size_t>(columns)] += numbers[i];
        CHECK(distance(out.host(), expected) < sum_tolerance);
    }
}

}  // namespace column_sums_test
