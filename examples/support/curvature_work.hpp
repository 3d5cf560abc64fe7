// SPDX-License-Identifier: Apache-2.0
//
// What the curvature program computes, in parts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/interrupt.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/spectral_density.hpp>
#include <vitscape/curvature/trace.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/adaptive_sharpness.hpp>
#include <vitscape/landscape/quotient_sharpness.hpp>

#include "curvature_options.hpp"
#include "density_figure.hpp"
#include "parted_work.hpp"

namespace program {

/// Eigenvalues, trace, distribution of the eigenvalues and sharpness at a point, and the file that holds what is finished of them.
template <class O, class B>
class CurvatureWork {
  public:
    /// All must outlive it. @param result  what the file says besides
    CurvatureWork(const CurvatureOptions& options, O& objective, const vitscape::Vector<B>& theta,
                  nlohmann::ordered_json result)
        : o_(options), objective_(objective), theta_(theta), result_(std::move(result)) {}

    [[nodiscard]] std::vector<PartedWork> all() {
        std::vector<PartedWork> works;
        if (o_.top > 0 || o_.bottom() > 0) works.push_back(eigenvalues());
        if (o_.trace_samples > 0) works.push_back(trace_of_it());
        if (o_.density_probes > 0) works.push_back(density());
        if (o_.sharpness > 0) {
            works.push_back(sharpness("quotient", "sharpness on the quotient", [this](const auto& options) {
                return vitscape::quotient_sharpness(objective_, theta_, o_.sharpness, options);
            }));
            works.push_back(sharpness("adaptive", "adaptive sharpness", [this](const auto& options) {
                return vitscape::worst_case_adaptive_sharpness(objective_, theta_, o_.sharpness, options);
            }));
        }
        return works;
    }

  private:
    using Index = vitscape::Index;
    using Results = std::vector<nlohmann::json>;

    void save() const { vitscape::write_json(o_.out, result_); }
    static vitscape::WorkControl control(const PartProgress& progress) {
        return {.progress = [&progress](Index done, Index) { progress(done, ""); }};
    }
    [[nodiscard]] auto operation() const { return vitscape::hessian(objective_, theta_); }

    static nlohmann::json values(const auto& pairs) {
        nlohmann::json list = nlohmann::json::array();
        for (const auto& pair : pairs)
            list.push_back(
                {{"value", pair.value}, {"residual", pair.residual}, {"converged", pair.converged}});
        return list;
    }
    [[nodiscard]] PartedWork eigenvalues() {
        const auto compute = [this](const PartProgress& progress) -> nlohmann::json {
            const auto spectrum = vitscape::lanczos(
                operation(), {.largest = o_.top,
                              .smallest = o_.bottom(),
                              .steps = o_.steps,
                              .tolerance = o_.tolerance,
                              .seed = o_.seed,
                              .verify = false,
                              .progress = [&](const vitscape::LanczosProgress& p) {
                                  progress(p.products, vitscape::message("relative residual ", p.residual));
                                  if (vitscape::interrupted())
                                      throw vitscape::Interrupted(
                                          "stopped; the output file holds what was finished before");
                              }});
            return {{"largest", values(spectrum.largest)},
                    {"smallest", values(spectrum.smallest)},
                    {"converged", spectrum.converged()},
                    {"products", spectrum.products}};
        };
        const auto finish = [this](const Results& results) {
            for (const char* key : {"largest", "smallest", "converged", "products"})
                result_[key] = results.front().at(key);
            save();
            for (const std::string_view which : {"largest", "smallest"}) {
                std::cout << which << " eigenvalues" << (which == "largest" ? " " : "");
                for (const auto& pair : results.front().at(which))
                    std::cout << "  " << pair.at("value").template get<double>() << " +- "
                              << pair.at("residual").template get<double>();
                std::cout << '\n';
            }
            if (!results.front().at("converged").template get<bool>())
                std::cout
                    << "not all eigenvalues reached the tolerance; their residuals say how far they are, "
                       "--lanczos-steps gives more\n";
        };
        return {
            "eigenvalues", "products", {{"eigenvalues", std::min(o_.steps, theta_.size()), compute}}, finish};
    }

    [[nodiscard]] PartedWork trace_of_it() {
        PartedWork work{"trace", "products", {}, {}};
        for (Index first = 0; first < o_.trace_samples; first += vitscape::products_at_once) {
            const Index count = std::min<Index>(vitscape::products_at_once, o_.trace_samples - first);
            work.parts.push_back(
                {vitscape::message("trace, from vector ", first), count,
                 [this, first, count](const PartProgress& progress) -> nlohmann::json {
                     return vitscape::trace_samples(
                         operation(), {.samples = count, .seed = o_.seed, .work = control(progress)}, first);
                 }});
        }
        work.finish = [this](const Results& results) {
            std::vector<double> samples;
            for (const nlohmann::json& part : results)
                for (const double sample : part.get<std::vector<double>>()) samples.push_back(sample);
            const auto estimate = vitscape::TraceEstimate::of(std::move(samples));
            result_["trace"] = {{"value", estimate.value},
                                {"standard_error", estimate.standard_error},
                                {"samples", estimate.samples}};
            save();
            std::cout << "trace " << estimate.value << " +- " << estimate.standard_error << '\n';
        };
        return work;
    }

