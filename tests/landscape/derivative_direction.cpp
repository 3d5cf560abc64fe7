// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>
#include <vector>

#include <vitscape/landscape/derivative_direction.hpp>
#include <vitscape/landscape/projector.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

namespace derivative_direction_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Half of theta^T A theta + b^T theta of four parameters in two tensors, A = diag(4, -3, 1, 0.5) with a coupling of 0.2 between the
/// first and the third.
struct Quadratic {
    Cpu64 cpu{1};
    ParameterLayout parameters;
    std::vector<std::vector<double>> a{{4, 0, 0.2, 0}, {0, -3, 0, 0}, {0.2, 0, 1, 0}, {0, 0, 0, 0.5}};
    std::vector<double> b{1, 2, -1, 0};

    Quadratic() {
        parameters.add("first", Shape{2, 1}, ParameterKind::weight, Initializer::zeros());
        parameters.add("second", Shape{2}, ParameterKind::bias, Initializer::zeros());
    }
    [[nodiscard]] Cpu64 backend() const { return cpu; }
    [[nodiscard]] const ParameterLayout& layout() const { return parameters; }
    [[nodiscard]] double value(const Vector<Cpu64>& theta) const {
        Vector<Cpu64> product(cpu, 4);
        hessian_vector(theta, theta, product);
        return dot(theta, product) / 2 + dot(theta, Vector<Cpu64>(cpu, b));
    }
    double gradient(const Vector<Cpu64>& theta, Vector<Cpu64>& out) const {
        hessian_vector(theta, theta, out);
        axpby(1, Vector<Cpu64>(cpu, b), 1, out);
        return value(theta);
    }
    void hessian_vector(const Vector<Cpu64>&, const Vector<Cpu64>& v, Vector<Cpu64>& out) const {
        for (std::size_t i = 0; i < 4; ++i) {
            double sum = 0;
            for (std::size_t j = 0; j < 4; ++j) sum += a[i][j] * v.data()[j];
            out.data()[i] = sum;
        }
    }
};

ParameterBlock part_of(const Quadratic& loss, const std::string& name) {
    return parameters_of(loss.layout(), std::vector<std::string>{name});
}

}  // namespace

TEST_CASE("the gradient in a part of the parameters") {
    Quadratic loss;
    const Vector<Cpu64> theta(loss.cpu, std::vector<double>{1, 1, 2, 0});
    CHECK(gradient_direction(loss, theta, all_parameters(loss.layout())).to_host() ==
          std::vector<double>{4 + 0.4 + 1, -3 + 2, 0.2 + 2 - 1, 0});
    CHECK(gradient_direction(loss, theta, part_of(loss, "second")).to_host() ==
          std::vector<double>{0, 0, 0.2 + 2 - 1, 0});
    const Vector<Cpu64> flat(loss.cpu, std::vector<double>{0, 2.0 / 3, 1, 0});
    CHECK_THROWS_AS(gradient_direction(loss, flat, part_of(loss, "second")), NumericError);
    CHECK_THROWS_AS(gradient_direction(loss, Vector<Cpu64>(loss.cpu, 3), part_of(loss, "first")), ShapeError);
}

TEST_CASE("eigenvectors of the Hessian: extreme ones, the largest two, and of a part") {
    Quadratic loss;
    const Vector<Cpu64> theta(loss.cpu, std::vector<double>{1, 1, 2, 0});
    const double upper = 2.5 + std::sqrt(2.25 + 0.04), lower = 2.5 - std::sqrt(2.25 + 0.04);
    const auto all = all_parameters(loss.layout());

    const auto extreme = eigenvector_directions(loss, theta, all, {.largest = 1, .smallest = 1});
    REQUIRE(extreme.size() == 2);
    CHECK(extreme[0].value == Approx(upper));
    CHECK(extreme[1].value == Approx(-3));
    CHECK(std::abs(extreme[1].vector.to_host()[1]) == Approx(1));

    const auto top = eigenvector_directions(loss, theta, all, {.largest = 2, .smallest = 0});
    REQUIRE(top.size() == 2);
    CHECK(top[0].value == Approx(upper));
    CHECK(top[1].value == Approx(lower));
    CHECK(std::abs(dot(top[0].vector, top[1].vector)) < 1e-10);

    const auto part =
        eigenvector_directions(loss, theta, part_of(loss, "second"), {.largest = 1, .smallest = 1});
    CHECK(part[0].value == Approx(1));  // the coupling with the first tensor is not seen
    CHECK(part[1].value == Approx(0.5));
    CHECK(std::abs(part[0].vector.to_host()[2]) == Approx(1));
    CHECK(norm(part[0].vector) == Approx(1));

    // the surface along a scaled eigenvector bends by the eigenvalue times the square of its length
    Vector<Cpu64> longer = extreme[0].vector;
    scale(3, longer);
    const Surface bend = project(loss, Line<Cpu64>(theta, longer), Grid{.from = -1, .to = 1, .steps = 3});
    CHECK(bend.loss(0, 0) - 2 * bend.loss(0, 1) + bend.loss(0, 2) == Approx(9 * upper));

    CHECK_THROWS_AS(
        eigenvector_directions(loss, theta, part_of(loss, "second"), {.largest = 2, .smallest = 1}),
        ConfigError);
}

}  // namespace derivative_direction_test
