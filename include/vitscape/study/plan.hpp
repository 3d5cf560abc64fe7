// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/optim/schedule.hpp>
#include <vitscape/probe/linear_probe.hpp>
#include <vitscape/train/checkpointing.hpp>

namespace vitscape {

/// What is measured around each solution, and how finely. All losses are of the same images and masks, all planes of the
/// same directions' seeds.
struct MeasurePlan {
    std::size_t images = 256;            ///< of surfaces, circles, weight noise
    std::size_t curvature_images = 128;  ///< of eigenvalues and the trace
    std::size_t convex_images = 48;      ///< of the convex region
    std::size_t test_images = 1000;      ///< of robustness, at most
    std::uint32_t pairs = 3;             ///< pairs of directions, a plane each
    Index grid = 15, convex_grid = 9;    ///< points along each axis, odd numbers
    double range = 1;                    ///< of alpha and beta, to both sides
    Index circle = 12;                   ///< directions on each circle
    std::vector<double> radii{0.1, 0.25, 0.5, 1.0};
    std::vector<double> weight_noise{0.1, 0.25, 0.5};  ///< relative to each filter's norm
    Index noise_draws = 8;
    double sharpness_radius = 0.05;  ///< |epsilon| of the sharpness, in parameters
    Index lanczos_steps = 40, trace_probes = 8;
    std::vector<double> input_noise{0.05, 0.1, 0.2};  ///< standard deviation, of pixels in [0, 1]
    std::vector<double> blur{0.5, 1.0, 2.0};          ///< standard deviation in pixels
    std::vector<double> shares{0.1, 0.3, 1.0};        ///< of the labelled images that a probe learns from
    std::uint64_t direction_seed = 1, mask_seed = 7;

    /// @throws ConfigError for numbers that cannot work
    void check() const {
        if (images < 2 || curvature_images < 1 || convex_images < 1 || test_images < 2)
            throw ConfigError(
                "the losses need at least 2 images, curvature and the convex region at least 1");
        if (pairs < 1) throw ConfigError("at least one pair of directions is needed");
        for (const Index points : {grid, convex_grid})
            if (points < 3 || points % 2 == 0)
                throw ConfigError(message("a grid of ", points,
                                          " points along an axis was asked for; it must be odd, so "
                                          "that the centre is one of them, and at least 3"));
        if (!(range > 0)) throw ConfigError(message("the range ", range, " of a plane is not positive"));
        for (const double radius : radii)
            if (!(radius > 0)) throw ConfigError(message("a circle of radius ", radius, " was asked for"));
        if (lanczos_steps < 4 || trace_probes < 2)
            throw ConfigError("eigenvalues need at least 4 steps, a trace at least 2 random vectors");
    }
};

/// A comparison: how every method is trained, probed and looked at.
struct ComparisonPlan {
    std::vector<std::uint64_t> seeds{0, 1, 2};
    TrainOptions training{};
    WarmupCosine schedule{};
    AdamW optimizer{};
    Pooling pooling = Pooling::class_token;  ///< what probes of autoencoders read
    LinearProbeOptions probe{.epochs = 60, .warmup_epochs = 6, .batch = 512, .base_learning_rate = 3};
    std::uint32_t probe_every = 2;    ///< epochs between looks at probe and neighbours during training
    std::size_t probe_images = 5000;  ///< training images of those looks, at most
    MeasurePlan measure{};

    void check() const {
        if (seeds.empty()) throw ConfigError("a comparison needs at least one seed");
        if (probe_every == 0) throw ConfigError("the epochs between two looks are at least 1");
        measure.check();
    }
};

inline nlohmann::json describe(const MeasurePlan& m) {
    return {{"images", m.images},
            {"curvature_images", m.curvature_images},
            {"convex_images", m.convex_images},
            {"test_images", m.test_images},
            {"pairs", m.pairs},
            {"grid", m.grid},
            {"convex_grid", m.convex_grid},
            {"range", m.range},
            {"circle", m.circle},
            {"radii", m.radii},
            {"weight_noise", m.weight_noise},
            {"noise_draws", m.noise_draws},
            {"sharpness_radius", m.sharpness_radius},
            {"lanczos_steps", m.lanczos_steps},
            {"trace_probes", m.trace_probes},
            {"input_noise", m.input_noise},
            {"blur", m.blur},
            {"shares", m.shares},
            {"direction_seed", m.direction_seed},
            {"mask_seed", m.mask_seed}};
}

/// Everything that decides a comparison's numbers, but for methods and images.
inline nlohmann::json describe(const ComparisonPlan& plan) {
    return {{"seeds", plan.seeds},
            {"epochs", plan.training.epochs},
            {"batch", plan.training.batch},
            {"accumulate", plan.training.accumulate},
            {"clip_norm", plan.training.clip_norm},
            {"transform", describe(plan.training.transform)},
            {"schedule", describe(plan.schedule)},
            {"optimizer", describe(plan.optimizer)},
            {"probe",
             {{"pooling", plan.pooling == Pooling::average ? "average" : "class-token"},
              {"epochs", plan.probe.epochs},
              {"warmup_epochs", plan.probe.warmup_epochs},
              {"batch", plan.probe.batch},
              {"base_learning_rate", plan.probe.base_learning_rate},
              {"every", plan.probe_every},
              {"images", plan.probe_images}}},
            {"measure", describe(plan.measure)}};
}

}  // namespace vitscape
