// SPDX-License-Identifier: Apache-2.0
//
// Three steps of AdamW on the masked autoencoder against the reference's parameters after each.
#include <algorithm>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/nn/parameter_groups.hpp>
#include <vitscape/optim/adamw.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/model.hpp"

namespace adamw_golden_test {

using namespace vitscape;
using namespace vitscape::test;

TEMPLATE_LIST_TEST_CASE("AdamW: parameters after each step are the reference's", "[optim]", Every) {
    using B = TestType;
    const SafeTensors file = golden_tensors("adamw");
    const nlohmann::json json = golden_json("adamw"), config = golden_json("mae").at("config");
    const MaskedAutoencoder<> model(golden_autoencoder(config.at("mae"), config.at("mask_ratio")));
    const ParameterLayout& layout = model.layout();
    B backend = make_backend<B>(2);
    MaskedAutoencoder<>::Inputs<B> inputs;
    inputs.order = file.at("ids_shuffle").template to<std::int32_t>();
    model.prepare(backend, golden_images(file), inputs);

    const AdamW adamw{.beta1 = json.at("betas").at(0),
                      .beta2 = json.at("betas").at(1),
                      .epsilon = json.at("eps"),
                      .weight_decay = json.at("weight_decay")};
    const std::vector<ParameterGroup> groups = parameter_groups(layout);
    Vector<B> theta(backend, golden_vector(layout, file, "step0.")), gradient(backend, layout.size());
    auto state = adamw.template start<B>(backend, layout.size());
    Tape<B> tape(backend, theta.data(), gradient.data());
    const auto rates = json.at("lr").template get<std::vector<double>>(),
               losses_before = json.at("losses_before_each_step").template get<std::vector<double>>();
    for (std::size_t step = 0; step < rates.size(); ++step) {
        INFO("step " << step + 1);
        fill(0, gradient);
        const Variable<B> losses = model.losses(tape, inputs);
        double mean = 0;
        for (const double loss : download(backend, losses.value.view()))
            mean += loss / static_cast<double>(inputs.samples);
        CHECK(relative_difference(mean, losses_before[step]) < golden_tolerance<B>);
        tape.backward(losses, 1 / static_cast<double>(inputs.samples));
        adamw.step(state, std::span<const ParameterGroup>(groups), rates[step], 1, gradient, theta);
        const auto expected = golden_vector(layout, file, "step" + std::to_string(step + 1) + ".");
        CHECK(relative_difference(theta.to_host(), expected) < golden_tolerance<B>);
        if (std::is_same_v<typename B::Storage, double>)
            CHECK(worst_difference(theta.to_host(), expected) < golden_tolerance<B>);
    }
}

TEST_CASE("AdamW: the parameters with weight decay are the reference's", "[optim]") {
    const nlohmann::json json = golden_json("adamw"), config = golden_json("mae").at("config");
    const MaskedAutoencoder<> model(golden_autoencoder(config.at("mae"), config.at("mask_ratio")));
    std::vector<std::string> decayed;
    const std::vector<ParameterGroup> groups = parameter_groups(model.layout());
    for (const ParameterInfo& parameter : model.layout().parameters())
        for (const ParameterGroup& group : groups)
            if (group.weight_decay_scale > 0 && parameter.slot.offset >= group.offset &&
                parameter.slot.offset < group.offset + group.count)
                decayed.push_back(parameter.name);
    auto expected = json.at("decayed").get<std::vector<std::string>>();
    std::sort(decayed.begin(), decayed.end());
    std::sort(expected.begin(), expected.end());
    CHECK(decayed == expected);
}

}  // namespace adamw_golden_test
