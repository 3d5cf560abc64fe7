// SPDX-License-Identifier: Apache-2.0
#include <vitscape/landscape/rounding_error.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace rounding_error_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// x + 2 y with an error of 0.01 x, as two samples that lie 1 above and below it: a standard error of 1.
struct TwoSamples : PlaneFunction {
    double wrong;
    explicit TwoSamples(double error)
        : PlaneFunction([](double x, double y) { return x + 2 * y; }), wrong(error) {}
    [[nodiscard]] Index samples() const { return 2; }
    void sample_losses(const Vector<Cpu64>& theta, std::span<double> out) const {
        const double x = theta.data()[0], loss = function(x, theta.data()[1]) + wrong * x;
        out[0] = loss - 1;
        out[1] = loss + 1;
    }
};

Vector<Cpu64> at(const Cpu64& cpu, double x, double y) { return {cpu, std::vector<double>{x, y}}; }

std::vector<RoundingError> errors_of(double wrong, const PlaneGrid& grid) {
    TwoSamples rounded(wrong), exact(0);
    const Cpu64 cpu(1);
    const Plane<Cpu64> plane(at(cpu, 0, 0), at(cpu, 1, 0), at(cpu, 0, 1));
    return rounding_errors(rounded, exact, plane, grid);
}

}  // namespace

TEST_CASE("rounding errors: loss with rounding minus loss without, at ends and middles of the axes") {
    const auto errors = errors_of(0.01, PlaneGrid(Grid{-4, 4, 9}, Grid{-1, 1, 5}));
    REQUIRE(errors.size() == 9);
    for (std::size_t i = 0; i < 9; ++i) {
        CHECK(errors[i].x == -4 + 4 * static_cast<double>(i % 3));
        CHECK(errors[i].y == -1 + static_cast<double>(i / 3));
        CHECK(errors[i].error == Approx(0.01 * errors[i].x).margin(1e-12));
        CHECK(errors[i].standard_error == Approx(1));
        CHECK(errors[i].negligible());
    }
    require_negligible(errors);
    CHECK(errors_of(0.01, PlaneGrid(Grid{-4, 4, 9}, Grid{0, 0, 1})).size() == 3);
}

TEST_CASE("rounding errors: more than the standard error is refused, where it is largest") {
    const auto errors = errors_of(0.3, PlaneGrid(Grid{-2, 4, 7}, Grid{0, 0, 1}));
    CHECK(errors[0].negligible());
    CHECK_FALSE(errors[2].negligible());
    const std::string text = error_text<NumericError>([&] { require_negligible(errors); });
    CHECK(contains(text, "at (4, 0)"));
    CHECK(contains(text, "compute this surface in float"));
    require_negligible({});
}

TEST_CASE(
    "rounding errors: a loss that only rounding makes infinite is refused, one that is infinite by itself is "
    "left out") {
    const double huge = std::numeric_limits<double>::max();
    const auto errors = errors_of(huge, PlaneGrid(Grid{0, 4, 3}, Grid{0, 0, 1}));
    REQUIRE(errors.size() == 3);
    CHECK(errors[0].error == 0);
    CHECK(std::isinf(errors[2].error));
    CHECK_THROWS_AS(require_negligible(errors), NumericError);
}

}  // namespace rounding_error_test
