// SPDX-License-Identifier: Apache-2.0
//
// How many images a device evaluates at once, on a backend that says what a device says.
#include <limits>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/images_at_once.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#if defined(VITSCAPE_HAS_THRUST)
#include <vitscape/backend/thrust/thrust.hpp>
#endif

#include "support/backends.hpp"
#include "support/catch.hpp"

namespace images_at_once_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("images at once: as many as have the tokens, the usual number at least, and what fits",
          "[methods]") {
    constexpr double plenty = 1e12;
    CHECK(images_to_fill(32768, 16, 1000, plenty, 128) == 2048);
    CHECK(images_to_fill(32768, 64, 1000, plenty, 128) == 512);
    CHECK(images_to_fill(32768, 196, 1000, plenty, 128) == 168);  // 167 have 36 tokens too few
    CHECK(images_to_fill(32768, 400, 1000, plenty, 128) == 128);
    CHECK(images_to_fill(32768, 1, 1000, plenty, 128) == 32768);
    CHECK(images_to_fill(32768, 100000, 1000, plenty, 1) == 1);
    // a quarter of the memory, but never fewer than usual
    CHECK(images_to_fill(32768, 16, 1e6, 4e9, 128) == 1000);
    CHECK(images_to_fill(32768, 16, 1e6, 4e8, 128) == 128);
    CHECK(images_to_fill(32768, 16, 0, plenty, 128) == 2048);
    CHECK(images_to_fill(32768, 16, std::numeric_limits<double>::infinity(), plenty, 128) == 128);
}

namespace {

MaskedAutoencoder<> small(Index image, Index patch) {
    return MaskedAutoencoder<>({.encoder = {image, patch, {12, 1, 2}}, .decoder = {8, 1, 2}});
}

}  // namespace

TEST_CASE("images at once: on processors the usual number", "[methods]") {
    CHECK(images_at_once(Cpu<float>(1), small(16, 4)) == 128);
    CHECK(images_at_once(Cpu<float>(1), small(16, 4), 64, 2) == 64);
    static_assert(!FilledByTokens<Cpu<float>>);
}

#if defined(VITSCAPE_HAS_THRUST)
namespace {

/// Has what a device has: here 320 tokens fill it, and its memory is what a test says.
struct Device : Thrust<system::omp, float> {
    explicit Device(double memory = 1e12) : Thrust<system::omp, float>(1), bytes(memory) {}
    static constexpr Index tokens_to_fill = 320;
    [[nodiscard]] double memory_bytes() const { return bytes; }
    double bytes;
};
static_assert(FilledByTokens<Device>);

}  // namespace

TEST_CASE("images at once: on a device by the model's tokens and memory", "[methods]") {
    CHECK(images_at_once(Device(), small(16, 4), 8) == 20);
    CHECK(images_at_once(Device(), small(16, 4), 8, 2) == 10);
    CHECK(images_at_once(Device(), small(16, 8), 8) == 80);
    CHECK(images_at_once(Device(), small(16, 4)) == 128);
    CHECK(images_at_once(Device(), VitClassifier({.encoder = {16, 4, {12, 1, 2}}, .classes = 3}), 8) == 20);
    const MemoryNeed need = memory_need(small(16, 4).config());
    const double bytes = 4 * (need.activations + need.image);
    CHECK(images_at_once(Device(4 * bytes * 12.5), small(16, 4), 8) == 12);
    CHECK(images_at_once(Device(4 * bytes * 12.5), small(16, 4), 8, 2) == 8);
}

TEST_CASE("images at once: a frozen loss evaluates as many as fill a device, or as it is told", "[methods]") {
    const Batch images = load_all(Synthetic(50, 16), {.side = 16});
    const MaskedAutoencoder<> method = small(16, 4);
    const auto parts = [&](const FrozenOptions& options) {
        FrozenObjective<Device, MaskedAutoencoder<>> loss(Device(), method, images, options);
        std::vector<Index> samples;
        for (const auto& inputs : loss.inputs()) samples.push_back(inputs.samples);
        const Vector<Device> theta(loss.backend(), initial_values(method.layout(), 1));
        Vector<Device> product(loss.backend(), theta.size());
        loss.hessian_vector(theta, theta, product);
        FrozenObjective<Cpu<double>, MaskedAutoencoder<>> expected(Cpu<double>(1), method, images);
        const Vector<Cpu<double>> point(expected.backend(), theta.to_host());
        Vector<Cpu<double>> expected_product(expected.backend(), theta.size());
        expected.hessian_vector(point, point, expected_product);
        CHECK(loss.value(theta) == Approx(expected.value(point)).epsilon(1e-5));
        CHECK(distance(product.to_host(), expected_product.to_host()) < 1e-4);
        return samples;
    };
    CHECK(parts({.usual = 8}) == std::vector<Index>{20, 20, 10});
    CHECK(parts({}) == std::vector<Index>{50});
    CHECK(parts({.batch = 15}) == std::vector<Index>{15, 15, 15, 5});
}
#endif

}  // namespace images_at_once_test
