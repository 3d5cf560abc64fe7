// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/head_factors.hpp>
#include <vitscape/landscape/rise_evaluator.hpp>
#include <vitscape/landscape/worst_case_rise.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

namespace detail {

/// The horizontal tangent vectors at a model for the metric of `quotient_sharpness`, in coordinates e in which it is Euclidean, and the
/// points that geodesics reach. On the host, in double; a template, so that who does not call it does not compile it.
template <class Real>
class QuotientBall {
  public:
    using Matrix = Eigen::MatrixX<Real>;

    QuotientBall(const ParameterLayout& layout, std::vector<double> theta) : theta_(std::move(theta)) {
        for (const HeadFactors& factors : head_factors(layout)) {
            Pair pair{factors, decompose(factors.read(theta_, 0), factors.read(theta_, 1))};
            for (const int side : sides) factors.write(pair.product.balanced(side), side, theta_);
            pairs_.push_back(std::move(pair));
        }
    }

    /// The model with balanced factors, which computes the same.
    [[nodiscard]] const std::vector<double>& centre() const { return theta_; }

    /// Removes what leads along the orbit (G A, H A^-T) from a tangent vector.
    ///
    /// In the bases of U and V an orbit's directions are, for each (i, j), (sqrt(n) sigma_i, -sqrt(m) sigma_j) at the elements (i, j) of U^T e_G
    /// and (j, i) of V^T e_H, of n and m rows.
    void make_horizontal(std::vector<double>& e) const {
        for (const Pair& pair : pairs_) {
            const std::array<Matrix, 2>& bases = pair.product.bases;
            const Eigen::VectorX<Real>& sigma = pair.product.sigma;
            std::array<Matrix, 2> moved{pair.factors.read(e, 0), pair.factors.read(e, 1)};
            const Matrix first = bases[0].transpose() * moved[0], second = bases[1].transpose() * moved[1];
            Matrix along_first = first, along_second = second;
            for (Index i = 0; i < sigma.size(); ++i)
                for (Index j = 0; j < sigma.size(); ++j) {
                    const double u = pair.root_of_rows(0) * sigma(i), v = -pair.root_of_rows(1) * sigma(j);
                    const double square = u * u + v * v;
                    const double share = square > 0 ? (u * first(i, j) + v * second(j, i)) / square : 0;
                    along_first(i, j) = share * u;
                    along_second(j, i) = share * v;
                }
            moved[0] -= bases[0] * along_first;
            moved[1] -= bases[1] * along_second;
            for (const int side : sides) pair.factors.write(moved[at(side)], side, e);
        }
    }

    /// The end of the geodesic with the tangent vector e, to second order.
    [[nodiscard]] std::vector<double> point(const std::vector<double>& e) const {
        std::vector<double> result = theta_;
        for (std::size_t i = 0; i < e.size(); ++i)
            result[i] += std::abs(theta_[i]) * e[i] + 0.5 * theta_[i] * e[i] * e[i];
        for (const Pair& pair : pairs_)
            for (const int side : sides) {
                const Matrix& u = pair.product.bases[at(side)];
                const Matrix step = pair.factors.read(e, side) / pair.root_of_rows(side);
                const Matrix ends = u + step +
                                    0.5 * (step * (step.transpose() * u + u.transpose() * step) -
                                           u * (step.transpose() * step));
                pair.factors.write(ends * pair.product.sigma.cwiseSqrt().asDiagonal(), side, result);
            }
        return result;
    }

    /// The gradient in e of a loss whose gradient at `point(e)` is given.
    [[nodiscard]] std::vector<double> pull_back(const std::vector<double>& e,
                                                const std::vector<double>& gradient) const {
        std::vector<double> result(gradient.size());
        for (std::size_t i = 0; i < e.size(); ++i)
            result[i] = (std::abs(theta_[i]) + theta_[i] * e[i]) * gradient[i];
        for (const Pair& pair : pairs_)
            for (const int side : sides) {
                const Matrix& u = pair.product.bases[at(side)];
                const Matrix step = pair.factors.read(e, side) / pair.root_of_rows(side);
                const Matrix z =
                    pair.factors.read(gradient, side) * pair.product.sigma.cwiseSqrt().asDiagonal();
                const Matrix uz = u.transpose() * z, uz_sum = uz + uz.transpose();
                const Matrix sz = step.transpose() * z, us = u.transpose() * step;
                const Matrix back =
                    z + 0.5 * (z * (us + us.transpose()) + u * (sz + sz.transpose()) - step * uz_sum);
                pair.factors.write(back / pair.root_of_rows(side), side, result);
            }
        return result;
    }

    /// Zero where nothing can move: at parameters outside of heads that are zero.
    void keep_movable(std::vector<double>& e) const {
        const std::vector<double> all = e;
        for (std::size_t i = 0; i < e.size(); ++i)
            if (theta_[i] == 0) e[i] = 0;
        for (const Pair& pair : pairs_)
            for (const int side : sides) pair.factors.write(pair.factors.read(all, side), side, e);
    }

  private:
    static constexpr std::array<int, 2> sides{0, 1};
    static std::size_t at(int side) { return static_cast<std::size_t>(side); }
    struct Pair {
        HeadFactors factors;
        ProductDecomposition product;
        [[nodiscard]] double root_of_rows(int side) const {
            return std::sqrt(static_cast<double>(product.bases[at(side)].rows()));
        }
    };

