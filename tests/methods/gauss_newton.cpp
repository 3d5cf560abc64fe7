// SPDX-License-Identifier: Apache-2.0
//
// Products with the Gauss-Newton matrices of the methods, against J^T (d2 l / df2) J v with a Jacobian formed column by
// column and the losses' second derivatives written down here.
#include <cmath>
#include <optional>
#include <vector>

#include <vitscape/curvature/gauss_newton.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/methods/data2vec.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/simmim.hpp>
#include <vitscape/methods/vit_classifier.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/jacobian.hpp"
#include "support/model.hpp"

namespace gauss_newton_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

const VitShape shape{8, 4, {.width = 4, .depth = 1, .heads = 2}};
const TransformerShape decoder{.width = 4, .depth = 1, .heads = 2};
constexpr std::size_t count = 3;

Batch images() {
    Batch batch;
    batch.images.resize({count, 3, 8, 8});
    for (std::size_t i = 0; i < batch.images.size(); ++i)
        batch.images.data()[i] = static_cast<float>(random_normal({.seed = 5}, i));
    batch.labels.resize({count});
    for (std::size_t i = 0; i < count; ++i) {
        batch.labels(i) = static_cast<std::int64_t>(i);
        batch.samples.push_back(static_cast<std::uint32_t>(i));
    }
    return batch;
}

/// Initial values, and biases, norms and tokens moved off them.
std::vector<double> parameters(const ParameterLayout& layout, std::uint64_t seed) {
    std::vector<double> theta = initial_values(layout, seed);
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += 0.1 * random_normal({.seed = seed + 100}, i);
    return theta;
}

template <class B, class M>
FrozenObjective<B, M> frozen(const M& method, const std::vector<double>& teacher = {}) {
    const B backend = make_backend<B>(1);
    if constexpr (TaughtMethod<M, B>)
        return {backend, method, Vector<B>(backend, teacher), images(), {.batch = 2, .mask_seed = 7}};
    else
        return {backend, method, images(), {.batch = 2, .mask_seed = 7}};
}

/// All images at once as the model reads them on dual numbers, the teacher's work done.
template <class M>
typename M::template Inputs<Dual<Primitives64>> dual_inputs(const M& method,
                                                            const std::vector<double>& teacher) {
    using D = Dual<Primitives64>;
    typename M::template Inputs<D> inputs;
    method.prepare(D(Primitives64(1)), images(), MaskKey{7, 0}, inputs);
    if constexpr (TaughtMethod<M, D>) {
        const Vector<Primitives64> values(Primitives64(1), teacher), still(Primitives64(1), values.size());
        Eval<D> eval(D(Primitives64(1)), {{values.data(), still.data()}});
        method.run_teacher(eval, inputs);
    }
    return inputs;
}

/// Checks products on backend B, and that the rest of the Hessian is what it lacks.
/// @param outputs  (method, recorder, inputs) to the prediction.  @param h  the second derivatives of the mean loss times a
/// change of the predictions, given (predictions, inputs, change)
template <class B, class M, class Outputs, class LossHessian>
void check_products(const M& method, const Outputs& outputs, const LossHessian& h) {
    const std::vector<double> theta = parameters(method.layout(), 1),
                              teacher = parameters(method.layout(), 2),
                              v = random_numbers(method.layout().size(), 3);
    const auto inputs = dual_inputs(method, teacher);
    const auto predict = [&](auto& recorder) { return outputs(method, recorder, inputs); };
    const auto columns = jacobian_columns(predict, theta);
    const Vector<Primitives64> centre64(Primitives64(1), theta), still(Primitives64(1), centre64.size());
    Eval<Dual<Primitives64>> eval(Dual<Primitives64>(Primitives64(1)), {{centre64.data(), still.data()}});
    const std::vector<double> predictions = download(eval.backend(), predict(eval).value.view());
    const std::vector<double> expected = gauss_newton_product(
        columns, [&](const std::vector<double>& along) { return h(predictions, inputs, along); }, v);

    auto objective = frozen<B>(method, teacher);
    const B backend = objective.backend();
    const Vector<B> centre(backend, theta), along(backend, v);
    Vector<B> product(backend, centre.size()), whole = product, rest = product;
    const double tolerance = std::is_same_v<typename B::Storage, float> ? 1e-4 : 1e-11;
    gauss_newton(objective, centre).apply(along, product);
    CHECK(relative_difference(product.to_host(), expected) < tolerance);
    CHECK(dot(along, product) >= 0);

    hessian(objective, centre).apply(along, whole);
    hessian_residual(objective, centre).apply(along, rest);
    CHECK(norm(rest) > 1e-3 * norm(whole));
    axpby(1, product, 1, rest);
    axpby(-1, whole, 1, rest);
    CHECK(norm(rest) <= tolerance * norm(whole));
    // a Gauss-Newton product after a Hessian product is what it was
    objective.gauss_newton_vector(centre, along, rest);
    CHECK(rest.to_host() == product.to_host());
}

