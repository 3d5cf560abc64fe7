// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/curvature/hessian.hpp>
#include <vitscape/curvature/krylov.hpp>
#include <vitscape/curvature/probe.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

struct SpectralDensityOptions {
    Index probes = 10;  ///< random start vectors, at least 2
    /// Lanczos steps, and so products, for each probe; as many vectors of the operator's size are kept, for up to `products_at_once`
    /// probes that share work if these are no more than 2^28 numbers.
    Index steps = 80;
    ProbeKind kind = ProbeKind::normal;
    std::uint64_t seed = 0;  ///< probe k is a function of (seed, k)
    WorkControl work = {};   ///< checked before and after products
};

/// The Gauss quadrature of one probe's spectral measure: sum over j of weights[j] f(nodes[j]) is v^T f(A) v / v^T v for
/// polynomials f of degree up to 2 nodes.size() - 1.
struct SpectralProbe {
    std::vector<double> nodes;    ///< Ritz values, ascending, in the operator's unit
    std::vector<double> weights;  ///< of the nodes; not negative, with sum 1
    bool exact = false;  ///< the nodes are eigenvalues: the probe lies in the space that was searched
};

/// A share of the eigenvalues, from 0 to 1.
struct SpectralShare {
    double value = 0;
    double standard_error = 0;  ///< over the probes
    /// Each probe's measure has a share within bounds that follow from its nodes (Chebyshev, Markov, Stieltjes); the means
    /// of these bounds over the probes. They close as the number of steps grows.
    double low = 0, high = 0;
};

/// The distribution of the eigenvalues of a symmetric operator of n dimensions, as the mean of the measures of random
/// probes. Every estimate has a standard error over the probes, for normal ones 2 (mean of f^2 - (mean of f)^2) / (n + 2) / probes
/// for the square of that of a mean of f. A single far eigenvalue is seen by the square of one normal number in each probe, so
/// that the errors of what depends on it are skewed: it needs more probes, not more steps.
class SpectralDensity {
  public:
    SpectralDensity(std::vector<SpectralProbe> probes, Index dimension, Index products, double rounding)
        : probes_(std::move(probes)), dimension_(dimension), products_(products), rounding_(rounding) {}

