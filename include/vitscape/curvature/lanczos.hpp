// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/curvature/hessian.hpp>
#include <vitscape/curvature/krylov.hpp>
#include <vitscape/curvature/spectrum.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

namespace detail {

/// The computation behind `lanczos`.
template <class A, Backend B>
class LanczosRun {
  public:
    LanczosRun(A& a, const LanczosOptions& options) : a_(a), options_(options) {
        using T = typename B::Storage;
        const Index dimension = static_cast<Index>(a.size());
        if (dimension < 1) throw ConfigError("the operator has no dimensions");
        if (options.largest < 0 || options.smallest < 0 || options.largest + options.smallest < 1)
            throw ConfigError(message("request at least one eigenvalue; ", options.largest, " largest and ",
                                      options.smallest, " smallest were requested"));
        options_.largest = std::min(options.largest, dimension);
        options_.smallest = std::min(options.smallest, dimension);
        const Index wanted = std::min(dimension, options_.largest + options_.smallest);
        if (options.steps < wanted)
            throw ConfigError(message(options.steps, " steps cannot give ", wanted,
                                      " eigenvalues; about 10 steps per eigenvalue are typical"));
        if (!(options.own_share >= 0 && options.own_share < 1))
            throw ConfigError(message("the share of an eigenvalue's own size lies in [0, 1), ",
                                      options.own_share, " was given"));
        if (options_.tolerance <= 0) options_.tolerance = std::is_same_v<T, double> ? 1e-6 : 1e-4;
        capacity_ = std::min(options.steps, dimension);
        if (options.memory_limit > 0) limit_capacity(wanted, static_cast<std::size_t>(dimension) * sizeof(T));
    }

    Spectrum<B> run() {
        find_ends();
        if (options_.verify && !spectrum_.verified && spectrum_.converged()) verify();
        if (options_.measure_residuals)
            for (auto* pairs : {&spectrum_.largest, &spectrum_.smallest})
                for (Eigenpair<B>& pair : *pairs) measure(pair);
        if (!options_.vectors)
            for (auto* pairs : {&spectrum_.largest, &spectrum_.smallest})
                for (Eigenpair<B>& pair : *pairs) pair.vector = {};
        return std::move(spectrum_);
    }

  private:
    /// A restart holds the basis, its successor, the product and the kept vectors, at most
    /// wanted + (capacity - wanted) / 2 of them; verifying also holds the wanted vectors.
    void limit_capacity(Index wanted, std::size_t vector_bytes) {
        const auto needed = [&](Index capacity) {
            return static_cast<std::size_t>(capacity + 2 + wanted + (capacity - wanted) / 2 + 1 +
                                            (options_.verify ? wanted : 0)) *
                   vector_bytes;
        };
        const Index least = std::min(capacity_, wanted + 4);
        if (options_.memory_limit < needed(least))
            throw ConfigError(message(
                wanted, " eigenvalues need ", needed(least), " bytes for their vectors (", vector_bytes,
                " bytes each), the limit is ", options_.memory_limit, "; request fewer or raise the limit"));
        while (capacity_ > least && options_.memory_limit < needed(capacity_)) --capacity_;
    }

    [[nodiscard]] bool out_of_steps() const { return spectrum_.products >= options_.steps; }
    /// The rounding error that a stated residual includes.
    [[nodiscard]] double rounding() const { return rounding_error<B>() * scale_; }
    /// The largest residual, by the Lanczos relation, of a converged pair with this value.
    [[nodiscard]] double allowed(double value) const {
        if (options_.own_share > 0)
            return std::max(options_.own_share * std::abs(value) - rounding(), rounding());
        return options_.tolerance * scale_;
    }
    [[nodiscard]] bool has_converged(const KrylovBasis<A, B>& basis, Index i) const {
        return basis.residual(i) <= allowed(basis.ritz_value(i));
    }

    /// Expands until `converged(basis)` holds at a convergence check, the whole space is spanned, or the steps are
    /// used up. `low` and `high` are the numbers of extremal pairs that a restart must keep.
    template <class Converged>
    void expand_until(KrylovBasis<A, B>& basis, Index low, Index high, const Converged& converged) {
        Index next_look = low + high;
        for (;;) {
            basis.expand();
            ++spectrum_.products;
            const bool last = basis.exhausted() || out_of_steps();
            const bool look = last || basis.full() || basis.size() >= next_look;
            bool done = false;
            if (look) {
                basis.solve();
                scale_ = std::max(scale_, basis.scale());
                done = converged(basis);
                next_look = basis.size() + 1 + basis.size() / 20;  // a check costs size^3, a product P
            }
            if (options_.progress) options_.progress({spectrum_.products, options_.steps, worst_});
            if (done || last) return;
            if (basis.full()) {
                const Index extra = (basis.size() - low - high) / 2;
                basis.restart(low + extra / 2, high + extra - extra / 2);
                next_look = basis.size() + 1;
            }
        }
    }

    Eigenpair<B> pair_of(const KrylovBasis<A, B>& basis, Index i) const {
        const double residual = basis.residual(i);
        Eigenpair<B> pair{basis.ritz_value(i), residual + rounding(), has_converged(basis, i), {}};
        if (options_.vectors || options_.verify || options_.measure_residuals)
            pair.vector = basis.ritz_vector(i);
        return pair;
    }

