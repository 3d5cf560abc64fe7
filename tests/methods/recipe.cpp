// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/train/checkpointing.hpp>

#include "support/backend_types.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/stop_at.hpp"
#include "support/temporary_folder.hpp"

namespace recipe_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using B = Cpu<float>;
using Recipe = Regularized<RandomErasing, MixupOrCutmix>;
static_assert(Method<Recipe, B> && EvaluatedApart<Recipe> && !EvaluatedApart<VitClassifier>);

const Synthetic& images() {
    static const Synthetic set(70, 16);
    return set;
}
VitClassifier classifier(double smoothing = 0.1) {
    return VitClassifier({.encoder = {16, 4, {16, 3, 2}},
                          .classes = static_cast<Index>(images().classes().size()),
                          .label_smoothing = smoothing});
}
Recipe everything() {
    return Recipe(classifier(), {.drop_path = {0.3}, .layer_decay = 0.75}, RandomErasing{.probability = 0.5},
                  MixupOrCutmix{});
}
Recipe nothing() {
    return Recipe(classifier(), {}, RandomErasing{.probability = 0},
                  MixupOrCutmix{.mixup = {.alpha = 0}, .cutmix = {.alpha = 0}});
}
template <class M>
Trainer<B, M, AdamW, WarmupCosine> trainer_of(const M& method, int threads = 1) {
    return {B(threads), method, AdamW{}, WarmupCosine{.peak = 1e-3, .warmup_epochs = 1}, 3};
}
TrainOptions options_for_two_epochs() {
    TrainOptions options{.epochs = 2, .batch = 16};
    options.transform = {.side = 16, .crop = Crop::random_resized, .flip = true};
    return options;
}
template <class M>
std::vector<double> trained(const M& method, int threads = 1) {
    auto trainer = trainer_of(method, threads);
    trainer.fit(images(), options_for_two_epochs());
    return trainer.theta().to_host();
}
Batch first_images(std::size_t count) {
    return load_all(images().subset([&] {
        std::vector<std::size_t> chosen(count);
        for (std::size_t i = 0; i < count; ++i) chosen[i] = i;
        return chosen;
    }()),
                    ImageTransform{.side = 16});
}

}  // namespace

TEST_CASE("recipe: with everything off a training has the bits of the plain classifier's") {
    CHECK(trained(nothing()) == trained(classifier()));
    auto plain = trainer_of(classifier());
    auto off = trainer_of(nothing());
    CHECK(describe_training(off, options_for_two_epochs(), 70) ==
          describe_training(plain, options_for_two_epochs(), 70));
    CHECK(describe(nothing()) == describe(classifier()));
}

TEST_CASE("recipe: with everything on a training is finite and does not depend on threads") {
    const std::vector<double> theta = trained(everything());
    for (const double value : theta) REQUIRE(std::isfinite(value));
    CHECK(trained(everything(), 2) == theta);
    CHECK(theta != trained(nothing()));
}

TEST_CASE("recipe: a training that was stopped and resumed ends with the same bytes") {
    const TemporaryFolder undisturbed, disturbed;
    const TrainOptions options = options_for_two_epochs();
    const auto run = [&](const std::filesystem::path& folder, auto... stop) {
        auto trainer = trainer_of(everything());
        const auto training = describe_training(trainer, options, images().size());
        const auto file = folder / "checkpoint.safetensors";
        if (std::filesystem::exists(file)) resume_training(file, trainer, training);
        SaveEvery save(folder, training, {}, {.epochs = 1, .minutes = 0});  // after every step
        trainer.fit(images(), options, save, stop...);
    };
    run(undisturbed.path());
    CHECK_THROWS_AS(run(disturbed.path(), test::StopAt{0, 3}), std::runtime_error);
    CHECK_THROWS_AS(run(disturbed.path(), test::StopAt{1, 2}), std::runtime_error);
    run(disturbed.path());
    CHECK(read_bytes(undisturbed.path() / "checkpoint.safetensors") ==
          read_bytes(disturbed.path() / "checkpoint.safetensors"));

    auto other = trainer_of(Recipe(classifier(), {.drop_path = {0.2}, .layer_decay = 0.75},
                                   RandomErasing{.probability = 0.5}, {}));
    const std::string text = error_text<ConfigError>([&] {
        resume_training(Checkpoint::load(disturbed.path() / "checkpoint.safetensors"), other,
                        describe_training(other, options, images().size()));
    });
    CHECK(contains(text, "drop_path"));
    CHECK(contains(text, "0.2"));
}

TEST_CASE("recipe: evaluation is that of the plain classifier with plain cross entropy") {
    const Recipe method = everything();
    const B backend(1);
    const Vector<B> theta(backend, initial_values(method.layout(), 5));
    const ImageTransform transform{.side = 16};
    const Evaluation plain = evaluate(backend, classifier(0), theta, images(), transform),
                     found = evaluate(backend, method, theta, images(), transform);
    CHECK(found.loss == plain.loss);
    CHECK(found.accuracy == plain.accuracy);
    CHECK(evaluate(backend, classifier(0.1), theta, images(), transform).loss != plain.loss);
    FrozenObjective<B, VitClassifier> frozen(backend, method.evaluated(), first_images(20)),
        expected(backend, classifier(0), first_images(20));
    CHECK(frozen.value(theta) == expected.value(theta));
    const AnyMethod written = method_from(describe(method));  // a checkpoint's model has no recipe
    CHECK(std::holds_alternative<VitClassifier>(written));
}

