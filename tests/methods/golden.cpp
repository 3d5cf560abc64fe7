// SPDX-License-Identifier: Apache-2.0
#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/model.hpp"

namespace golden_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// The reference autoencoder with its parameters, images and masks on a backend.
template <class B>
struct GoldenAutoencoder {
    SafeTensors file = golden_tensors("mae");
    nlohmann::json json = golden_json("mae");
    MaskedAutoencoder<> model;
    B backend = make_backend<B>(2);
    Vector<B> theta;
    MaskedAutoencoder<>::Inputs<B> inputs;

    explicit GoldenAutoencoder(PixelLoss loss = PixelLoss::normalized)
        : model([&] {
              auto config =
                  golden_autoencoder(json.at("config").at("mae"), json.at("config").at("mask_ratio"));
              config.pixel_loss = loss;
              return config;
          }()),
          theta(backend, golden_vector(model.layout(), file, "param.")) {
        inputs.order = file.at("ids_shuffle").to<std::int32_t>();
        model.prepare(backend, golden_images(file), inputs);
    }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("masked autoencoder: loss and gradient are the reference's", "", Every) {
    const auto [loss_kind, loss_name, gradient_name] = GENERATE(table<PixelLoss, const char*, const char*>(
        {{PixelLoss::normalized, "loss_norm_pix", "grad_norm_pix."},
         {PixelLoss::plain, "loss_pix", "grad_pix."}}));
    using B = TestType;
    GoldenAutoencoder<B> golden(loss_kind);
    Vector<B> gradient(golden.backend, golden.model.layout().size());
    Tape<B> tape(golden.backend, golden.theta.data(), gradient.data());
    const Variable<B> losses = golden.model.losses(tape, golden.inputs);
    const std::vector<double> values = download(golden.backend, losses.value.view());
    double mean = 0;
    for (const double value : values) mean += value / static_cast<double>(values.size());
    CHECK(relative_difference(mean, golden.json.at(loss_name).template get<double>()) < golden_tolerance<B>);

    tape.backward(losses, 1 / static_cast<double>(values.size()));
    const std::vector<double> result = gradient.to_host();
    for (const ParameterInfo& parameter : golden.model.layout().parameters()) {
        INFO(parameter.name);
        const auto first = result.begin() + parameter.slot.offset;
        const std::vector<double> part(first, first + parameter.size());
        CHECK(worst_difference(part, golden.file.at(gradient_name + parameter.name).template to<double>()) <
              golden_tolerance<B>);
    }

    // an evaluation gives the same losses and a second step adds the same gradient again
    Eval<B> eval(golden.backend, golden.theta.data());
    CHECK(download(golden.backend, golden.model.losses(eval, golden.inputs).value.view()) == values);
    const Variable<B> again = golden.model.losses(tape, golden.inputs);
    tape.backward(again, 1 / static_cast<double>(values.size()));
    std::vector<double> twice = result;
    for (double& value : twice) value *= 2;
    CHECK(worst_difference(gradient.to_host(), twice) < golden_tolerance<B>);
}

TEMPLATE_LIST_TEST_CASE("masked autoencoder: latent and prediction are the reference's", "", Backends) {
    using B = TestType;
    GoldenAutoencoder<B> golden;
    Eval<B> eval(golden.backend, golden.theta.data());
    const auto latent = golden.model.encode(eval, golden.inputs);
    CHECK(worst_difference(download(golden.backend, latent.value.view()),
                           golden.file.at("latent").template to<double>()) < golden_tolerance<B>);

    const Index patches = golden.model.grid().count(), size = golden.model.grid().size();
    const auto prediction =
        golden.model.predict(eval, golden.inputs, 1, patches);  // patches in masking order
    const std::vector<double> ours = download(golden.backend, prediction.value.view());
    std::vector<double> sorted(ours.size());
    for (std::size_t row = 0; row < golden.inputs.order.size(); ++row) {
        const Index sample = static_cast<Index>(row) / patches;
        std::copy_n(ours.begin() + static_cast<Index>(row) * size, size,
                    sorted.begin() + (sample * patches + golden.inputs.order[row]) * size);
    }
    CHECK(worst_difference(sorted, golden.file.at("pred").template to<double>()) < golden_tolerance<B>);
}

TEST_CASE("masked autoencoder: fixed position embeddings are the reference's", "") {
    const GoldenAutoencoder<Cpu<double>> golden;
    for (const FixedTensor& tensor : golden.model.fixed_tensors()) {
        const auto& reference = golden.file.at("param." + tensor.name);
        CHECK(reference.shape == tensor.shape);
        CHECK(worst_difference(tensor.values, reference.to<double>()) < 1e-15);
    }
}

TEMPLATE_LIST_TEST_CASE("Hessian-vector products by dual numbers are the reference's", "", Plain) {
    using B = TestType;
    using D = Dual<B>;
    const SafeTensors file = golden_tensors("hessian");
    const nlohmann::json json = golden_json("hessian");
    const MaskedAutoencoder<> model(golden_autoencoder(json.at("config"), json.at("mask_ratio")));
    REQUIRE(model.layout().size() == json.at("parameters").get<Index>());
    B base = make_backend<B>(2);
    D dual(base);
    const Vector<B> theta(base, golden_vector(model.layout(), file, "param."));
    const Vector<B> direction(base, golden_vector(model.layout(), file, "v."));
    Vector<B> gradient(base, model.layout().size()), product(base, model.layout().size());
    MaskedAutoencoder<>::Inputs<D> inputs;
    inputs.order = file.at("ids_shuffle").to<std::int32_t>();
    model.prepare(dual, golden_images(file), inputs);
    Tape<D> tape(dual, {theta.data(), direction.data()}, {gradient.data(), product.data()});
    const auto losses = model.losses(tape, inputs);
    tape.backward(losses, 1 / static_cast<double>(inputs.samples));
    const double tolerance = golden_tolerance<B>;
    CHECK(relative_difference(product.to_host(), golden_vector(model.layout(), file, "Hv.")) < tolerance);
}

}  // namespace golden_test
