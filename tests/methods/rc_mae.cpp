// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <vitscape/methods/rc_mae.hpp>

#include "support/backend_types.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/model.hpp"

namespace rc_mae_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

RcMae<> golden_model(const nlohmann::json& mae, double consistency) {
    const auto config = golden_autoencoder(mae.at("config").at("mae"), mae.at("config").at("mask_ratio"));
    return RcMae<>({.encoder = config.encoder,
                    .decoder = config.decoder,
                    .masking = config.masking,
                    .consistency = consistency});
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("RC-MAE: losses and gradient are the reference's", "[mae]", Every) {
    using B = TestType;
    const nlohmann::json json = golden_json("rc_mae");
    const SafeTensors file = golden_tensors("rc_mae");
    const double tolerance = golden_tolerance<B>;
    const auto run = [&](double consistency, Vector<B>* gradient) {
        const RcMae<> model = golden_model(golden_json("mae"), consistency);
        B backend{};
        const Vector<B> student(backend, golden_vector(model.layout(), file, "student.")),
            teacher(backend, golden_vector(model.layout(), file, "teacher."));
        RcMae<>::Inputs<B> inputs;
        inputs.order = file.at("ids_shuffle").template to<std::int32_t>();
        model.prepare(backend, golden_images(file), inputs);
        Eval<B> taught(backend, teacher.data());
        model.run_teacher(taught, inputs);
        Vector<B> own(backend, student.size());
        Tape<B> tape(backend, student.data(), own.data());
        const Variable<B> losses = model.losses(tape, inputs);
        double mean = 0;
        for (const double loss : download(backend, losses.value.view()))
            mean += loss / static_cast<double>(inputs.samples);
        tape.backward(losses, 1 / static_cast<double>(inputs.samples));
        if (gradient != nullptr) *gradient = own;
        return mean;
    };
    const double gamma = json.at("gamma");
    Vector<B> gradient;
    const double reconstruction = run(0, nullptr), total = run(gamma, &gradient);
    CHECK(relative_difference(reconstruction, json.at("reconstruction_loss").template get<double>()) <
          tolerance);
    CHECK(relative_difference(total, json.at("total_loss").template get<double>()) < tolerance);
    CHECK(relative_difference((total - reconstruction) / gamma,
                              json.at("consistency_loss").template get<double>()) < 2 * tolerance);
    const RcMae<> model = golden_model(golden_json("mae"), gamma);
    const std::vector<double> numbers = gradient.to_host();
    for (const ParameterInfo& parameter : model.layout().parameters()) {
        const auto begin = numbers.begin() + parameter.slot.offset;
        INFO(parameter.name);
        CHECK(relative_difference(std::vector<double>(begin, begin + parameter.size()),
                                  file.at("grad." + parameter.name).template to<double>()) < tolerance);
    }
}

TEMPLATE_LIST_TEST_CASE("EMA teacher: the parameters after an update are the reference's", "[mae]", Plain) {
    using B = TestType;
    const SafeTensors file = golden_tensors("rc_mae");
    const RcMae<> model = golden_model(golden_json("mae"), 1);
    B backend{};
    const Vector<B> student(backend, golden_vector(model.layout(), file, "student."));
    Vector<B> teacher(backend, golden_vector(model.layout(), file, "teacher."));
    const double momentum = golden_json("rc_mae").at("momentum");
    axpby(1 - momentum, student, momentum, teacher);
    CHECK(relative_difference(teacher.to_host(), golden_vector(model.layout(), file, "teacher_after_ema.")) <
          golden_tolerance<B>);
}

TEST_CASE("momentum: published over the whole training, released anew in every epoch", "[mae]") {
    const double per_epoch = 8, epochs = 10, steps = per_epoch * epochs;
    for (double step = 0; step < steps; ++step) {
        const StepCount count{.step = step, .steps = steps, .steps_per_epoch = per_epoch};
        CHECK(PublishedMomentum{}.at(count) == CosineRamp{}.at(step, steps));
        CHECK(ReleasedMomentum{}.at(count) == CosineRamp{}.at(std::fmod(step, per_epoch), steps));
    }
    CHECK(PublishedMomentum{}.at({.step = steps, .steps = steps, .steps_per_epoch = per_epoch}) == 1);
    CHECK_THROWS_AS(EmaTeacher<>{.momentum = {.from = 1.5}}.check(), ConfigError);
}

TEST_CASE("momentum: scaled with the length of the training, or copies in between which it stays", "[mae]") {
    const ScaledMomentum scaled{.from = 0.9, .to = 0.99, .reference_steps = 1000};
    for (const double step :
         {0.0, 250.0, 1000.0}) {  // in the training it was chosen for it is the published one
        const StepCount same{.step = step, .steps = 1000};
        CHECK(scaled.at(same) == Approx(PublishedMomentum{.from = 0.9, .to = 0.99}.at(same)));
        // ten times as short: as much of a student is left after one step as of that one's after ten
        CHECK(scaled.at({.step = step / 10, .steps = 100}) == Approx(std::pow(scaled.at(same), 10)));
    }
    const PeriodicCopy copies{.every = 3};
    const std::vector<double> expected{1, 1, 0, 1, 1, 0, 1};
    for (std::size_t step = 0; step < expected.size(); ++step)
        CHECK(copies.at({.step = static_cast<double>(step), .steps = 7}) == expected[step]);
    for (const char* kind : {"scaled", "copy"}) {
        AnyMomentum any;
        if (kind == std::string("copy"))
            any.schedule = PeriodicCopy{.every = 7};
        else
            any.schedule = ScaledMomentum{.reference_steps = 50};
        CHECK(any.at({.step = 6, .steps = 100}) ==
              (kind == std::string("copy")
                   ? 0
                   : ScaledMomentum{.reference_steps = 50}.at({.step = 6, .steps = 100})));
    }
}

TEST_CASE("another mask for the teacher: its predictions are compared patch by patch", "[mae]") {
    using B = Cpu<double>;
    const B backend(1);
    const RcMae<>::Config config{.encoder = {16, 4, {16, 1, 2}}, .decoder = {8, 1, 2}, .other_mask = true};
    const RcMae<> model(config);
    const MaskedAutoencoder<>& student = model.student();
    Batch batch;
    batch.images.resize(std::array<std::size_t, 4>{2, 3, 16, 16});
    for (std::size_t i = 0; i < batch.images.size(); ++i)
        batch.images.data()[i] = static_cast<float>(random_normal({.seed = 2}, i));
    batch.samples = {0, 1};
    RcMae<>::Inputs<B> inputs;
    model.prepare(backend, batch, MaskKey{}, inputs);
    CHECK_FALSE(bool(inputs.order == inputs.other_view.order));
    const Vector<B> theta(backend, initial_values(model.layout(), 1));
    Eval<B> eval(backend, theta.data());
    model.run_teacher(eval, inputs);
    const std::vector<double> taught = download(backend, inputs.prediction.view());
    const std::vector<double> all =
        download(backend, student.predict(eval, inputs.other_view, 1, model.grid().count()).value.view());
    const auto patches = static_cast<std::size_t>(model.grid().count()),
               size = static_cast<std::size_t>(model.grid().size()),
               visible = static_cast<std::size_t>(model.visible());
    std::size_t row = 0;
    for (std::size_t sample = 0; sample < 2; ++sample)
        for (std::size_t i = visible; i < patches; ++i, ++row) {
            const std::int32_t patch = inputs.order[sample * patches + i];
            const auto begin =
                inputs.other_view.order.begin() + static_cast<std::ptrdiff_t>(sample * patches);
            const auto at = static_cast<std::size_t>(
                std::find(begin, begin + static_cast<std::ptrdiff_t>(patches), patch) - begin);
            for (std::size_t k = 0; k < size; ++k)
                REQUIRE(taught[row * size + k] == all[(sample * patches + at) * size + k]);
        }
}

TEST_CASE("RC-MAE without a teacher is the masked autoencoder") {
    const RcMaeConfig<RandomMasking, NoTeacher> config{.encoder = {16, 4, {8, 1, 2}}, .decoder = {8, 1, 2}};
    const RcMae<RandomMasking, NoTeacher> without(config);
    const MaskedAutoencoder<> plain({.encoder = config.encoder, .decoder = config.decoder});
    static_assert(Method<RcMae<RandomMasking, NoTeacher>, Cpu<double>>);
    static_assert(!TaughtMethod<RcMae<RandomMasking, NoTeacher>, Cpu<double>>);
    Batch batch;
    batch.images.resize(std::array<std::size_t, 4>{2, 3, 16, 16});
    for (std::size_t i = 0; i < batch.images.size(); ++i)
        batch.images.data()[i] = static_cast<float>(random_normal({.seed = 2}, i));
    batch.samples = {0, 1};
    const Cpu<double> backend(1);
    const Vector<Cpu<double>> theta(backend, initial_values(plain.layout(), 3));
    REQUIRE(without.layout().size() == plain.layout().size());
    Eval<Cpu<double>> eval(backend, theta.data());
    const auto losses = [&](const auto& method) {
        typename std::remove_cvref_t<decltype(method)>::template Inputs<Cpu<double>> inputs;
        method.prepare(backend, batch, MaskKey{5, 1}, inputs);
        return download(backend, method.losses(eval, inputs).value.view());
    };
    CHECK(losses(without) == losses(plain));
}

}  // namespace rc_mae_test
