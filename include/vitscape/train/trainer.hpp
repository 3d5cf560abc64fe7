// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/core/interrupt.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/nn/parameter_groups.hpp>
#include <vitscape/optim/optimizer.hpp>
#include <vitscape/optim/schedule.hpp>
#include <vitscape/train/callback.hpp>
#include <vitscape/train/gradient_pass.hpp>
#include <vitscape/train/reproducible_pass.hpp>
#include <vitscape/train/training_state.hpp>

namespace vitscape {

/// Diagnoses a trainer one of whose parts does not satisfy its concept: it does not compile, and the compiler's first
/// error states what is missing. The trainer itself is the specialization below.
template <Backend B, class M, class O, class S, class C = SingleProcess>
class Trainer {
    static_assert(require_method<M, B>());
    static_assert(require_optimizer<O, Master<B>>());
    static_assert(require_schedule<S>());
    static_assert(require_communicator<C, Master<B>>());

  public:
    Trainer(B, M, O, S, std::uint64_t, C = {}) {}
    template <class D, class... Callbacks>
    void fit(const D&, const TrainOptions&, Callbacks&&...) {}
};

/// Trains a `Method` with an `Optimizer` at the learning rates of a `Schedule`, and calls each `Callback` in the given order.
///
///     Trainer trainer{Cpu<float>{}, MaskedAutoencoder<>{config}, AdamW{}, WarmupCosine{}, 0};
///     trainer.fit(images, {.epochs = 400, .batch = 256}, Progress{});
///
/// With a `Communicator` of several processes each one trains on its part of every batch and all take the same steps;
/// the gradients are summed while the backward pass is still running. Callbacks are called in process 0, see `Callback`.
template <Backend B, Method<B> M, Optimizer<Master<B>> O, Schedule S, CommunicatorFor<Master<B>> C>
class Trainer<B, M, O, S, C> {
    using P = Master<B>;  // backend of the parameters, gradients and losses
    static constexpr bool taught = TaughtMethod<M, B>;

  public:
    /// Starts from the initial values of `seed`, which also determines order, augmentation and masks.
    Trainer(B backend, M method, O optimizer, S schedule, std::uint64_t seed, C communicator = {})
        : backend_(std::move(backend)),
          method_(std::move(method)),
          optimizer_(std::move(optimizer)),
          schedule_(std::move(schedule)),
          seed_(seed),
          communicator_(std::move(communicator)),
          groups_(parameter_groups_of(method_)),
          pass_(backend_, method_, communicator_) {
        state_.theta = Vector<P>(master(backend_), initial_values(method_.layout(), seed));
        if constexpr (taught) state_.teacher = state_.theta;
        state_.optimizer = optimizer_.start(master(backend_), method_.layout().size());
    }

