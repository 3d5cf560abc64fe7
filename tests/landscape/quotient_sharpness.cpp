// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <Eigen/LU>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/landscape/adaptive_sharpness.hpp>
#include <vitscape/landscape/quotient_sharpness.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/vit_classifier.hpp>

#include "landscape/block_slices.hpp"
#include "support/catch.hpp"
#include "support/model.hpp"

namespace quotient_sharpness_test {

using namespace vitscape;

namespace {

using B = Cpu<double>;
using Host = std::vector<double>;
using Eigen::MatrixXd;
constexpr Index heads = 2;

const VitClassifier& model() {
    static const VitClassifier method(
        {.encoder = {8, 4, {.width = 8, .depth = 2, .heads = heads}}, .classes = 3});
    return method;
}
const ParameterLayout& layout() { return model().layout(); }
FrozenObjective<B, VitClassifier> make_loss() {
    Batch images = load_all(Synthetic(6, 8), {.side = 8});
    for (std::int64_t& label : images.labels) label %= 3;
    return {B{1}, model(), images, {}};
}
Vector<B> make_theta() {
    Vector<B> theta(B{1}, initial_values(layout(), 1));
    axpby(0.1, gaussian_direction(B{1}, layout(), 5, 40), 1, theta);
    return theta;
}
MatrixXd random_matrix(RandomSequence& random, Index rows, Index columns) {
    MatrixXd matrix(rows, columns);
    for (double& number : matrix.reshaped()) number = random.normal();
    return matrix;
}
/// Other coordinates of all heads, by matrices of a condition number of tens.
Vector<B> in_other_coordinates(const Vector<B>& theta, std::uint64_t seed) {
    RandomSequence random({.seed = seed, .purpose = Purpose::test});
    Host values = theta.to_host();
    for (const std::string& block : test::transformer_blocks(layout()))
        for (Index head = 0; head < heads; ++head) {
            const MatrixXd a = random_matrix(random, 4, 4), c = random_matrix(random, 4, 4);
            test::change_coordinates(layout(), block, heads, head, a, c, values);
        }
    return {theta.backend(), values};
}
/// A random horizontal vector of the given length.
Host horizontal(const detail::QuotientBall<double>& ball, std::uint32_t number, double length) {
    Host e = gaussian_direction(B{1}, layout(), 3, number).to_host();
    ball.make_horizontal(e);
    const double size = detail::norm_of(e);
    for (double& one : e) one *= length / size;
    return e;
}

}  // namespace

TEST_CASE("balanced factors have the same product, and are the same for all that have it") {
    RandomSequence random({.seed = 1, .purpose = Purpose::test});
    const MatrixXd g = random_matrix(random, 9, 4), h = random_matrix(random, 8, 4),
                   a = random_matrix(random, 4, 4);
    const ProductDecomposition product = decompose(g, h),
                               other = decompose(g * a, h * a.inverse().transpose());
    const MatrixXd whole = g * h.transpose();
    CHECK((product.balanced(0) * product.balanced(1).transpose() - whole).norm() < 1e-13 * whole.norm());
    for (const int side : {0, 1}) {
        const MatrixXd& basis = product.bases[static_cast<std::size_t>(side)];
        CHECK((basis.transpose() * basis - MatrixXd::Identity(4, 4)).norm() < 1e-13);
        CHECK((product.balanced(side) - other.balanced(side)).norm() < 1e-11 * product.balanced(side).norm());
    }
    CHECK_THROWS_AS(decompose(g * std::nan(""), h), NumericError);
}

TEST_CASE("quotient sharpness is the same in all coordinates of heads, and adaptive sharpness is not") {
    auto loss = make_loss();
    const Vector<B> theta = make_theta();
    const WorstCaseOptions options{.steps = 4, .restarts = 1};
    const WorstCaseRise before = quotient_sharpness(loss, theta, 0.5, options);
    const double adaptive = worst_case_adaptive_sharpness(loss, theta, 0.5, options).rise;
    CHECK(before.rise > 0.01);
    REQUIRE(before.starts.size() == 2);
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        const Vector<B> other = in_other_coordinates(theta, seed);
        CHECK(loss.value(other) == Approx(loss.value(theta)).epsilon(1e-11));
        const WorstCaseRise after = quotient_sharpness(loss, other, 0.5, options);
        for (std::size_t i = 0; i < 2; ++i)  // the random start too
            CHECK(after.starts[i] == Approx(before.starts[i]).epsilon(1e-8));
        CHECK(std::abs(worst_case_adaptive_sharpness(loss, other, 0.5, options).rise / adaptive - 1) > 1e-2);
    }
}

