// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <vitscape/landscape/convex_region_io.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/numbers.hpp>
#include <vitscape/study/rows.hpp>

namespace vitscape {

namespace detail {

/// The prefix of the files of a run's loss; a classifier's only loss serves as both.
inline std::string loss_with_surface(const JsonValue& run, const std::string& loss) {
    return run.contains(loss + ".surface-0") ? loss : "training";
}

}  // namespace detail

/// The first plane of the first seed for each method and loss.
[[nodiscard]] inline nlohmann::json surfaces_json(const CompletedRuns& runs) {
    using Json = nlohmann::json;
    Json list = Json::array();
    for (const std::string& loss : study_losses)
        for (const auto& [name, title] : runs.methods) {
            const std::string prefix = detail::loss_with_surface(runs.result(name, 0), loss);
            const auto path = runs.folder(name, runs.seeds.front());
            const Surface surface = load_surface(path / (prefix + "-surface-0.json")).surface;
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
                 {"file", message(name, "/seed-", runs.seeds.front(), "/", prefix, "-surface-0.npy")}});
        }
    return list;
}

/// Adds the convex regions of the planes to the surfaces of a report, each under its name as `region`.
inline void put_convex_regions(nlohmann::json& report, const CompletedRuns& runs) {
    if (!report.contains("surfaces")) return;
    for (nlohmann::json& surface : report.at("surfaces")) {
        const std::string method = surface.at("method"), loss = surface.at("loss");
        const nlohmann::json& run = runs.results.at(method).front();
        const std::string prefix = run.contains(loss + ".convex-0") ? loss : "training";
        const RegionMap region = region_map(
            load_convex_region(runs.folder(method, runs.seeds.front()) / (prefix + "-convex-0.json")));
        const auto flag = [](std::uint8_t inside) { return static_cast<int>(inside); };
        surface["region"] = {{"name", "convex region"},
                             {"x", region.x},
                             {"y", region.y},
                             {"inside", detail::rows_of(region.inside, flag)}};
    }
}

/// L / L(0) - 1 along the axes: the mean over the planes and both axes of a seed, and its 95 % interval over seeds.
[[nodiscard]] inline nlohmann::json slices_json(const CompletedRuns& runs, std::uint32_t planes) {
    using Json = nlohmann::json;
    Json list = Json::array();
    for (const std::string& loss : study_losses)
        for (const auto& [name, title] : runs.methods) {
            std::vector<double> x;
            std::vector<std::vector<double>> at;  // per coordinate, one value per seed
            for (std::size_t i = 0; i < runs.seeds.size(); ++i) {
                const std::string prefix = detail::loss_with_surface(runs.result(name, i), loss);
                std::vector<std::vector<double>> of_seed;
                for (std::uint32_t pair = 0; pair < planes; ++pair) {
                    const Surface s = load_surface(runs.folder(name, runs.seeds[i]) /
                                                   message(prefix, "-surface-", pair, ".json"))
                                          .surface;
                    x = s.x;
                    at.resize(x.size());
                    of_seed.resize(x.size());
                    const std::size_t middle = x.size() / 2;
                    for (std::size_t k = 0; k < x.size(); ++k)
                        for (const double value : {s.loss(middle, k), s.loss(k, middle)})
                            if (std::isfinite(value)) of_seed[k].push_back(value / s.centre_loss - 1);
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
                            {"x", x},
                            {"mean", mean},
                            {"low", low},
                            {"high", high},
                            {"count", at.empty() ? 0 : at.front().size()}});
        }
    return list;
}

}  // namespace vitscape
