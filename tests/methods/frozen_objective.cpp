// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <type_traits>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/direction_file.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/simmim.hpp>
#include <vitscape/methods/vit_classifier.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/model.hpp"
#include "support/temporary_folder.hpp"

namespace frozen_objective_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

MaskedAutoencoder<> model() {
    return MaskedAutoencoder<>(
        {.encoder = {16, 4, {24, 2, 3}}, .decoder = {.width = 16, .depth = 1, .heads = 2}});
}

}  // namespace

TEST_CASE("a surface recomputed by hand from saved directions and masks is the same") {
    using F = Cpu<float>;
    using P = CpuPrimitives<double>;
    const TemporaryFolder folder;
    const Synthetic data(12, 16);
    const ImageTransform transform{.side = 16};
    FrozenObjective<F, MaskedAutoencoder<>> objective(F(2), model(), load_all(data, transform),
                                                      {.batch = 5, .mask_seed = 4});
    const ParameterLayout& layout = objective.layout();
    const Vector<F> theta(objective.backend(), initial_values(layout, 1));
    Vector<F> delta = gaussian_direction(objective.backend(), layout, 2, 0);
    Vector<F> eta = gaussian_direction(objective.backend(), layout, 2, 1);
    normalize(FilterNormalization{}, layout, theta, delta);
    normalize(FilterNormalization{}, layout, theta, eta);
    write_directions(folder.path() / "directions.safetensors", layout, std::vector<Vector<F>>{delta, eta});
    const Surface surface =
        project(objective, Plane<F>(theta, delta, eta), PlaneGrid(Grid{-1, 1, 3}, Grid{-0.5, 0.5, 2}));

    // by hand: the saved directions, the objective's masks, plain double arithmetic, all images at once
    const P backend(1);
    const SafeTensors file = SafeTensors::load(folder.path() / "directions.safetensors");
    const std::vector<double> d = golden_vector(layout, file, "0."), e = golden_vector(layout, file, "1.");
    const Batch images = load_all(data, transform);
    MaskedAutoencoder<>::Inputs<P> inputs;
    for (const auto& chunk : objective.inputs())
        inputs.order.insert(inputs.order.end(), chunk.order.begin(), chunk.order.end());
    objective.method().prepare(backend, images.images, inputs);
    const std::vector<double> centre = theta.to_host();
    const auto losses_at = [&](double alpha, double beta) {
        std::vector<double> point = centre;
        for (std::size_t i = 0; i < point.size(); ++i) point[i] += alpha * d[i] + beta * e[i];
        const Vector<P> moved(backend, point);
        Eval<P> eval(backend, moved.data());
        return download(backend, objective.method().losses(eval, inputs).value.view());
    };
    const auto mean = [](const std::vector<double>& x) {
        double sum = 0;
        for (const double value : x) sum += value;
        return sum / static_cast<double>(x.size());
    };
    const auto error = [&](const std::vector<double>& x) {
        double squares = 0;
        for (const double value : x) squares += (value - mean(x)) * (value - mean(x));
        const auto n = static_cast<double>(x.size());
        return std::sqrt(squares / (n - 1) / n);
    };
    const std::vector<double> at_centre = losses_at(0, 0);
    for (std::size_t row = 0; row < surface.y.size(); ++row)
        for (std::size_t column = 0; column < surface.x.size(); ++column) {
            std::vector<double> losses = losses_at(surface.x[column], surface.y[row]);
            CHECK(relative_difference(surface.loss(row, column), mean(losses)) < 1e-5);
            CHECK(surface.standard_error(row, column) == Approx(error(losses)).epsilon(1e-3));
            for (std::size_t i = 0; i < losses.size(); ++i) losses[i] -= at_centre[i];
            CHECK(surface.difference_standard_error(row, column) ==
                  Approx(error(losses)).epsilon(1e-2).margin(1e-6));
        }
}

TEMPLATE_TEST_CASE("a frozen loss and its derivatives are the same numbers for any number of threads", "",
                   Cpu<float>, Cpu<double>, Cpu<bfloat16>, CpuPrimitives<double>) {
    using P = Master<TestType>;
    const Batch images = load_all(Synthetic(200, 16), {.side = 16});
    struct Results {
        std::vector<double> losses{}, gradient{}, product{}, gauss_newton{}, jets{};
        double mean = 0;
        bool operator==(const Results&) const = default;
    };
    const auto results = [&](int threads, std::size_t batch, const Batch& of) {
        FrozenObjective<TestType, MaskedAutoencoder<>> objective(TestType(threads), model(), of,
                                                                 {.batch = batch, .mask_seed = 1});
        const P backend = objective.backend();
        const Vector<P> theta(backend, initial_values(objective.layout(), 1));
        const Vector<P> v = gaussian_direction(backend, objective.layout(), 7, 0),
                        w = gaussian_direction(backend, objective.layout(), 7, 1);
        Vector<P> out(backend, theta.size());
        Results found{.losses = std::vector<double>(of.size())};
        for (int round = 0; round < 2; ++round) {  // the second uses the same memory
            objective.sample_losses(theta, found.losses);
            found.mean = objective.gradient(theta, out);
            found.gradient = out.to_host();
            objective.hessian_vector(theta, v, out);
            found.product = out.to_host();
            objective.gauss_newton_vector(theta, v, out);
            found.gauss_newton = out.to_host();
        }
        std::vector<PlaneJet<double>> jets(of.size());
        objective.sample_jets(theta, v, w, jets);
        for (PlaneJet<double>& jet : jets)
            for (int part = 0; part < PlaneJetPointer<double>::parts; ++part)
                found.jets.push_back(jet.part(part));
        return found;
    };
    const Results one = results(1, 50, images);  // four parts of losses, eight of second derivatives
    for (const int threads : {2, 3, 4, 9}) {
        const bool same = results(threads, 50, images) == one;
        CHECK(same);
    }
    // of other images at once, and of some of them
    const double tolerance = std::is_same_v<TestType, Cpu<bfloat16>> ? 2e-2 : 1e-4;
    const Results all = results(3, 1000, images), some = results(2, 7, slice(images, 190, 10));
    CHECK(distance(all.losses, one.losses) < tolerance);
    CHECK(all.mean == Approx(one.mean).epsilon(tolerance));
    CHECK(distance(all.gradient, one.gradient) < tolerance);
    CHECK(distance(all.product, one.product) < 1e-3);
    CHECK(distance(all.gauss_newton, one.gauss_newton) < 1e-3);
    CHECK(distance(all.jets, one.jets) < 1e-3);
    CHECK(distance(some.losses, std::vector<double>(one.losses.begin() + 190, one.losses.end())) < tolerance);
}

