// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
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

    /// The mean of at least 2 samples.
    [[nodiscard]] static TraceEstimate of(std::vector<double> samples) {
        const MeanAndError all = mean_and_error(samples);
        return {all.mean, all.standard_error, std::move(samples)};
    }
};

/// z^T A z for `options.samples` random sign vectors z, from number `first` on: the samples of `trace`, which others may compute a part
/// of. Those of a part have the same bytes if `first` is a multiple of `products_at_once`.
/// @throws ConfigError for fewer than 1 sample or a negative number; else as `trace`
template <class A>
requires SymmetricOperator<A, BackendOf<A>>
[[nodiscard]] std::vector<double> trace_samples(A&& a, const TraceOptions& options, Index first = 0) {
    using B = BackendOf<A>;
    if (options.samples < 1 || first < 0)
        throw ConfigError(message(options.samples, " samples of a trace from number ", first,
                                  " were asked for; at least 1 from at least 0 can be given"));
    const Index size = static_cast<Index>(a.size());
    const Index together = std::min<Index>(products_at_once, options.samples);
    std::vector<Vector<B>> probes, products;
    std::vector<const Vector<B>*> from;
    std::vector<Vector<B>*> to;
    for (Index i = 0; i < together; ++i) {
        probes.emplace_back(a.backend(), size);
        products.emplace_back(a.backend(), size);
    }
    for (const Vector<B>& probe : probes) from.push_back(&probe);
    for (Vector<B>& product : products) to.push_back(&product);
    std::vector<double> samples;
    for (Index k = 0; k < options.samples; k = static_cast<Index>(samples.size())) {
        if (options.work.must_stop())
            throw Interrupted(message("stopped after ", k, " of ", options.samples, " samples of the trace"));
        const auto count = static_cast<std::size_t>(std::min(together, options.samples - k));
        for (std::size_t i = 0; i < count; ++i)
            draw_probe(ProbeKind::signs, options.seed,
                       static_cast<std::uint32_t>(first + k) + static_cast<std::uint32_t>(i), probes[i]);
        apply_all<std::remove_reference_t<A>, B>(a, std::span(from).first(count), std::span(to).first(count));
        for (std::size_t i = 0; i < count; ++i) {
            samples.push_back(dot(probes[i], products[i]));
            if (!std::isfinite(samples.back()))
                throw NumericError(message("the product with probe ",
                                           first + static_cast<Index>(samples.size()) - 1,
                                           " of the trace is not finite"));
        }
        options.work.report(static_cast<Index>(samples.size()), options.samples);
    }
    return samples;
}

/// The trace of a symmetric operator as the mean of z^T A z over random sign vectors z (Hutchinson 1990).
/// The variance of one sample is 2 (|A|_F^2 - sum of A_ii^2), the minimum over independent entries; for a diagonal
/// operator the estimate is exact.
/// @throws ConfigError for fewer than 2 samples; NumericError if a product is not finite;
/// Interrupted after `options.work.interrupted`.
template <class A>
requires SymmetricOperator<A, BackendOf<A>>
[[nodiscard]] TraceEstimate trace(A&& a, const TraceOptions& options = {}) {
    if (options.samples < 2)
        throw ConfigError(message("a trace needs at least 2 samples for its standard error, ",
                                  options.samples, " were given"));
    return TraceEstimate::of(trace_samples(a, options));
}

}  // namespace vitscape
