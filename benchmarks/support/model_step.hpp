// SPDX-License-Identifier: Apache-2.0
//
// A step of any method on any backend, as the trainer and the evaluation of a surface take it: what the benchmarks time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/nn/parameter_groups.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/train/gradient_pass.hpp>

namespace vitscape::benchmarks {

/// Random pictures, numbers between -0.5 and 0.5; the same for the same seed.
inline Batch random_images(std::size_t count, Index side, std::uint64_t seed = 1) {
    const auto extent = static_cast<std::size_t>(side);
    Batch batch;
    batch.images.resize(std::array<std::size_t, 4>{count, 3, extent, extent});
    batch.labels.resize(std::array<std::size_t, 1>{count});
    std::uint64_t state = seed;
    for (float& pixel :
         batch.images) {  // Steele et al. 2014, SplitMix: hundreds of millions of numbers are wanted
        std::uint64_t bits = state += 0x9E3779B97F4A7C15u;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
        pixel = static_cast<float>(static_cast<double>(bits >> 40) * 0x1.0p-24 - 0.5);
    }
    for (std::size_t i = 0; i < count; ++i) {
        batch.labels(i) = -1;
        batch.samples.push_back(static_cast<std::uint32_t>(i));
    }
    return batch;
}

enum class Work { training, evaluation };
/// Where a step's images come from: they lie where the backend computes, ready for the model, or each step brings them
/// from host memory, with new masks.
enum class Images { resident, from_host };

/// One step on a batch of decoded images. Training: forward, backward, the norm of the gradient and AdamW, with the next
/// batch prepared meanwhile where images come from the host. Evaluation: the losses. A teacher predicts in each step, and
/// after each training step follows with the momentum that its schedule starts with.
template <Backend B, Method<B> M>
class ModelStep {
    using P = Master<B>;
    static constexpr bool taught = TaughtMethod<M, B>;

  public:
    ModelStep(B backend, M method, Batch batch, Work work, Images source)
        : backend_(std::move(backend)),
          method_(std::move(method)),
          batch_(std::move(batch)),
          source_(source),
          groups_(parameter_groups(method_.layout())),
          theta_(master(backend_), initial_values(method_.layout(), 0)),
          weights_(backend_),
          teacher_weights_(backend_),
          losses_(master(backend_)) {
        if constexpr (taught) teacher_ = theta_;
        if (work == Work::training) {
            pass_.emplace(backend_, method_);
            moments_ = optimizer_.start(master(backend_), theta_.size());
        }
        prepare();
    }

    [[nodiscard]] B& backend() { return backend_; }
    /// See `TrainOptions::checkpoint_blocks`.
    void use_checkpoints(bool wanted) {
        if (pass_) pass_->use_checkpoints(wanted);
    }
    /// Mean loss of the latest step, before its update.
    [[nodiscard]] double loss() const { return loss_; }

    /// Returns when the step's losses have arrived.
    void run() {
        if (pass_) pass_->clear();
        start();
        if (source_ == Images::from_host) prepare();  // while a device computes
        loss_ = 0;
        const std::span<const double> losses = pass_ ? pass_->losses() : losses_.wait();
        for (const double loss : losses) loss_ += loss / static_cast<double>(losses.size());
        if (!pass_) return;
        (void)pass_->norm();  // a training step waits for it
        Vector<P>* teacher = nullptr;
        double momentum = 1;
        if constexpr (taught) {
            teacher = &teacher_;
            momentum = method_.teacher().momentum.at({});
        }
        optimizer_.step(moments_, std::span<const ParameterGroup>(groups_), 1e-4,
                        1 / static_cast<double>(batch_.size()), pass_->gradient(), theta_, teacher, momentum);
    }

  private:
    void prepare() {
        const MaskKey key{0, step_++};
        if (pass_)
            pass_->prepare(batch_, key);
        else
            method_.prepare(backend_, batch_, key, inputs_);
    }
    void start() {
        if (pass_) return pass_->start(theta_, teacher_, true);
        weights_.reserve(theta_.size());
        if constexpr (taught) teacher_weights_.reserve(teacher_.size());
        const auto work = [this] {
            if constexpr (taught) {
                Eval<B> eval(backend_, teacher_weights_.of(teacher_));
                method_.run_teacher(eval, inputs_);
            }
            Eval<B> eval(backend_, weights_.of(theta_));
            const Variable<P> losses = method_.losses(eval, inputs_);
            losses_.copy(losses.value.size(), losses.data());
        };
        Signature signature;
        signature.add(theta_.data()).add(teacher_.data());
        inputs_.add_to(signature);
        replay_.run(backend_, signature.value(), work);
    }

    B backend_;
    M method_;
    Batch batch_;
    Images source_;
    std::vector<ParameterGroup> groups_;
    Vector<P> theta_;
    Vector<P> teacher_;                       // empty if the method has none
    std::optional<GradientPass<B, M>> pass_;  // of a training
    Weights<B> weights_, teacher_weights_;    // of an evaluation, with all below
    Replay<B> replay_;
    typename M::template Inputs<B> inputs_;
    HostNumbers<P> losses_;
    AdamW optimizer_;
    AdamW::State<P> moments_;
    std::uint32_t step_ = 0;
    double loss_ = 0;
};

}  // namespace vitscape::benchmarks
