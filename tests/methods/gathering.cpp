// SPDX-License-Identifier: Apache-2.0
//
// The model gathers the visible patches first and predicts the masked ones only; this is the reference's
// loss, which embeds every patch, predicts every patch, and lets a mask of zeros and ones choose.
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace gathering_test {

using namespace vitscape;
using namespace vitscape::test;
using B = CpuPrimitives<double>;

namespace {

xt::xtensor<double, 4> images(std::size_t count, std::size_t side) {
    xt::xtensor<double, 4> images(std::array<std::size_t, 4>{count, 3, side, side});
    const auto numbers = random_numbers(static_cast<Index>(images.size()), 1);
    std::copy(numbers.begin(), numbers.end(), images.begin());
    return images;
}

MaskedAutoencoder<> autoencoder(PixelLoss loss, double ratio) {
    return MaskedAutoencoder<>(
        {.encoder = {16, 4, {12, 2, 3}}, .decoder = {8, 2, 2}, .masking = {ratio}, .pixel_loss = loss});
}

/// Loss of each sample from the predictions of all patches, in the order of the image.
std::vector<double> losses_by_mask(const MaskedAutoencoder<>& model, const xt::xtensor<double, 4>& pictures,
                                   const std::vector<std::int32_t>& order,
                                   const std::vector<double>& prediction) {
    const PatchGrid grid = model.grid();
    const auto size = static_cast<std::size_t>(grid.size()), count = static_cast<std::size_t>(grid.count());
    std::vector<double> losses;
    for (std::size_t sample = 0; sample < pictures.shape(0); ++sample) {
        std::vector<double> mask(count, 0), error(count, 0);
        for (std::size_t place = 0; place < count; ++place) {
            const auto patch = static_cast<std::size_t>(order[sample * count + place]);
            mask[patch] = place < static_cast<std::size_t>(model.visible()) ? 0 : 1;
            std::vector<double> target(size);
            copy_patch(grid, pictures, static_cast<Index>(sample), static_cast<Index>(patch),
                       PatchOrder::row_column_channel, target.data());
            if (model.config().pixel_loss == PixelLoss::normalized)
                normalize_patch(std::span<double>(target));
            for (std::size_t i = 0; i < size; ++i) {
                const double difference = prediction[(sample * count + place) * size + i] - target[i];
                error[patch] += difference * difference / static_cast<double>(size);
            }
        }
        double sum = 0, masked = 0;
        for (std::size_t patch = 0; patch < count; ++patch) {
            sum += error[patch] * mask[patch];
            masked += mask[patch];
        }
        losses.push_back(sum / masked);
    }
    return losses;
}

}  // namespace

TEST_CASE("masked autoencoder: predicting masked patches only gives the loss of predicting all", "[mae]") {
    const B backend(1);
    const auto pictures = images(3, 16);
    for (const PixelLoss loss : {PixelLoss::plain, PixelLoss::normalized})
        for (const double ratio : {0.25, 0.75, 0.9}) {
            INFO("ratio " << ratio << ", normalized " << (loss == PixelLoss::normalized));
            const MaskedAutoencoder<> model = autoencoder(loss, ratio);
            const Vector<B> theta(backend, initial_values(model.layout(), 1));
            MaskedAutoencoder<>::Inputs<B> inputs;
            const std::vector<std::uint32_t> samples{0, 1, 2};
            model.draw_masks(samples, {.seed = 3}, inputs.order);
            model.prepare(backend, pictures, inputs);
            Eval<B> eval(backend, theta.data());
            const auto ours = download(backend, model.losses(eval, inputs).value.view());
            const auto all =
                download(backend, model.predict(eval, inputs, 1, model.grid().count()).value.view());
            CHECK(distance(ours, losses_by_mask(model, pictures, inputs.order, all)) < 1e-13);
        }
}

TEST_CASE("masked autoencoder: the order of visible and of masked patches does not matter", "[mae]") {
    const B backend(1);
    const auto pictures = images(1, 16);
    const MaskedAutoencoder<> model = autoencoder(PixelLoss::normalized, 0.75);
    const Vector<B> theta(backend, initial_values(model.layout(), 1));
    const auto loss = [&](std::vector<std::int32_t> order) {
        MaskedAutoencoder<>::Inputs<B> inputs;
        inputs.order = std::move(order);
        model.prepare(backend, pictures, inputs);
        Eval<B> eval(backend, theta.data());
        return download(backend, model.losses(eval, inputs).value.view());
    };
    std::vector<std::int32_t> order;
    const std::vector<std::uint32_t> samples{0};
    model.draw_masks(samples, {.seed = 3}, order);
    std::vector<std::int32_t> other = order, mask = order;
    std::sort(other.begin(), other.begin() + model.visible());
    std::sort(other.begin() + model.visible(), other.end());
    CHECK(distance(loss(other), loss(order)) < 1e-13);
    std::swap(mask.front(), mask.back());  // another mask
    CHECK(distance(loss(mask), loss(order)) > 1e-6);
}

TEST_CASE("masked autoencoder: what is visible alone decides the latent", "[mae]") {
    const B backend(1);
    const MaskedAutoencoder<> model = autoencoder(PixelLoss::plain, 0.75);
    const Vector<B> theta(backend, initial_values(model.layout(), 1));
    auto pictures = images(1, 16);
    MaskedAutoencoder<>::Inputs<B> inputs;
    inputs.order = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};  // the first row is visible
    const auto latent = [&] {
        model.prepare(backend, pictures, inputs);
        Eval<B> eval(backend, theta.data());
        return download(backend, model.encode(eval, inputs).value.view());
    };
    const auto before = latent();
    pictures(0, 1, 10, 5) = 100;  // a masked patch
    CHECK(latent() == before);
    pictures(0, 1, 2, 5) = 100;  // a visible one
    CHECK(latent() != before);
}

TEST_CASE("masked autoencoder: masks and images that do not fit are refused", "[mae]") {
    const B backend(1);
    const MaskedAutoencoder<> model = autoencoder(PixelLoss::plain, 0.75);
    MaskedAutoencoder<>::Inputs<B> inputs;
    const std::string size = error_text<ShapeError>([&] { model.prepare(backend, images(2, 12), inputs); });
    CHECK(contains(size, "(2, 3, 12, 12)"));
    CHECK(contains(size, "16, 16"));
    inputs.order.assign(16, 0);
    const std::string masks = error_text<ShapeError>([&] { model.prepare(backend, images(2, 16), inputs); });
    CHECK(contains(masks, "masks of 16 patches"));
    CHECK(contains(masks, "2 images of 16 patches"));
}

}  // namespace gathering_test
