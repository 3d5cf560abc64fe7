// SPDX-License-Identifier: Apache-2.0
//
// From images to a loss surface and its sharpest curvatures: minimal [DATA], as
// --data of the other programs: synthetic:N, folder:DIR, tar:FILES, cifar10:DIR, …
#include <iostream>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

int main(int argc, char** argv) {
    const AnyDataset images = open_dataset(argc > 1 ? argv[1] : "synthetic:5000");
    const ImageTransform transform{.side = 32};
    const MaskedAutoencoder<> method({.encoder = {32, 4, {.width = 96, .depth = 4, .heads = 3}},
                                      .decoder = {.width = 64, .depth = 1, .heads = 4},
                                      .masking = {.ratio = 0.75}});
    const Cpu<float> backend;
    Trainer trainer{backend, method, AdamW{}, WarmupCosine{.peak = 1e-3, .warmup_epochs = 1}, 0};
    trainer.fit(images, {.epochs = 10, .batch = 100, .transform = transform}, Progress{});

    FrozenObjective loss{backend, method, load_all(images.first(500), transform), {.mask_seed = 7}};
    const auto& theta = trainer.theta();
    auto delta = gaussian_direction(backend, method.layout(), 1, 0);  // seed 1, direction 0
    auto eta = gaussian_direction(backend, method.layout(), 1, 1);
    for (auto* direction : {&delta, &eta})
        normalize(FilterNormalization{}, method.layout(), theta, *direction);
    const Surface surface = project(loss, Plane{theta, delta, eta}, Grid{.from = -1, .to = 1, .steps = 21});
    write_surfaces("surface", {".json", ".npy", ".csv"}, surface);
    write_contour("surface.png", surface);
    const auto spectrum = lanczos(hessian(loss, theta), {.largest = 3, .smallest = 0, .tolerance = 1e-2});
    for (const auto& pair : spectrum.largest) std::cout << pair.value << " +- " << pair.residual << '\n';
}
