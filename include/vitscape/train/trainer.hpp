// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/core/interrupt.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/distributed/gradient_sum.hpp>
#include <vitscape/nn/method.hpp>
#include <vitscape/nn/parameter_groups.hpp>
#include <vitscape/tensor/host_numbers.hpp>
#include <vitscape/tensor/replay.hpp>
#include <vitscape/tensor/weights.hpp>

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
/// @tparam P  what parameters live on.
template <Backend P, class Optimizer>
struct TrainingState {
    Vector<P> theta;
    Vector<P> teacher;  ///< empty where the method has none
    typename Optimizer::template State<P> optimizer;
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
///     trainer.fit(images, {.epochs = 400, .batch = 256}, Progress{});
///
/// With a `Communicator` of several processes each one trains on its part of every batch and all take the same steps;
/// the gradients are summed while the backward pass still runs. Callbacks are called in process 0 alone.
template <Backend B, Method<B> M, class Optimizer, class Schedule, class C = SingleProcess>
class Trainer {
    using P = Master<B>;  // what parameters, gradients and losses live on
    static constexpr bool taught = TaughtMethod<M, B>;

  public:
    /// Starts from the initial values of `seed`, which also decides order, augmentation and masks.
    Trainer(B backend, M method, Optimizer optimizer, Schedule schedule, std::uint64_t seed,
            C communicator = {})
        : backend_(std::move(backend)),
          method_(std::move(method)),
          optimizer_(std::move(optimizer)),
          schedule_(std::move(schedule)),
          seed_(seed),
          communicator_(std::move(communicator)),
          groups_(parameter_groups(method_.layout())),
          gradient_(master(backend_), method_.layout().size()),
          weights_(backend_),
          teacher_weights_(backend_),
          tape_(backend_, {}, {}),
          sum_(communicator_),
          passes_{Pass(master(backend_)), Pass(master(backend_))},
          norm_(master(backend_)) {
        state_.theta = Vector<P>(master(backend_), initial_values(method_.layout(), seed));
        if constexpr (taught) state_.teacher = state_.theta;
        state_.optimizer = optimizer_.start(master(backend_), method_.layout().size());
    }

