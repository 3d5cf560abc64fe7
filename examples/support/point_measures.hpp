// SPDX-License-Identifier: Apache-2.0
//
// What the landscape program measures at each point beside the loss.
#pragma once

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/landscape/mode_connectivity.hpp>
#include <vitscape/landscape/point_eigenvalues.hpp>
#include <vitscape/landscape/point_norms.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/rounding_error.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/probe/point_measures.hpp>

#include "direction_options.hpp"
#include "options.hpp"

namespace program {

/// Options that say what is measured, and the measures that they mean.
class PointMeasureOptions {
  public:
    void add(CLI::App& app) {
        using vitscape::Range;
        add_choices(
            app, "--measure", chosen_,
            {"loss", "accuracy", "calibration", "gradient", "weights", "eigenvalues"},
            "what is measured at each point, the loss in any case: the accuracy (top-1, top-5) and the "
            "expected calibration error of a classifier, the norms of the gradient and of the parameters, "
            "the largest and smallest eigenvalue of the Hessian and their ratio, which take up to "
            "--lanczos-steps products with it a point, from --seed to --lanczos-tolerance");
        add_number(app, "--calibration-bins", bins_, Range::count(1, 10000),
                   "of confidence, for the calibration error");
    }

    [[nodiscard]] bool any() const { return !cards({}).empty(); }
    /// What is measured beside the loss.
    [[nodiscard]] std::vector<vitscape::NumberCard> cards(const DirectionOptions& lanczos) const {
        std::vector<vitscape::NumberCard> all;
        const auto add = [&](const auto& measure) {
            if (measure)
                for (vitscape::NumberCard& card : measure->numbers()) all.push_back(std::move(card));
        };
        add(accuracy()), add(calibration()), add(gradient()), add(weights()), add(eigenvalues(lanczos));
        return all;
    }

    /// @throws ConfigError where the precision or the model does not have what is asked for, or eigenvalues do not fit into the
    ///         memory
    template <class Method>
    void check(const Method& method, const std::string& checkpoint, const std::string& precision,
               const DirectionOptions& lanczos, double memory) const {
        using vitscape::ConfigError, vitscape::message;
        for (const char* name : {"accuracy", "calibration"})
            if (wants(name) && !vitscape::ClassifyingMethod<Method, vitscape::CpuPrimitives<float>>)
                throw ConfigError(
                    message("--measure ", name, " needs a classifier, and the model of ", checkpoint, " (",
                            std::string_view(Method::Card::title),
                            ") has no classes; possible are loss, gradient, weights and eigenvalues"));
        if (wants("gradient") && precision == "bf16")
            throw ConfigError(
                "--measure gradient has no standard error that the rounding of --precision bf16 could be "
                "compared with; compute it with --precision float");
        if (!wants("eigenvalues")) return;
        const auto parameters = static_cast<double>(method.layout().size());
        const double vectors = std::min(static_cast<double>(lanczos.lanczos_steps), parameters);
        vitscape::require_memory(message("--measure eigenvalues by --lanczos-steps ", lanczos.lanczos_steps,
                                         " with ", static_cast<vitscape::Index>(parameters), " parameters"),
                                 vectors * (4 * parameters + 8 * vectors), memory, "fewer steps need less");
    }

    /// `project` of a surface or volume with these measures. Says beforehand how long it takes.
    template <class O, class Space, class G, class Options>
    [[nodiscard]] auto project(O& objective, const Space& space, const G& grid, Options options,
                               const DirectionOptions& lanczos) const {
        const auto start = std::chrono::steady_clock::now();
        if (any())
            options.after_centre = [start](const auto&, vitscape::Index left) {
                const double seconds =
                    std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
                if (left > 0)
                    std::cerr << "the centre took " << vitscape::short_number(seconds) << " s; about "
                              << vitscape::duration_text(seconds * static_cast<double>(left)) << " for "
                              << left << " points\n";
            };
        return with(objective, lanczos, [&](auto&... measures) {
            return vitscape::project(objective, space, grid, options, measures...);
        });
    }
    /// call(measures...), each a std::optional of one that this objective can have.
    template <class O, class Call>
    auto with(O& objective, const DirectionOptions& lanczos, const Call& call) const {
        auto gradient_norm = gradient();
        auto weight_norm = weights();
        auto ends = eigenvalues(lanczos);
        using B = std::remove_cvref_t<decltype(objective.backend())>;
        if constexpr (vitscape::ClassifyingObjective<O, B>) {
            auto share = accuracy();
            auto confidence = calibration();
            return call(share, confidence, gradient_norm, weight_norm, ends);
        } else {
            return call(gradient_norm, weight_norm, ends);
        }
    }

    /// `rounding_errors` of the loss and of those numbers that have standard errors.
    template <class O, class Exact, class Space, class G>
    [[nodiscard]] std::vector<vitscape::RoundingError> rounding_errors(O& objective, Exact& exact,
                                                                       const Space& space,
                                                                       const G& grid) const {
        using B = std::remove_cvref_t<decltype(objective.backend())>;
        if constexpr (vitscape::ClassifyingObjective<O, B>) {
            auto share = accuracy();
            auto confidence = calibration();
            return vitscape::rounding_errors(objective, exact, space, grid, share, confidence);
        } else {
            return vitscape::rounding_errors(objective, exact, space, grid);
        }
    }

  private:
    [[nodiscard]] bool wants(const char* name) const {
        return std::find(chosen_.begin(), chosen_.end(), name) != chosen_.end();
    }
    template <class M>
    [[nodiscard]] std::optional<M> where(const char* name, M measure) const {
        return wants(name) ? std::optional<M>(std::move(measure)) : std::nullopt;
    }
    [[nodiscard]] std::optional<vitscape::PointAccuracy> accuracy() const {
        return where("accuracy", vitscape::PointAccuracy{});
    }
    [[nodiscard]] std::optional<vitscape::PointCalibration> calibration() const {
        return where("calibration", vitscape::PointCalibration{.bins = bins_});
    }
    [[nodiscard]] std::optional<vitscape::PointGradientNorm> gradient() const {
        return where("gradient", vitscape::PointGradientNorm{});
    }
    [[nodiscard]] std::optional<vitscape::PointWeightNorm> weights() const {
        return where("weights", vitscape::PointWeightNorm{});
    }
    [[nodiscard]] std::optional<vitscape::PointEigenvalues> eigenvalues(
        const DirectionOptions& lanczos) const {
        return where("eigenvalues", vitscape::PointEigenvalues{.steps = lanczos.lanczos_steps,
                                                               .tolerance = lanczos.tolerance,
                                                               .seed = lanczos.seed});
    }

    std::vector<std::string> chosen_{"loss"};
    std::size_t bins_ = 15;
};

}  // namespace program
