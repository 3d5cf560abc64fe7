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
#include <utility>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/curvature/hessian.hpp>
#include <vitscape/curvature/spectral_density.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/loss_around.hpp>
#include <vitscape/study/numbers.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// The spectral density of the Hessian of a loss by stochastic Lanczos quadrature: how many directions curve downwards, and
/// the distribution of the eigenvalues for the page.
struct SpectrumMeasure {
    static constexpr std::string_view key = "spectrum";
    std::size_t images = 128;
    Index probes = 3;  ///< random start vectors
    Index steps = 20;  ///< products for each of them
    std::uint64_t seed = 0;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "curvature-images",
              "training images that eigenvalues and traces are the mean over", Range::count(1, 4294967295.0));
        visit("probes", self.probes, "spectrum-probes", "random vectors for the spectral density",
              Range::count(2, 1e6));
        visit("steps", self.steps, "spectrum-steps", "products with the Hessian for each of them",
              Range::count(2, 1e6));
        visit("seed", self.seed, "", "of the random vectors", Range::seed());
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] SpectrumMeasure coarser(int level) const {
        SpectrumMeasure cheap = *this;
        cheap.probes = 2;
        cheap.steps = std::min<Index>(steps, std::array{16, 12, 8}[static_cast<std::size_t>(level - 1)]);
        return cheap;
    }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        return speed.product * static_cast<double>(images) * static_cast<double>(probes * steps);
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        const SpectralDensity density = spectral_density(
            hessian(around.loss(images), around.theta()),
            {.probes = probes, .steps = steps, .seed = seed, .work = {.progress = [&](Index done, Index all) {
                                                                 around.progress(done, all, "products");
                                                             }}});
        const SpectralShare negative = density.share_negative();
        nlohmann::json found = {{"dimension", density.dimension()},
                                {"products", density.products()},
                                {"seed", seed},
                                {"negative", negative.value},
                                {"negative_standard_error", json_number(negative.standard_error)},
                                {"negative_bounds", {negative.low, negative.high}}};
        for (const SpectralProbe& probe : density.probes())
            found["probes"].push_back({{"nodes", probe.nodes}, {"weights", probe.weights}});
        return found;
    }
    void rows(Rows& rows) const {
        rows.add({.key = "negative_share",
                  .group = "curvature",
                  .name = "share of negative eigenvalues of the Hessian",
                  .unit = "fraction",
                  .meaning = message("by stochastic Lanczos quadrature, ", probes, " vectors of ", steps,
                                     " products; its error over the vectors"),
                  .better = Better::lower,
                  .direction = "lower is closer to convex",
                  .invariant_to = "scale of the loss and constants added to it",
                  .flatness = true},
                 [](const JsonValue& s) {
                     return MeasuredValue{.value = s.at("negative").number_or_nan(),
                                          .standard_error = s.at("negative_standard_error").number_or_nan()};
                 });
    }
    /// The density of each run as a share of its largest |eigenvalue|, which no scale of the loss changes: `spectra`, by method and
    /// loss the mean over seeds and its interval.
    void put_into(nlohmann::json& report, const CompletedRuns& runs) const {
        std::vector<double> x(151);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i) / 100 - 0.5;
        for (const StudyLoss& loss : study_losses) {
            if (!runs.has_loss(loss.name)) continue;
            for (const auto& [method, title] : runs.methods) {
                std::vector<std::vector<double>> densities;  // of each seed
                for (std::size_t seed = 0; seed < runs.sets_of_weights(method); ++seed) {
                    const JsonValue run = runs.result(method, seed);
                    densities.push_back(relative_density(
                        run.at(detail::result_of_loss(run, std::string(loss.name), std::string(key))), x));
                }
                nlohmann::json entry = {
                    {"method", method}, {"loss", loss.name}, {"x", x}, {"count", densities.size()}};
                for (std::size_t k = 0; k < x.size(); ++k) {
                    std::vector<double> at(densities.size());
                    std::transform(densities.begin(), densities.end(), at.begin(),
                                   [k](const auto& density) { return density[k]; });
                    const nlohmann::json found = json_summary(at, ValueRange::positive);
                    entry["mean"].push_back(found.at("mean"));
                    entry["low"].push_back(found.at("interval").at(0));
                    entry["high"].push_back(found.at("interval").at(1));
                }
                report["spectra"].push_back(std::move(entry));
            }
        }
    }

  private:
    static constexpr double width = 0.02;  ///< of the smoothing normal distribution
    static constexpr double lowest =
        1e-4;  ///< densities below it are not shown: they are those of the smoothing alone

    /// At points x, in units of the largest |node|; NaN where it is next to nothing.
    [[nodiscard]] static std::vector<double> relative_density(const JsonValue& result,
                                                              const std::vector<double>& x) {
        std::vector<SpectralProbe> probes;
        double largest = 0;
        const JsonValue all = result.at("probes");
        for (std::size_t i = 0; i < all.size(); ++i) {
            SpectralProbe probe;
            probe.nodes = all.at(i).at("nodes").to<std::vector<double>>();
            probe.weights = all.at(i).at("weights").to<std::vector<double>>();
            for (const double node : probe.nodes) largest = std::max(largest, std::abs(node));
            probes.push_back(std::move(probe));
        }
        std::vector<double> density(x.size(), std::numeric_limits<double>::quiet_NaN());
        if (!(largest > 0)) return density;
        for (SpectralProbe& probe : probes)
            for (double& node : probe.nodes) node /= largest;
        const SpectralDensity relative(std::move(probes), result.at("dimension").to<Index>(), 0, 0);
        const auto found = relative.density(x, width);
        for (std::size_t k = 0; k < x.size(); ++k)
            if (found[k].mean >= lowest) density[k] = found[k].mean;
        return density;
    }
};

}  // namespace vitscape
