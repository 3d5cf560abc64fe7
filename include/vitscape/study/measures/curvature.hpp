// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include <vitscape/core/fields.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/trace.hpp>
#include <vitscape/study/loss_around.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// The largest and the smallest eigenvalue of the Hessian of a loss, by Lanczos' method with exact products.
struct EigenvalueMeasure {
    static constexpr std::string_view key = "eigenvalues";
    std::size_t images = 128;
    Index steps = 40;  ///< maximum number of Hessian-vector products

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "curvature-images",
              "training images that eigenvalues and traces are the mean over", Range::count(1, 4294967295.0));
        visit("lanczos_steps", self.steps, "lanczos-steps",
              "products with the Hessian for its eigenvalues, at most", Range::count(4, 1e9));
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] EigenvalueMeasure coarser(int level) const {
        EigenvalueMeasure cheap = *this;
        cheap.steps = std::min<Index>(steps, std::array{30, 20, 12}[static_cast<std::size_t>(level - 1)]);
        return cheap;
    }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        return speed.product * static_cast<double>(images) * static_cast<double>(steps);
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        const auto spectrum = lanczos(hessian(around.loss(images), around.theta()),
                                      {.largest = 1,
                                       .smallest = 1,
                                       .steps = steps,
                                       .tolerance = 1e-2,
                                       .verify = false,
                                       .progress = [&](const LanczosProgress& p) {
                                           around.progress(p.products, p.limit, "products");
                                       }});
        return {{"largest", spectrum.largest.front().value},
                {"largest_residual", spectrum.largest.front().residual},
                {"smallest", spectrum.smallest.front().value},
                {"smallest_residual", spectrum.smallest.front().residual}};
    }
    void rows(Rows& rows) const {
        const auto end = [&](const std::string& which, Better better, bool headline) {
            rows.add({.key = which + "_eigenvalue",
                      .group = "curvature",
                      .name = which + " eigenvalue of the Hessian",
                      .meaning = "in units of the loss; its error is the residual of the eigenpair",
                      .better = better,
                      .headline = headline,
                      .flatness = true},
                     [which](const JsonValue& e) {
                         return MeasuredValue{e.at(which).number_or_nan(),
                                              e.at(which + "_residual").number_or_nan()};
                     });
        };
        end("largest", Better::lower, true);
        end("smallest", Better::higher, false);
        rows.add({.key = "eigenvalue_ratio",
                  .group = "curvature",
                  .name = "|smallest / largest| eigenvalue",
                  .meaning = "how far from convex the loss is at the solution",
                  .better = Better::lower,
                  .invariant_to = "scale of the loss",
                  .flatness = true},
                 [](const JsonValue& e) {
                     return MeasuredValue{.value = std::abs(e.at("smallest").number_or_nan() /
                                                            e.at("largest").number_or_nan())};
                 });
    }
};

/// The trace of the Hessian of a loss, by Hutchinson's estimator.
struct TraceMeasure {
    static constexpr std::string_view key = "trace";
    std::size_t images = 128;
    Index samples = 8;  ///< random vectors

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "curvature-images",
              "training images that eigenvalues and traces are the mean over", Range::count(1, 4294967295.0));
        visit("trace_samples", self.samples, "trace-samples", "random vectors for the trace",
              Range::count(2, 1e9));
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        return speed.product * static_cast<double>(images) * static_cast<double>(samples);
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        const TraceEstimate estimate = trace(
            hessian(around.loss(images), around.theta()),
            {.samples = samples,
             .work = {.progress = [&](Index done, Index all) { around.progress(done, all, "products"); }}});
        return {{"value", estimate.value}, {"standard_error", estimate.standard_error}};
    }
    void rows(Rows& rows) const {
        rows.add(
            {.key = "trace",
             .group = "curvature",
             .name = "trace of the Hessian",
             .meaning = "in units of the loss",
             .better = Better::lower,
             .flatness = true},
            [](const JsonValue& t) {
                return MeasuredValue{t.at("value").number_or_nan(), t.at("standard_error").number_or_nan()};
            });
    }
};

}  // namespace vitscape
