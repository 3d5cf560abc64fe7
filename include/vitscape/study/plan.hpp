// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/optim/schedule.hpp>
#include <vitscape/probe/linear_probe.hpp>
#include <vitscape/train/checkpointing.hpp>

namespace vitscape {

/// Training and probing options shared by all contestants of a study.
struct ComparisonPlan {
    std::vector<std::uint64_t> seeds{0, 1, 2};
    TrainOptions training{};
    WarmupCosine schedule{};
    AdamW optimizer{};
    Pooling pooling = Pooling::class_token;  ///< input of the probes of autoencoders
    LinearProbeOptions probe{.epochs = 60, .warmup_epochs = 6, .batch = 512, .base_learning_rate = 3};
    std::uint32_t probe_every = 2;    ///< epochs between evaluations of probe and neighbours during training
    std::size_t probe_images = 5000;  ///< maximum number of training images for these evaluations
    std::vector<double> probe_shares{0.1, 0.3,
                                     1.0};  ///< fractions of the labelled images that probes learn from
    static constexpr Range probe_epochs = Range{0, 1e6, true};
    std::uint64_t mask_seed = 7;  ///< of the fixed masks of all losses

    /// @throws ConfigError for invalid values
    void check() const {
        require_in("training epochs", training.epochs, Range::epochs());
        require_in("probe epochs", probe.epochs, probe_epochs);
        require_in("base learning rate of probes", probe.base_learning_rate, Range::above(0));
        check_ranges(optimizer);
        require_in("peak learning rate", schedule.peak, Range::rate());
        require_in("warm-up epochs", schedule.warmup_epochs, Range{});
        if (seeds.empty()) throw ConfigError("a comparison needs at least one seed");
        if (probe_every == 0)
            throw ConfigError("the number of epochs between two evaluations must be at least 1");
        if (probe_shares.empty() || probe_shares.back() != 1)
            throw ConfigError("the last of the fractions of labels that probes learn from must be 1");
    }
};

/// All settings that determine the results of a comparison, apart from methods and images.
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
              {"images", plan.probe_images},
              {"shares", plan.probe_shares}}},
            {"mask_seed", plan.mask_seed}};
}

}  // namespace vitscape