    [[nodiscard]] B& backend() { return backend_; }
    [[nodiscard]] const M& method() const { return method_; }
    [[nodiscard]] const O& optimizer() const { return optimizer_; }
    [[nodiscard]] const S& schedule() const { return schedule_; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    [[nodiscard]] C& communicator() { return communicator_; }
    [[nodiscard]] const Vector<P>& theta() const { return state_.theta; }
    /// The teacher's parameters; empty if the method has none.
    [[nodiscard]] const Vector<P>& teacher() const { return state_.teacher; }
    /// The parameters that are tested and measured: theta, or the teacher's where the method says so (`evaluated_weights`).
    [[nodiscard]] const Vector<P>& solution() const {
        return taught && evaluated_weights(method_) == EvaluatedWeights::teacher ? state_.teacher
                                                                                 : state_.theta;
    }
    [[nodiscard]] TrainingState<P, O>& state() { return state_; }

    /// Trains from the current state up to `options.epochs`.
    /// @throws ConfigError, DataError before any work for invalid options; NumericError if a loss or a gradient is not
    ///         finite, before the parameters are updated; Interrupted after `on_interrupt` when the user asked to stop.
    template <class D, class... Callbacks>
    void fit(const D& data, TrainOptions options, Callbacks&&... callbacks) {
        static_assert(require_dataset<D>());
        static_assert((require_callback<std::remove_reference_t<Callbacks>, Trainer>() && ...));
        if constexpr (Dataset<D>) check(data, options);  // the same in all processes
        try {
            if constexpr (Dataset<D> && (Callback<std::remove_reference_t<Callbacks>, Trainer> && ...))
                train(data, options, callbacks...);
        } catch (const Interrupted&) {  // all processes stop at the same step
            throw;
        } catch (const NumericError&) {  // all have the same sums
            throw;
        } catch (...) {
            communicator_.abandon();  // so that the others do not wait for this process
            throw;
        }
    }

    /// What `fit` would refuse before any work. @throws ConfigError, DataError
    template <Dataset D>
    void check(const D& data, const TrainOptions& options) const {
        if (options.epochs == 0 || options.batch == 0 || options.accumulate == 0)
            throw ConfigError("epochs, batch and accumulated batches must be at least 1");
        if (data.size() < options.batch)
            throw ConfigError(message("the dataset has ", data.size(), " images, fewer than one batch of ",
                                      options.batch, "; choose a smaller batch"));
        if (!(options.clip_norm >= 0))
            throw ConfigError(message("the clipping norm ", options.clip_norm, " is negative"));
        if (options.transform.side != method_.grid().image)
            throw ConfigError(message("the images are ", options.transform.side,
                                      " pixels wide, the model needs ", method_.grid().image));
        options.check_batches(data.size());
        ReproduciblePass<B, M, C>::check(options.parts, options.batch, communicator_.size());
        const std::string whole = reads_whole_batch(method_);
        if (shard_of(options).count > 1 && !whole.empty())
            throw ConfigError(
                message(whole,
                        ", which neither several processes nor parts of a batch can divide; "
                        "train by one process and without parts (--reproducible), or see the whole batch"));
        if constexpr (WithFields<O>) check_ranges(optimizer_);
        if constexpr (WithFields<S>) check_ranges(schedule_);
        (void)loader_of(data, options);  // checks its own options
    }

  private:
    template <Dataset D, class... Callbacks>
    void train(const D& data, const TrainOptions& options, Callbacks&... callbacks) {
        pass_.use_checkpoints(options.checkpoint_blocks);
        const Loader<D> loader = loader_of(data, options);
        ReproduciblePass<B, M, C> parts(backend_, communicator_, loader.options().shard, options.parts,
                                        options.batch);
        const std::size_t batches = loader.batches();
        call(
            [&](auto& c, Trainer& trainer) {
                if constexpr (requires { c.on_start(trainer, options); }) c.on_start(trainer, options);
            },
            callbacks...);
        while (state_.epoch < options.epochs) {
            const auto start = std::chrono::steady_clock::now();
            Index group_images = 0, images = 0;
            double group_loss = 0, learning_rate = 0;
            std::size_t in_group = 0;
            auto loaded = loader.epoch(state_.epoch, state_.batch);
            auto batch = loaded.begin();
            const MaskKey key{seed_, state_.epoch};
            const auto prepare = [&] {
                if (options.parts == 0) pass_.prepare(*batch, key);
            };
            if (batch != loaded.end()) prepare();
            while (batch != loaded.end()) {
                if (in_group == 0) {
                    const double done = static_cast<double>(state_.batch) / static_cast<double>(batches);
                    learning_rate = schedule_.at(state_.epoch + done, options.epochs);
                    if (options.parts == 0) pass_.clear();
                    group_images = 0;
                    group_loss = 0;
                }
                ++in_group;
                const bool last = in_group == options.accumulate || state_.batch + in_group == batches;
                if (options.parts == 0)
                    pass_.start(state_.theta, state_.teacher, last);
                else
                    group_loss += parts.run(pass_, *batch, key, state_.theta, state_.teacher, last);
                group_images += static_cast<Index>(batch->size());
                if (++batch != loaded.end()) prepare();  // while a device computes
                if (options.parts == 0)
                    for (const double loss : pass_.losses()) group_loss += loss;
                if (!last) continue;
                sum_over_processes(group_loss, group_images);
                const double norm = take_step(group_loss, group_images, learning_rate, batches, options);
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
                    [&](auto& c, Trainer& trainer) {
                        if constexpr (requires { c.on_step(trainer, step); }) c.on_step(trainer, step);
                    },
                    callbacks...);
                if (state_.batch < batches) stop_if_interrupted(callbacks...);
            }
            finish_epoch(options, learning_rate, images, start, callbacks...);
            if (state_.epoch < options.epochs) stop_if_interrupted(callbacks...);
        }
    }

    template <Dataset D>
    [[nodiscard]] Loader<D> loader_of(const D& data, const TrainOptions& options) const {
        return Loader<D>(data, {.batch = options.batch,
                                .drop_last = true,
                                .workers = options.workers,
                                .seed = seed_,
                                .transform = options.transform,
                                .shard = shard_of(options)});
    }
    /// What this process loads of each batch.
    [[nodiscard]] Shard shard_of(const TrainOptions& options) const {
        const auto rank = static_cast<std::size_t>(communicator_.rank()),
                   size = static_cast<std::size_t>(communicator_.size());
        const bool pairs = pairs_images(method_);
        if (options.parts == 0) return {rank, size, 1, pairs};
        const std::size_t own = options.parts / size;
        return {rank * own, options.parts, own, pairs};
    }

