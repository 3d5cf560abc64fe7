// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/curvature/gauss_newton.hpp>
#include <vitscape/curvature/hessian.hpp>
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
    Index steps = 40;        ///< maximum number of Hessian-vector products
    std::uint64_t seed = 0;  ///< of the start vector

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "curvature-images",
              "training images that eigenvalues and traces are the mean over", Range::count(1, 4294967295.0));
        visit("lanczos_steps", self.steps, "lanczos-steps",
              "products with the Hessian for its eigenvalues, at most", Range::count(4, 1e9));
        visit("seed", self.seed, "", "of the start vector", Range::seed());
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
                                       .own_share = resolved_share,
                                       .seed = seed,
                                       .verify = false,
                                       .progress = [&](const LanczosProgress& p) {
                                           around.progress(p.products, p.limit, "products");
                                       }});
        const auto& largest = spectrum.largest.front();
        const auto& smallest = spectrum.smallest.front();
        return {{"largest", largest.value},      {"largest_residual", largest.residual},
                {"smallest", smallest.value},    {"smallest_residual", smallest.residual},
                {"products", spectrum.products}, {"seed", seed}};
    }
    void rows(Rows& rows) const {
        const auto end = [&](const std::string& which, Better better, const char* direction, bool headline) {
            rows.add(
                {.key = which + "_eigenvalue",
                 .group = "curvature",
                 .name = which + " eigenvalue of the Hessian",
                 .meaning =
                     "in units of the loss; its error is the residual of the eigenpair, and it counts as "
                     "resolved if that is at most a tenth of its own size",
                 .better = better,
                 .direction = direction,
                 .headline = headline,
                 .flatness = true},
                [which](const JsonValue& e) { return resolved_value(e, which); });
        };
        end("largest", Better::lower, "", true);
        end("smallest", Better::higher, "higher is closer to convex", false);
        rows.add({.key = "eigenvalue_ratio",
                  .group = "curvature",
                  .name = "|smallest / largest| eigenvalue",
                  .meaning = "how far from convex the loss is at the solution",
                  .better = Better::lower,
                  .direction = "lower is closer to convex",
                  .invariant_to = "scale of the loss",
                  .flatness = true},
                 [](const JsonValue& e) {
                     return MeasuredValue{.value = std::abs(resolved_value(e, "smallest").value /
                                                            resolved_value(e, "largest").value)};
                 });
    }

  private:
    static constexpr double resolved_share = 0.1;
    /// An end of the spectrum, or the bound of its size if it is not resolved by its own size.
    static MeasuredValue resolved_value(const JsonValue& result, const std::string& which) {
        const double value = result.at(which).number_or_nan(),
                     residual = result.at(which + "_residual").number_or_nan();
        if (residual <= resolved_share * std::abs(value)) return {.value = value, .standard_error = residual};
        return {.bound = std::abs(value) + residual};
    }
};

/// The traces of the Hessian of a loss and of its Gauss-Newton matrix, J^T l'' J of the loss l of the model's output, by
/// Hutchinson's estimator with the same random vectors, so that the trace of the rest, the curvature of the model itself
/// weighted by the loss's slope, has an error of its own.
struct TraceMeasure {
    static constexpr std::string_view key = "trace";
    std::size_t images = 128;
    Index samples = 8;  ///< random vectors
    std::uint64_t seed = 0;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "curvature-images",
              "training images that eigenvalues and traces are the mean over", Range::count(1, 4294967295.0));
        visit("trace_samples", self.samples, "trace-samples", "random vectors for the trace",
              Range::count(2, 1e9));
        visit("seed", self.seed, "", "of the random vectors", Range::seed());
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        return 2 * speed.product * static_cast<double>(images) * static_cast<double>(samples);
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        O& loss = around.loss(images);
        const auto options = [&](Index before) {
            return TraceOptions{.samples = samples,
                                .seed = seed,
                                .work = {.progress = [&around, before, this](Index done, Index) {
                                    around.progress(before + done, 2 * samples, "products");
                                }}};
        };
        const TraceEstimate whole = trace(hessian(loss, around.theta()), options(0));
        nlohmann::json found = {{"value", whole.value},
                                {"standard_error", whole.standard_error},
                                {"seed", seed},
                                {"gauss_newton", nullptr},
                                {"rest", nullptr}};
        if constexpr (HasGaussNewton<O, B>) {
            try {
                const TraceEstimate linear = trace(gauss_newton(loss, around.theta()), options(samples));
                std::vector<double> rest;
                for (std::size_t i = 0; i < linear.samples.size(); ++i)
                    rest.push_back(whole.samples[i] - linear.samples[i]);
                const MeanAndError difference = mean_and_error(rest);
                found["gauss_newton"] = {{"value", linear.value}, {"standard_error", linear.standard_error}};
                found["rest"] = {{"value", difference.mean}, {"standard_error", difference.standard_error}};
            } catch (const ConfigError&) {  // the method does not say what its output is
            }
        }
        return found;
    }
    void rows(Rows& rows) const {
        const auto add = [&](const char* name, const std::string& title, const std::string& meaning,
                             Better better, const char* part) {
            rows.add({.key = name,
                      .group = "curvature",
                      .name = title,
                      .meaning = "in units of the loss" + meaning,
                      .better = better,
                      .flatness = true},
                     [part](const JsonValue& t) {
                         if (part == nullptr)
                             return MeasuredValue{t.at("value").number_or_nan(),
                                                  t.at("standard_error").number_or_nan()};
                         if (t.at(part).json().is_null()) return MeasuredValue{};
                         return MeasuredValue{t.at(part).at("value").number_or_nan(),
                                              t.at(part).at("standard_error").number_or_nan()};
                     });
        };
        add("trace", "trace of the Hessian", "", Better::lower, nullptr);
        add("gauss_newton_trace", "trace of the Gauss-Newton matrix",
            "; the curvature that the model has if it is linear in its parameters", Better::lower,
            "gauss_newton");
        add("residual_trace", "trace of the Hessian beyond the Gauss-Newton matrix",
            "; zero where the model fits exactly", Better::neither, "rest");
    }
};

}  // namespace vitscape
