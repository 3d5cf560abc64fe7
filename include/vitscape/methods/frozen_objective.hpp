// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/plane_jets.hpp>
#include <vitscape/methods/frozen_batches.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/methods/trivial_loss.hpp>
#include <vitscape/tensor/host_numbers.hpp>
#include <vitscape/tensor/replay.hpp>
#include <vitscape/tensor/weights.hpp>

namespace vitscape {

/// The loss of a method on fixed images with fixed masks, as a function of the parameters: the function whose
/// surface, Hessian and sharpness are measured. Images are prepared once, at construction. Satisfies
/// `SampledObjective`, `TwiceDifferentiable`, `PlaneDifferentiable` and `HasGaussNewton`.
template <Backend B, class M>
class FrozenObjective {
    static_assert(require_method<M, B>());
    using P = Master<B>;  // backend of the parameters, gradients and losses
    using D = Dual<P>;    // second derivatives of a bfloat16 model are computed in float
    using J = PlaneJets<P>;

  public:
    /// @throws DataError, ShapeError if the images or labels do not fit the method.
    FrozenObjective(B backend, M method, const Batch& images,
                    const FrozenOptions& options = {}) requires(!TaughtMethod<M, B>)
        : FrozenObjective(Prepare{}, std::move(backend), std::move(method), {}, images, options) {}
    /// The loss of a method with a teacher, which stays fixed: its predictions are computed once.
    FrozenObjective(B backend, M method, const Vector<P>& teacher, const Batch& images,
                    const FrozenOptions& options = {}) requires TaughtMethod<M, B>
        : FrozenObjective(Prepare{}, std::move(backend), std::move(method), teacher, images, options) {}

    /// The backend of its vectors.
    [[nodiscard]] P backend() const { return master(backend_); }
    [[nodiscard]] const M& method() const { return method_; }
    [[nodiscard]] const ParameterLayout& layout() const { return method_.layout(); }
    [[nodiscard]] Index samples() const { return samples_; }
    /// The images, one entry per batch.
    [[nodiscard]] const std::vector<Batch>& batches() const { return batches_.read(); }
    /// What the model reads, one entry per batch; includes the masks of an autoencoder.
    [[nodiscard]] const std::vector<typename M::template Inputs<B>>& inputs() const { return inputs_; }

    /// Number of evaluations that may be in flight: two on an asynchronous device, so that it never waits for the
    /// host.
    static constexpr std::size_t max_in_flight() { return DeferredDownload<P> ? 2 : 1; }
    /// Starts the evaluation at `theta` in `slot`; `theta` may be changed by later work on its backend.
    void start_losses(const Vector<P>& theta, std::size_t slot) {
        weights_.reserve(theta.size());
        start(slot, Signature().add(theta.data()), [&] { return weights_.of(theta); });
    }
    /// The same at a point of a plane, whose weights are computed in one pass; for backends that round or are asynchronous.
    template <class Plane>
    void start_losses_at(const Plane& plane, double alpha, double beta,
                         std::size_t slot) requires((!std::same_as<P, B> || DeferredDownload<P>)&&requires {
        plane.eta();
    }) {
        weights_.reserve(plane.size(), true);
        if (position_.empty()) position_ = Tensor<P>(backend(), Shape{2});
        const double position[] = {alpha, beta};
        backend().upload(2, position, position_.data());
        start(slot, Signature().add(plane.theta().data()).add(plane.delta().data()).add(plane.eta().data()),
              [&] { return weights_.at(plane.theta(), plane.delta(), plane.eta(), position_.data()); });
    }
    /// Waits for the evaluation in `slot`: one loss per image, in the order of the images.
    void finish_losses(std::size_t slot, std::span<double> out) {
        auto next = out.begin();
        for (auto& download : slots_.at(slot).losses) {
            const std::span<const double> losses = download.wait();
            next = std::copy(losses.begin(), losses.end(), next);
        }
    }
    /// One loss per image, in the order of the images.
    void sample_losses(const Vector<P>& theta, std::span<double> out) {
        start_losses(theta, 0);
        finish_losses(0, out);
    }

