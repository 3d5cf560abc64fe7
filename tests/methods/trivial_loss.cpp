// SPDX-License-Identifier: Apache-2.0
//
// The trivial losses against plain loops over the targets, and what no constant prediction may fall below.
#include <algorithm>
#include <cmath>

#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/data2vec.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/simmim.hpp>
#include <vitscape/methods/vit_classifier.hpp>

#include "support/catch.hpp"

namespace trivial_loss_test {

using namespace vitscape;

namespace {

using P = CpuPrimitives<double>;
const VitShape encoder{16, 4, {16, 1, 2}};
const TransformerShape decoder{.width = 16, .depth = 1, .heads = 2};

Batch images(std::size_t count) { return load_all(Synthetic(count, 16), {.side = 16}); }

/// The mean of loss(c - target) over all numbers of all batches, where the best c of a column is found by trying.
template <class Loss, class Batches, class Targets>
double by_trying(const Loss& loss, const Batches& batches, const Targets& targets_of) {
    std::vector<std::vector<double>> columns;
    for (const auto& inputs : batches) {
        const auto tensor = targets_of(inputs);
        const auto width = static_cast<std::size_t>(tensor.shape()[2]);
        const auto all = download(P(1), tensor.view());
        columns.resize(width);
        for (std::size_t i = 0; i < all.size(); ++i) columns[i % width].push_back(all[i]);
    }
    double sum = 0, count = 0;
    for (const auto& column : columns) {
        const auto height = [&](double c) {
            double total = 0;
            for (const double t : column) total += loss(c - t);
            return total;
        };
        double low = *std::min_element(column.begin(), column.end()),
               high = *std::max_element(column.begin(), column.end());
        for (int round = 0; round < 200; ++round) {  // the sum is convex in c
            const double a = low + (high - low) / 3, b = high - (high - low) / 3;
            (height(a) < height(b) ? high : low) = height(a) < height(b) ? b : a;
        }
        sum += height(0.5 * (low + high));
        count += static_cast<double>(column.size());
    }
    return sum / count;
}
const auto square = [](double d) { return d * d; };

}  // namespace

TEST_CASE("the trivial loss of an autoencoder is the error of its mean patch", "[methods]") {
    for (const PixelLoss pixels : {PixelLoss::plain, PixelLoss::normalized}) {
        FrozenObjective<P, MaskedAutoencoder<>> loss(
            P(1), MaskedAutoencoder<>({.encoder = encoder, .decoder = decoder, .pixel_loss = pixels}),
            images(11), {.batch = 4});
        const double expected =
            by_trying(square, loss.inputs(), [](const auto& inputs) { return inputs.targets; });
        CHECK(loss.trivial_loss() == Approx(expected).epsilon(1e-9));
        CHECK(expected > 0);
    }
}

TEST_CASE("the trivial loss of an absolute error is that of the median patch", "[methods]") {
    FrozenObjective<P, SimMim<>> loss(P(1), SimMim<>({.encoder = encoder}), images(9), {.batch = 4});
    CHECK(loss.trivial_loss() == Approx(by_trying([](double d) { return std::abs(d); }, loss.inputs(),
                                                  [](const auto& inputs) { return inputs.targets; }))
                                     .epsilon(1e-9));
}

TEST_CASE("the trivial loss of data2vec is that of the best constant features", "[methods]") {
    const Data2Vec<> method({.encoder = encoder, .beta = 0.3});
    const Vector<P> teacher(P(1), initial_values(method.layout(), 3));
    FrozenObjective<P, Data2Vec<>> loss(P(1), method, teacher, images(7), {.batch = 4});
    const auto smooth = [](double d) { return std::abs(d) < 0.3 ? d * d / 0.6 : std::abs(d) - 0.15; };
    CHECK(loss.trivial_loss() == Approx(by_trying(smooth, loss.inputs(), [](const auto& inputs) {
                                     return inputs.targets;
                                 })).epsilon(1e-9));
}

TEST_CASE("the trivial loss with a teacher is that of one patch for both errors", "[methods]") {
    const RcMae<> method({.encoder = encoder, .decoder = decoder, .consistency = 0.7});
    const Vector<P> teacher(P(1), initial_values(method.layout(), 3));
    FrozenObjective<P, RcMae<>> loss(P(1), method, teacher, images(7), {.batch = 4});
    // column by column, the c that minimizes |c - t|^2 + 0.7 |c - p|^2, by its formula's definition
    double sum = 0, count = 0;
    std::vector<std::vector<double>> targets, predictions;
    for (const auto& inputs : loss.inputs())
        for (auto [tensor, columns] :
             {std::pair{inputs.targets, &targets}, {inputs.prediction, &predictions}}) {
            const auto width = static_cast<std::size_t>(tensor.shape()[2]);
            const auto all = download(P(1), tensor.view());
            columns->resize(width);
            for (std::size_t i = 0; i < all.size(); ++i) (*columns)[i % width].push_back(all[i]);
        }
    for (std::size_t c = 0; c < targets.size(); ++c) {
        double best = 0;
        for (const double t : targets[c]) best += t;
        for (const double p : predictions[c]) best += 0.7 * p;
        best /= 1.7 * static_cast<double>(targets[c].size());
        for (const double t : targets[c]) sum += square(best - t);
        for (const double p : predictions[c]) sum += 0.7 * square(best - p);
        count += static_cast<double>(targets[c].size());
    }
    CHECK(loss.trivial_loss() == Approx(sum / count).epsilon(1e-9));
}

TEST_CASE("the trivial loss of a classifier is the entropy of its targets", "[methods]") {
    Batch batch = images(10);
    for (std::size_t i = 0; i < 10; ++i) batch.labels[i] = i < 5 ? 0 : i < 8 ? 1 : 2;  // 1/2, 3/10, 2/10
    FrozenObjective<P, VitClassifier> loss(P(1), VitClassifier({.encoder = encoder, .classes = 4}), batch,
                                           {.batch = 4});
    CHECK(loss.trivial_loss() ==
          Approx(-0.5 * std::log(0.5) - 0.3 * std::log(0.3) - 0.2 * std::log(0.2)).epsilon(1e-12));
}

TEST_CASE("a classifier's squared error is that of its logits, and its trivial loss the targets' variance",
          "[methods]") {
    Batch batch = images(8);
    for (std::size_t i = 0; i < 8; ++i) batch.labels[i] = i < 4 ? 0 : i < 6 ? 1 : 2;  // 1/2, 1/4, 1/4
    const VitClassifier method({.encoder = encoder, .classes = 4, .loss = ClassifierLoss::squared});
    FrozenObjective<P, VitClassifier> loss(P(1), method, batch, {.batch = 3});
    CHECK(loss.trivial_loss() == Approx((0.25 + 2 * 3.0 / 16) / 4).epsilon(1e-12));
    const Vector<P> theta(P(1), initial_values(method.layout(), 1));
    double expected = 0;
    std::size_t first = 0;
    for (const auto& inputs : loss.inputs()) {
        Eval<P> eval(P(1), theta.data());
        const auto logits = download(P(1), method.logits(eval, inputs).value.view());
        for (std::size_t i = 0; i < logits.size(); ++i)
            expected +=
                square(logits[i] - (batch.labels[first + i / 4] == static_cast<std::int64_t>(i % 4))) / 32;
        first += logits.size() / 4;
    }
    CHECK(loss.value(theta) == Approx(expected).epsilon(1e-12));
}

TEST_CASE("a loss of changed images predicts the clean ones", "[methods]") {
    const MaskedAutoencoder<> method({.encoder = encoder, .decoder = decoder});
    const Batch clean = images(6);
    Batch changed = clean;
    for (float& pixel : changed.images) pixel *= -0.5F;
    const Vector<P> theta(P(1), initial_values(method.layout(), 1));
    using Loss = FrozenObjective<P, MaskedAutoencoder<>>;
    Loss loss(P(1), method, changed, {.batch = 4, .clean = &clean}),
        of_clean(P(1), method, clean, {.batch = 4}), of_changed(P(1), method, changed, {.batch = 4});
    // by hand: the prediction from the changed images against the clean targets
    double expected = 0;
    for (std::size_t chunk = 0; chunk < 2; ++chunk) {
        Eval<P> eval(P(1), theta.data());
        const auto seen =
            download(P(1), method.predict_masked(eval, of_changed.inputs()[chunk]).value.view());
        const auto targets = download(P(1), of_clean.inputs()[chunk].targets.view());
        for (std::size_t i = 0; i < seen.size(); ++i)
            expected += square(seen[i] - targets[i]) / static_cast<double>(seen.size()) *
                        static_cast<double>(of_clean.inputs()[chunk].samples) / 6;
    }
    CHECK(loss.value(theta) == Approx(expected).epsilon(1e-12));
    CHECK(loss.value(theta) != Approx(of_changed.value(theta)).epsilon(1e-3));
    CHECK(loss.trivial_loss() == Approx(of_clean.trivial_loss()).epsilon(1e-12));
    // the Hessian reads the same targets: a difference of gradients
    Vector<P> v(P(1), initial_values(method.layout(), 2)), product = v, up = v, down = v, point = theta;
    loss.hessian_vector(theta, v, product);
    const double step = 1e-5;
    axpby(step, v, 1, point);
    loss.gradient(point, up);
    axpby(-2 * step, v, 1, point);
    loss.gradient(point, down);
    axpby(-1, down, 1, up);
    scale(0.5 / step, up);
    axpby(-1, product, 1, up);
    CHECK(norm(up) < 1e-6 * norm(product));
    Batch other = clean;
    other.samples.front() += 1;
    CHECK_THROWS_AS(Loss(P(1), method, changed, {.batch = 4, .clean = &other}), DataError);
}

}  // namespace trivial_loss_test