TEST_CASE("for a small radius it is the radius times the gradient's norm in the inverse metric") {
    auto loss = make_loss();
    const Vector<B> theta = make_theta();
    Vector<B> gradient(B{1}, theta.size());
    (void)loss.gradient(theta, gradient);
    const Host values = theta.to_host(), slope = gradient.to_host();
    // at theta itself, without balanced factors: tr(P dG^T dG) / n for each factor, and sum (theta_i g_i)^2 elsewhere
    Host elsewhere(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) elsewhere[i] = values[i] * slope[i];
    double square = 0;
    for (const HeadFactors& factors : head_factors(layout()))
        for (const int side : {0, 1}) {
            const MatrixXd g = factors.read(values, side), d = factors.read(slope, side);
            square += (g.transpose() * g * (d.transpose() * d)).trace() / static_cast<double>(g.rows());
            factors.write(MatrixXd::Zero(g.rows(), g.cols()), side, elsewhere);
        }
    for (const double one : elsewhere) square += one * one;
    const double rho = 1e-5;
    CHECK(quotient_sharpness(loss, theta, rho, {.steps = 1, .restarts = 0}).rise ==
          Approx(rho * std::sqrt(square)).epsilon(1e-3));
}

TEST_CASE("horizontal vectors are orthogonal to the orbit in the metric, and the rest stays") {
    const detail::QuotientBall<double> ball(layout(), make_theta().to_host());
    const Host all = gaussian_direction(B{1}, layout(), 3, 0).to_host();
    Host kept = all;
    ball.make_horizontal(kept);
    RandomSequence random({.seed = 2, .purpose = Purpose::test});
    for (const HeadFactors& factors : head_factors(layout())) {
        const MatrixXd g = factors.read(ball.centre(), 0), h = factors.read(ball.centre(), 1);
        const MatrixXd p = g.transpose() * g, q = h.transpose() * h;
        const auto tangent = [&](const Host& e,
                                 int side) -> MatrixXd {  // xi, of e = sqrt(n) xi P^(-1/2), P diagonal
            const MatrixXd of = factors.read(e, side);
            return of * p.diagonal().cwiseSqrt().asDiagonal() / std::sqrt(static_cast<double>(of.rows()));
        };
        const auto inner = [&](const MatrixXd& xi, const MatrixXd& zeta, const MatrixXd& gram) {
            return static_cast<double>(xi.rows()) * (gram.inverse() * xi.transpose() * zeta).trace();
        };
        for (int trial = 0; trial < 3; ++trial) {
            const MatrixXd b = random_matrix(random, 4, 4);
            const MatrixXd along_g = g * b, along_h = -h * b.transpose();
            const auto along = [&](const Host& e) {
                return inner(tangent(e, 0), along_g, p) + inner(tangent(e, 1), along_h, q);
            };
            CHECK(std::abs(along(kept)) < 1e-10 * std::abs(along(all)));
        }
        // the length is that of the metric
        for (const int side : {0, 1}) {
            const MatrixXd xi = tangent(all, side);
            CHECK(inner(xi, xi, side == 0 ? p : q) == Approx(factors.read(all, side).squaredNorm()));
        }
    }
    Host twice = kept;
    ball.make_horizontal(twice);
    CHECK(test::relative_difference(twice, kept) < 1e-13);
    const auto bias = static_cast<std::size_t>(layout().find("head.bias")->slot.offset);
    CHECK(kept[bias] == all[bias]);
}

