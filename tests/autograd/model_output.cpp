// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <vitscape/autograd/ops/linear.hpp>
#include <vitscape/autograd/ops/losses.hpp>
#include <vitscape/autograd/ops/model_output.hpp>

#include "autograd/derivatives.hpp"
#include "support/backend_types.hpp"
#include "support/error_text.hpp"
#include "support/jacobian.hpp"
#include "support/model.hpp"

namespace model_output_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Two layers with a curve between them, (4, 3) -> (4, 2), whose weights are the parameters.
struct Network {
    Slots slots;
    LinearParameters first{slots.add({5, 3}), slots.add({5})}, second{slots.add({2, 5}), slots.add({2})};

    template <Recorder R, class B = typename R::BackendType>
    Variable<B> operator()(R& recorder) const {
        const Tensor<B> x = upload(recorder.backend(), {4, 3}, random_numbers(12, 1));
        return linear(recorder, linear_gelu(recorder, recorder.constant(x), first), second);
    }
    template <class B>
    static Tensor<B> target(const B& backend, std::uint32_t stream) {
        return upload(backend, {4, 2}, random_numbers(8, stream));
    }
};

/// The product of v with the matrix of `losses(recorder)`, weighted as their mean: the Gauss-Newton matrix or the Hessian.
template <class B, class Losses>
std::vector<double> product(B base, const Losses& losses, const std::vector<double>& theta,
                            const std::vector<double>& v, bool gauss_newton) {
    const Vector<B> centre(base, theta), along(base, v);
    const Vector<B> values(base, centre.size()), tangents(base, centre.size());
    Tape<Dual<B>> tape(Dual<B>(base), {{centre.data(), along.data()}}, {{values.data(), tangents.data()}});
    tape.want_gauss_newton(gauss_newton);
    tape.backward(losses(tape), 0.25);
    return tangents.to_host();
}

/// A squared error of 4 samples with 2 outputs each, by its mean.
std::vector<double> squared_error_hessian(std::vector<double> along) {
    for (double& x : along) x *= 2.0 / 8;
    return along;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a product with the Gauss-Newton matrix is that of the explicit Jacobian", "",
                        test::Plain) {
    const Network network;
    const std::vector<double> theta = random_numbers(network.slots.size(), 2),
                              v = random_numbers(network.slots.size(), 3);
    const auto losses = [&](auto& recorder) {
        return squared_error(recorder, model_output(recorder, network(recorder)),
                             Network::target(recorder.backend(), 4));
    };
    const auto columns = jacobian_columns(network, theta);
    const std::vector<double> expected = gauss_newton_product(columns, squared_error_hessian, v),
                              found = product(make_backend<TestType>(1), losses, theta, v, true);
    CHECK(relative_difference(found, expected) < rounding_tolerance<typename TestType::Storage>);
    const std::vector<double> hessian = product(make_backend<TestType>(1), losses, theta, v, false);
    CHECK(relative_difference(hessian, expected) > 0.01);
}

TEST_CASE("an output may be marked twice and enter two losses") {
    const Network network;
    const std::vector<double> theta = random_numbers(network.slots.size(), 2),
                              v = random_numbers(network.slots.size(), 3);
    const auto losses = [&](auto& recorder) {
        const auto y = model_output(recorder, model_output(recorder, network(recorder)));
        return add_losses(recorder, squared_error(recorder, y, Network::target(recorder.backend(), 4)), 3,
                          squared_error(recorder, y, Network::target(recorder.backend(), 5)));
    };
    std::vector<double> expected =
        gauss_newton_product(jacobian_columns(network, theta), squared_error_hessian, v);
    for (double& x : expected) x *= 4;
    CHECK(relative_difference(product(Primitives64(1), losses, theta, v, true), expected) < 1e-13);
}

TEST_CASE("a model may have two outputs that share parameters") {
    const Network network;
    Slots slots = network.slots;
    const LinearParameters other{slots.add({2, 2}), slots.add({2})};
    const std::vector<double> theta = random_numbers(slots.size(), 2), v = random_numbers(slots.size(), 3);
    const auto second = [&](auto& recorder) { return linear(recorder, network(recorder), other); };
    const auto losses = [&](auto& recorder) {
        const auto one = model_output(recorder, network(recorder)),
                   two = model_output(recorder, second(recorder));
        return add_losses(recorder, squared_error(recorder, one, Network::target(recorder.backend(), 4)), 1,
                          squared_error(recorder, two, Network::target(recorder.backend(), 5)));
    };
    std::vector<double> expected =
        gauss_newton_product(jacobian_columns(network, theta), squared_error_hessian, v);
    const std::vector<double> rest =
        gauss_newton_product(jacobian_columns(second, theta), squared_error_hessian, v);
    for (std::size_t i = 0; i < rest.size(); ++i) expected[i] += rest[i];
    CHECK(relative_difference(product(Primitives64(1), losses, theta, v, true), expected) < 1e-13);
}