    /// Mean loss over the images.
    double value(const Vector<P>& theta) {
        losses_.resize(static_cast<std::size_t>(samples_));
        sample_losses(theta, losses_);
        return mean(losses_);
    }

    /// The smallest loss of a prediction that is the same for all images (`HasTrivialLoss`).
    [[nodiscard]] double trivial_loss() const requires HasTrivialLoss<M, B> {
        return method_.trivial_loss(backend_, inputs_);
    }

    /// Writes the gradient of the mean loss to `out` and returns the loss.
    double gradient(const Vector<P>& theta, Vector<P>& out) {
        losses_.resize(static_cast<std::size_t>(samples_));
        fill(0, out);
        tape_.bind(weights_.of(theta), out.data());
        std::size_t first = 0;
        for (std::size_t chunk = 0; chunk < inputs_.size(); ++chunk) {
            const Variable<P> losses = method_.losses(tape_, inputs_[chunk]);
            backend().download(losses.value.size(), losses.data(), losses_.data() + first);
            first += batches()[chunk].size();
            tape_.backward(losses, 1 / static_cast<double>(samples_));
        }
        return mean(losses_);
    }

    /// Writes the Hessian of the mean loss times `v` to `out`: the gradient code run on dual numbers, exact
    /// up to rounding.
    void hessian_vector(const Vector<P>& theta, const Vector<P>& v, Vector<P>& out) {
        second_order_product(theta, v, false, out);
    }
    /// Writes the Gauss-Newton matrix of the mean loss times `v` to `out` (`model_output`), for the price of a product with
    /// the Hessian. It is positive semidefinite for a loss that is convex in the prediction, as all losses of this library are; an
    /// absolute error (SimMIM) has no second derivative, so its matrix is zero.
    /// @throws ConfigError if the method does not call `model_output` on all that its loss is a function of.
    void gauss_newton_vector(const Vector<P>& theta, const Vector<P>& v, Vector<P>& out) {
        second_order_product(theta, v, true, out);
    }

    /// Writes each image's loss with its derivatives on the plane theta + x delta + y eta: the forward code run on numbers with
    /// their derivatives, exact up to rounding (`PlaneJets`).
    void sample_jets(const Vector<P>& theta, const Vector<P>& delta, const Vector<P>& eta,
                     std::span<PlaneJet<double>> out) {
        J jets(backend());
        if (jet_inputs_.empty()) {
            still_ = Vector<P>(backend(), layout().size());
            Eval<J> eval(jets, {teacher_.data(), still_.data(), still_.data(),
                                still_.data()});  // the teacher does not move with theta
            jet_inputs_ = batches_.prepared(method_, eval, second_order_batch());
        }
        Eval<J> eval(jets, {theta.data(), delta.data(), eta.data(), still_.data()});
        std::vector<double> part(static_cast<std::size_t>(samples_));
        auto next = out.begin();
        for (const auto& inputs : jet_inputs_) {
            const Variable<J> losses = method_.losses(eval, inputs);
            const auto count = static_cast<std::size_t>(losses.value.size());
            for (int i = 0; i < PlaneJetPointer<double>::parts; ++i) {
                backend().download(losses.value.size(), losses.data().part(i), part.data());
                for (std::size_t k = 0; k < count; ++k)
                    next[static_cast<std::ptrdiff_t>(k)].part(i) = part[k];
            }
            next += static_cast<std::ptrdiff_t>(count);
        }
    }