constexpr auto masked_pixels = [](const auto& method, auto& recorder, const auto& inputs) {
    return method.predict_masked(recorder, inputs);
};
constexpr auto scores = [](const auto& method, auto& recorder, const auto& inputs) {
    return method.logits(recorder, inputs);
};
/// `factor` times the change: of a squared error by its mean over all predictions.
std::vector<double> scaled(std::vector<double> along, double factor) {
    for (double& x : along) x *= factor / static_cast<double>(along.size());
    return along;
}
constexpr auto squared = [](const auto&, const auto&, const std::vector<double>& along) {
    return scaled(along, 2);
};
/// (diag(p) - p p^T) / samples in each sample's classes, p = softmax(logits).
constexpr auto entropy = [](const std::vector<double>& logits, const auto&,
                            const std::vector<double>& along) {
    std::vector<double> result(along.size());
    const std::size_t classes = logits.size() / count;
    for (std::size_t first = 0; first < logits.size(); first += classes) {
        double sum = 0, mean = 0;
        for (std::size_t c = first; c < first + classes; ++c) sum += std::exp(logits[c]);
        for (std::size_t c = first; c < first + classes; ++c) mean += std::exp(logits[c]) / sum * along[c];
        for (std::size_t c = first; c < first + classes; ++c)
            result[c] = std::exp(logits[c]) / sum * (along[c] - mean) / static_cast<double>(count);
    }
    return result;
};

MaskedAutoencoder<> autoencoder() {
    return MaskedAutoencoder<>({.encoder = shape, .decoder = decoder, .masking = {.ratio = 0.5}});
}
VitClassifier classifier(double smoothing = 0) {
    return VitClassifier({.encoder = shape, .classes = 4, .label_smoothing = smoothing});
}

}  // namespace

static_assert(HasGaussNewton<FrozenObjective<Cpu<double>, VitClassifier>, Cpu<double>>);
static_assert(
    SymmetricOperator<GaussNewton<Cpu<double>, FrozenObjective<Cpu<double>, VitClassifier>>, Cpu<double>>);

TEMPLATE_LIST_TEST_CASE("Gauss-Newton products of a masked autoencoder and a classifier", "",
                        test::Backends) {
    check_products<TestType>(autoencoder(), masked_pixels, squared);
    check_products<TestType>(classifier(), scores, entropy);
}