    [[nodiscard]] B& backend() { return backend_; }
    [[nodiscard]] const M& method() const { return method_; }
    [[nodiscard]] const Optimizer& optimizer() const { return optimizer_; }
    [[nodiscard]] const Schedule& schedule() const { return schedule_; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    [[nodiscard]] C& communicator() { return communicator_; }
    [[nodiscard]] const Vector<P>& theta() const { return state_.theta; }
    /// The teacher's parameters; empty where the method has none.
    [[nodiscard]] const Vector<P>& teacher() const { return state_.teacher; }
    [[nodiscard]] TrainingState<P, Optimizer>& state() { return state_; }

    /// Trains on from the current state to `options.epochs`.
    /// @throws ConfigError, DataError before any work for options that cannot work; NumericError where a loss
    /// or a gradient
    ///         is not finite, before the parameters take the step; Interrupted after `on_interrupt` when the
    ///         user asked to stop.
    template <Dataset D, class... Callbacks>
    void fit(const D& data, TrainOptions options, Callbacks&&... callbacks) {
        try {
            train(data, options, callbacks...);
        } catch (const Interrupted&) {  // all processes stop at the same step
            throw;
        } catch (const NumericError&) {  // all have the same sums
            throw;
        } catch (...) {
            communicator_.abandon();  // the others do not wait for this process
            throw;
        }
    }

  private:
    template <Dataset D, class... Callbacks>
    void train(const D& data, TrainOptions options, Callbacks&... callbacks) {
        check(data, options);
        const Loader<D> loader(data, {.batch = options.batch,
                                      .drop_last = true,
                                      .workers = options.workers,
                                      .seed = seed_,
                                      .transform = options.transform,
                                      .shard = {static_cast<std::size_t>(communicator_.rank()),
                                                static_cast<std::size_t>(communicator_.size())}});
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
            if (batch != loaded.end()) prepare(*batch);
            while (batch != loaded.end()) {
                if (in_group == 0) {
                    const double done = static_cast<double>(state_.batch) / static_cast<double>(batches);
                    learning_rate = schedule_.at(state_.epoch + done, options.epochs);
                    vitscape::fill(0, gradient_);
                    group_images = 0;
                    group_loss = 0;
                }
                ++in_group;
                const bool last = in_group == options.accumulate || state_.batch + in_group == batches;
                Pass& pass = start_gradient(last);
                group_images += static_cast<Index>(batch->size());
                if (++batch != loaded.end()) prepare(*batch);  // while a device computes
                for (const double loss : pass.losses.wait()) group_loss += loss;
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

    void prepare(const Batch& batch) {
        method_.prepare(backend_, batch, MaskKey{seed_, state_.epoch}, inputs_);
    }
    /// Forward and backward over a batch, recorded where the backend can, and the losses on their way from it.
    struct Pass {
        Replay<B> replay;
        HostNumbers<P> losses;
        explicit Pass(const P& backend) : losses(backend) {}
    };

    /// Adds the gradient of the sum of the prepared batch's losses, behind whatever the backend still does.
    /// @param last  of the batches of a step: sums the gradient over the processes and asks for its norm
    Pass& start_gradient(bool last) {
        weights_.reserve(state_.theta.size());
        if constexpr (taught) teacher_weights_.reserve(state_.teacher.size());
        // In a single process the last batch is like the others: one recording, with its memory, serves all.
        const bool sums = last && !single_process<C>;
        Pass& pass = passes_[sums ? 1 : 0];
        const auto work = [this, sums, &pass] {
            if constexpr (taught) {
                Eval<B> eval(backend_, teacher_weights_.of(state_.teacher));
                method_.consult(eval, inputs_);
            }
            tape_.bind(weights_.of(state_.theta), gradient_.data());
            const Variable<P> losses = method_.losses(tape_, inputs_);
            pass.losses.copy(losses.value.size(), losses.data());
            if (!sums) return tape_.backward(losses);
            sum_.begin(gradient_);
            tape_.backward(losses, 1, [this](Index offset) { sum_.final_from(offset); });
            sum_.finish();
        };
        if constexpr (requires(Signature & signature) { inputs_.add_to(signature); }) {
            Signature signature;
            signature.add(state_.theta.data()).add(gradient_.data()).add(state_.teacher.data());
            inputs_.add_to(signature);
            pass.replay.run(backend_, signature.value(), work);
        } else {
            work();
        }
        if (last) norm_.dot(gradient_.size(), gradient_.data(), gradient_.data());
        return pass;
    }
    /// Figures of a step over all processes, and whether any of them was asked to stop.
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

    double take_step(double loss, Index images, double learning_rate, std::size_t batches,
                     const TrainOptions& options) {
        if (!std::isfinite(loss))
            throw NumericError(
                message("the loss is ", loss, " in step ", state_.batch + 1, " of epoch ", state_.epoch + 1,
                        "; the parameters before this step were finite. Try a smaller learning rate, more "
                        "warm-up or gradient clipping"));
        double gradient_scale = 1 / static_cast<double>(images);
        const double norm = std::sqrt(norm_.wait()[0]) * gradient_scale;
        if (!std::isfinite(norm))
            throw NumericError(message("the gradient's norm is ", norm, " in step ", state_.batch + 1,
                                       " of epoch ", state_.epoch + 1,
                                       "; the parameters were left as they were before this step. Try a "
                                       "smaller learning rate, more warm-up or gradient clipping"));
        if (options.clip_norm > 0 && norm > options.clip_norm) gradient_scale *= options.clip_norm / norm;
        const std::span<const ParameterGroup> groups(groups_);
        if constexpr (!taught) {
            optimizer_.step(state_.optimizer, groups, learning_rate, gradient_scale, gradient_, state_.theta);
        } else {
            const double momentum =
                teacher_momentum(batches, options);  // the teacher follows after each step
            if constexpr (requires {
                              optimizer_.step(state_.optimizer, groups, learning_rate, gradient_scale,
                                              gradient_, state_.theta, &state_.teacher, momentum);
                          }) {
                optimizer_.step(state_.optimizer, groups, learning_rate, gradient_scale, gradient_,
                                state_.theta, &state_.teacher, momentum);
            } else {
                optimizer_.step(state_.optimizer, groups, learning_rate, gradient_scale, gradient_,
                                state_.theta);
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
        if constexpr (single_process<C>) stop_ = interrupted();  // also what came during the callbacks
        if (!stop_) return;
        call(
            [&](auto& c, Trainer& trainer) {
                if constexpr (requires { c.on_interrupt(trainer); }) c.on_interrupt(trainer);
            },
            callbacks...);
        throw Interrupted(
            message("stopped by the user in epoch ", state_.epoch + 1, " after ", state_.batch, " batches"));
    }

    /// f(callback, trainer); nvcc knows no `this` in the lambda's requirements.
    template <class F, class... Callbacks>
    void call(const F& f, Callbacks&... callbacks) {
        if (communicator_.rank() == 0) (f(callbacks, *this), ...);
    }

    B backend_;
    M method_;
    Optimizer optimizer_;
    Schedule schedule_;
    std::uint64_t seed_;
    C communicator_;
    std::vector<ParameterGroup> groups_;
    Vector<P> gradient_;
    Weights<B> weights_, teacher_weights_;
    Tape<B> tape_;
    GradientSum<C, P> sum_;
    std::array<Pass, 2> passes_;  // alone, and with the sum over processes beside it
    HostNumbers<P> norm_;
    typename M::template Inputs<B> inputs_;
    TrainingState<P, Optimizer> state_;
    bool stop_ = false;
};

}  // namespace vitscape
