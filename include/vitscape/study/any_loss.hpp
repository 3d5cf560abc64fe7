// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <span>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/methods/trivial_loss.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/host_numbers.hpp>

namespace vitscape {

/// The loss of any method with parameters on the backend `B`, by virtual calls: measures are compiled once, not for each
/// method, and an evaluation takes so long that the calls cost nothing. Satisfies `DeferredObjective`, `TwiceDifferentiable`,
/// `PlaneDifferentiable` and `HasGaussNewton`, as the loss must (`FrozenObjective`).
template <Backend B>
class AnyLoss {
    using Sources = std::span<const Vector<B>* const>;
    using Targets = std::span<Vector<B>* const>;

  public:
    /// @param make  called without arguments, gives the loss
    template <class Make>
    explicit AnyLoss(const Make& make) : loss_(std::make_unique<Of<decltype(make())>>(make)) {}

    [[nodiscard]] B backend() const { return loss_->backend(); }
    [[nodiscard]] const ParameterLayout& layout() const { return loss_->layout(); }
    [[nodiscard]] Index samples() const { return loss_->samples(); }
    [[nodiscard]] std::size_t max_in_flight() const { return loss_->max_in_flight(); }
    double value(const Vector<B>& theta) { return loss_->value(theta); }
    double gradient(const Vector<B>& theta, Vector<B>& out) { return loss_->gradient(theta, out); }
    void hessian_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out) {
        loss_->hessian_vector(theta, v, out);
    }
    void gauss_newton_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out) {
        loss_->gauss_newton_vector(theta, v, out);
    }
    void hessian_vectors(const Vector<B>& theta, Sources v, Targets out) {
        loss_->hessian_vectors(theta, v, out);
    }
    void gauss_newton_vectors(const Vector<B>& theta, Sources v, Targets out) {
        loss_->gauss_newton_vectors(theta, v, out);
    }
    void sample_losses(const Vector<B>& theta, std::span<double> out) { loss_->sample_losses(theta, out); }
    void sample_jets(const Vector<B>& theta, const Vector<B>& delta, const Vector<B>& eta,
                     std::span<PlaneJet<double>> out) {
        loss_->sample_jets(theta, delta, eta, out);
    }
    void start_losses(const Vector<B>& theta, std::size_t slot) { loss_->start_losses(theta, slot); }
    void finish_losses(std::size_t slot, std::span<double> out) { loss_->finish_losses(slot, out); }
    template <class Plane>
    void start_losses_at(const Plane& plane, double alpha, double beta,
                         std::size_t slot) requires(DeferredDownload<B>&& requires { plane.eta(); }) {
        loss_->start_losses_at({plane.theta(), plane.delta(), plane.eta()}, alpha, beta, slot);
    }
    /// The loss of the best constant prediction; NaN if the method does not know it.
    [[nodiscard]] double trivial_loss() const { return loss_->trivial_loss(); }
    /// Whether it depends on masks.
    [[nodiscard]] bool masked() const { return loss_->masked(); }

  private:
    /// A plane by its three vectors, as `Plane` has them.
    struct Vectors {
        const Vector<B>&theta_, &delta_, &eta_;
        [[nodiscard]] Index size() const { return theta_.size(); }
        [[nodiscard]] const Vector<B>& theta() const { return theta_; }
        [[nodiscard]] const Vector<B>& delta() const { return delta_; }
        [[nodiscard]] const Vector<B>& eta() const { return eta_; }
    };
    struct Interface {
        virtual ~Interface() = default;
        [[nodiscard]] virtual B backend() const = 0;
        [[nodiscard]] virtual const ParameterLayout& layout() const = 0;
        [[nodiscard]] virtual Index samples() const = 0;
        [[nodiscard]] virtual std::size_t max_in_flight() const = 0;
        virtual double value(const Vector<B>& theta) = 0;
        virtual double gradient(const Vector<B>& theta, Vector<B>& out) = 0;
        virtual void hessian_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out) = 0;
        virtual void gauss_newton_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out) = 0;
        virtual void hessian_vectors(const Vector<B>& theta, Sources v, Targets out) = 0;
        virtual void gauss_newton_vectors(const Vector<B>& theta, Sources v, Targets out) = 0;
        virtual void sample_losses(const Vector<B>& theta, std::span<double> out) = 0;
        virtual void sample_jets(const Vector<B>& theta, const Vector<B>& delta, const Vector<B>& eta,
                                 std::span<PlaneJet<double>> out) = 0;
        virtual void start_losses(const Vector<B>& theta, std::size_t slot) = 0;
        virtual void finish_losses(std::size_t slot, std::span<double> out) = 0;
        virtual void start_losses_at(const Vectors& plane, double alpha, double beta, std::size_t slot) = 0;
        [[nodiscard]] virtual double trivial_loss() const = 0;
        [[nodiscard]] virtual bool masked() const = 0;
    };
    template <class O>
    struct Of final : Interface {
        O loss;
        template <class Make>
        explicit Of(const Make& make) : loss(make()) {}

        [[nodiscard]] B backend() const override { return loss.backend(); }
        [[nodiscard]] const ParameterLayout& layout() const override { return loss.layout(); }
        [[nodiscard]] Index samples() const override { return loss.samples(); }
        [[nodiscard]] std::size_t max_in_flight() const override { return loss.max_in_flight(); }
        double value(const Vector<B>& theta) override { return loss.value(theta); }
        double gradient(const Vector<B>& theta, Vector<B>& out) override { return loss.gradient(theta, out); }
        void hessian_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out) override {
            loss.hessian_vector(theta, v, out);
        }
        void gauss_newton_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out) override {
            loss.gauss_newton_vector(theta, v, out);
        }
        void hessian_vectors(const Vector<B>& theta, Sources v, Targets out) override {
            vitscape::hessian_vectors(loss, theta, v, out);
        }
        void gauss_newton_vectors(const Vector<B>& theta, Sources v, Targets out) override {
            vitscape::gauss_newton_vectors(loss, theta, v, out);
        }
        void sample_losses(const Vector<B>& theta, std::span<double> out) override {
            loss.sample_losses(theta, out);
        }
        void sample_jets(const Vector<B>& theta, const Vector<B>& delta, const Vector<B>& eta,
                         std::span<PlaneJet<double>> out) override {
            loss.sample_jets(theta, delta, eta, out);
        }
        void start_losses(const Vector<B>& theta, std::size_t slot) override {
            loss.start_losses(theta, slot);
        }
        void finish_losses(std::size_t slot, std::span<double> out) override {
            loss.finish_losses(slot, out);
        }
        void start_losses_at(const Vectors& plane, double alpha, double beta, std::size_t slot) override {
            if constexpr (requires { loss.start_losses_at(plane, alpha, beta, slot); })
                loss.start_losses_at(plane, alpha, beta, slot);
            else
                throw ConfigError(
                    "this loss has no start_losses_at(plane, alpha, beta, slot), which surfaces on this "
                    "backend need");
        }
        [[nodiscard]] double trivial_loss() const override { return trivial_loss_or_nan(loss); }
        [[nodiscard]] bool masked() const override {
            return requires { loss.inputs().front().order; };
        }
    };

    std::unique_ptr<Interface> loss_;
};

}  // namespace vitscape
