// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <vitscape/methods/data2vec.hpp>

#include "methods/masked_encoder.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace data2vec_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

Data2Vec<> model() {
    return Data2Vec<>({.encoder = masked_shape, .masking = {.ratio = 0.6}, .target_blocks = 2, .beta = 0.5});
}

/// Smooth absolute error of the masked patches' features of one image, by plain loops.
double plain_loss(const Data2Vec<>& method, const std::vector<double>& theta,
                  const std::vector<double>& teacher, const std::vector<std::int32_t>& order,
                  std::size_t sample) {
    const PlainParameters p(method.layout(), theta), q(method.layout(), teacher);
    const auto patches = static_cast<std::size_t>(method.grid().count()),
               visible = static_cast<std::size_t>(method.visible()),
               width = static_cast<std::size_t>(masked_shape.transformer.width);
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(sample * patches);
    const auto masked = [&](std::size_t patch) {
        return std::find(first, first + static_cast<std::ptrdiff_t>(visible),
                         static_cast<std::int32_t>(patch)) == first + static_cast<std::ptrdiff_t>(visible);
    };
    const xt::xtensor<double, 4> images = masked_images();
    const Rows student = plain_encoder(masked_shape, p, images, sample, masked).back();
    const std::vector<Rows> blocks =
        plain_encoder(masked_shape, q, images, sample, [](std::size_t) { return false; });
    const double beta = method.config().beta;
    double sum = 0;
    for (std::size_t patch = 0; patch < patches; ++patch) {
        if (!masked(patch)) continue;
        const auto prediction =
            plain_linear(plain_layer_norm(student[1 + patch], p["norm.weight"], p["norm.bias"]),
                         p["regression_head.weight"], p["regression_head.bias"], width);
        const auto one = plain_standardize(blocks[1][1 + patch]),
                   two = plain_standardize(blocks[2][1 + patch]);
        for (std::size_t i = 0; i < width; ++i) {
            const double d = std::abs(prediction[i] - 0.5 * (one[i] + two[i]));
            sum += d < beta ? d * d / (2 * beta) : d - beta / 2;
        }
    }
    return sum / static_cast<double>((patches - visible) * width);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("data2vec: losses are those of plain loops over all tokens", "[methods]", Plain) {
    using B = TestType;
    const Data2Vec<> method = model();
    const std::vector<double> theta = held<B>(masked_parameters(method.layout(), 1)),
                              teacher = held<B>(masked_parameters(method.layout(), 2));
    std::vector<std::int32_t> order;
    const auto [losses, gradient] = masked_losses<B>(method, theta, teacher, order);
    for (std::size_t sample = 0; sample < 3; ++sample)
        CHECK(relative_difference(losses[sample], plain_loss(method, theta, teacher, order, sample)) <
              golden_tolerance<B>);
}

TEST_CASE("data2vec: the gradient is the slope of the plain loss while the teacher stays", "[methods]") {
    const Data2Vec<> method = model();
    const std::vector<double> theta = masked_parameters(method.layout(), 1),
                              teacher = masked_parameters(method.layout(), 2);
    std::vector<std::int32_t> order;
    const auto [losses, gradient] = masked_losses<Cpu<double>>(method, theta, teacher, order);
    const double step = 1e-6;
    double slope = 0, expected = 0;
    std::vector<double> above = theta, below = theta;
    for (std::size_t i = 0; i < theta.size(); ++i) {
        const double d = random_normal({.seed = 3}, i);
        above[i] += step * d, below[i] -= step * d, expected += gradient[i] * d;
    }
    for (std::size_t sample = 0; sample < 3; ++sample)
        slope += (plain_loss(method, above, teacher, order, sample) -
                  plain_loss(method, below, teacher, order, sample)) /
                 (3 * 2 * step);
    CHECK(expected == Approx(slope).epsilon(1e-6));
}

TEST_CASE("data2vec: gradient and Hessian product on frozen images", "[methods]") {
    check_frozen_derivatives(model(), masked_parameters(model().layout(), 1),
                             masked_parameters(model().layout(), 2));
}

TEST_CASE("data2vec: what it can do, and what it refuses", "[methods]") {
    static_assert(TaughtMethod<Data2Vec<>, Cpu<float>> && EncodingMethod<Data2Vec<>>);
    static_assert(!ReconstructingMethod<Data2Vec<>, Cpu<float>> &&
                  !ClassifyingMethod<Data2Vec<>, Cpu<float>>);
    CHECK_THROWS_AS(Data2Vec<>({.encoder = masked_shape, .target_blocks = 0}), ConfigError);
    CHECK_THROWS_AS(Data2Vec<>({.encoder = masked_shape, .beta = 0}), ConfigError);
    CHECK(Data2Vec<>({.encoder = masked_shape, .target_blocks = 6}).target_blocks() == 3);
}

TEST_CASE("data2vec: a momentum chosen at run time is the linear one unless another is given", "[methods]") {
    const Data2VecConfig<RandomMasking, EmaTeacher<AnyMomentum>> config;
    const EmaTeacher<LinearMomentum> expected;
    for (const double step : {0.0, 10.0, 30.0, 100.0}) {
        const StepCount count{.step = step, .steps = 100};
        CHECK(config.teacher.momentum.at(count) == expected.momentum.at(count));
    }
}

TEST_CASE("linear momentum: rises over the first part and stays", "[methods]") {
    const LinearMomentum momentum{.from = 0.9, .to = 0.99, .part = 0.5};
    CHECK(momentum.at({.step = 0, .steps = 100}) == 0.9);
    CHECK(momentum.at({.step = 25, .steps = 100}) == Approx(0.945));
    CHECK(momentum.at({.step = 50, .steps = 100}) == 0.99);
    CHECK(momentum.at({.step = 100, .steps = 100}) == 0.99);
    CHECK(LinearMomentum{.part = 0}.at({.step = 0, .steps = 100}) == 0.9998);
}

}  // namespace data2vec_test
