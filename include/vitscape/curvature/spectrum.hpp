// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Progress of a Lanczos computation.
struct LanczosProgress {
    Index products = 0;  ///< products with the operator so far
    Index limit = 0;     ///< maximum number of products
    /// The largest residual of the wanted pairs at the last convergence check, relative to the largest |eigenvalue|.
    double residual = std::numeric_limits<double>::infinity();
};

struct LanczosOptions {
    Index largest = 5;   ///< number of algebraically largest eigenvalues
    Index smallest = 5;  ///< number of smallest (most negative) eigenvalues
    Index steps = 300;   ///< maximum number of products with the operator
    /// A pair has converged if its residual is below this times the largest |eigenvalue|; 0 stands
    /// for 1e-6 in double and 1e-4 in float.
    double tolerance = 0;
    /// If positive, a pair has converged when it is resolved by its own size instead: when its residual is at most this share
    /// of its own |eigenvalue| (`Eigenpair::resolved`), or as small as rounding allows, for an eigenvalue of zero. A small
    /// eigenvalue beside large ones then takes more products.
    double own_share = 0;
    std::uint64_t seed = 0;  ///< of the start vectors
    /// Bytes that the vectors may take, 0 for no limit. Without a limit all `steps` vectors of the operator's
    /// size are kept, which needs the fewest products; with one the method restarts when the memory is full.
    std::size_t memory_limit = 0;
    /// After convergence, searches the rest of the space for eigenvalues that one Krylov space does not
    /// contain: further copies of a multiple eigenvalue. Costs a few more products.
    bool verify = true;
    bool measure_residuals = false;  ///< report |A v - value v| as measured, with one more product per pair
    bool vectors = false;            ///< return the eigenvectors
    std::function<void(const LanczosProgress&)> progress =
        {};  ///< called after each product; may throw to stop
};

/// An approximate eigenpair. There is an eigenvalue of the (symmetric) operator within `residual` of `value`.
template <Backend B>
struct Eigenpair {
    double value = 0;
    /// |A v - value v| for the unit vector v: from the Lanczos relation plus 64 units in the last place of |A|
    /// for rounding, or as measured. The error of the operator's own products is included only in a measured
    /// residual.
    double residual = 0;
    bool converged = false;  ///< whether the tolerance was reached
    Vector<B> vector;        ///< of norm 1; empty unless requested

    /// Whether the eigenvalue is known by its own size: residual <= share |value|. The tolerance is relative to the largest
    /// |eigenvalue|, so that a pair far smaller than that can have converged and yet be noise, of unknown sign.
    [[nodiscard]] bool resolved(double share = 0.1) const { return residual <= share * std::abs(value); }
    /// |value| + residual: there is an eigenvalue that is no larger in size. All that is known of one that is not resolved.
    [[nodiscard]] double bound() const { return std::abs(value) + residual; }
};

/// The ends of a spectrum.
template <Backend B>
struct Spectrum {
    std::vector<Eigenpair<B>> largest;   ///< descending
    std::vector<Eigenpair<B>> smallest;  ///< ascending
    Index products = 0;                  ///< products with the operator used
    bool verified = false;               ///< whether the search for missed copies was completed
    [[nodiscard]] bool converged() const {
        const auto good = [](const Eigenpair<B>& pair) { return pair.converged; };
        return std::all_of(largest.begin(), largest.end(), good) &&
               std::all_of(smallest.begin(), smallest.end(), good);
    }
    /// Whether each pair is resolved by its own size (`Eigenpair::resolved`).
    [[nodiscard]] bool resolved(double share = 0.1) const {
        const auto good = [&](const Eigenpair<B>& pair) { return pair.resolved(share); };
        return std::all_of(largest.begin(), largest.end(), good) &&
               std::all_of(smallest.begin(), smallest.end(), good);
    }
};

}  // namespace vitscape
