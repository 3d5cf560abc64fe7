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

#include <vitscape/autograd/objective.hpp>
#include <vitscape/autograd/summed_gradient.hpp>
#include <vitscape/backend/plane_jets.hpp>
#include <vitscape/methods/frozen_batches.hpp>
#include <vitscape/methods/images_at_once.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/methods/second_order.hpp>
#include <vitscape/methods/trivial_loss.hpp>
#include <vitscape/tensor/host_numbers.hpp>
#include <vitscape/tensor/replay.hpp>
#include <vitscape/tensor/weights.hpp>

namespace vitscape {

/// The loss of a method on fixed images with fixed masks, as a function of the parameters: the function whose
/// surface, Hessian and sharpness are measured. Images are prepared once, at construction. Satisfies
/// `SampledObjective`, `TwiceDifferentiable`, `PlaneDifferentiable` and `HasGaussNewton`, with a classifier
/// `ClassifyingObjective`.
template <Backend B, class M>
class FrozenObjective {
    static_assert(require_method<M, B>());
    using P = Master<B>;     // backend of the parameters, gradients and losses
    using J = PlaneJets<P>;  // second derivatives of a bfloat16 model are computed in float
    template <int K>
    using Products = std::optional<SecondOrder<P, M, K>>;
    static constexpr bool classifies = ClassifyingMethod<M, B> && !EvaluatedApart<M>;
    using Sources = std::span<const Vector<P>* const>;
    using Targets = std::span<Vector<P>* const>;

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
    /// What the model reads, one entry for the images that are evaluated at once; includes the masks of an autoencoder.
    [[nodiscard]] const std::vector<typename M::template Inputs<B>>& inputs() const { return parts_.inputs; }

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

    /// The class of each image.
    [[nodiscard]] std::span<const std::int64_t> labels() const requires(classifies) { return labels_; }
    /// Makes `out` the logits (images, classes), row by row.
    void sample_logits(const Vector<P>& theta, std::vector<double>& out) requires(classifies) {
        const typename B::Pointer values = weights_.of(theta);
        std::vector<std::vector<double>> logits(parts_.inputs.size());
        backends_.for_each(parts_.size(), [&](const B& own, std::size_t, Index part) {
            const auto i = static_cast<std::size_t>(part);
            Eval<B> eval(own, values);
            logits[i] = download(own, method_.logits(eval, parts_.inputs[i]).value.view());
        });
        out.clear();
        for (const std::vector<double>& part : logits) out.insert(out.end(), part.begin(), part.end());
    }

    /// Mean loss over the images.
    double value(const Vector<P>& theta) {
        losses_.resize(static_cast<std::size_t>(samples_));
        sample_losses(theta, losses_);
        return mean(losses_);
    }

    /// The smallest loss of a prediction that is the same for all images (`HasTrivialLoss`).
    [[nodiscard]] double trivial_loss() const requires HasTrivialLoss<M, B> {
        return method_.trivial_loss(backend_, parts_.inputs);
    }

    /// Writes the gradient of the mean loss to `out` and returns the loss.
    double gradient(const Vector<P>& theta, Vector<P>& out) {
        losses_.resize(static_cast<std::size_t>(samples_));
        const typename B::Pointer values = weights_.of(theta);
        gradient_.sum(backends_, parts_.size(), {&out}, [&](Tape<B>& tape, const auto& sum, Index part) {
            const auto i = static_cast<std::size_t>(part);
            tape.bind(values, sum[0]);
            const Variable<P> losses = method_.losses(tape, parts_.inputs[i]);
            master(tape.backend())
                .download(losses.value.size(), losses.data(), losses_.data() + parts_.first[i]);
            tape.backward(losses, 1 / static_cast<double>(samples_));
        });
        return mean(losses_);
    }

    /// Writes the Hessian of the mean loss times `v` to `out`: the gradient code run on dual numbers, exact
    /// up to rounding.
    void hessian_vector(const Vector<P>& theta, const Vector<P>& v, Vector<P>& out) {
        multiply<1>(theta, {&v}, false, {&out}, one_);
    }
    /// The same for several vectors: *v[i] to *out[i]. `products_at_once` of them together take about four fifths of the time.
    void hessian_vectors(const Vector<P>& theta, Sources v, Targets out) {
        multiply_all(theta, v, false, out);
    }
    /// Writes the Gauss-Newton matrix of the mean loss times `v` to `out` (`model_output`), for the price of a product with
    /// the Hessian. It is positive semidefinite for a loss that is convex in the prediction, as all losses of this library are; an
    /// absolute error (SimMIM) has no second derivative, so its matrix is zero.
    /// @throws ConfigError if the method does not call `model_output` on all that its loss is a function of.
    void gauss_newton_vector(const Vector<P>& theta, const Vector<P>& v, Vector<P>& out) {
        multiply<1>(theta, {&v}, true, {&out}, one_);
    }
    void gauss_newton_vectors(const Vector<P>& theta, Sources v, Targets out) {
        multiply_all(theta, v, true, out);
    }