TEST_CASE("gradient and Hessian products of a frozen loss are derivatives of its value") {
    using D = Cpu<double>;
    FrozenObjective<D, MaskedAutoencoder<>> objective(D(1), model(), load_all(Synthetic(6, 16), {.side = 16}),
                                                      {.batch = 4});
    const Vector<D> theta(objective.backend(), initial_values(objective.layout(), 1));
    const Vector<D> v = gaussian_direction(objective.backend(), objective.layout(), 7, 0);
    Vector<D> gradient(objective.backend(), theta.size()), product = gradient, forward = gradient,
                                                           backward = gradient;
    CHECK(objective.gradient(theta, gradient) == Approx(objective.value(theta)).epsilon(1e-12));
    objective.hessian_vector(theta, v, product);

    const double step = 1e-5;
    Vector<D> plus = theta, minus = theta;
    axpby(step, v, 1, plus);
    axpby(-step, v, 1, minus);
    CHECK(dot(gradient, v) ==
          Approx((objective.value(plus) - objective.value(minus)) / (2 * step)).epsilon(1e-6));
    objective.gradient(plus, forward);
    objective.gradient(minus, backward);
    axpby(-1 / (2 * step), backward, 1 / (2 * step), forward);
    axpby(-1, product, 1, forward);
    CHECK(norm(forward) < 1e-6 * norm(product));
}

namespace {

/// The jets of each image's loss against products with the gradient and the Hessian of the mean.
template <Backend B, class O>
void check_jets(O& objective, double tolerance) {
    const Vector<B> theta(objective.backend(), initial_values(objective.layout(), 1));
    const Vector<B> delta = gaussian_direction(objective.backend(), objective.layout(), 7, 0),
                    eta = gaussian_direction(objective.backend(), objective.layout(), 7, 1);
    std::vector<PlaneJet<double>> jets(static_cast<std::size_t>(objective.samples()));
    std::vector<double> losses(jets.size());
    objective.sample_jets(theta, delta, eta, jets);
    objective.sample_losses(theta, losses);
    PlaneJet<double> mean;
    for (std::size_t i = 0; i < jets.size(); ++i) {
        CHECK(jets[i].value == Approx(losses[i]).epsilon(tolerance));
        mean += jets[i] / static_cast<double>(jets.size());
    }
    Vector<B> gradient(objective.backend(), theta.size()), along = gradient, across = gradient;
    (void)objective.gradient(theta, gradient);
    objective.hessian_vector(theta, delta, along);
    objective.hessian_vector(theta, eta, across);
    const double scale = std::abs(dot(delta, along)) + std::abs(dot(eta, across));
    CHECK(mean.x == Approx(dot(gradient, delta)).margin(tolerance * norm(gradient) * norm(delta)));
    CHECK(mean.y == Approx(dot(gradient, eta)).margin(tolerance * norm(gradient) * norm(eta)));
    CHECK(mean.xx == Approx(dot(delta, along)).margin(tolerance * scale));
    CHECK(mean.xy == Approx(dot(eta, along)).margin(tolerance * scale));
    CHECK(mean.yy == Approx(dot(eta, across)).margin(tolerance * scale));
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("each image's derivatives on a plane are those of the gradient and the Hessian", "",
                        Backends) {
    using B = TestType;
    using P = Master<B>;
    const double tolerance = std::is_same_v<typename B::Storage, double> ? 1e-10 : 2e-4;
    const VitShape encoder{16, 4, {24, 2, 3}};
    const TransformerShape decoder{.width = 16, .depth = 1, .heads = 2};
    const B backend = make_backend<B>(2);
    const Batch images = load_all(Synthetic(6, 16), {.side = 16});
    const FrozenOptions batches{.batch = 4, .mask_seed = 2};
    const auto check = [&](const auto& method) {
        using M = std::remove_cvref_t<decltype(method)>;
        if constexpr (TaughtMethod<M, B>) {
            const Vector<P> teacher(master(backend), initial_values(method.layout(), 5));
            FrozenObjective<B, M> objective(backend, method, teacher, images, batches);
            check_jets<P>(objective, tolerance);
        } else {
            FrozenObjective<B, M> objective(backend, method, images, batches);
            check_jets<P>(objective, tolerance);
        }
    };
    check(MaskedAutoencoder<>({encoder, decoder}));
    check(RcMae<>({encoder, decoder}));
    check(SimMim<>({.encoder = encoder}));
    check(VitClassifier({.encoder = encoder, .classes = 10}));
    check(VitClassifier({.encoder = encoder, .classes = 10, .loss = ClassifierLoss::squared}));
}

#if defined(__CUDACC__)
static_assert(FilledByTokens<Cuda<float>> && FilledByTokens<Cuda<bfloat16>> && FilledByTokens<Cuda<double>>);
#endif

}  // namespace frozen_objective_test