TEST_CASE("Gauss-Newton products of methods with other losses") {
    using B = Cpu<double>;
    check_products<B>(classifier(0.2), scores, entropy);
    // two losses of one prediction
    check_products<B>(
        RcMae<>({.encoder = shape, .decoder = decoder, .masking = {.ratio = 0.5}, .consistency = 0.7}),
        [](const auto& method, auto& recorder, const auto& inputs) {
            return method.student().predict_masked(recorder, inputs);
        },
        [](const auto&, const auto&, const std::vector<double>& along) { return scaled(along, 2 * 1.7); });
    // 1 / beta where the difference is below beta, 0 elsewhere; both kinds are there
    check_products<B>(
        Data2Vec<>({.encoder = shape, .masking = {.ratio = 0.5}, .beta = 1.5}),
        [](const auto& method, auto& recorder, const auto& inputs) {
            return method.predict_features(recorder, inputs);
        },
        [](const std::vector<double>& predictions, const auto& inputs, const std::vector<double>& along) {
            std::vector<double> targets(along.size()), result = scaled(along, 1 / 1.5);
            Primitives64(1).download(inputs.targets.size(), inputs.targets.data().part(0), targets.data());
            std::size_t outside = 0;
            for (std::size_t k = 0; k < along.size(); ++k)
                if (std::abs(predictions[k] - targets[k]) >= 1.5) result[k] = 0, ++outside;
            CHECK(outside > 0);
            CHECK(outside < along.size() / 2);
            return result;
        });
}

TEST_CASE("an absolute error has no second derivative, so its Gauss-Newton matrix is zero") {
    using B = Cpu<double>;
    const SimMim<> method({.encoder = shape, .masking = {.ratio = 0.5}});
    auto objective = frozen<B>(method);
    const Vector<B> theta(objective.backend(), parameters(method.layout(), 1)),
        v(objective.backend(), random_numbers(method.layout().size(), 3));
    Vector<B> product = theta;
    objective.gauss_newton_vector(theta, v, product);
    CHECK(norm(product) == 0);
}

TEST_CASE("the Gauss-Newton matrices of squared errors and cross entropies are positive semidefinite") {
    using B = Cpu<double>;
    const auto check = [](auto objective) {
        const Vector<B> theta(objective.backend(), parameters(objective.layout(), 1));
        const LanczosOptions options{.largest = 1, .smallest = 1, .tolerance = 1e-8, .verify = false};
        const auto linear = lanczos(gauss_newton(objective, theta), options);
        CHECK(linear.smallest[0].value >= -1e-8 * linear.largest[0].value);
        const auto whole = lanczos(hessian(objective, theta), options);
        CHECK(whole.smallest[0].value < -1e-3 * whole.largest[0].value);
    };
    check(frozen<B>(autoencoder()));
    check(frozen<B>(classifier()));
}

namespace silent {
/// A masked autoencoder as a user might write it, whose loss does not say what it is a function of. (Named, since nvcc
/// warns about members of an unnamed namespace's types that a constraint instantiates and nothing calls.)
struct Autoencoder : MaskedAutoencoder<> {
    using MaskedAutoencoder<>::MaskedAutoencoder;
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        return squared_error(recorder, predict_masked(recorder, inputs), inputs.targets);
    }
};
}  // namespace silent

TEST_CASE("a method that does not mark its output has no Gauss-Newton matrix, but all else") {
    using B = Cpu<double>;
    auto objective = frozen<B>(silent::Autoencoder(autoencoder().config()));
    auto marked = frozen<B>(autoencoder());
    const Vector<B> theta(objective.backend(), parameters(objective.layout(), 1));
    Vector<B> product = theta, expected = theta;
    CHECK(contains(error_text<ConfigError>([&] { objective.gauss_newton_vector(theta, theta, product); }),
                   "call model_output(recorder, prediction)"));
    objective.hessian_vector(theta, theta, product);
    marked.hessian_vector(theta, theta, expected);
    CHECK(product.to_host() == expected.to_host());
    CHECK(objective.value(theta) == marked.value(theta));
    CHECK(objective.gradient(theta, product) == marked.gradient(theta, expected));
    CHECK(product.to_host() == expected.to_host());
    const Vector<B> three(objective.backend(), 3);
    CHECK_THROWS_AS(gauss_newton(objective, three), ShapeError);
    CHECK_THROWS_AS(hessian_residual(objective, three), ShapeError);
}

}  // namespace gauss_newton_test