    void find_ends() {
        KrylovBasis<A, B> basis(a_, {}, capacity_, options_.seed, passes_++);
        const Index high = options_.largest, low = options_.smallest;
        expand_until(basis, low, high, [&](const KrylovBasis<A, B>& now) {
            double worst = 0;
            bool all = now.size() >= low + high;
            for (Index i = 0; i < now.size(); ++i) {
                if (i >= low && i < now.size() - high) continue;
                worst = std::max(worst, now.residual(i));
                all = all && has_converged(now, i);
            }
            worst_ = scale_ > 0 ? worst / scale_ : 0;
            return all;
        });
        for (Index i = 0; i < std::min(low, basis.size()); ++i)
            spectrum_.smallest.push_back(pair_of(basis, i));
        for (Index i = 0; i < std::min(high, basis.size()); ++i)
            spectrum_.largest.push_back(pair_of(basis, basis.size() - 1 - i));
        spectrum_.verified = basis.exhausted();
    }

    /// Whether an extremal eigenvalue of the complement is known accurately enough to conclude that nothing lies beyond
    /// `threshold` (both signed so that larger means further out).
    [[nodiscard]] bool nothing_beyond(double value, double residual, double threshold, Index size) const {
        return size >= 10 && residual <= 0.01 * scale_ && value + residual < threshold;
    }

    /// Repeats the search in the complement of the eigenvectors found. A missed copy is an extremal eigenvalue of
    /// its spectrum.
    void verify() {
        for (bool found = true; found;) {
            found = false;
            std::vector<const Vector<B>*> excluded;
            for (const auto* pairs : {&spectrum_.largest, &spectrum_.smallest})
                for (const Eigenpair<B>& pair : *pairs) excluded.push_back(&pair.vector);
            if (static_cast<Index>(excluded.size()) >= static_cast<Index>(a_.size())) break;
            if (out_of_steps()) return;
            KrylovBasis<A, B> basis(a_, excluded, capacity_, options_.seed, passes_++);
            const bool high = options_.largest > 0, low = options_.smallest > 0;
            const double top = high ? spectrum_.largest.back().value : 0;
            const double bottom = low ? spectrum_.smallest.back().value : 0;
            bool complete = false;
            expand_until(basis, low ? 1 : 0, high ? 1 : 0, [&](const KrylovBasis<A, B>& now) {
                const Index last = now.size() - 1;
                const bool high_converged =
                    !high || has_converged(now, last) ||
                    nothing_beyond(now.ritz_value(last), now.residual(last), top, now.size());
                const bool low_converged =
                    !low || has_converged(now, 0) ||
                    nothing_beyond(-now.ritz_value(0), now.residual(0), -bottom, now.size());
                return complete = high_converged && low_converged;
            });
            if (!complete) return;
            const Index last = basis.size() - 1;
            Eigenpair<B> above, below;
            const bool more_above = high && basis.ritz_value(last) > top + allowed(top);
            const bool more_below = low && basis.ritz_value(0) < bottom - allowed(bottom);
            if (more_above) above = pair_of(basis, last);
            if (more_below) below = pair_of(basis, 0);
            if (more_above)
                insert(spectrum_.largest, std::move(above), [](double a, double b) { return a > b; });
            if (more_below)
                insert(spectrum_.smallest, std::move(below), [](double a, double b) { return a < b; });
            found = more_above || more_below;
        }
        spectrum_.verified = true;
    }

    template <class Before>
    static void insert(std::vector<Eigenpair<B>>& pairs, Eigenpair<B> pair, const Before& before) {
        pairs.pop_back();
        const auto place = std::find_if(pairs.begin(), pairs.end(),
                                        [&](const auto& other) { return before(pair.value, other.value); });
        pairs.insert(place, std::move(pair));
    }

    void measure(Eigenpair<B>& pair) {
        Vector<B> image(a_.backend(), pair.vector.size());
        a_.apply(pair.vector, image);
        ++spectrum_.products;
        axpby(-pair.value, pair.vector, 1, image);
        pair.residual = norm(image);
        if (options_.progress) options_.progress({spectrum_.products, options_.steps, worst_});
    }

    A& a_;
    LanczosOptions options_;
    Spectrum<B> spectrum_;
    Index capacity_ = 0;
    std::uint32_t passes_ = 0;
    double scale_ = 0, worst_ = std::numeric_limits<double>::infinity();
};

}  // namespace detail

/// The largest and smallest eigenvalues of a symmetric operator, by the Lanczos method with full
/// reorthogonalization (Lanczos 1950; Parlett, "The symmetric eigenvalue problem", chapter 13), in the
/// operator's unit (loss per squared parameter for a Hessian). Inner products are accumulated in double, the
/// vectors are stored on the backend. Returns no more eigenvalues than dimensions.
///
///     const auto ends = lanczos(hessian(loss, theta), {.largest = 5, .smallest = 5});
///
/// Signs and sizes of eigenvalues much smaller than the largest need `own_share`: without it they are exact in units of the
/// largest |eigenvalue| only (`Eigenpair::resolved` tells).
///
/// If the steps do not suffice, the pairs are returned with `converged` false and the residual that was
/// reached.
/// @throws ConfigError before any product for invalid options; NumericError for a product that is
///         not finite.
template <class A>
requires SymmetricOperator<A, BackendOf<A>>
[[nodiscard]] Spectrum<BackendOf<A>> lanczos(A&& a, const LanczosOptions& options = {}) {
    using Operator = std::remove_reference_t<A>;
    return detail::LanczosRun<Operator, BackendOf<A>>(a, options).run();
}

}  // namespace vitscape