TEST_CASE("points are those of geodesics up to the third order, and gradients are pulled back along them") {
    const detail::QuotientBall<double> ball(layout(), make_theta().to_host());
    const HeadFactors factors = head_factors(layout()).front();
    // the geodesic equation G'' = G' P^-1 (G'^T G + G^T G') - G P^-1 G'^T G' in 2000 steps of the midpoint rule
    const auto exact = [&](const Host& e) {
        MatrixXd g = factors.read(ball.centre(), 0);
        MatrixXd speed = factors.read(e, 0) * (g.transpose() * g).diagonal().cwiseSqrt().asDiagonal() /
                         std::sqrt(static_cast<double>(g.rows()));
        const auto bend = [](const MatrixXd& at, const MatrixXd& v) -> MatrixXd {
            const MatrixXd inverse = (at.transpose() * at).inverse();
            return v * inverse * (v.transpose() * at + at.transpose() * v) -
                   at * inverse * (v.transpose() * v);
        };
        const double step = 1.0 / 2000;
        for (int i = 0; i < 2000; ++i) {
            const MatrixXd middle = g + 0.5 * step * speed, fast = speed + 0.5 * step * bend(g, speed);
            g += step * fast;
            speed += step * bend(middle, fast);
        }
        return g;
    };
    double error[2];
    for (const int halved : {0, 1}) {
        const Host e = horizontal(ball, 1, halved == 0 ? 1.0 : 0.5);
        const MatrixXd end = factors.read(ball.point(e), 0), centre = factors.read(ball.centre(), 0);
        error[halved] = (end - exact(e)).norm();
        CHECK(error[halved] < 0.02 * (end - centre).norm());
    }
    CHECK(error[0] / error[1] == Approx(8).epsilon(0.15));

    const Host e = horizontal(ball, 1, 1.5), way = horizontal(ball, 2, 1),
               slope = gaussian_direction(B{1}, layout(), 3, 3).to_host();
    const auto value = [&](double t) {
        Host at = e;
        for (std::size_t i = 0; i < at.size(); ++i) at[i] += t * way[i];
        const Host point = ball.point(at);
        double sum = 0;
        for (std::size_t i = 0; i < at.size(); ++i) sum += slope[i] * point[i];
        return sum;
    };
    const Host back = ball.pull_back(e, slope);
    double derivative = 0;
    for (std::size_t i = 0; i < back.size(); ++i) derivative += back[i] * way[i];
    CHECK((value(1) - value(-1)) / 2 == Approx(derivative).epsilon(1e-11));  // a quadratic: exact
}

TEST_CASE("more steps and starts find no less, and a bad request is refused") {
    auto loss = make_loss();
    const Vector<B> theta = make_theta();
    const double few = quotient_sharpness(loss, theta, 1, {.steps = 1, .restarts = 0}).rise,
                 many = quotient_sharpness(loss, theta, 1, {.steps = 12, .restarts = 1}).rise;
    CHECK(many >= few);
    CHECK_THROWS_AS(quotient_sharpness(loss, theta, 0), ConfigError);
    CHECK_THROWS_AS(quotient_sharpness(loss, theta, 1, {.steps = 0}), ConfigError);
    CHECK_THROWS_AS(quotient_sharpness(loss, theta, 1, {.norm = PerturbationNorm::maximum}), ConfigError);
    CHECK_THROWS_AS(quotient_sharpness(loss, Vector<B>(B{1}, 3), 1), ShapeError);
    WorstCaseOptions stopped{.steps = 3, .restarts = 0};
    stopped.work.interrupted = [] { return true; };
    CHECK_THROWS_AS(quotient_sharpness(loss, theta, 1, stopped), Interrupted);
}

}  // namespace quotient_sharpness_test
