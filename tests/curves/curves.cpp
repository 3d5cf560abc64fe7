// SPDX-License-Identifier: Apache-2.0
//
// usage: test_curves  with VITSCAPE_CIFAR10_DIR naming CIFAR-10 as JPEG files, train/<class>/<image>.jpg
//
// Trains all methods by the protocol of curves.json and compares each epoch's mean loss with the reference's: within five
// standard deviations of its seeds or 2 %, whichever is larger. Takes about two minutes on two cores in each precision.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/image_folder.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/optim/schedule.hpp>
#include <vitscape/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/keep_losses.hpp"

namespace curves_test {

using namespace vitscape;

namespace {

template <class B, class M>
void compare(const B& backend, const M& method, const char* name, const ImageFolder& images) {
    const nlohmann::json reference = test::golden_json("curves").at("methods").at(name);
    const auto means = reference.at("mean").get<std::vector<double>>();
    const auto deviations = reference.at("standard_deviation").get<std::vector<double>>();
    TrainOptions options{.epochs = static_cast<std::uint32_t>(means.size()), .batch = 100};
    options.transform = {.side = 32, .mean = {0.5F, 0.5F, 0.5F}, .standard_deviation = {0.5F, 0.5F, 0.5F}};
    std::vector<double> losses;
    Trainer trainer{backend, method, AdamW{}, WarmupCosine{.peak = 1e-3, .warmup_epochs = 1}, 0};
    trainer.fit(images, options, test::KeepLosses{&losses});
    REQUIRE(losses.size() == means.size());
    for (std::size_t epoch = 0; epoch < means.size(); ++epoch) {
        std::cout << name << " epoch " << epoch + 1 << ": " << losses[epoch] << ", reference " << means[epoch]
                  << " +- " << deviations[epoch] << std::endl;
        CHECK(std::abs(losses[epoch] - means[epoch]) < std::max(5 * deviations[epoch], 0.02 * means[epoch]));
    }
}

}  // namespace

TEMPLATE_TEST_CASE("training curves lie in the reference's spread", "", float, bfloat16) {
    const char* folder = std::getenv("VITSCAPE_CIFAR10_DIR");
    if (folder == nullptr) {
        std::cout << "skipped: VITSCAPE_CIFAR10_DIR does not name the images\n";
        return;
    }
    const ImageFolder images(std::filesystem::path(folder) / "train", {.limit_per_class = 1000});
    REQUIRE(images.size() == 10000);
    const Cpu<TestType> backend;
    const VitShape encoder{32, 4, {96, 4, 3}};
    compare(backend, MaskedAutoencoder<>({.encoder = encoder, .decoder = {64, 1, 4}}), "mae", images);
    compare(backend, RcMae<>({.encoder = encoder, .decoder = {64, 1, 4}}), "rc_mae", images);
    compare(backend, VitClassifier({.encoder = encoder}), "supervised", images);
}

}  // namespace curves_test
