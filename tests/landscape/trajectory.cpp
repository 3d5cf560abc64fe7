// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include <vitscape/landscape/trajectory.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace trajectory_test {

using namespace vitscape;

namespace {

template <class B>
PrincipalDirections<B> directions_of(const std::vector<Vector<B>>& differences, int count = 2) {
    return principal_directions(std::span<const Vector<B>>(differences), count);
}

template <class B>
std::vector<Vector<B>> random_points(const B& cpu, int count, Index size) {
    std::vector<Vector<B>> points;
    for (int k = 0; k < count; ++k) {
        points.emplace_back(cpu, size);
        points.back().backend().fill_normal(
            {.seed = 3, .purpose = Purpose::test, .epoch = static_cast<std::uint32_t>(k)}, size,
            points.back().data());
        scale(1.0 / (1 + k), points.back());
    }
    return points;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("principal directions are those of the covariance around the last point", "",
                        test::Plain) {
    using B = TestType;
    const double tolerance = std::is_same_v<typename B::Storage, float> ? 1e-4 : 1e-10;
    const B cpu = test::make_backend<B>(1);
    constexpr Index size = 30;
    const auto points = random_points(cpu, 6, size);
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(size, size);  // the large matrix that is never made
    for (const auto& point : points) {
        const std::vector<double> host = point.to_host();
        const Eigen::Map<const Eigen::VectorXd> d(host.data(), size);
        covariance += d * d.transpose();
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
    const auto found = directions_of(points, 3);
    REQUIRE(found.directions.size() == 3);
    for (Index k = 0; k < 3; ++k) {
        const auto i = static_cast<std::size_t>(k);
        CHECK(found.explained[i] ==
              Approx(solver.eigenvalues()(size - 1 - k) / covariance.trace()).epsilon(tolerance));
        const std::vector<double> host = found.directions[i].to_host();
        const Eigen::Map<const Eigen::VectorXd> direction(host.data(), size);
        CHECK(direction.norm() == Approx(1).epsilon(tolerance));
        CHECK(std::abs(direction.dot(solver.eigenvectors().col(size - 1 - k))) ==
              Approx(1).epsilon(tolerance));
        for (std::size_t j = 0; j < points.size(); ++j)
            CHECK(found.coordinates[j][i] == Approx(dot(points[j], found.directions[i])));
        CHECK(found.coordinates[0][i] > 0);  // the sign is chosen so
    }
    CHECK(std::abs(dot(found.directions[0], found.directions[1])) < tolerance);
}

TEST_CASE("a trajectory in a plane is explained by two directions") {
    const CpuPrimitives<double> cpu{1};
    using V = Vector<CpuPrimitives<double>>;
    const std::vector<V> points{{cpu, std::vector<double>{4, 0, 0, 3}},
                                {cpu, std::vector<double>{4, 0, 0, -3}},
                                {cpu, std::vector<double>{4, 0, 0, 0}}};
    const auto found = directions_of(points);
    CHECK(found.explained[0] == Approx(48.0 / 66));
    CHECK(found.explained[1] == Approx(18.0 / 66));
    CHECK(found.directions[0].to_host()[0] == Approx(1));
    CHECK(found.coordinates[0][0] == Approx(4));
    CHECK(found.coordinates[0][1] == Approx(3));
    CHECK(found.coordinates[1][1] == Approx(-3));
    CHECK(found.coordinates[2][1] == Approx(0).margin(1e-12));

    CHECK(test::contains(test::error_text<NumericError>([&] { (void)directions_of(points, 3); }),
                         "in 2 dimensions"));
    CHECK_THROWS_AS(directions_of(std::vector<V>(points.begin(), points.begin() + 1)), ConfigError);
    CHECK_THROWS_AS(directions_of(std::vector<V>{}, 1), ConfigError);
    CHECK_THROWS_AS(directions_of(points, 0), ConfigError);
    CHECK_THROWS_AS(directions_of(std::vector<V>{points[0], {cpu, std::vector<double>{NAN, 0, 0, 0}}}),
                    NumericError);
    CHECK_THROWS_AS(directions_of(std::vector<V>{{cpu, 4}, {cpu, 4}}), NumericError);  // it never moved
}

}  // namespace trajectory_test
