// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/landscape/formats/json.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/numbers.hpp>
#include <vitscape/study/rows.hpp>

namespace vitscape {

namespace detail {

/// The prefix of the files of a run's loss; the first loss serves for one that the run lacks.
inline std::string loss_with_surface(const JsonValue& run, std::string_view loss) {
    return run.contains(message(loss, ".surface-0")) ? std::string(loss) : "training";
}

/// What rises of a loss are relative to: what training gained, or the loss itself if some method's trivial loss is not known.
inline std::string_view rises_relative_to(const CompletedRuns& runs, std::string_view loss) {
    for (const auto& [name, title] : runs.methods)
        for (std::size_t i = 0; i < runs.seeds.size(); ++i) {
            const JsonValue run = runs.result(name, i);
            const JsonValue plane = run.at(loss_with_surface(run, loss) + ".surface-0");
            if (!std::isfinite(plane.at("trivial_loss").number_or_nan())) return "loss";
        }
    return "gain";
}
/// The unit of rises in a run: the loss at the centre, or the gain; NaN if nothing was gained.
inline double unit_of_rises(const JsonValue& plane, std::string_view relative_to) {
    return relative_to == "loss" ? plane.at("centre_loss").number_or_nan() : gain_of(plane);
}

}  // namespace detail

/// The first plane of the first seed for each method and loss.
[[nodiscard]] inline nlohmann::json surfaces_json(const CompletedRuns& runs) {
    using Json = nlohmann::json;
    Json list = Json::array();
    for (const auto& [loss, loss_title] : study_losses) {
        if (!runs.has_loss(loss)) continue;
        const std::string_view relative_to = detail::rises_relative_to(runs, loss);
        for (const auto& [name, title] : runs.methods) {
            const JsonValue run = runs.result(name, 0);
            const std::string prefix = detail::loss_with_surface(run, loss);
            const auto path = runs.folder(name, runs.seeds.front());
            const Surface surface = JsonFormat::load(path / (prefix + "-surface-0.json")).surface;
            Json rows = Json::array();
            for (std::size_t r = 0; r < surface.y.size(); ++r) {
                rows.push_back(Json::array());
                for (std::size_t c = 0; c < surface.x.size(); ++c)
                    rows.back().push_back(json_number(surface.loss(r, c)));
            }
            list.push_back(
                {{"method", name},
                 {"seed", runs.seeds.front()},
                 {"pair", 0},
                 {"loss", loss},
                 {"x", surface.x},
                 {"y", surface.y},
                 {"values", rows},
                 {"centre_loss", surface.centre_loss},
                 {"relative_to", relative_to},
                 {"unit", json_number(detail::unit_of_rises(run.at(prefix + ".surface-0"), relative_to))},
                 {"file", message(name, "/seed-", runs.seeds.front(), "/", prefix, "-surface-0.npy")}});
        }
    }
    return list;
}

/// Adds the convex regions of the first planes to the surfaces of a report, each under its name as `region`.
inline void put_convex_regions(nlohmann::json& report, const CompletedRuns& runs) {
    if (!report.contains("surfaces")) return;
    for (nlohmann::json& surface : report.at("surfaces")) {
        const JsonValue run = runs.result(surface.at("method").get<std::string>(), 0);
        const JsonValue rays =
            run.at(detail::result_of_loss(run, surface.at("loss").get<std::string>(), "convex-0")).at("rays");
        nlohmann::json x, y, open;
        for (std::size_t i = 0; i < rays.size(); ++i) {
            const double angle = rays.at(i).at("angle").number_or_nan(),
                         radius = rays.at(i).at("radius").number_or_nan();
            x.push_back(json_number(radius * std::cos(angle)));
            y.push_back(json_number(radius * std::sin(angle)));
            open.push_back(!rays.at(i).at("reached").to<bool>());
        }
        surface["region"] = {{"name", "convex region"}, {"x", x}, {"y", y}, {"open", open}};
    }
}

/// The rise of the loss along the axes, relative to the gain or the loss (`relative_to`): the mean over the planes and both
/// axes of a seed, and its 95 % interval over seeds.
[[nodiscard]] inline nlohmann::json slices_json(const CompletedRuns& runs, std::uint32_t planes) {
    using Json = nlohmann::json;
    Json list = Json::array();
    for (const auto& [loss, loss_title] : study_losses) {
        if (!runs.has_loss(loss)) continue;
        const std::string_view relative_to = detail::rises_relative_to(runs, loss);
        for (const auto& [name, title] : runs.methods) {
            std::vector<double> x;
            std::vector<std::vector<double>> at;  // per coordinate, one value per seed
            for (std::size_t i = 0; i < runs.sets_of_weights(name); ++i) {
                const JsonValue run = runs.result(name, i);
                const std::string prefix = detail::loss_with_surface(run, loss);
                const double unit = detail::unit_of_rises(run.at(prefix + ".surface-0"), relative_to);
                std::vector<std::vector<double>> of_seed;
                for (std::uint32_t pair = 0; pair < planes; ++pair) {
                    const Surface s = JsonFormat::load(runs.folder(name, runs.seeds[i]) /
                                                       message(prefix, "-surface-", pair, ".json"))
                                          .surface;
                    x = s.x;
                    at.resize(x.size());
                    of_seed.resize(x.size());
                    const std::size_t middle = x.size() / 2;
                    for (std::size_t k = 0; k < x.size(); ++k)
                        for (const double value : {s.loss(middle, k), s.loss(k, middle)})
                            if (const double rise = (value - s.centre_loss) / unit; std::isfinite(rise))
                                of_seed[k].push_back(rise);
                }
                for (std::size_t k = 0; k < of_seed.size(); ++k)
                    if (!of_seed[k].empty()) at[k].push_back(mean_and_error(of_seed[k]).mean);
            }
            Json mean = Json::array(), low = Json::array(), high = Json::array();
            for (const auto& numbers : at) {
                const Json found = json_summary(numbers);
                mean.push_back(found.at("mean"));
                low.push_back(found.at("interval").at(0));
                high.push_back(found.at("interval").at(1));
            }
            list.push_back({{"method", name},
                            {"loss", loss},
                            {"relative_to", relative_to},
                            {"x", x},
                            {"mean", mean},
                            {"low", low},
                            {"high", high},
                            {"count", at.empty() ? 0 : at.front().size()}});
        }
    }
    return list;
}

}  // namespace vitscape
