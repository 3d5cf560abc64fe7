// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/number_text.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/probe/evaluate.hpp>
#include <vitscape/train/trainer.hpp>

#include <unistd.h>

namespace vitscape {

/// Shows a progress bar over the whole training with rate and time left, and one line per epoch.
class Progress {
  public:
    template <class T>
    void on_start(T&, const TrainOptions& options) {
        batch_ = static_cast<std::int64_t>(options.batch);
    }
    template <class T>
    void on_step(T&, const StepRecord& step) {
        const auto batches = static_cast<std::int64_t>(step.batches);
        const std::int64_t done = (step.epoch * batches + static_cast<std::int64_t>(step.batch)) * batch_;
        if (!bar_)
            bar_ = std::make_unique<ProgressBar>("training", step.epochs * batches * batch_, "images",
                                                 done - static_cast<std::int64_t>(step.images));
        bar_->update(done, [&] {
            return message("epoch ", step.epoch + 1, "/", step.epochs, "  loss ", short_number(step.loss));
        });
    }
    template <class T>
    void on_epoch(T&, const EpochRecord& record) {
        std::string line =
            message("epoch ", record.epoch, "/", record.epochs, "  loss ", short_number(record.loss),
                    "  learning rate ", short_number(record.learning_rate), "  ",
                    short_number(record.images_per_second), " images/s");
        for (const auto& [name, value] : record.metrics)
            line += message("  ", name, " ", short_number(value));
        if (::isatty(STDERR_FILENO) == 1) std::cerr << "\r\x1b[K";
        std::cerr << line << std::endl;
    }

  private:
    std::unique_ptr<ProgressBar> bar_;
    std::int64_t batch_ = 0;
};

/// Adds `test_loss`, and `test_accuracy` for a classifier, of the trainer's `solution()` to the record of every n-th epoch and of
/// the last one.
template <Dataset D>
class EvaluateEvery {
  public:
    static constexpr bool everywhere = true;  ///< the processes share the images

    EvaluateEvery(std::uint32_t epochs, D data, ImageTransform transform, std::size_t batch = 0)
        : every_(epochs), data_(std::move(data)), transform_(transform), batch_(batch) {}

    template <class T>
    void on_epoch(T& trainer, EpochRecord& record) {
        if (every_ == 0 || (record.epoch % every_ != 0 && record.epoch != record.epochs)) return;
        const Evaluation result =
            evaluate(trainer.backend(), trainer.method(), trainer.solution(), data_, transform_, batch_,
                     {trainer.seed(), 0}, trainer.teacher().size() > 0 ? &trainer.teacher() : nullptr,
                     trainer.communicator());
        record.metrics.emplace_back("test_loss", result.loss);
        if (result.accuracy == result.accuracy) record.metrics.emplace_back("test_accuracy", result.accuracy);
    }

  private:
    std::uint32_t every_;
    D data_;
    ImageTransform transform_;
    std::size_t batch_;
};

}  // namespace vitscape
