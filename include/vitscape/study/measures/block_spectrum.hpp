// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/curvature/block.hpp>
#include <vitscape/curvature/hessian.hpp>
#include <vitscape/curvature/spectral_density.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/loss_around.hpp>
#include <vitscape/study/report_table.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// Where in the model a loss curves: the spectrum of the Hessian's diagonal block of each Transformer block and the other natural
/// blocks of parameters, by stochastic Lanczos quadrature. Traces of the blocks sum to that of the whole.
struct BlockSpectrumMeasure {
    static constexpr std::string_view key = "blocks";
    std::size_t images = 128;
    Index probes = 2;  ///< random start vectors for each block
    Index steps = 6;   ///< products for each of them
    std::uint64_t seed = 0;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "curvature-images",
              "training images that eigenvalues and traces are the mean over", Range::count(1, 4294967295.0));
        visit("probes", self.probes, "block-probes",
              "random vectors for the spectrum of each block of parameters", Range::count(2, 1e6));
        visit("steps", self.steps, "block-steps", "products with the Hessian for each of them",
              Range::count(2, 1e6));
        visit("seed", self.seed, "", "of the random vectors", Range::seed());
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] BlockSpectrumMeasure coarser(int level) const {
        BlockSpectrumMeasure cheap = *this;
        cheap.probes = 2;
        cheap.steps = std::min<Index>(steps, level == 1 ? 4 : 2);
        return cheap;
    }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        constexpr double blocks = 8;  // of a model of a few Transformer blocks
        return speed.product * blocks * static_cast<double>(images) * static_cast<double>(probes * steps);
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        O& loss = around.loss(images);
        nlohmann::json found = nlohmann::json::array();
        const std::vector<ParameterBlock> blocks = natural_blocks(loss.layout());
        std::int64_t done = 0;
        for (const ParameterBlock& part : blocks) {
            around.progress(++done, static_cast<std::int64_t>(blocks.size()), "blocks");
            const SpectralDensity density =
                spectral_density(block(hessian(loss, around.theta()), part),
                                 {.probes = probes, .steps = std::min(steps, part.size()), .seed = seed});
            const MeanAndError mean = density.moment(1);
            const Interval range = density.range();
            found.push_back({{"name", part.name()},
                             {"parameters", part.size()},
                             {"mean", json_number(mean.mean)},
                             {"standard_error", json_number(mean.standard_error)},
                             {"largest", json_number(range.high)},
                             {"smallest", json_number(range.low)}});
        }
        return found;
    }
    void rows(Rows&) const {}  // blocks differ between methods

    /// A table for each loss: the mean eigenvalue of each block, its ends in the note.
    void put_into(nlohmann::json& report, const CompletedRuns& runs) const {
        for (const StudyLoss& loss : study_losses) {
            if (!runs.has_loss(loss.name)) continue;
            ReportTable table(message("blocks-", loss.name), "Curvature by blocks of parameters",
                              message(loss.title,
                                      ": mean eigenvalue of the Hessian's diagonal block, its trace "
                                      "divided by its size, the mean over the trainings; below it the "
                                      "smallest and the largest eigenvalue found in any of them, bounds "
                                      "of the ends from inside"),
                              false);
            for (const std::string& name : block_names(runs, loss.name)) {
                table.row(name, "", "", Better::lower, "flatter");
                for (const auto& [method, title] : runs.methods) {
                    std::string ends;
                    const double mean = mean_over_runs(runs, method, loss.name, name, ends);
                    table.value(method, mean, ends);
                }
            }
            table.put_into(report);
        }
    }

  private:
    [[nodiscard]] static JsonValue blocks_of(const CompletedRuns& runs, const std::string& method,
                                             std::size_t seed, std::string_view loss) {
        const JsonValue run = runs.result(method, seed);
        return run.at(detail::result_of_loss(run, std::string(loss), std::string(key)));
    }
    /// Of all methods, in the order in which they are met.
    [[nodiscard]] static std::vector<std::string> block_names(const CompletedRuns& runs,
                                                              std::string_view loss) {
        std::vector<std::string> names;
        for (const auto& [method, title] : runs.methods) {
            const JsonValue all = blocks_of(runs, method, 0, loss);
            for (std::size_t i = 0; i < all.size(); ++i)
                if (const auto name = all.at(i).at("name").to<std::string>();
                    std::find(names.begin(), names.end(), name) == names.end())
                    names.push_back(name);
        }
        return names;
    }
    /// NaN if the method has no such block. @param ends  set to the smallest and the largest eigenvalue over the runs
    [[nodiscard]] static double mean_over_runs(const CompletedRuns& runs, const std::string& method,
                                               std::string_view loss, const std::string& name,
                                               std::string& ends) {
        std::vector<double> means;
        double low = std::numeric_limits<double>::infinity(), high = -low;
        for (std::size_t seed = 0; seed < runs.sets_of_weights(method); ++seed) {
            const JsonValue all = blocks_of(runs, method, seed, loss);
            for (std::size_t i = 0; i < all.size(); ++i) {
                if (all.at(i).at("name").to<std::string>() != name) continue;
                means.push_back(all.at(i).at("mean").number_or_nan());
                low = std::min(low, all.at(i).at("smallest").number_or_nan());
                high = std::max(high, all.at(i).at("largest").number_or_nan());
            }
        }
        if (means.empty()) return std::numeric_limits<double>::quiet_NaN();
        ends = message(short_number(low), " to ", short_number(high));
        return mean_and_error(means).mean;
    }
};

}  // namespace vitscape