    [[nodiscard]] const std::vector<SpectralProbe>& probes() const { return probes_; }
    [[nodiscard]] Index dimension() const { return dimension_; }
    /// Products with the operator that were used.
    [[nodiscard]] Index products() const { return products_; }
    /// Eigenvalues closer to each other than this are equal up to rounding: 64 units in the last place of the largest
    /// |eigenvalue|.
    [[nodiscard]] double rounding() const { return rounding_; }
    /// The lowest and the highest node: inner bounds of the spectrum's ends.
    [[nodiscard]] Interval range() const {
        Interval all{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
        for (const SpectralProbe& probe : probes_) {
            all.low = std::min(all.low, probe.nodes.front());
            all.high = std::max(all.high, probe.nodes.back());
        }
        return all;
    }

    /// The mean of f over the eigenvalues, tr f(A) / n. @param f  double to double, smooth on the spectrum; for
    /// polynomials of degree below twice the steps only the choice of probes is random.
    template <class F>
    [[nodiscard]] MeanAndError mean(const F& f) const {
        return over_probes([&](const SpectralProbe& probe) {
            double sum = 0;
            for (std::size_t j = 0; j < probe.nodes.size(); ++j) sum += probe.weights[j] * f(probe.nodes[j]);
            return sum;
        });
    }
    /// The mean of lambda^order: order 1 is trace / n, order 2 the squared Frobenius norm / n.
    /// @throws ConfigError for a negative order
    [[nodiscard]] MeanAndError moment(int order) const {
        if (order < 0) throw ConfigError(message("the moment of order ", order, " was requested"));
        return mean([&](double x) { return std::pow(x, order); });
    }
    /// n times the mean eigenvalue.
    [[nodiscard]] MeanAndError trace() const {
        const MeanAndError all = moment(1);
        const auto n = static_cast<double>(dimension_);
        return {n * all.mean, n * all.standard_error};
    }

    /// The density at each point, smoothed by a normal distribution of standard deviation `width` (Ghorbani, Krishnan & Xiao
    /// 2019, arXiv 1901.10159): its integral is 1, its unit that of 1 / eigenvalue. Details narrower than the width
    /// are lost; a width below the distance of the nodes shows these and not the spectrum.
    /// @throws ConfigError for a width that is not positive and finite
    [[nodiscard]] std::vector<MeanAndError> density(std::span<const double> points, double width) const {
        if (!(width > 0 && std::isfinite(width)))
            throw ConfigError(message("the width of a smoothed density must be positive and finite, ", width,
                                      " was given"));
        const double height = 1 / (width * std::sqrt(2 * std::numbers::pi));
        std::vector<MeanAndError> result;
        for (const double x : points)
            result.push_back(mean([&](double node) {
                const double z = (x - node) / width;
                return height * std::exp(-z * z / 2);
            }));
        return result;
    }

    /// The share of eigenvalues <= x, the cumulative distribution.
    [[nodiscard]] SpectralShare cumulative(double x) const {
        return share([&](double node) { return node <= x; });
    }
    /// The share of eigenvalues < x.
    [[nodiscard]] SpectralShare share_below(double x) const {
        return share([&](double node) { return node < x; });
    }
    /// The share of eigenvalues > x.
    [[nodiscard]] SpectralShare share_above(double x) const {
        const SpectralShare rest = cumulative(x);
        return {1 - rest.value, rest.standard_error, 1 - rest.high, 1 - rest.low};
    }
    /// The share of negative eigenvalues; zeros, which products give only up to `rounding()`, are not counted.
    [[nodiscard]] SpectralShare share_negative() const { return share_below(-rounding_); }

  private:
    template <class F>
    [[nodiscard]] MeanAndError over_probes(const F& f) const {
        std::vector<double> values;
        for (const SpectralProbe& probe : probes_) values.push_back(f(probe));
        return mean_and_error(values);
    }
    /// With the nodes below a point x counted, their weight S bounds the measure below x from both sides: it is at least S
    /// without the last node counted, and at most S with the next one.
    template <class Counted>
    [[nodiscard]] SpectralShare share(const Counted& counted) const {
        double low = 0, high = 0;
        const MeanAndError all = over_probes([&](const SpectralProbe& probe) {
            double sum = 0;
            std::size_t j = 0;
            for (; j < probe.nodes.size() && counted(probe.nodes[j]); ++j) sum += probe.weights[j];
            const bool open = !probe.exact;
            low += sum - (open && j > 0 ? probe.weights[j - 1] : 0);
            high += sum + (open && j < probe.nodes.size() ? probe.weights[j] : 0);
            return sum;
        });
        const auto count = static_cast<double>(probes_.size());
        const auto within = [](double x) { return std::clamp(x, 0.0, 1.0); };  // the weights' sum is rounded
        return {within(all.mean), all.standard_error, within(low / count), within(high / count)};
    }

    std::vector<SpectralProbe> probes_;
    Index dimension_, products_;
    double rounding_;
};

/// Probes whose products are taken together: as many as may be, of which the bases have at most 2^28 numbers.
/// @param steps, size  at least 1
[[nodiscard]] inline Index probes_at_once(Index steps, Index size) {
    return std::clamp<Index>((Index{1} << 28) / (steps * size), 1, products_at_once);
}

/// What some probes of a spectral density found.
struct SpectralProbes {
    std::vector<SpectralProbe> probes;
    Index products = 0;   ///< that were used
    double rounding = 0;  ///< as of `SpectralDensity`
};

/// `options.probes` of the probes of `spectral_density`, from number `first` on, which others may compute a part of. Those of a part have the
/// same bytes if `first` is a multiple of `probes_at_once`.
/// @throws ConfigError for fewer than 1 probe or step, a negative number, or no dimensions; else as `spectral_density`
template <class A>
requires SymmetricOperator<A, BackendOf<A>>
[[nodiscard]] SpectralProbes spectral_probes(A&& a, const SpectralDensityOptions& options, Index first = 0) {
    using B = BackendOf<A>;
    const Index size = static_cast<Index>(a.size());
    if (size < 1) throw ConfigError("the operator has no dimensions");
    if (options.steps < 1)
        throw ConfigError(
            message("a spectral density needs at least 1 step, ", options.steps, " were given"));
    if (options.probes < 1 || first < 0)
        throw ConfigError(message(options.probes, " probes of a spectral density from number ", first,
                                  " were asked for; at least 1 from at least 0 can be given"));
    const Index steps = std::min(options.steps, size), total = options.probes * steps;
    SpectralProbes found;
    double scale = 0;
    for (Index k = 0; k < options.probes; k = static_cast<Index>(found.probes.size())) {
        std::vector<detail::KrylovBasis<std::remove_reference_t<A>, B>> bases;
        for (Index i = k; i < std::min(options.probes, k + probes_at_once(steps, size)); ++i) {
            Vector<B> start(a.backend(), size);
            draw_probe(options.kind, options.seed, static_cast<std::uint32_t>(first + i), start);
            bases.emplace_back(a, steps, std::move(start));
        }
        for (;;) {
            std::vector<const Vector<B>*> from;
            std::vector<Vector<B>*> to;
            for (auto& basis : bases) {
                if (basis.full() || basis.invariant()) continue;
                from.push_back(&basis.next());
                to.push_back(&basis.product());
            }
            if (from.empty()) break;
            if (options.work.must_stop())
                throw Interrupted(
                    message("stopped in probe ", k, " of ", options.probes, " of the spectral density"));
            apply_all<std::remove_reference_t<A>, B>(a, from, to);
            found.products += static_cast<Index>(from.size());
            Index done = k * steps;
            for (auto& basis : bases) {
                if (!basis.full() && !basis.invariant()) basis.take_product();
                done += basis.size();
            }
            options.work.report(done, total);
        }
        for (auto& basis : bases) {
            basis.solve();
            scale = std::max(scale, basis.scale());
            SpectralProbe probe;
            for (Index i = 0; i < basis.size(); ++i) {
                probe.nodes.push_back(basis.ritz_value(i));
                probe.weights.push_back(basis.weight(i));
            }
            probe.exact = basis.invariant();
            found.probes.push_back(std::move(probe));
        }
    }
    found.rounding = detail::rounding_error<B>() * scale;
    return found;
}

/// The spectral density of a symmetric operator by stochastic Lanczos quadrature (Ubaru, Chen & Saad 2017, "Fast estimation of
/// tr(f(A)) via stochastic Lanczos quadrature"; Ghorbani et al. 2019, arXiv 1901.10159): from each random probe v, Lanczos with
/// full reorthogonalization gives a tridiagonal matrix whose eigenvalues are nodes and whose eigenvectors' squared first
/// components are weights of the Gauss quadrature for v's spectral measure (Golub & Meurant 2010, "Matrices, moments and
/// quadrature", chapter 6). The mean of that measure over random v is the distribution of the eigenvalues.
///
///     const auto spectrum = spectral_density(hessian(loss, theta), {.probes = 10, .steps = 80});
///     const SpectralShare negative = spectrum.share_negative();
///
/// probes * steps products, fewer where a probe's Krylov space is exhausted before. The error over the probes falls with
/// 1 / sqrt(n probes).
/// @throws ConfigError before any product for fewer than 2 probes, fewer than 1 step or no dimensions; NumericError for a
///         product that is not finite; Interrupted after `options.work.interrupted`.
template <class A>
requires SymmetricOperator<A, BackendOf<A>>
[[nodiscard]] SpectralDensity spectral_density(A&& a, const SpectralDensityOptions& options = {}) {
    if (options.probes < 2)
        throw ConfigError(message("a spectral density needs at least 2 probes for its standard errors, ",
                                  options.probes, " were given"));
    SpectralProbes found = spectral_probes(a, options);
    return {std::move(found.probes), static_cast<Index>(a.size()), found.products, found.rounding};
}

}  // namespace vitscape
