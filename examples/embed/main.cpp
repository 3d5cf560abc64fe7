// SPDX-License-Identifier: Apache-2.0
//
// A program of its own that uses an installed vitscape: trains a very small masked autoencoder on built-in
// images and looks at its loss on a 3 x 3 grid. It needs Eigen and xtensor alone.
#include <iostream>

#include <vitscape/vitscape.hpp>

int main() {
    using namespace vitscape;
    const Synthetic images(64, 16);
    const ImageTransform transform{.side = 16};
    const MaskedAutoencoder<> method({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                                      .decoder = {.width = 8, .depth = 1, .heads = 2}});
    const Cpu<float> backend;
    Trainer trainer{backend, method, AdamW{}, WarmupCosine{.peak = 1e-3, .warmup_epochs = 1}, 0};
    trainer.fit(images, {.epochs = 2, .batch = 16, .transform = transform});

    FrozenObjective loss{backend, method, load_all(images, transform)};
    auto delta = gaussian_direction(backend, method.layout(), 1, 0),
         eta = gaussian_direction(backend, method.layout(), 1, 1);
    for (auto* direction : {&delta, &eta})
        normalize(FilterNormalization{}, method.layout(), trainer.theta(), *direction);
    const Surface surface =
        project(loss, Plane{trainer.theta(), delta, eta}, Grid{.from = -1, .to = 1, .steps = 3});
    std::cout << "vitscape " << VITSCAPE_VERSION << ": loss " << surface.centre_loss << " at the centre, "
              << surface.loss(0, 0) << " in the corner\n";
}
