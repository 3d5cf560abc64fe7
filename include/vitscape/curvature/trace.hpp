// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/curvature/hessian.hpp>
#include <vitscape/curvature/probe.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

struct TraceOptions {
    Index samples = 30;      ///< random vectors, one product each; at least 2
    std::uint64_t seed = 0;  ///< sample k is a function of (seed, k)
    WorkControl work = {};   ///< checked before and after each group of `products_at_once` samples
};

/// An estimate of a trace; its error is approximately normal with this standard deviation.
struct TraceEstimate {
    double value = 0;
    double standard_error = 0;    ///< standard deviation over the samples / sqrt(their number)
    std::vector<double> samples;  ///< z^T A z of each
};

namespace detail {
/// Up to `products_at_once` vectors, and their products with an operator.
template <Backend B>
class ProductGroup {
  public:
    ProductGroup(B backend, Index vector_size) : backend_(std::move(backend)), vector_size_(vector_size) {}

    [[nodiscard]] Index size() const { return size_; }
    /// As many as are wanted and fit in a group.
    void resize(Index wanted) {
        size_ = std::min<Index>(wanted, products_at_once);
        while (static_cast<Index>(factors_.size()) < size_) {
            factors_.emplace_back(backend_, vector_size_);
            products_.emplace_back(backend_, vector_size_);
        }
    }
    [[nodiscard]] Vector<B>& factor(Index i) { return factors_[static_cast<std::size_t>(i)]; }
    [[nodiscard]] Vector<B>& product(Index i) { return products_[static_cast<std::size_t>(i)]; }
    template <class A>
    void multiply(A& a) {
        std::vector<const Vector<B>*> from;
        std::vector<Vector<B>*> to;
        for (Index i = 0; i < size_; ++i) {
            from.push_back(&factor(i));
            to.push_back(&product(i));
        }
        apply_all<A, B>(a, from, to);
    }

  private:
    B backend_;
    Index vector_size_, size_ = 0;
    std::vector<Vector<B>> factors_, products_;
};
}  // namespace detail

/// The trace of a symmetric operator as the mean of z^T A z over random sign vectors z (Hutchinson 1990).
/// The variance of one sample is 2 (|A|_F^2 - sum of A_ii^2), the minimum over independent entries; for a diagonal
/// operator the estimate is exact.
/// @throws ConfigError for fewer than 2 samples; NumericError if a product is not finite;
/// Interrupted after `options.work.interrupted`.
template <class A>
requires SymmetricOperator<A, BackendOf<A>>
[[nodiscard]] TraceEstimate trace(A&& a, const TraceOptions& options = {}) {
    using B = BackendOf<A>;
    if (options.samples < 2)
        throw ConfigError(message("a trace needs at least 2 samples for its standard error, ",
                                  options.samples, " were given"));
    const Index size = static_cast<Index>(a.size());
    detail::ProductGroup<B> group(a.backend(), size);
    TraceEstimate estimate;
    for (Index k = 0; k < options.samples; k += group.size()) {
        if (options.work.must_stop())
            throw Interrupted(message("stopped after ", k, " of ", options.samples, " samples of the trace"));
        group.resize(options.samples - k);
        for (Index i = 0; i < group.size(); ++i)
            draw_probe(ProbeKind::signs, options.seed, static_cast<std::uint32_t>(k + i), group.factor(i));
        group.multiply(a);
        for (Index i = 0; i < group.size(); ++i) {
            estimate.samples.push_back(dot(group.factor(i), group.product(i)));
            if (!std::isfinite(estimate.samples.back()))
                throw NumericError(message("the product with probe ", k + i, " of the trace is not finite"));
        }
        options.work.report(k + group.size(), options.samples);
    }
    const MeanAndError all = mean_and_error(estimate.samples);
    estimate.value = all.mean;
    estimate.standard_error = all.standard_error;
    return estimate;
}

}  // namespace vitscape
