// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/distributed/gradient_sum.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/tensor/host_numbers.hpp>
#include <vitscape/tensor/replay.hpp>
#include <vitscape/tensor/weights.hpp>

namespace vitscape {

/// The gradient of the sum of a method's losses over the batches of a step: forward and backward pass, with the
/// teacher's predictions if the method has a teacher, the sum over processes and the norm. A device runs asynchronously
/// between `start` and `losses`; work on the same memory is recorded once and replayed.
///
///     pass.prepare(batch, key);
///     pass.clear();
///     pass.start(theta, teacher, true);      // the only, or the last, batch of the step
///     pass.prepare(next_batch, key);         // meanwhile
///     … pass.losses() … pass.norm() … pass.gradient() …
template <Backend B, Method<B> M, CommunicatorFor<Master<B>> C = SingleProcess>
class GradientPass {
    using P = Master<B>;  // backend of the parameters, gradients and losses
    static constexpr bool taught = TaughtMethod<M, B>;

  public:
    /// @param method  must outlive this object
    GradientPass(B backend, const M& method, C communicator = {})
        : backend_(std::move(backend)),
          method_(method),
          gradient_(master(backend_), method.layout().size()),
          weights_(backend_),
          teacher_weights_(backend_),
          tape_(backend_, {}, {}),
          sum_(std::move(communicator)),
          recordings_{Recording(master(backend_)), Recording(master(backend_))},
          norm_(master(backend_)) {}

    /// See `TrainOptions::checkpoint_blocks`.
    void use_checkpoints(bool wanted) { tape_.use_checkpoints(wanted); }
    /// Sets the input of the next `start`.
    void prepare(const Batch& batch, const MaskKey& key) {
        prepare_training(method_, backend_, batch, key, inputs_);
    }
    /// Begins a step by setting the gradient to zero.
    void clear() { fill(0, gradient_); }
    /// Enqueues the gradient of the prepared batch, which is added to the sum.
    /// @param teacher  empty if the method has none
    /// @param last  whether this is the last batch of the step: sums the gradient over the processes and starts its norm
    void start(const Vector<P>& theta, const Vector<P>& teacher, bool last) {
        weights_.reserve(theta.size());
        if constexpr (taught) teacher_weights_.reserve(teacher.size());
        // In a single process the last batch is like any other: one recording, with its memory, serves all.
        const bool sums = last && sum_.communicator().size() > 1;
        Recording& recording = recordings_[sums ? 1 : 0];
        const auto work = [&] {
            if constexpr (taught) {
                Eval<B> eval(backend_, teacher_weights_.of(teacher));
                method_.run_teacher(eval, inputs_);
            }
            tape_.bind(weights_.of(theta), gradient_.data());
            const Variable<P> losses = method_.losses(tape_, inputs_);
            recording.losses.copy(losses.value.size(), losses.data());
            if (!sums) return tape_.backward(losses);
            sum_.begin(gradient_);
            tape_.backward(losses, 1, [this](Index offset) { sum_.final_from(offset); });
            sum_.finish();
        };
        if constexpr (requires(Signature & signature) { inputs_.add_to(signature); }) {
            Signature signature;
            signature.add(theta.data()).add(gradient_.data()).add(teacher.data());
            signature.add(std::uint64_t{tape_.uses_checkpoints()});
            inputs_.add_to(signature);
            recording.replay.run(backend_, signature.value(), work);
        } else {
            work();
        }
        if (last) norm_.dot(gradient_.size(), gradient_.data(), gradient_.data());
        latest_ = &recording;
    }
    /// Waits for the losses of the latest batch, one per image.
    [[nodiscard]] std::span<const double> losses() {
        if constexpr (WaitingCommunicator<C, P>) {
            P backend = master(backend_);
            sum_.communicator().wait_for(backend);
        }
        return latest_->losses.wait();
    }
    /// |gradient| after the last batch of a step.
    [[nodiscard]] double norm() { return std::sqrt(norm_.wait()[0]); }
    [[nodiscard]] const Vector<P>& gradient() const { return gradient_; }
    /// Instead of a last `start`: the gradient of the step is this one, which was summed elsewhere; starts its norm.
    void finish(const Vector<P>& gradient) {
        gradient_ = gradient;
        norm_.dot(gradient_.size(), gradient_.data(), gradient_.data());
    }

  private:
    /// Forward and backward pass over a batch, recorded if the backend supports it, and the download of the losses.
    struct Recording {
        Replay<B> replay;
        HostNumbers<P> losses;
        explicit Recording(const P& backend) : losses(backend) {}
    };

    B backend_;
    const M& method_;
    Vector<P> gradient_;
    Weights<B> weights_, teacher_weights_;
    Tape<B> tape_;
    GradientSum<C, P> sum_;
    std::array<Recording, 2>
        recordings_;  // of a batch, and of the last one of a step with the sum over processes
    HostNumbers<P> norm_;
    typename M::template Inputs<B> inputs_;
    Recording* latest_ = nullptr;
};

}  // namespace vitscape
