// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <vitscape/methods/simmim.hpp>

#include "methods/masked_encoder.hpp"
#include "support/catch.hpp"

namespace simmim_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

SimMim<> model() { return SimMim<>({.encoder = masked_shape, .masking = {.ratio = 0.6}}); }

/// Mean absolute error of the masked pixels of one image, by plain loops.
double plain_loss(const SimMim<>& method, const std::vector<double>& theta,
                  const std::vector<std::int32_t>& order, std::size_t sample) {
    const PlainParameters p(method.layout(), theta);
    const auto patches = static_cast<std::size_t>(method.grid().count()),
               visible = static_cast<std::size_t>(method.visible()),
               width = static_cast<std::size_t>(masked_shape.transformer.width);
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(sample * patches);
    const auto masked = [&](std::size_t patch) {
        return std::find(first, first + static_cast<std::ptrdiff_t>(visible),
                         static_cast<std::int32_t>(patch)) == first + static_cast<std::ptrdiff_t>(visible);
    };
    const xt::xtensor<double, 4> images = masked_images();
    const Rows tokens = plain_encoder(masked_shape, p, images, sample, masked).back();
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t patch = 0; patch < patches; ++patch) {
        if (!masked(patch)) continue;
        const auto target = plain_patch(images, sample, patch, 4, true);
        const auto prediction =
            plain_linear(plain_layer_norm(tokens[1 + patch], p["norm.weight"], p["norm.bias"]),
                         p["decoder_pred.weight"], p["decoder_pred.bias"], target.size());
        for (std::size_t i = 0; i < target.size(); ++i) sum += std::abs(prediction[i] - target[i]);
        count += target.size();
    }
    CHECK(count == (patches - visible) * 48);
    CHECK(tokens.front().size() == width);
    return sum / static_cast<double>(count);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("SimMIM: losses are those of plain loops over all tokens", "[methods]", Plain) {
    using B = TestType;
    const SimMim<> method = model();
    const std::vector<double> theta = held<B>(masked_parameters(method.layout(), 1));
    std::vector<std::int32_t> order;
    const auto [losses, gradient] = masked_losses<B>(method, theta, {}, order);
    for (std::size_t sample = 0; sample < 3; ++sample)
        CHECK(relative_difference(losses[sample], plain_loss(method, theta, order, sample)) <
              golden_tolerance<B>);
}

TEST_CASE("SimMIM: the gradient is the slope of the plain loss", "[methods]") {
    const SimMim<> method = model();
    const std::vector<double> theta = masked_parameters(method.layout(), 1);
    std::vector<std::int32_t> order;
    const auto [losses, gradient] = masked_losses<Cpu<double>>(method, theta, {}, order);
    const double step = 1e-6;
    double slope = 0, expected = 0;
    std::vector<double> above = theta, below = theta;
    for (std::size_t i = 0; i < theta.size(); ++i) {
        const double d = random_normal({.seed = 3}, i);
        above[i] += step * d, below[i] -= step * d, expected += gradient[i] * d;
    }
    for (std::size_t sample = 0; sample < 3; ++sample)
        slope += (plain_loss(method, above, order, sample) - plain_loss(method, below, order, sample)) /
                 (3 * 2 * step);
    CHECK(expected == Approx(slope).epsilon(1e-6));
}

TEST_CASE("SimMIM: gradient and Hessian product on frozen images", "[methods]") {
    check_frozen_derivatives(model(), masked_parameters(model().layout(), 1), {});
}

TEST_CASE("SimMIM: what it can do, and what it refuses", "[methods]") {
    static_assert(ReconstructingMethod<SimMim<>, Cpu<float>> && EncodingMethod<SimMim<>>);
    static_assert(!TaughtMethod<SimMim<>, Cpu<float>> && !ClassifyingMethod<SimMim<>, Cpu<float>>);
    CHECK_THROWS_AS(SimMim<>({.encoder = masked_shape, .masking = {.ratio = 1}}), ConfigError);
}

}  // namespace simmim_test
