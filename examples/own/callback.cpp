// SPDX-License-Identifier: Apache-2.0
//
// User-defined callbacks: the norm of the weights as a metric of each epoch, and early stopping.
// prints: epoch 1: weight norm [0-9.]+
// prints: stopped early, yes
#include <iostream>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

struct WeightNorm {
    template <class Trainer>
    void on_epoch(Trainer& trainer, EpochRecord& record) {
        record.metrics.emplace_back("weight norm", norm(trainer.theta()));
    }
};

struct StopBelow {
    double loss = 0;
    template <class Trainer>
    void on_step(Trainer&, const StepRecord& step) const {
        if (step.loss < loss) throw Interrupted(message("the loss ", step.loss, " is low enough"));
    }
};

struct Print {
    template <class Trainer>
    void on_epoch(Trainer&, const EpochRecord& record) {
        std::cout << "epoch " << record.epoch;
        for (const auto& [name, value] : record.metrics) std::cout << ": " << name << ' ' << value;
        std::cout << '\n';
    }
};

int main() {
    const Synthetic images(64, 16);
    Trainer trainer{Cpu<float>{},
                    MaskedAutoencoder<>({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                                         .decoder = {.width = 8, .depth = 1, .heads = 2}}),
                    AdamW{}, ConstantRate{3e-3}, 0};
    static_assert(Callback<WeightNorm, decltype(trainer)>);
    try {
        trainer.fit(images, {.epochs = 100, .batch = 16, .transform = {.side = 16}}, WeightNorm{}, Print{},
                    StopBelow{1.05});
        std::cout << "stopped early, no\n";
    } catch (const Interrupted&) {
        std::cout << "stopped early, " << (trainer.state().epoch < 100 ? "yes" : "no") << '\n';
    }
}