    /// Sums the loss and image count of a step over all processes, and whether any of them was asked to stop.
    void sum_over_processes(double& loss, Index& images) {
        stop_ = interrupted();
        if constexpr (!single_process<C>) {
            double numbers[] = {loss, static_cast<double>(images), stop_ ? 1.0 : 0.0};
            communicator_.sum(numbers, 3);
            loss = numbers[0];
            images = static_cast<Index>(numbers[1]);
            stop_ = numbers[2] > 0;
        }
    }

    [[nodiscard]] bool parameters_are_finite() const {
        const std::vector<double> values = state_.theta.to_host();  // a norm may overflow
        return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
    }

    double take_step(double loss, Index images, double learning_rate, std::size_t batches,
                     const TrainOptions& options) {
        if (!std::isfinite(loss))
            throw NumericError(message("the loss is ", loss, " in step ", state_.batch + 1, " of epoch ",
                                       state_.epoch + 1, "; the parameters before this step were ",
                                       parameters_are_finite() ? "finite" : "not finite any more",
                                       ". Try a smaller learning rate, more warm-up or gradient clipping"));
        double gradient_scale = 1 / static_cast<double>(images);
        const double norm = pass_.norm() * gradient_scale;
        if (!std::isfinite(norm))
            throw NumericError(message("the gradient's norm is ", norm, " in step ", state_.batch + 1,
                                       " of epoch ", state_.epoch + 1,
                                       "; the parameters were left as they were before this step. Try a "
                                       "smaller learning rate, more warm-up or gradient clipping"));
        if (options.clip_norm > 0 && norm > options.clip_norm) gradient_scale *= options.clip_norm / norm;
        const auto step = [&](auto... teacher) {
            optimizer_.step(state_.optimizer, std::span<const ParameterGroup>(groups_), learning_rate,
                            gradient_scale, pass_.gradient(), state_.theta, teacher...);
        };
        if constexpr (!taught) {
            step();
        } else {  // update the teacher after each step
            const double momentum = teacher_momentum(batches, options);
            if constexpr (TeachingOptimizer<O, P>) {
                step(&state_.teacher, momentum);
            } else {
                step();
                axpby(1 - momentum, state_.theta, momentum, state_.teacher);
            }
        }
        return norm;
    }

    [[nodiscard]] double teacher_momentum(std::size_t batches, const TrainOptions& options) const {
        const double per_epoch =
            std::ceil(static_cast<double>(batches) / static_cast<double>(options.accumulate));
        return method_.teacher().momentum.at({.step = static_cast<double>(state_.optimizer.steps),
                                              .steps = per_epoch * static_cast<double>(options.epochs),
                                              .steps_per_epoch = per_epoch});
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
            [&](auto& c, Trainer& trainer) {
                if constexpr (requires { c.on_epoch(trainer, record); }) c.on_epoch(trainer, record);
            },
            callbacks...);
    }

    template <class... Callbacks>
    void stop_if_interrupted(Callbacks&... callbacks) {
        if (communicator_.size() == 1) stop_ = interrupted();  // includes a signal during the callbacks
        if (!stop_) return;
        call(
            [&](auto& c, Trainer& trainer) {
                if constexpr (requires { c.on_interrupt(trainer); }) c.on_interrupt(trainer);
            },
            callbacks...);
        throw Interrupted(
            message("stopped by the user in epoch ", state_.epoch + 1, " after ", state_.batch, " batches"));
    }

    /// f(callback, trainer); nvcc does not support `this` in a lambda's requires clause.
    template <class F, class... Callbacks>
    void call(const F& f, Callbacks&... callbacks) {
        ((called_here(callbacks) ? f(callbacks, *this) : void()), ...);
    }
    template <class Callback>
    [[nodiscard]] bool called_here(const Callback&) const {
        return called_everywhere<Callback> || communicator_.rank() == 0;
    }

    B backend_;
    M method_;
    O optimizer_;
    S schedule_;
    std::uint64_t seed_;
    C communicator_;
    std::vector<ParameterGroup> groups_;
    GradientPass<B, M, C> pass_;
    TrainingState<P, O> state_;
    bool stop_ = false;
};

}  // namespace vitscape
