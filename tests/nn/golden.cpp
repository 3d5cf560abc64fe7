// SPDX-License-Identifier: Apache-2.0
//
// The supervised classifier against the reference's values.
#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/vit_classifier.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/model.hpp"

namespace golden_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// The reference classifier with its parameters, images and labels on a backend.
template <class B>
struct GoldenClassifier {
    SafeTensors file;
    nlohmann::json json;
    VitClassifier model;
    B backend = make_backend<B>(2);
    Vector<B> theta;
    std::vector<std::int64_t> labels;
    VitClassifier::Inputs<B> inputs;

    explicit GoldenClassifier(Pooling pooling, double smoothing = 0)
        : file(golden_tensors(name(pooling))),
          json(golden_json(name(pooling))),
          model([&] {
              const nlohmann::json config = golden_json("mae").at("config");
              return VitClassifierConfig{
                  .encoder = golden_autoencoder(config.at("mae"), config.at("mask_ratio")).encoder,
                  .classes = config.at("classes").get<Index>(),
                  .pooling = pooling,
                  .positions = PositionKind::learned,
                  .label_smoothing = smoothing};
          }()),
          theta(backend, golden_vector(model.layout(), file, "param.")),
          labels(file.at("labels").template to<std::int64_t>()) {
        model.prepare(backend, golden_images(file), std::span<const std::int64_t>(labels), inputs);
    }
    static std::string name(Pooling pooling) { return pooling == Pooling::average ? "vit_avg" : "vit_cls"; }

    /// Mean of the losses of the inputs as they are.
    double mean_loss() {
        Eval<B> eval(backend, theta.data());
        double mean = 0;
        for (const double loss : download(backend, model.losses(eval, inputs).value.view()))
            mean += loss / static_cast<double>(inputs.samples);
        return mean;
    }
    double expected(const char* key) const { return json.at(key).template get<double>(); }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("classifier: logits, losses and gradient are the reference's", "[nn]", Every) {
    using B = TestType;
    const Pooling pooling = GENERATE(Pooling::class_token, Pooling::average);
    GoldenClassifier<B> golden(pooling);
    INFO(golden.name(pooling));
    const double tolerance = golden_tolerance<B>;
    Eval<B> eval(golden.backend, golden.theta.data());
    CHECK(worst_difference(download(golden.backend, golden.model.logits(eval, golden.inputs).value.view()),
                           golden.file.at("logits").template to<double>()) < tolerance);
    CHECK(relative_difference(golden.mean_loss(), golden.expected("cross_entropy")) < tolerance);

    // every parameter of the reference is one of the layout
    std::size_t parameters = 0;
    for (const std::string& name : golden.file.names())
        if (name.starts_with("param.")) {
            ++parameters;
            INFO(name);
            CHECK(golden.model.layout().find(name.substr(6)) != nullptr);
        }
    CHECK(parameters == golden.model.layout().parameters().size());

    Vector<B> gradient(golden.backend, golden.model.layout().size());
    Tape<B> tape(golden.backend, golden.theta.data(), gradient.data());
    tape.backward(golden.model.losses(tape, golden.inputs), 1 / static_cast<double>(golden.inputs.samples));
    const std::vector<double> result = gradient.to_host();
    for (const ParameterInfo& parameter : golden.model.layout().parameters()) {
        INFO(parameter.name);
        const auto first = result.begin() + parameter.slot.offset;
        CHECK(worst_difference(std::vector<double>(first, first + parameter.size()),
                               golden.file.at("grad." + parameter.name).template to<double>()) < tolerance);
    }
}

TEMPLATE_LIST_TEST_CASE("classifier: smoothed and soft targets give the reference's losses", "[nn]",
                        Backends) {
    using B = TestType;
    const Pooling pooling = GENERATE(Pooling::class_token, Pooling::average);
    GoldenClassifier<B> golden(pooling, 0.1);
    const double tolerance = golden_tolerance<B>;
    CHECK(relative_difference(golden.mean_loss(), golden.expected("cross_entropy_smoothing_0.1")) <
          tolerance);
    const auto targets = golden.file.at("soft_targets");
    golden.inputs.targets = upload(golden.backend, targets.shape, targets.template to<double>());
    golden.model.prepare_images(golden.backend, golden_images(golden.file), golden.inputs);
    CHECK(relative_difference(golden.mean_loss(), golden.expected("cross_entropy_soft")) < tolerance);
}

}  // namespace golden_test
