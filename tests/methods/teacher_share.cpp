// SPDX-License-Identifier: Apache-2.0
//
// A teacher on a share of each training batch, and one that is never run: against losses that are composed image by image.
#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/probe/evaluate.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/model.hpp"

namespace teacher_share_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using Reference = CpuPrimitives<double>;
constexpr MaskKey key{5, 2};

RcMaeConfig<> config(double share, double consistency = 0.7, bool other_mask = false) {
    return {.encoder = {16, 4, {16, 1, 2}},
            .decoder = {8, 1, 2},
            .consistency = consistency,
            .other_mask = other_mask,
            .teacher_share = share};
}

/// The images with these numbers.
Batch images(const std::vector<std::uint32_t>& samples) {
    Batch batch;
    batch.images.resize(std::array<std::size_t, 4>{samples.size(), 3, 16, 16});
    batch.labels.resize(std::array<std::size_t, 1>{samples.size()});
    const std::size_t size = batch.images.size() / samples.size();
    for (std::size_t i = 0; i < samples.size(); ++i)
        for (std::size_t k = 0; k < size; ++k)
            batch.images.data()[i * size + k] =
                static_cast<float>(random_normal({.seed = 2, .sample = samples[i]}, k));
    batch.samples = samples;
    return batch;
}

struct Step {
    std::vector<double> losses, gradient;
    [[nodiscard]] double mean() const {
        double sum = 0;
        for (const double loss : losses) sum += loss / static_cast<double>(losses.size());
        return sum;
    }
};

/// A step of the training, as the trainer takes it: the losses, and the gradient of their mean.
template <class B, class M>
Step step(const B& backend, const M& method, const Batch& batch) {
    const Vector<B> theta(backend, initial_values(method.layout(), 1)),
        teacher(backend, initial_values(method.layout(), 2));
    typename M::template Inputs<B> inputs;
    prepare_training(method, backend, batch, key, inputs);
    if constexpr (TaughtMethod<M, B>) {
        Eval<B> eval(backend, teacher.data());
        method.run_teacher(eval, inputs);
    }
    Vector<B> gradient(backend, theta.size());
    fill(0, gradient);
    Tape<B> tape(backend, theta.data(), gradient.data());
    const Variable<B> losses = method.losses(tape, inputs);
    Step found{download(backend, losses.value.view()), {}};
    tape.backward(losses, 1 / static_cast<double>(batch.size()));
    found.gradient = gradient.to_host();
    return found;
}

/// The same from the autoencoder alone, one image after the other: the teacher's prediction of each masked patch is looked up
/// among those of all patches.
Step image_by_image(const RcMaeConfig<>& c, const std::vector<std::uint32_t>& samples, std::size_t taught) {
    const Reference backend(1);
    const MaskedAutoencoder<> model({c.encoder, c.decoder, c.masking, c.pixel_loss});
    const Vector<Reference> theta(backend, initial_values(model.layout(), 1)),
        teacher(backend, initial_values(model.layout(), 2));
    const auto patches = static_cast<std::size_t>(model.grid().count()),
               visible = static_cast<std::size_t>(model.visible()),
               size = static_cast<std::size_t>(model.grid().size());
    const auto n = static_cast<double>(samples.size());
    Step sum{{}, std::vector<double>(static_cast<std::size_t>(theta.size()), 0)};
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const Batch one = images({samples[i]});
        MaskedAutoencoder<>::Inputs<Reference> seen, other;
        model.prepare(backend, one, key, seen);
        model.draw_masks(one.samples, key, other.order,
                         c.other_mask ? Purpose::teacher_masking : Purpose::masking);
        model.prepare(backend, one.images, other);
        Eval<Reference> eval(backend, teacher.data());
        const std::vector<double> all =
            download(backend, model.predict(eval, other, 1, model.grid().count()).value.view());
        std::vector<double> wanted;
        for (std::size_t k = visible; k < patches; ++k) {
            const auto place = static_cast<std::size_t>(
                std::find(other.order.begin(), other.order.end(), seen.order[k]) - other.order.begin());
            wanted.insert(wanted.end(), all.begin() + static_cast<std::ptrdiff_t>(place * size),
                          all.begin() + static_cast<std::ptrdiff_t>((place + 1) * size));
        }
        Vector<Reference> gradient(backend, theta.size());
        fill(0, gradient);
        Tape<Reference> tape(backend, theta.data(), gradient.data());
        double loss = 0;
        const auto add = [&](double weight, const Tensor<Reference>& target) {
            const auto error = squared_error(tape, model.predict_masked(tape, seen), target);
            loss += weight * download(backend, error.value.view()).front();
            tape.backward(error, weight / n);
        };
        add(1, seen.targets);
        if (i < taught)
            add(c.consistency * n / static_cast<double>(taught),
                upload(backend, {1, model.masked(), model.grid().size()}, wanted));
        sum.losses.push_back(loss);
        const std::vector<double> part = gradient.to_host();
        for (std::size_t k = 0; k < part.size(); ++k) sum.gradient[k] += part[k];
    }
    return sum;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("teacher share: losses and gradient are those of the images one by one", "[mae]",
                        Every) {
    using B = TestType;
    const std::vector<std::uint32_t> samples{7, 3, 11, 4, 9};
    for (const bool other_mask : {false, true})
        for (const auto& [share, taught] :
             {std::pair<double, std::size_t>{0.01, 1}, {0.5, 3}, {0.8, 4}, {1, 5}}) {
            INFO("share " << share << ", other mask " << other_mask);
            const auto c = config(share, 0.7, other_mask);
            const Step found = step(B{}, RcMae<>(c), images(samples)),
                       expected = image_by_image(c, samples, taught);
            CHECK(relative_difference(found.losses, expected.losses) < golden_tolerance<B>);
            CHECK(relative_difference(found.gradient, expected.gradient) < golden_tolerance<B>);
        }
}

