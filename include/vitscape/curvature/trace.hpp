// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>
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
    WorkControl work = {};   ///< checked before and after each sample
};

/// An estimate of a trace; its error is approximately normal with this standard deviation.
struct TraceEstimate {
    double value = 0;
    double standard_error = 0;    ///< standard deviation over the samples / sqrt(their number)
    std::vector<double> samples;  ///< z^T A z of each
};

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
    Vector<B> probe(a.backend(), size), product(a.backend(), size);
    TraceEstimate estimate;
    for (Index k = 0; k < options.samples; ++k) {
        if (options.work.must_stop())
            throw Interrupted(message("stopped after ", k, " of ", options.samples, " samples of the trace"));
        draw_probe(ProbeKind::signs, options.seed, static_cast<std::uint32_t>(k), probe);
        a.apply(probe, product);
        estimate.samples.push_back(dot(probe, product));
        if (!std::isfinite(estimate.samples.back()))
            throw NumericError(message("the product with probe ", k, " of the trace is not finite"));
        options.work.report(k + 1, options.samples);
    }
    const MeanAndError all = mean_and_error(estimate.samples);
    estimate.value = all.mean;
    estimate.standard_error = all.standard_error;
    return estimate;
}

}  // namespace vitscape