TEST_CASE("a linear model's Gauss-Newton matrix is its Hessian, and a constant output has none") {
    Slots slots;
    const LinearParameters layer{slots.add({2, 3}), slots.add({2})};
    const std::vector<double> theta = random_numbers(slots.size(), 2), v = random_numbers(slots.size(), 3);
    const auto losses = [&](auto& recorder) {
        using B = typename std::remove_cvref_t<decltype(recorder)>::BackendType;
        const Tensor<B> x = upload(recorder.backend(), {4, 3}, random_numbers(12, 1));
        return cross_entropy(
            recorder, model_output(recorder, linear(recorder, recorder.constant(x), layer)),
            upload(recorder.backend(), {4, 2}, std::vector<double>{1, 0, 0, 1, 0.5, 0.5, 1, 0}));
    };
    CHECK(relative_difference(product(Primitives64(1), losses, theta, v, true),
                              product(Primitives64(1), losses, theta, v, false)) < 1e-14);
    const auto constant = [&](auto& recorder) {
        const auto y = recorder.constant(Network::target(recorder.backend(), 4));
        return squared_error(recorder, model_output(recorder, y), Network::target(recorder.backend(), 5));
    };
    CHECK(product(Primitives64(1), constant, theta, v, true) == std::vector<double>(theta.size(), 0));
}

TEST_CASE("a loss that is no function of the marked outputs alone is refused, and the tape goes on") {
    const Network network;
    Slots slots = network.slots;
    const ParameterSlot scale = slots.add({4, 2});
    const LinearParameters layer{slots.add({2, 2}), slots.add({2})};
    const std::vector<double> theta = random_numbers(slots.size(), 2), v = random_numbers(slots.size(), 3);
    const auto error = [&](auto& recorder, const auto& y) {
        return squared_error(recorder, y, Network::target(recorder.backend(), 4));
    };
    const auto text = [&](const auto& losses) {
        return error_text<ConfigError>([&] { (void)product(Primitives64(1), losses, theta, v, true); });
    };
    const auto unmarked = [&](auto& recorder) { return error(recorder, network(recorder)); };
    CHECK(contains(text(unmarked), "call model_output(recorder, prediction) in the method's losses()"));
    CHECK(product(Primitives64(1), unmarked, theta, v, false).size() == theta.size());

    const std::string other_ways = "other ways than by the model's output";
    const auto with_penalty = [&](auto& recorder) {  // of the weights, before the output
        const auto penalty = error(recorder, input(recorder, scale));
        return add_losses(recorder, error(recorder, model_output(recorder, network(recorder))), 0.1, penalty);
    };
    CHECK(contains(text(with_penalty), other_ways));
    const auto late_penalty = [&](auto& recorder) {  // and after it
        const auto y = error(recorder, model_output(recorder, network(recorder)));
        return add_losses(recorder, y, 0.1, error(recorder, input(recorder, scale)));
    };
    CHECK(contains(text(late_penalty), other_ways));
    const auto beside_a_constant = [&](auto& recorder) {
        (void)model_output(recorder, recorder.constant(Network::target(recorder.backend(), 4)));
        return error(recorder, network(recorder));
    };
    CHECK(contains(text(beside_a_constant), other_ways));
    const auto inner_layer = [&](auto& recorder) {  // what goes into the output also enters the loss
        const auto y = network(recorder);
        return add_losses(recorder, error(recorder, model_output(recorder, linear(recorder, y, layer))), 1,
                          error(recorder, y));
    };
    CHECK(contains(text(inner_layer), other_ways));

    const auto chained = [&](auto& recorder) {
        const auto y = model_output(recorder, network(recorder));
        const auto z = model_output(recorder, linear(recorder, y, layer));
        return add_losses(recorder, error(recorder, y), 1, error(recorder, z));
    };
    CHECK(contains(text(chained), "computed from another"));

    // one tape: a refusal leaves nothing behind
    Primitives64 base(1);
    const Vector<Primitives64> centre(base, theta), along(base, v);
    Vector<Primitives64> values(base, centre.size()), tangents(base, centre.size());
    Tape<Dual<Primitives64>> tape(Dual<Primitives64>(base), {{centre.data(), along.data()}},
                                  {{values.data(), tangents.data()}});
    tape.want_gauss_newton(true);
    CHECK_THROWS_AS(tape.backward(chained(tape), 0.25), ConfigError);
    fill(0, values), fill(0, tangents);
    const auto marked = [&](auto& recorder) {
        return error(recorder, model_output(recorder, network(recorder)));
    };
    tape.backward(marked(tape), 0.25);
    CHECK(tangents.to_host() == product(Primitives64(1), marked, theta, v, true));
}

}  // namespace model_output_test