  private:
    /// Images at once in derivatives of second order, which take several times the memory of a loss.
    static constexpr std::size_t second_order_batch() {
        if constexpr (requires { P::samples_in_cache; })
            return P::samples_in_cache;
        else
            return std::numeric_limits<std::size_t>::max();
    }
    void second_order_product(const Vector<P>& theta, const Vector<P>& v, bool gauss_newton, Vector<P>& out) {
        if (!second_) second_.emplace(backend(), layout().size());
        if (second_->inputs.empty()) {
            if constexpr (TaughtMethod<M, B>) still_ = Vector<P>(backend(), layout().size());
            Eval<D> eval(second_->backend,
                         {teacher_.data(), still_.data()});  // the teacher does not move with theta
            second_->inputs = batches_.prepared(method_, eval, second_order_batch());
        }
        fill(0, second_->gradient);
        fill(0, out);
        second_->tape.want_gauss_newton(gauss_newton);
        if (gauss_newton)  // arrives in the values; products of matrices may leave out the other part
            second_->tape.bind({theta.data(), v.data()}, {out.data(), second_->gradient.data(), 0b10});
        else
            second_->tape.bind({theta.data(), v.data()}, {second_->gradient.data(), out.data(), 0b01});
        for (const auto& inputs : second_->inputs)
            second_->tape.backward(method_.losses(second_->tape, inputs), 1 / static_cast<double>(samples_));
    }
    struct Prepare {};
    FrozenObjective(Prepare, B backend, M method, const Vector<P>& teacher, const Batch& images,
                    const FrozenOptions& options)
        : backend_(backend),
          method_(std::move(method)),
          batches_(images, options),
          weights_(backend),
          tape_(backend, {}, {}),
          teacher_(teacher),
          samples_(static_cast<Index>(images.size())) {
        Eval<B> eval(backend_, weights_of_teacher());
        inputs_ = batches_.prepared(method_, eval);
    }
    [[nodiscard]] typename B::Pointer weights_of_teacher() {
        if constexpr (TaughtMethod<M, B>)
            return weights_.of(teacher_);
        else
            return {};
    }

    /// An evaluation in flight.
    struct Slot {
        Replay<B> replay;
        std::vector<HostNumbers<P>> losses;  // one per batch
    };

    /// Additional state for Hessian-vector products, created on first use.
    struct SecondOrder {
        D backend;
        Vector<P> gradient;
        Tape<D> tape;
        std::vector<typename M::template Inputs<D>> inputs;
        SecondOrder(const P& base, Index size) : backend(base), gradient(base, size), tape(backend, {}, {}) {}
    };

    /// @param weights  computes the parameters as the model reads them; part of the recorded work
    template <class MakeWeights>
    void start(std::size_t slot, Signature signature, const MakeWeights& weights) {
        slots_.resize(max_in_flight());
        Slot& slot_state = slots_.at(slot);
        while (slot_state.losses.size() < inputs_.size()) slot_state.losses.emplace_back(backend());
        const auto work = [&] {
            Eval<B> eval(backend_, weights());
            for (std::size_t chunk = 0; chunk < inputs_.size(); ++chunk) {
                const Variable<P> losses = method_.losses(eval, inputs_[chunk]);
                slot_state.losses[chunk].copy(losses.value.size(), losses.data());
            }
        };
        if constexpr (requires {
                          inputs_.front().add_to(signature);
                      })  // the contents of the inputs never change
            slot_state.replay.run(backend_, signature.value(), work);
        else
            work();
    }

    static double mean(std::span<const double> losses) {
        double sum = 0;
        for (const double loss : losses) sum += loss;
        return sum / static_cast<double>(losses.size());
    }

    B backend_;
    M method_;
    FrozenBatches batches_;
    Weights<B> weights_;
    Tape<B> tape_;
    std::vector<typename M::template Inputs<B>> inputs_;
    std::optional<SecondOrder> second_;
    std::vector<typename M::template Inputs<J>> jet_inputs_;  // empty until they are needed
    std::vector<Slot> slots_;
    Tensor<P> position_;  // of a point on a plane
    Vector<P> teacher_;   // empty if the method has none
    Vector<P> still_;     // zeros, the derivatives of what does not move; empty until they are needed
    std::vector<double> losses_;
    Index samples_;
};

}  // namespace vitscape
