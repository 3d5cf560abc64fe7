// SPDX-License-Identifier: Apache-2.0
//
// What is measured at the points of a model's surface, against computations of another kind.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <Eigen/Dense>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/point_eigenvalues.hpp>
#include <vitscape/landscape/point_norms.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/rounding_error.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/probe/point_measures.hpp>

#include "support/catch.hpp"
#include "support/model.hpp"

namespace point_measures_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

const Grid axis{.from = -1, .to = 1, .steps = 3};

VitClassifier classifier() { return VitClassifier({.encoder = {8, 4, {4, 1, 1}}, .classes = 10}); }
Batch batch(std::size_t count) { return load_all(Synthetic(count, 8), {.side = 8}); }

template <class B, class O>
Plane<B> random_plane(const O& objective) {
    const B backend = objective.backend();
    const Vector<B> theta(backend, initial_values(objective.layout(), 1));
    Vector<B> delta = gaussian_direction(backend, objective.layout(), 2, 0),
              eta = gaussian_direction(backend, objective.layout(), 2, 1);
    for (auto* direction : {&delta, &eta})
        normalize(FilterNormalization{}, objective.layout(), theta, *direction);
    return {theta, delta, eta};
}

}  // namespace

TEST_CASE("accuracy and calibration at the points are those of logits computed by plain loops") {
    using B = Cpu<double>;
    using P = CpuPrimitives<double>;
    const std::size_t count = 40, bins = 7;
    const Batch images = batch(count);
    FrozenObjective<B, VitClassifier> objective(B(2), classifier(), images, {.batch = 9});
    static_assert(ClassifyingObjective<decltype(objective), B>);
    static_assert(!ClassifyingObjective<FrozenObjective<B, MaskedAutoencoder<>>, B>);
    CHECK(std::equal(images.labels.begin(), images.labels.end(), objective.labels().begin()));
    const auto plane = random_plane<B>(objective);
    const Surface surface =
        project(objective, plane, axis, {}, PointAccuracy{}, PointCalibration{.bins = bins});
    REQUIRE(surface.numbers.size() == 4);

    const P backend(1);
    VitClassifier::Inputs<P> inputs;
    objective.method().prepare(backend, images, {}, inputs);  // all images at once
    const auto theta = plane.theta().to_host(), delta = plane.delta().to_host(), eta = plane.eta().to_host();
    int differ = 0;
    for (std::size_t row = 0; row < 3; ++row)
        for (std::size_t column = 0; column < 3; ++column) {
            std::vector<double> point = theta;
            for (std::size_t i = 0; i < point.size(); ++i)
                point[i] += surface.x[column] * delta[i] + surface.y[row] * eta[i];
            const Vector<P> moved(backend, point);
            Eval<P> eval(backend, moved.data());
            const auto logits = download(backend, objective.method().logits(eval, inputs).value.view());
            std::vector<double> first, five, sure(count);
            for (std::size_t i = 0; i < count; ++i) {
                std::vector<std::size_t> order(10);
                for (std::size_t c = 0; c < 10; ++c) order[c] = c;
                const auto* z = logits.data() + 10 * i;
                std::sort(order.begin(), order.end(), [&](auto a, auto b) { return z[a] > z[b]; });
                const auto label = static_cast<std::size_t>(images.labels(i));
                first.push_back(order[0] == label ? 1 : 0);
                five.push_back(std::find(order.begin(), order.begin() + 5, label) != order.begin() + 5 ? 1
                                                                                                       : 0);
                double sum = 0;
                for (std::size_t c = 0; c < 10; ++c) sum += std::exp(z[c]);
                sure[i] = std::exp(z[order[0]]) / sum;
            }
            const auto ece = [&](std::size_t left_out) {
                double total = 0, used = 0;
                for (std::size_t bin = 0; bin < bins; ++bin) {
                    double hits = 0, confidence = 0, n = 0;
                    for (std::size_t i = 0; i < count; ++i) {
                        if (i == left_out || static_cast<std::size_t>(sure[i] * bins) != bin) continue;
                        hits += first[i], confidence += sure[i], ++n;
                    }
                    used += n;
                    if (n > 0) total += n * std::abs(hits / n - confidence / n);
                }
                return total / used;
            };
            double mean = 0, squares = 0;
            for (std::size_t i = 0; i < count; ++i) mean += ece(i) / count;
            for (std::size_t i = 0; i < count; ++i) squares += (ece(i) - mean) * (ece(i) - mean);
            const MeanAndError top1 = mean_and_error(first), top5 = mean_and_error(five);
            const auto& n = surface.numbers;
            CHECK(n[0].values(row, column) == Approx(top1.mean).margin(1e-14));
            CHECK(n[0].errors(row, column) == Approx(top1.standard_error).margin(1e-14));
            CHECK(n[1].values(row, column) == Approx(top5.mean).margin(1e-14));
            CHECK(n[1].errors(row, column) == Approx(top5.standard_error).margin(1e-14));
            CHECK(n[2].values(row, column) == Approx(ece(count)).epsilon(1e-9));
            CHECK(n[2].errors(row, column) ==
                  Approx(std::sqrt((count - 1.0) / count * squares)).epsilon(1e-8));
            CHECK(n[3].values(row, column) > 0);
            differ += n[0].values(row, column) != n[0].centre.value ? 1 : 0;
            if (row == 1 && column == 1) CHECK(n[2].centre.value == n[2].values(row, column));
        }
    CHECK(differ > 2);  // the points are told apart
}

