// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/core/interrupt.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/nn/method.hpp>
#include <vitscape/nn/parameter_groups.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// How long and with which batches to train.
struct TrainOptions {
    std::uint32_t epochs = 100;
    std::size_t batch = 256;     ///< images in one forward and backward pass
    std::size_t accumulate = 1;  ///< batches in one optimizer step; the effective batch is batch * accumulate
    double clip_norm = 0;        ///< largest norm of the gradient; 0: not clipped
    std::size_t workers = 1;     ///< threads that load images ahead
    ImageTransform transform{};  ///< its side must be the model's image
};

/// What a callback is told after every optimizer step.
struct StepRecord {
    std::uint32_t epoch = 0, epochs = 0;  ///< epochs done before this one, and in all
    std::size_t batch = 0, batches = 0;   ///< batches done in this epoch, and in all of it
    std::size_t images = 0;               ///< images of the step
    double loss = 0, learning_rate = 0, gradient_norm = 0;
};

/// What a callback is told after every epoch; it may add figures of its own to `metrics`.
struct EpochRecord {
    std::uint32_t epoch = 0, epochs = 0;  ///< epochs done, this one included, and in all
    double loss = 0;                      ///< mean over the epoch's images
    double learning_rate = 0;             ///< of the last step
    double images_per_second = 0, seconds = 0;
    std::vector<std::pair<std::string, double>> metrics;
};

/// Everything that a training has reached; with the same options it determines the rest.
template <Backend B, class Optimizer>
struct TrainingState {
    Vector<B> theta;
    typename Optimizer::template State<B> optimizer;
    std::uint32_t epoch = 0;  ///< epochs done
    std::size_t batch = 0;    ///< batches done in the current epoch
    double loss_sum = 0;      ///< over the current epoch's images so far
    Index loss_count = 0;
};

/// Trains a method. Callbacks are objects with any of the members `on_start(trainer, options)`,
/// `on_step(trainer, step)`, `on_epoch(trainer, epoch)` and `on_interrupt(trainer)`; they are called in the
/// order given.
///
///     Trainer trainer{Cpu<float>{}, MaskedAutoencoder<>{config}, AdamW{}, WarmupCosine{}, 0};
///     trainer.fit(images, {.epochs = 400, .batch = 256}, Progress{}, SaveEvery{"out"});
template <Backend B, Method<B> M, class Optimizer, class Schedule>
class Trainer {
  public:
    /// Starts from the initial values of `seed`, which also decides order, augmentation and masks.
    Trainer(B backend, M method, Optimizer optimizer, Schedule schedule, std::uint64_t seed)
        : backend_(std::move(backend)),
          method_(std::move(method)),
          optimizer_(std::move(optimizer)),
          schedule_(std::move(schedule)),
          seed_(seed),
          groups_(parameter_groups(method_.layout())),
          gradient_(backend_, method_.layout().size()),
          tape_(backend_, {}, {}) {
        state_.theta = Vector<B>(backend_, initial_values(method_.layout(), seed));
        state_.optimizer = optimizer_.start(backend_, method_.layout().size());
    }