    [[nodiscard]] PartedWork density() {
        PartedWork work{"distribution", "products", {}, {}};
        const Index steps = std::min(o_.density_steps, theta_.size());
        const Index at_once = vitscape::probes_at_once(steps, theta_.size());
        for (Index first = 0; first < o_.density_probes; first += at_once) {
            const Index count = std::min(at_once, o_.density_probes - first);
            work.parts.push_back(
                {vitscape::message("distribution, from vector ", first), count * steps,
                 [this, first, count](const PartProgress& progress) -> nlohmann::json {
                     const vitscape::SpectralProbes found =
                         vitscape::spectral_probes(operation(),
                                                   {.probes = count,
                                                    .steps = o_.density_steps,
                                                    .seed = o_.seed,
                                                    .work = control(progress)},
                                                   first);
                     nlohmann::json probes = nlohmann::json::array();
                     for (const vitscape::SpectralProbe& probe : found.probes)
                         probes.push_back(
                             {{"nodes", probe.nodes}, {"weights", probe.weights}, {"exact", probe.exact}});
                     return {{"probes", probes}, {"products", found.products}, {"rounding", found.rounding}};
                 }});
        }
        work.finish = [this](const Results& results) { finish_density(results); };
        return work;
    }
    void finish_density(const Results& results) {
        using namespace vitscape;
        std::vector<SpectralProbe> probes;
        Index products = 0;
        double rounding = 0;
        nlohmann::json quadrature = nlohmann::json::array();
        for (const nlohmann::json& result : results) {
            products += result.at("products").get<Index>();
            rounding = std::max(rounding, result.at("rounding").get<double>());
            for (const nlohmann::json& probe : result.at("probes")) {
                probes.push_back({probe.at("nodes").get<std::vector<double>>(),
                                  probe.at("weights").get<std::vector<double>>(),
                                  probe.at("exact").get<bool>()});
                quadrature.push_back(probe);
            }
        }
        const SpectralDensity density(std::move(probes), theta_.size(), products, rounding);
        const Interval range = density.range();
        const double width =
            std::max(smoothing * std::max(std::abs(range.low), std::abs(range.high)), rounding);
        std::vector<double> eigenvalue(401), middle, error;
        const double from = range.low - 4 * width, to = range.high + 4 * width;
        for (std::size_t i = 0; i < eigenvalue.size(); ++i)
            eigenvalue[i] = from + (to - from) * static_cast<double>(i) / 400;
        if (width > 0)
            for (const MeanAndError& at : density.density(eigenvalue, width)) {
                middle.push_back(at.mean);
                error.push_back(at.standard_error);
            }
        const SpectralShare negative = density.share_negative();
        const MeanAndError trace = density.trace();
        result_["distribution"] = {
            {"negative_share",
             {{"value", negative.value},
              {"standard_error", negative.standard_error},
              {"low", negative.low},
              {"high", negative.high}}},
            {"trace", {{"value", trace.mean}, {"standard_error", trace.standard_error}}},
            {"products", products},
            {"width", width},
            {"eigenvalue", eigenvalue},
            {"density", middle},
            {"standard_error", error},
            {"quadrature", quadrature}};
        save();
        std::cout << "share of negative eigenvalues " << negative.value << " +- " << negative.standard_error
                  << ", between " << negative.low << " and " << negative.high
                  << " whatever lies between the nodes\ntrace from the distribution " << trace.mean << " +- "
                  << trace.standard_error << '\n';
        if (width > 0 && !o_.no_figures) draw_density(o_, eigenvalue, middle, error, width);
    }
    template <class Sharpness>
    [[nodiscard]] PartedWork sharpness(const char* key, const char* name, const Sharpness& compute) {
        PartedWork work{name, "losses", {}, {}};
        for (Index start = 0; start < starts; ++start)
            work.parts.push_back({vitscape::message(name, ", start ", start), o_.sharpness_steps,
                                  [this, compute, start](const PartProgress& progress) -> nlohmann::json {
                                      return vitscape::json_number(
                                          compute(vitscape::WorstCaseOptions{.steps = o_.sharpness_steps,
                                                                             .restarts = 0,
                                                                             .first = start,
                                                                             .seed = o_.seed,
                                                                             .work = control(progress)})
                                              .rise);
                                  }});
        work.finish = [this, key, name](const Results& results) {
            std::vector<double> rises;
            for (const nlohmann::json& rise : results)  // one that is not finite is infinite
                rises.push_back(rise.is_null() ? std::numeric_limits<double>::infinity()
                                               : rise.get<double>());
            const double most = *std::max_element(rises.begin(), rises.end());
            result_["sharpness"]["radius"] = o_.sharpness;
            result_["sharpness"][key] = {{"rise", most}, {"starts", rises}};
            save();
            std::cout << name << " at least " << most << " (of its starts:";
            for (const double rise : rises) std::cout << ' ' << rise;
            std::cout << ")\n";
        };
        return work;
    }

    static constexpr Index starts = 3;         ///< the centre, and two on the rim
    static constexpr double smoothing = 0.02;  ///< of the density, over the largest |eigenvalue|

    const CurvatureOptions& o_;
    O& objective_;
    const vitscape::Vector<B>& theta_;
    nlohmann::ordered_json result_;
};

}  // namespace program
