// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Where a Lanczos computation stands.
struct LanczosProgress {
    Index products = 0;  ///< Products with the operator so far.
    Index limit = 0;     ///< Products at most.
    /// The largest residual of the wanted pairs at the last look, relative to the largest eigenvalue's size.
    double residual = std::numeric_limits<double>::infinity();
};

struct LanczosOptions {
    Index largest = 5;   ///< How many of the algebraically largest eigenvalues.
    Index smallest = 5;  ///< How many of the smallest (most negative) ones.
    Index steps = 300;   ///< Products with the operator at most.
    /// A pair counts as converged where its residual is below this times the largest |eigenvalue|; 0 stands
    /// for 1e-6 in double and 1e-4 in float.
    double tolerance = 0;
    std::uint64_t seed = 0;  ///< Of the start vectors.
    /// Bytes that the vectors may take, 0 for no limit. Without a limit all `steps` vectors of the operator's
    /// size are kept, which needs the fewest products; with one the method restarts when the memory is full.
    std::size_t memory_limit = 0;
    /// Looks, after convergence, in the rest of the space for eigenvalues that one Krylov space does not
    /// contain: the further copies of a multiple eigenvalue. Costs some more products.
    bool verify = true;
    bool measure_residuals = false;  ///< State |A v - value v| as measured, one more product per pair.
    bool vectors = false;            ///< Return the eigenvectors.
    std::function<void(const LanczosProgress&)> progress = {};  ///< After each product; may throw to stop.
};

/// An approximate eigenpair. There is an eigenvalue of the (symmetric) operator within `residual` of `value`.
template <Backend B>
struct Eigenpair {
    double value = 0;
    /// |A v - value v| for the unit vector v: by the Lanczos relation plus 64 units in the last place of |A|
    /// for rounding, or as measured. How exact the operator's own products are is not included,
    /// except in a measured one.
    double residual = 0;
    bool converged = false;  ///< Whether the tolerance was reached.
    Vector<B> vector;        ///< Of norm 1; empty unless asked for.
};

/// The ends of a spectrum.
template <Backend B>
struct Spectrum {
    std::vector<Eigenpair<B>> largest;   ///< Descending.
    std::vector<Eigenpair<B>> smallest;  ///< Ascending.
    Index products = 0;                  ///< Products with the operator that were spent.
    bool verified = false;               ///< Whether the look for missed copies came to its end.
    [[nodiscard]] bool converged() const {
        const auto good = [](const Eigenpair<B>& pair) { return pair.converged; };
        return std::all_of(largest.begin(), largest.end(), good) &&
               std::all_of(smallest.begin(), smallest.end(), good);
    }
};

}  // namespace vitscape