TEST_CASE("recipe: inputs that were mixed and dropped are plain again for the classifier") {
    const Recipe method = everything();
    B backend(1);
    const Vector<B> theta(backend, initial_values(method.layout(), 5));
    const Batch batch = first_images(12);
    Eval<B> eval(backend, theta.data());
    Recipe::Inputs<B> used;
    VitClassifier::Inputs<B> fresh;
    method.prepare(backend, batch, MaskKey{.seed = 1, .epoch = 1}, used);
    const std::vector<double> mixed = download(backend, method.losses(eval, used).value.view());
    method.classifier().prepare(backend, batch, MaskKey{}, used);
    method.classifier().prepare(backend, batch, MaskKey{}, fresh);
    const std::vector<double> plain = download(backend, method.classifier().losses(eval, fresh).value.view());
    CHECK(download(backend, method.classifier().losses(eval, used).value.view()) == plain);
    CHECK(mixed != plain);
    // smoothing comes first: each target still sums to one and no class is below its smoothed share
    method.prepare(backend, batch, MaskKey{.seed = 1, .epoch = 1}, used);
    const std::vector<double> targets = download(backend, used.targets.view());
    const auto classes = static_cast<std::size_t>(method.classifier().config().classes);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        double sum = 0;
        for (std::size_t c = 0; c < classes; ++c) {
            sum += targets[i * classes + c];
            CHECK(targets[i * classes + c] > 0.999 * 0.1 / static_cast<double>(classes));
        }
        CHECK(sum == Approx(1).epsilon(1e-6));
    }
}

TEST_CASE("recipe: AdamW takes each layer's learning rate") {
    // The first step of AdamW without decay moves every parameter with a gradient by its learning rate.
    const Recipe method(classifier(), {.drop_path = {0}, .layer_decay = 0.5}, RandomErasing{.probability = 0},
                        MixupOrCutmix{});
    Trainer trainer{B(1), method, AdamW{.weight_decay = 0}, ConstantRate{1e-3}, 3};
    const std::vector<double> before = trainer.theta().to_host();
    TrainOptions options{.epochs = 1, .batch = 70};
    options.transform.side = 16;
    trainer.fit(images(), options);
    const std::vector<double> after = trainer.theta().to_host();
    const LayerDecay layers{.rate = 0.5, .depth = 3};
    for (const ParameterInfo& parameter : method.layout().parameters()) {
        INFO(parameter.name);
        double largest = 0;
        for (Index i = 0; i < parameter.size(); ++i) {
            const auto at = static_cast<std::size_t>(parameter.slot.offset + i);
            largest = std::max(largest, std::abs(after[at] - before[at]));
        }
        CHECK(largest == Approx(1e-3 * layers.scale_of(parameter.name)).epsilon(0.01));
    }
}

TEST_CASE("recipe: invalid values are errors") {
    const auto text_of = [](const auto& action) { return error_text<ConfigError>(action); };
    CHECK(contains(text_of([] { Regularized<>(classifier(), {.drop_path = {1}}); }), "drop path"));
    CHECK(contains(text_of([] { Regularized<>(classifier(), {.layer_decay = 0}); }), "learning rate"));
    CHECK(contains(text_of([] { Regularized<Mixup>(classifier(), {}, Mixup{-1}); }), "mixup"));
    Batch batch = first_images(4);
    batch.labels(2) = 100;
    Recipe::Inputs<B> inputs;
    CHECK(contains(error_text<DataError>([&] { everything().prepare(B(1), batch, MaskKey{}, inputs); }),
                   "label 100"));
}

#if defined(VITSCAPE_HAS_THRUST)
namespace {
/// Losses and gradient of the first step's batch.
template <class Backend>
std::pair<std::vector<double>, std::vector<double>> first_step(const Recipe& method) {
    const Backend backend;
    const auto theta = Vector<Master<Backend>>(master(backend), initial_values(method.layout(), 5));
    GradientPass<Backend, Recipe> pass(backend, method);
    pass.prepare(first_images(24), MaskKey{.seed = 1, .epoch = 1});
    pass.clear();
    pass.start(theta, Vector<Master<Backend>>(), true);
    const auto losses = pass.losses();
    return {{losses.begin(), losses.end()}, pass.gradient().to_host()};
}
double relative(const std::vector<double>& a, const std::vector<double>& b) {
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference += (a[i] - b[i]) * (a[i] - b[i]), norm += b[i] * b[i];
    return std::sqrt(difference / norm);
}
}  // namespace

TEST_CASE("recipe: in bfloat16 and on Thrust it is what it is in float") {
    const Recipe method = everything();
    const auto [losses, gradient] = first_step<B>(method);
    const auto [full_losses, full_gradient] = first_step<Thrust<system::omp, float>>(method);
    CHECK(relative(full_losses, losses) < 1e-5);
    CHECK(relative(full_gradient, gradient) < 1e-4);
    const auto [half_losses, half_gradient] = first_step<Thrust<system::omp, bfloat16>>(method);
    // a rounding of 2^-8 at every operation leaves two digits
    CHECK(relative(half_losses, losses) < 0.01);
    CHECK(relative(half_gradient, gradient) < 0.05);
    CHECK(relative(half_gradient, gradient) > 1e-5);
}
#endif

}  // namespace recipe_test
