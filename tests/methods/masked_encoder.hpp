// SPDX-License-Identifier: Apache-2.0
//
// What the tests of methods that see mask tokens share: images, parameters, and their loss and derivatives on a backend.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include <vitscape/methods/frozen_objective.hpp>

#include "methods/plain_vit.hpp"
#include "support/backend_types.hpp"
#include "support/catch.hpp"
#include "support/model.hpp"

namespace vitscape::test {

inline const VitShape masked_shape{16, 4, {.width = 16, .depth = 3, .heads = 2}};

/// (3, 3, 16, 16), random numbers that float holds.
inline xt::xtensor<double, 4> masked_images() {
    xt::xtensor<double, 4> images(std::array<std::size_t, 4>{3, 3, 16, 16});
    for (std::size_t i = 0; i < images.size(); ++i)
        images.data()[i] = static_cast<double>(static_cast<float>(random_normal({.seed = 11}, i)));
    return images;
}
/// Initial values, and biases, norms and tokens moved off them so that none is 0 or 1.
inline std::vector<double> masked_parameters(const ParameterLayout& layout, std::uint64_t seed) {
    std::vector<double> theta = initial_values(layout, seed);
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += 0.1 * random_normal({.seed = seed + 100}, i);
    return theta;
}
/// Parameters as a backend's scalar holds them, so that rounding them is no difference to the reference.
template <class B>
std::vector<double> held(std::vector<double> theta) {
    for (double& x : theta) x = static_cast<double>(static_cast<typename B::Storage>(x));
    return theta;
}

/// The losses of the images, and the gradient of their mean, with masks of key {5, 2}.
template <class B, class M>
std::pair<std::vector<double>, std::vector<double>> masked_losses(const M& method,
                                                                  const std::vector<double>& theta,
                                                                  const std::vector<double>& teacher,
                                                                  std::vector<std::int32_t>& order) {
    B backend{};
    typename M::template Inputs<B> inputs;
    PatchMasker<RandomMasking>(method.grid(), method.config().masking)
        .draw(std::array<std::uint32_t, 3>{0, 1, 2}, MaskKey{5, 2}, inputs.order);
    method.prepare(backend, masked_images(), inputs);
    order = inputs.order;
    const Vector<B> student(backend, theta);
    if constexpr (TaughtMethod<M, B>) {
        const Vector<B> taught(backend, teacher);
        Eval<B> eval(backend, taught.data());
        method.run_teacher(eval, inputs);
    }
    Vector<B> gradient(backend, student.size());
    Tape<B> tape(backend, student.data(), gradient.data());
    const Variable<B> losses = method.losses(tape, inputs);
    const std::vector<double> numbers = download(backend, losses.value.view());
    tape.backward(losses, 1.0 / 3);
    return {numbers, gradient.to_host()};
}

/// A method's gradient and Hessian product on frozen images against differences of its loss and of its gradient.
template <class M>
void check_frozen_derivatives(const M& method, const std::vector<double>& theta,
                              const std::vector<double>& teacher) {
    using B = Cpu<double>;
    const B backend(1);
    Batch batch;
    const xt::xtensor<double, 4> images = masked_images();
    batch.images.resize(images.shape());
    for (std::size_t i = 0; i < images.size(); ++i)
        batch.images.data()[i] = static_cast<float>(images.data()[i]);
    batch.labels.resize({3});
    batch.samples = {0, 1, 2};
    auto objective = [&] {
        if constexpr (TaughtMethod<M, B>)
            return FrozenObjective<B, M>(backend, method, Vector<B>(backend, teacher), batch, {.batch = 2});
        else
            return FrozenObjective<B, M>(backend, method, batch, {.batch = 2});
    }();
    const double step = 1e-5;
    std::vector<double> direction(theta.size()), above = theta, below = theta;
    for (std::size_t i = 0; i < theta.size(); ++i) {
        direction[i] = random_normal({.seed = 77}, i);
        above[i] += step * direction[i], below[i] -= step * direction[i];
    }
    const Vector<B> centre(backend, theta), along(backend, direction), up(backend, above),
        down(backend, below);
    Vector<B> gradient(backend, centre.size()), product = gradient, gradient_up = gradient,
                                                gradient_down = gradient;
    objective.gradient(centre, gradient);
    CHECK(dot(gradient, along) ==
          Approx((objective.value(up) - objective.value(down)) / (2 * step)).epsilon(1e-6));
    objective.gradient(up, gradient_up), objective.gradient(down, gradient_down);
    objective.hessian_vector(centre, along, product);
    axpby(-1, gradient_down, 1, gradient_up);
    std::vector<double> slope = gradient_up.to_host();
    for (double& x : slope) x /= 2 * step;
    CHECK(relative_difference(product.to_host(), slope) < 1e-5);
}

}  // namespace vitscape::test
