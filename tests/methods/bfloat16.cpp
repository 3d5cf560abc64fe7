// SPDX-License-Identifier: Apache-2.0
//
// A model in bfloat16 against the same in float, on the reference's autoencoder. What a rounding of 2^-8 at every
// operation leaves: losses are means over many pixels and keep three digits; the gradient, in the norm, keeps two.
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/methods/frozen_objective.hpp>

#include "support/backend_types.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/model.hpp"

namespace bfloat16_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

#if defined(__CUDACC__)
using Half = Cuda<bfloat16>;
#else
using Half = Cpu<bfloat16>;
#endif
using Full = Master<Half>;

struct Golden {
    nlohmann::json json = golden_json("mae");
    SafeTensors file = golden_tensors("mae");
    MaskedAutoencoder<> model{
        golden_autoencoder(json.at("config").at("mae"), json.at("config").at("mask_ratio"))};
    Batch images() const {
        const auto wide = golden_images(file);
        Batch batch;
        batch.images.resize(wide.shape());
        std::copy(wide.begin(), wide.end(), batch.images.begin());
        for (std::size_t i = 0; i < wide.shape(0); ++i)
            batch.samples.push_back(static_cast<std::uint32_t>(i));
        batch.labels.resize(std::array<std::size_t, 1>{wide.shape(0)});
        return batch;
    }
};

}  // namespace

TEST_CASE("bfloat16: losses and gradient are those of float to the expected rounding", "[mae][bfloat16]") {
    const Golden golden;
    const Half half{};
    const Full full = master(half);
    FrozenObjective in_half(half, golden.model, golden.images(), {.batch = 2});
    FrozenObjective in_full(full, golden.model, golden.images(), {.batch = 2});
    const Vector<Full> theta(full, golden_vector(golden.model.layout(), golden.file, "param."));
    Vector<Full> a(full, theta.size()), b(full, theta.size());
    const double loss = in_half.gradient(theta, a), expected = in_full.gradient(theta, b);
    CHECK(std::abs(loss - expected) < 2e-3 * expected);
    CHECK(loss != expected);
    CHECK(relative_difference(a.to_host(), b.to_host()) < 2e-2);
    std::vector<double> of_half(static_cast<std::size_t>(in_half.samples())), of_full(of_half.size());
    in_half.sample_losses(theta, of_half);
    in_full.sample_losses(theta, of_full);
    CHECK(relative_difference(of_half, of_full) < 4e-3);

    // Second derivatives are taken in float, whatever the activations are.
    Vector<Full> hv(full, theta.size()), hv_full(full, theta.size());
    in_half.hessian_vector(theta, b, hv);
    in_full.hessian_vector(theta, b, hv_full);
    CHECK(bool(hv.to_host() == hv_full.to_host()));
}

TEST_CASE("bfloat16: the points of a plane are rounded once and give float's surface to that rounding",
          "[mae][bfloat16]") {
    const Golden golden;
    const Half half{};
    const Full full = master(half);
    FrozenObjective in_half(half, golden.model, golden.images(), {.batch = 2});
    FrozenObjective in_full(full, golden.model, golden.images(), {.batch = 2});
    const Vector<Full> theta(full, golden_vector(golden.model.layout(), golden.file, "param."));
    auto delta = gaussian_direction(half, golden.model.layout(), 1, 0),
         eta = gaussian_direction(half, golden.model.layout(), 1, 1);
    for (auto* direction : {&delta, &eta})
        normalize(FilterNormalization{}, golden.model.layout(), theta, *direction);
    const Plane plane(theta, delta, eta);
    const PlaneGrid grid{Grid{.from = -0.5, .to = 0.5, .steps = 3},
                         Grid{.from = -0.25, .to = 0.5, .steps = 2}};
    const Surface a = project(in_half, plane, grid), b = project(in_full, plane, grid);
    Vector<Full> point(full, theta.size());
    for (std::size_t row = 0; row < 2; ++row)
        for (std::size_t column = 0; column < 3; ++column) {
            CHECK(std::abs(a.loss(row, column) - b.loss(row, column)) < 4e-3 * b.loss(row, column));
            plane.point(a.x[column], a.y[row], point);  // the same by way of a float vector
            CHECK(a.loss(row, column) == Approx(in_half.value(point)).epsilon(1e-3));
        }
}

}  // namespace bfloat16_test
