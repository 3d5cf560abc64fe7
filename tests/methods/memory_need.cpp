// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/methods/memory_need.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/train/reproducible_pass.hpp>
#include <vitscape/train/trainer.hpp>

#include "support/catch.hpp"

namespace memory_need_test {

using namespace vitscape;

TEST_CASE("a model's memory is estimated from below, and closely, without making the model") {
    AllMethods::for_each([]<class M>() {
        typename M::Config config;
        config.encoder = vit_small(224, 16);
        const MemoryNeed need = memory_need(config);
        const auto parameters = static_cast<double>(M(config).layout().size());
        CHECK(need.parameters <= parameters);
        CHECK(need.parameters > 0.97 * parameters);
        CHECK(need.image == 3 * 224 * 224);
    });
}

TEST_CASE("training takes no less memory than estimated, and not much more") {
    const auto check = []<class M>(Index depth, bool checkpoint_blocks, std::size_t parts = 0) {
        typename M::Config config;
        config.encoder = {.image = 32, .patch = 4, .transformer = {64, depth, 4}};
        if constexpr (requires { config.decoder; }) config.decoder = {32, depth, 4};
        const Cpu<float> backend(1);
        Trainer trainer{backend, M(config), AdamW{}, ConstantRate{1e-4}, 0};
        TrainOptions options{.epochs = 1, .batch = 32, .checkpoint_blocks = checkpoint_blocks};
        options.transform.side = 32;
        options.parts = parts;
        if (parts > 0) options.epochs = 2;  // the vectors of a sum stay from the first step on
        trainer.fit(Synthetic(32, 32), options);
        const double used = static_cast<double>(backend.memory().peak_bytes());
        const double vectors =
            (TaughtMethod<M, Cpu<float>> ? 5.0 : 4.0) + static_cast<double>(reproducible_vectors(parts, 1));
        const double need = memory_need(config).training(
            parts == 0 ? 32.0 : 32.0 / static_cast<double>(parts), vectors, sizeof(float), checkpoint_blocks);
        INFO(M::Card::name << " of depth " << depth << ", checkpoints " << checkpoint_blocks << ", " << parts
                           << " parts");
        CHECK(need <= used);
        CHECK(need > (depth == 1 ? 0.25 : 0.4) * used);  // of one block a half is counted
        return used;
    };
    AllMethods::for_each([&]<class M>() {
        check.template operator()<M>(1, false);
        const double all = check.template operator()<M>(6, false),
                     checkpoints = check.template operator()<M>(6, true);
        CHECK(checkpoints < 0.6 * all);
        check.template operator()<M>(6, false, 8);
    });
}

TEST_CASE("the vectors that sums of parts need are counted exactly") {
    const auto used = [](std::size_t parts) {
        const Cpu<float> backend(1);
        MaskedAutoencoder<>::Config config;
        config.encoder = {.image = 16, .patch = 8, .transformer = {128, 2, 4}};
        config.decoder = {128, 1, 4};
        const MaskedAutoencoder<> method(config);
        Trainer trainer{backend, method, AdamW{}, ConstantRate{1e-4}, 0};
        TrainOptions options{.epochs = 1, .batch = 48};
        options.transform.side = 16;
        options.parts = parts;
        trainer.fit(Synthetic(48, 16), options);
        return static_cast<double>(backend.memory().peak_bytes()) /
               (4.0 * static_cast<double>(method.layout().size()));
    };
    CHECK(reproducible_vectors(0, 1) == 0);
    CHECK(reproducible_vectors(1, 1) == 2);
    CHECK(reproducible_vectors(12, 1) == 5);
    CHECK(reproducible_vectors(12, 4) == 3);
    // 16 parts need two vectors more than 4; each part has fewer images, which is less than half a vector
    const double few = used(4), many = used(16);
    INFO(few << " and " << many << " vectors");
    CHECK(std::abs(many - few - 2) < 0.5);
}

TEST_CASE("sizes that overflow every integer are counted") {
    MaskedAutoencoder<>::Config config;
    config.encoder = {.image = 32768, .patch = 1, .transformer = {1 << 22, 1000, 1}};
    config.decoder = {1 << 22, 1000, 1};
    const double bytes = memory_need(config).training(4e9, 5);
    CHECK(bytes > 1e27);
    CHECK(bytes < 1e40);
    config.encoder.transformer.depth = 1001;
    CHECK_THROWS_AS(memory_need(config), ConfigError);
}

}  // namespace memory_need_test