    [[nodiscard]] B& backend() { return backend_; }
    [[nodiscard]] const M& method() const { return method_; }
    [[nodiscard]] const Optimizer& optimizer() const { return optimizer_; }
    [[nodiscard]] const Schedule& schedule() const { return schedule_; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    [[nodiscard]] const Vector<B>& theta() const { return state_.theta; }
    [[nodiscard]] TrainingState<B, Optimizer>& state() { return state_; }

    /// Trains on from the current state to `options.epochs`.
    /// @throws ConfigError, DataError before any work for options that cannot work; NumericError where a loss
    /// or a gradient
    ///         is not finite, before the parameters take the step; Interrupted after `on_interrupt` when the
    ///         user asked to stop.
    template <Dataset D, class... Callbacks>
    void fit(const D& data, TrainOptions options, Callbacks&&... callbacks) {
        check(data, options);
        const Loader<D> loader(data, {.batch = options.batch,
                                      .drop_last = true,
                                      .workers = options.workers,
                                      .seed = seed_,
                                      .transform = options.transform});
        const std::size_t batches = loader.batches();
        call(
            [&](auto& c) {
                if constexpr (requires { c.on_start(*this, options); }) c.on_start(*this, options);
            },
            callbacks...);
        std::vector<double> losses(options.batch);
        while (state_.epoch < options.epochs) {
            const auto start = std::chrono::steady_clock::now();
            Index group_images = 0, images = 0;
            double group_loss = 0, learning_rate = 0;
            std::size_t in_group = 0;
            for (const Batch& batch : loader.epoch(state_.epoch, state_.batch)) {
                if (in_group == 0) {
                    const double done = static_cast<double>(state_.batch) / static_cast<double>(batches);
                    learning_rate = schedule_.at(state_.epoch + done, options.epochs);
                    vitscape::fill(0, gradient_);
                    group_images = 0;
                    group_loss = 0;
                }
                group_loss += add_gradient(batch, losses, state_.batch);
                group_images += static_cast<Index>(batch.size());
                ++in_group;
                if (in_group < options.accumulate && state_.batch + in_group < batches) continue;
                const double norm = take_step(group_images, learning_rate, options);
                state_.batch += in_group;
                state_.loss_sum += group_loss;
                state_.loss_count += group_images;
                images += group_images;
                in_group = 0;
                const StepRecord step{.epoch = state_.epoch,
                                      .epochs = options.epochs,
                                      .batch = state_.batch,
                                      .batches = batches,
                                      .images = static_cast<std::size_t>(group_images),
                                      .loss = group_loss / static_cast<double>(group_images),
                                      .learning_rate = learning_rate,
                                      .gradient_norm = norm};
                call(
                    [&](auto& c) {
                        if constexpr (requires { c.on_step(*this, step); }) c.on_step(*this, step);
                    },
                    callbacks...);
                if (state_.batch < batches) stop_if_interrupted(callbacks...);
            }
            finish_epoch(options, learning_rate, images, start, callbacks...);
            if (state_.epoch < options.epochs) stop_if_interrupted(callbacks...);
        }
    }

  private:
    template <Dataset D>
    void check(const D& data, TrainOptions& options) const {
        if (options.epochs == 0 || options.batch == 0 || options.accumulate == 0)
            throw ConfigError("epochs, batch and accumulated batches are at least 1");
        if (data.size() < options.batch)
            throw ConfigError(message("the dataset has ", data.size(), " images, fewer than one batch of ",
                                      options.batch, "; choose a smaller batch"));
        if (!(options.clip_norm >= 0))
            throw ConfigError(message("the clipping norm ", options.clip_norm, " is negative"));
        if (options.transform.side != method_.grid().image)
            throw ConfigError(message("the images are made ", options.transform.side,
                                      " pixels wide, the model needs ", method_.grid().image));
        options.transform.check();
    }

    /// Adds the gradient of the sum of a batch's losses; returns that sum.
    double add_gradient(const Batch& batch, std::vector<double>& losses, std::size_t number) {
        method_.prepare(backend_, batch, MaskKey{seed_, state_.epoch}, inputs_);
        tape_.bind(state_.theta.data(), gradient_.data());
        const Variable<B> variable = method_.losses(tape_, inputs_);
        backend_.synchronize();
        backend_.download(static_cast<Index>(batch.size()), variable.data(), losses.data());
        double sum = 0;
        for (std::size_t i = 0; i < batch.size(); ++i) sum += losses[i];
        if (!std::isfinite(sum)) {
            tape_.clear();
            throw NumericError(
                message("the loss is ", sum, " in step ", number + 1, " of epoch ", state_.epoch + 1,
                        "; the parameters before this step were finite. Try a smaller learning rate, more "
                        "warm-up or gradient clipping"));
        }
        tape_.backward(variable);
        return sum;
    }

    double take_step(Index images, double learning_rate, const TrainOptions& options) {
        double gradient_scale = 1 / static_cast<double>(images);
        const double norm = vitscape::norm(gradient_) * gradient_scale;
        if (!std::isfinite(norm))
            throw NumericError(message("the gradient's norm is ", norm, " in step ", state_.batch + 1,
                                       " of epoch ", state_.epoch + 1,
                                       "; the parameters were left as they were before this step. Try a "
                                       "smaller learning rate, more warm-up or gradient clipping"));
        if (options.clip_norm > 0 && norm > options.clip_norm) gradient_scale *= options.clip_norm / norm;
        optimizer_.step(state_.optimizer, std::span<const ParameterGroup>(groups_), learning_rate,
                        gradient_scale, gradient_, state_.theta);
        return norm;
    }

    template <class... Callbacks>
    void finish_epoch(const TrainOptions& options, double learning_rate, Index images,
                      std::chrono::steady_clock::time_point start, Callbacks&... callbacks) {
        EpochRecord record;
        record.epoch = state_.epoch + 1;
        record.epochs = options.epochs;
        record.loss = state_.loss_sum / static_cast<double>(state_.loss_count);
        record.learning_rate = learning_rate;
        record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        record.images_per_second = static_cast<double>(images) / record.seconds;
        ++state_.epoch;
        state_.batch = 0;
        state_.loss_sum = 0;
        state_.loss_count = 0;
        call(
            [&](auto& c) {
                if constexpr (requires { c.on_epoch(*this, record); }) c.on_epoch(*this, record);
            },
            callbacks...);
    }

    template <class... Callbacks>
    void stop_if_interrupted(Callbacks&... callbacks) {
        if (!interrupted()) return;
        call(
            [&](auto& c) {
                if constexpr (requires { c.on_interrupt(*this); }) c.on_interrupt(*this);
            },
            callbacks...);
        throw Interrupted(
            message("stopped by the user in epoch ", state_.epoch + 1, " after ", state_.batch, " batches"));
    }

    template <class F, class... Callbacks>
    static void call(const F& f, Callbacks&... callbacks) {
        (f(callbacks), ...);
    }

    B backend_;
    M method_;
    Optimizer optimizer_;
    Schedule schedule_;
    std::uint64_t seed_;
    std::vector<ParameterGroup> groups_;
    Vector<B> gradient_;
    Tape<B> tape_;
    typename M::template Inputs<B> inputs_;
    TrainingState<B, Optimizer> state_;
};

}  // namespace vitscape