    std::vector<double> theta_;
    std::vector<Pair> pairs_;
};

inline double norm_of(const std::vector<double>& x) {
    return Eigen::Map<const Eigen::VectorXd>(x.data(), static_cast<Eigen::Index>(x.size())).norm();
}

/// Where an ascent in that ball stands, for `worst_case_in`.
template <class O, Backend B>
class QuotientAscent {
  public:
    QuotientAscent(O& objective, const Vector<B>& theta, double rho, const WorstCaseOptions& options)
        : objective_(objective),
          rho_(rho),
          options_(options),
          ball_(objective.layout(), theta.to_host()),
          point_(theta.backend(), ball_.centre()),
          gradient_(theta.backend(), theta.size()),
          rise_(objective, point_, options.steps * (1 + options.restarts), options.work) {}

    void reset() { e_.assign(static_cast<std::size_t>(gradient_.size()), 0.0); }
    double uphill() {
        move();
        (void)objective_.gradient(point_, gradient_);
        uphill_ = ball_.pull_back(e_, gradient_.to_host());
        ball_.make_horizontal(uphill_);
        return norm_of(uphill_);
    }
    void ascend(double step, double length) {
        for (std::size_t i = 0; i < e_.size(); ++i) e_[i] += step / length * uphill_[i];
        if (const double size = norm_of(e_); size > rho_) shorten(rho_ / size);
    }
    double rise() {
        return rise_([&]() -> const Vector<B>& {
            move();
            return point_;
        });
    }
    /// A random horizontal vector on the rim.
    void draw(Index start) {
        e_ = gaussian_direction(point_.backend(), objective_.layout(), options_.seed,
                                first_worst_case_start + static_cast<std::uint32_t>(start))
                 .to_host();
        ball_.keep_movable(e_);
        ball_.make_horizontal(e_);
        if (const double size = norm_of(e_); size > 0) shorten(rho_ / size);
    }

  private:
    void move() { point_ = Vector<B>(point_.backend(), ball_.point(e_)); }
    void shorten(double factor) {
        for (double& number : e_) number *= factor;
    }
    O& objective_;
    double rho_;
    const WorstCaseOptions& options_;
    QuotientBall<double> ball_;
    Vector<B> point_, gradient_;
    RiseEvaluator<O, Vector<B>> rise_;
    std::vector<double> e_, uphill_;  // where it stands; the horizontal gradient there
};

}  // namespace detail

/// Sharpness on the quotient by the symmetries of attention, after da Silva et al. 2025 ("Hide & Seek: Transformer symmetries obscure
/// sharpness & Riemannian geometry finds it", arXiv 2505.05409): the largest rise of the loss over horizontal geodesics of at most that length,
///
///     max L(gamma_xi(1)) - L(theta)  over horizontal xi with |xi|_theta <= rho,
///     |xi|^2 = sum over factor pairs (G, H) of heads of  n tr((G^T G)^-1 xi_G^T xi_G) + m tr((H^T H)^-1 xi_H^T xi_H)
///              + sum over all other parameters of (xi_i / theta_i)^2,
///
/// with G of n rows and H of m (`HeadFactors`); horizontal is what is orthogonal to all (G B, -H B^T), the directions of the orbit. The metric
/// and the geodesics follow (G A, H A^-T), so the number is the same for all invertible A of each head, and for other orders of heads and hidden
/// units. Geodesics are taken to second order,
///
///     gamma_G(1) = G + xi + (xi P^-1 (xi^T G + G^T xi) - G P^-1 xi^T xi) / 2  with P = G^T G,
///     gamma_i(1) = theta_i + xi_i + xi_i^2 / (2 theta_i)  elsewhere.
///
/// Own choices, where the paper's may be others: the factors n and m, which make rho the size relative to the parameters that it is in
/// `worst_case_adaptive_sharpness`; that metric for all other parameters; biases as rows of the factors. It is not invariant where layer norm's scale
/// is moved into the weights behind it.
///
/// By projected gradient ascent as in `worst_case_adaptive_sharpness`, from the centre and from random starts: a LOWER BOUND, in units of the
/// loss. All is done at the balanced representative, so that random starts are the same for all A too. Vectors go through the
/// host in each step. steps * (1 + restarts) gradients and as many losses, and one loss at the centre.
/// @throws ConfigError for a rho that is not positive and finite, fewer than 1 step, a negative number of restarts or another norm than the Euclidean
///         one; ShapeError if sizes do not match; NumericError if the loss at theta or its attention heads are not finite; Interrupted
///         after `options.work.interrupted`.
template <Backend B, class O>
[[nodiscard]] WorstCaseRise quotient_sharpness(O&& objective, const Vector<B>& theta, double rho,
                                               const WorstCaseOptions& options = {}) {
    static_assert(require_objective<O, B>());
    detail::require_ascent(rho, options);
    if (options.norm != PerturbationNorm::euclidean)
        throw ConfigError(
            "a quotient has the Euclidean norm of its metric alone; the largest element is none");
    if (static_cast<Index>(objective.layout().size()) != theta.size())
        throw ShapeError(message("the objective has ", objective.layout().size(),
                                 " parameters, the model has ", theta.size()));
    detail::QuotientAscent<std::remove_reference_t<O>, B> ascent(objective, theta, rho, options);
    return detail::worst_case_in(ascent, rho, options);
}

}  // namespace vitscape