    /// Writes each image's loss with its derivatives on the plane theta + x delta + y eta: the forward code run on numbers with
    /// their derivatives, exact up to rounding (`PlaneJets`).
    void sample_jets(const Vector<P>& theta, const Vector<P>& delta, const Vector<P>& eta,
                     std::span<PlaneJet<double>> out) {
        if (jet_parts_.inputs.empty()) {
            still_ = Vector<P>(backend(), layout().size());
            Eval<J> eval(J(backend()), point_on_plane(teacher_.data(), still_.data(), still_.data(),
                                                      still_.data()));  // does not move with theta
            jet_parts_ = batches_.prepared(method_, eval, at_once(2));
        }
        masters().for_each(jet_parts_.size(), [&](P own, std::size_t, Index part) {
            const auto i = static_cast<std::size_t>(part);
            Eval<J> eval(J(own), point_on_plane(theta.data(), delta.data(), eta.data(), still_.data()));
            const Variable<J> losses = method_.losses(eval, jet_parts_.inputs[i]);
            std::vector<double> numbers(static_cast<std::size_t>(losses.value.size()));
            for (int k = 0; k < PlaneJetPointer<double>::parts; ++k) {
                own.download(losses.value.size(), losses.data().part(k), numbers.data());
                for (std::size_t j = 0; j < numbers.size(); ++j)
                    out[jet_parts_.first[i] + j].part(k) = numbers[j];
            }
        });
    }

  private:
    /// Images at once, at most: on processors, those whose tokens fit a core's caches; on devices all of a batch, or fewer of
    /// second derivatives. @param series  2 for second derivatives, whose numbers are larger
    [[nodiscard]] std::size_t at_once(Index series) const {
        if constexpr (requires { P::tokens_in_cache; })
            return static_cast<std::size_t>(
                std::max<Index>(1, P::tokens_in_cache / series / method_.grid().count()));
        else if (options_.batch == 0 && series > 1)
            return images_at_once(backend(), method_, options_.usual, series);
        else
            return std::numeric_limits<std::size_t>::max();
    }
    /// Of the parameters' backend, for second derivatives.
    [[nodiscard]] ThreadBackends<P>& masters() {
        if constexpr (std::same_as<P, B>)
            return backends_;
        else
            return masters_;
    }
    template <int K>
    void multiply(const Vector<P>& theta, const std::array<const Vector<P>*, K>& v, bool gauss_newton,
                  const std::array<Vector<P>*, K>& out, Products<K>& products) {
        if (!products) products.emplace(backend(), method_, batches_, teacher_, at_once(2));
        products->multiply(masters(), method_, theta, v, gauss_newton, 1 / static_cast<double>(samples_),
                           out);
    }
    void multiply_all(const Vector<P>& theta, Sources v, bool gauss_newton, Targets out) {
        constexpr std::size_t together = products_at_once;
        std::size_t i = 0;
        for (; i + together <= v.size(); i += together) {
            std::array<const Vector<P>*, together> from;
            std::array<Vector<P>*, together> to;
            std::copy_n(v.begin() + static_cast<std::ptrdiff_t>(i), together, from.begin());
            std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(i), together, to.begin());
            multiply<products_at_once>(theta, from, gauss_newton, to, several_);
        }
        for (; i < v.size(); ++i) multiply<1>(theta, {v[i]}, gauss_newton, {out[i]}, one_);
    }
    struct Prepare {};
    FrozenObjective(Prepare, B backend, M method, const Vector<P>& teacher, const Batch& images,
                    const FrozenOptions& options)
        : backend_(backend),
          method_(std::move(method)),
          options_{.batch = options.batch, .usual = options.usual},
          batches_(images, options,
                   options.batch != 0 ? options.batch : images_at_once(backend_, method_, options.usual)),
          weights_(backend),
          backends_(backend),
          masters_(master(backend)),
          teacher_(teacher),
          labels_(images.labels.begin(), images.labels.end()),
          samples_(static_cast<Index>(images.size())) {
        Eval<B> eval(backend_, weights_of_teacher());
        parts_ = batches_.prepared(method_, eval, at_once(1));
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

    /// @param weights  computes the parameters as the model reads them; part of the recorded work
    template <class MakeWeights>
    void start(std::size_t slot, Signature signature, const MakeWeights& weights) {
        slots_.resize(max_in_flight());
        Slot& slot_state = slots_.at(slot);
        while (slot_state.losses.size() < parts_.inputs.size()) slot_state.losses.emplace_back(backend());
        const auto work = [&] {
            const typename B::Pointer values = weights();
            backends_.for_each(parts_.size(), [&](const B& own, std::size_t, Index part) {
                const auto i = static_cast<std::size_t>(part);
                Eval<B> eval(own, values);
                const Variable<P> losses = method_.losses(eval, parts_.inputs[i]);
                slot_state.losses[i].copy(losses.value.size(), losses.data());
            });
        };
        if constexpr (requires {
                          parts_.inputs.front().add_to(signature);
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
    FrozenOptions options_;  // how many at once; the images are in batches_
    FrozenBatches batches_;
    Weights<B> weights_;
    ThreadBackends<B> backends_;
    ThreadBackends<P> masters_;
    FrozenParts<typename M::template Inputs<B>> parts_;
    SummedGradient<B> gradient_;
    Products<1> one_;  // made when they are needed, as what follows
    Products<products_at_once> several_;
    FrozenParts<typename M::template Inputs<J>> jet_parts_;  // empty until they are needed
    std::vector<Slot> slots_;
    Tensor<P> position_;  // of a point on a plane
    Vector<P> teacher_;   // empty if the method has none
    Vector<P> still_;     // zeros, the derivatives of what does not move; empty until they are needed
    std::vector<double> losses_;
    std::vector<std::int64_t> labels_;  // -1 where the images have none
    Index samples_;
};

}  // namespace vitscape
