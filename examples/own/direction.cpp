// SPDX-License-Identifier: Apache-2.0
//
// A user-defined direction, random signs, beside two of the library's: the difference to another solution, with the barrier between
// them, and the leading eigenvector of the Hessian, the direction of largest curvature.
// prints: signs: as long as the weights, yes
// prints: path: loss at 0 and 1 that of the two solutions, yes
// prints: barrier: .* \+- .*
// prints: eigenvector: curvature along it is the eigenvalue, yes
#include <cmath>
#include <iostream>
#include <utility>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

using Device = Cpu<double>;

constexpr Purpose random_sign{1001};  // its own random sequence; the library uses no purpose from 1000 on

/// Independent random signs, a function of (seed, number, position in the layout, element) only.
Vector<Device> sign_direction(const Device& backend, const ParameterLayout& layout, std::uint64_t seed,
                              std::uint32_t number) {
    std::vector<double> signs(static_cast<std::size_t>(layout.size()));
    std::uint32_t position = 0;
    for (const ParameterInfo& parameter : layout.parameters()) {
        const RandomKey key{.seed = seed, .purpose = random_sign, .epoch = number, .sample = position++};
        for (Index i = 0; i < parameter.size(); ++i)
            signs[static_cast<std::size_t>(parameter.slot.offset + i)] =
                random_uniform(key, static_cast<std::uint64_t>(i)) < 0.5 ? -1 : 1;
    }
    return {backend, signs};
}

Vector<Device> train(const MaskedAutoencoder<>& method, const Synthetic& images, std::uint64_t seed) {
    Trainer trainer{Device{}, method, AdamW{}, WarmupCosine{.peak = 3e-3, .warmup_epochs = 1}, seed};
    trainer.fit(images, {.epochs = 4, .batch = 16, .transform = {.side = 16}});
    return trainer.theta();
}

const char* yes(bool condition) { return condition ? "yes\n" : "no\n"; }

int main() {
    const Synthetic images(64, 16);
    const MaskedAutoencoder<> method({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                                      .decoder = {.width = 8, .depth = 1, .heads = 2}});
    const ParameterLayout& layout = method.layout();
    const Vector<Device> theta = train(method, images, 0), other = train(method, images, 1);
    FrozenObjective loss{Device{}, method, load_all(images, {.side = 16}), {.mask_seed = 7}};

    Vector<Device> signs = sign_direction(Device{}, layout, 1, 0);
    normalize(LayerNormalization{}, layout, theta, signs);  // same norm as the weights in each tensor
    double weights = 0;
    for (const ParameterInfo& parameter : layout.parameters())
        if (moves(parameter))
            weights += theta.backend().dot(parameter.size(), theta.data() + parameter.slot.offset,
                                           theta.data() + parameter.slot.offset);
    std::cout << "signs: as long as the weights, " << yes(std::abs(norm(signs) - std::sqrt(weights)) < 1e-9);

    const Line line{theta, direction_to(theta, other)};
    const Surface path = project(loss, line, Grid{.from = 0, .to = 1, .steps = 5});
    std::cout << "path: loss at 0 and 1 that of the two solutions, "
              << yes(std::abs(path.loss(0, 0) - loss.value(theta)) < 1e-12 &&
                     std::abs(path.loss(0, 4) - loss.value(other)) < 1e-12);
    const LossBarrier barrier = loss_barrier<Device>(loss, line, path);
    std::cout << "barrier: " << barrier.height << " +- " << barrier.standard_error << '\n';

    const auto pairs = eigenvector_directions(loss, theta, all_parameters(layout),
                                              {.largest = 1, .smallest = 0, .tolerance = 1e-6});
    const Eigenpair<Device>& leading = pairs.front();
    constexpr double h = 1e-3;
    const Surface bend = project(loss, Line{theta, leading.vector}, Grid{.from = -h, .to = h, .steps = 3});
    const double curvature = (bend.loss(0, 0) - 2 * bend.loss(0, 1) + bend.loss(0, 2)) / (h * h);
    std::cout << "eigenvector: curvature along it is the eigenvalue, "
              << yes(std::abs(curvature / leading.value - 1) < 1e-2);
}