TEST_CASE("teacher share: over the orders of a batch the mean loss is that of a teacher that sees all",
          "[mae]") {
    std::vector<std::uint32_t> samples{7, 3, 11, 4};
    for (const bool other_mask : {false, true}) {
        const Reference backend(1);
        const Step all = step(backend, RcMae<>(config(1, 0.7, other_mask)), images(samples));
        double mean = 0, spread = 0;
        std::vector<double> gradient(all.gradient.size(), 0);
        for (std::size_t turn = 0; turn < samples.size(); ++turn) {
            const Step part = step(backend, RcMae<>(config(0.5, 0.7, other_mask)), images(samples));
            mean += part.mean() / 4;
            spread += std::abs(part.mean() - all.mean());
            for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += part.gradient[i] / 4;
            std::rotate(samples.begin(), samples.begin() + 1, samples.end());
        }
        CHECK(mean == Approx(all.mean()).epsilon(1e-13));
        CHECK(spread > 1e-4 * all.mean());
        CHECK(relative_difference(gradient, all.gradient) < 1e-12);
    }
}

TEST_CASE("teacher share: an evaluation takes all images", "[mae]") {
    using B = Cpu<double>;
    const B backend(1);
    for (const bool other_mask : {false, true}) {
        const RcMae<> whole(config(1, 0.7, other_mask)), half(config(0.5, 0.7, other_mask));
        const Vector<B> theta(backend, initial_values(whole.layout(), 1)),
            teacher(backend, initial_values(whole.layout(), 2));
        const Batch batch = images({7, 3, 11, 4, 9});
        FrozenObjective<B, RcMae<>> of_whole(backend, whole, teacher, batch, {.batch = 2}),
            of_half(backend, half, teacher, batch, {.batch = 2});
        CHECK(of_half.value(theta) == of_whole.value(theta));
        CHECK(of_half.trivial_loss() == of_whole.trivial_loss());
        Vector<B> a(backend, theta.size()), b(backend, theta.size());
        of_half.gradient(theta, a), of_whole.gradient(theta, b);
        CHECK(a.to_host() == b.to_host());
        of_half.hessian_vector(theta, teacher, a), of_whole.hessian_vector(theta, teacher, b);
        CHECK(a.to_host() == b.to_host());
        const Synthetic set(10, 16);
        const auto loss = [&](const RcMae<>& method) {
            return evaluate(backend, method, theta, set, ImageTransform{.side = 16}, 4, {}, &teacher).loss;
        };
        CHECK(loss(half) == loss(whole));
    }
}

TEST_CASE("teacher share: recorded work is replayed for batches of one size, and not for others", "[mae]") {
    using B = Cpu<float>;
    const B backend(1);
    for (const bool other_mask : {false, true}) {
        const RcMae<> method(config(0.5, 1, other_mask));
        RcMae<>::Inputs<B> inputs;
        const auto signature = [&](const std::vector<std::uint32_t>& samples, bool training) {
            if (training)
                prepare_training(method, backend, images(samples), key, inputs);
            else
                method.prepare(backend, images(samples), key, inputs);
            Signature of;
            inputs.add_to(of);
            return of.value();
        };
        const std::uint64_t first = signature({1, 2, 3, 4}, true);
        CHECK(inputs.taught == 2);
        CHECK(inputs.prediction.shape()[0] == 2);
        CHECK(signature({5, 6, 7, 8}, true) == first);
        CHECK(signature({1, 2, 3, 4, 5, 6}, true) != first);
        CHECK(inputs.taught == 3);
        CHECK(inputs.other_view.samples == (other_mask ? 3 : 0));
        CHECK(signature({1, 2, 3, 4}, false) != first);
        CHECK(inputs.taught == 4);
    }
}

TEST_CASE("without consistency RC-MAE is the masked autoencoder, and its teacher is not run", "[mae]") {
    using B = Cpu<float>;
    const B backend(1);
    for (const bool other_mask : {false, true}) {
        const RcMae<> method(config(1, 0, other_mask));
        CHECK(method.only_reconstructs());
        CHECK_FALSE(RcMae<>(config(1)).only_reconstructs());
        const Batch batch = images({7, 3, 11});
        const Step found = step(backend, method, batch), plain = step(backend, method.student(), batch);
        CHECK(found.losses == plain.losses);
        CHECK(found.gradient == plain.gradient);
        RcMae<>::Inputs<B> inputs;
        prepare_training(method, backend, batch, key, inputs);
        CHECK(inputs.prediction.empty());
        CHECK(inputs.other_view.samples == 0);
        const Vector<B> theta(backend, initial_values(method.layout(), 1));
        FrozenObjective<B, RcMae<>> frozen(backend, method, theta, batch);
        FrozenObjective<B, MaskedAutoencoder<>> expected(backend, method.student(), batch);
        CHECK(frozen.value(theta) == expected.value(theta));
        CHECK(frozen.trivial_loss() == expected.trivial_loss());
    }
}

TEST_CASE("teacher share: a number outside (0, 1] is refused", "[mae]") {
    for (const double share : {0.0, -0.5, 1.5, std::nan("")})
        CHECK(error_text<ConfigError>([&] {
                  (void)RcMae<>(config(share));
              }).starts_with("teacher share: a number in (0, 1] is needed, "));
}

}  // namespace teacher_share_test