TEST_CASE(
    "gradient norm and extreme eigenvalues at the points are those of differences of losses and gradients") {
    using B = Cpu<double>;
    FrozenObjective<B, VitClassifier> objective(B(1), classifier(), batch(12));
    const auto plane = random_plane<B>(objective);
    const Surface surface =
        project(objective, plane, Grid{.from = -1, .to = 1, .steps = 2}, {}, PointGradientNorm{},
                PointWeightNorm{}, PointEigenvalues{.steps = 400, .tolerance = 1e-7});
    const auto size = static_cast<std::size_t>(plane.size());
    for (const auto& [row, column] : {std::array<std::size_t, 2>{0, 0}, {0, 1}, {1, 0}}) {
        Vector<B> point = plane.theta();
        plane.point(surface.x[column], surface.y[row], point);
        // the dense Hessian by central differences of the gradient, and the gradient by those of the loss
        Eigen::MatrixXd hessian(size, size);
        Eigen::VectorXd gradient(size);
        Vector<B> plus = point, minus = point, moved = point;
        const double h = 2e-7;  // third derivatives are large where a norm is of few numbers
        for (std::size_t i = 0; i < size; ++i) {
            moved = point;
            moved.data()[i] += h;
            const double above = objective.gradient(moved, plus);
            moved.data()[i] -= 2 * h;
            const double below = objective.gradient(moved, minus);
            gradient[static_cast<Index>(i)] = (above - below) / (2 * h);
            for (std::size_t j = 0; j < size; ++j)
                hessian(static_cast<Index>(j), static_cast<Index>(i)) =
                    (plus.data()[j] - minus.data()[j]) / (2 * h);
        }
        hessian = 0.5 * (hessian + hessian.transpose()).eval();
        const Eigen::VectorXd values = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(hessian).eigenvalues();
        const double high = values.maxCoeff(), low = values.minCoeff(), scale = std::max(high, -low);
        const auto& n = surface.numbers;
        CHECK(n[0].values(row, column) == Approx(gradient.norm()).epsilon(1e-6));
        CHECK(n[1].values(row, column) == Approx(norm(point)).epsilon(1e-14));
        CHECK(std::abs(n[2].values(row, column) - high) < 1e-6 * scale);
        CHECK(std::abs(n[3].values(row, column) - low) < 1e-6 * scale);
        CHECK(n[2].errors(row, column) < 1e-6 * scale);
        CHECK(n[4].values(row, column) == Approx(std::abs(low / high)).epsilon(1e-4));
        CHECK(low < 0);  // or the ratio could be of the wrong pair
    }
}

TEMPLATE_TEST_CASE("numbers at the points are the same bytes for any number of threads", "", Cpu<float>,
                   Cpu<double>) {
    const auto measured = [&](int threads) {
        FrozenObjective<TestType, VitClassifier> objective(TestType(threads), classifier(), batch(150));
        return surface_json(
            project(objective, random_plane<TestType>(objective), Grid{.from = -1, .to = 1, .steps = 2}, {},
                    PointAccuracy{}, PointCalibration{}, PointGradientNorm{}, PointWeightNorm{},
                    PointEigenvalues{.steps = 12}),
            {});
    };
    const std::string one = measured(1);
    CHECK(one == measured(2));
    CHECK(one == measured(3));
}

TEST_CASE("rounding errors: numbers that have standard errors are compared as the loss is") {
    using B = Cpu<double>;
    const Batch images = batch(20);
    FrozenObjective<B, VitClassifier> objective(B(1), classifier(), images);
    auto plane = random_plane<B>(objective);
    const auto same =
        rounding_errors(objective, objective, plane, PlaneGrid(axis), PointAccuracy{}, PointGradientNorm{});
    REQUIRE(same.size() == 9 * 3);
    CHECK(same[9].of == "accuracy_top1");
    CHECK(same[9].resolution == Approx(0.05));
    require_negligible(same);
    RoundingError flipped = same[9];
    flipped.standard_error = 0;
    flipped.error = 0.05;
    CHECK(flipped.negligible());  // one image of 20
    flipped.error = -0.1;
    CHECK_FALSE(flipped.negligible());
    try {
        require_negligible({same[0], flipped});
        FAIL("a flipped accuracy was taken");
    } catch (const NumericError& error) {
        CHECK(std::string(error.what()).find("the accuracy_top1 in low precision") != std::string::npos);
    }
}

}  // namespace point_measures_test
