// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/compare/claims.hpp>
#include <vitscape/compare/measures.hpp>
#include <vitscape/compare/plan.hpp>
#include <vitscape/compare/reconstructions.hpp>
#include <vitscape/compare/store.hpp>
#include <vitscape/core/version.hpp>
#include <vitscape/landscape/convex_region_io.hpp>
#include <vitscape/landscape/surface_io.hpp>

namespace vitscape {

/// What a comparison's folder says, put together: report.json.
class ReportData {
    using Json = nlohmann::json;

  public:
    /// @throws IoError naming the first result that is missing, where a run is not complete
    ReportData(std::filesystem::path out, const ComparisonPlan& plan,
               std::vector<std::pair<std::string, std::string>> methods)
        : out_(std::move(out)), plan_(plan), methods_(std::move(methods)) {
        for (const auto& [name, title] : methods_)
            for (const std::uint64_t seed : plan.seeds) {
                const ResultStore store(folder(name, seed) / "results.json");
                for (const char* part :
                     {"training", "cost", "probe", "training.plane-0", "training.trace", "robustness"})
                    (void)store.at(part);
                results_[name].push_back(store.all());
            }
        measures_ = measures_of(results_.begin()->second.front(), levels());
    }

    [[nodiscard]] Json report(const Json& data, const AnyDataset& images, const AnyDataset& test) const {
        Json report;
        report["format"] = 1;
        report["title"] = "Loss landscapes compared";
        report["program"] = "vitscape compare " VITSCAPE_VERSION;
        report["plan"] = describe(plan_);
        report["data"] = data.is_object() ? data : Json::object();
        report["data"]["training_images"] = images.size();
        report["data"]["test_images"] = test.size();
        report["data"]["classes"] = images.classes();
        for (const auto& [name, title] : methods_)
            report["methods"].push_back({{"name", name}, {"title", title}});
        report["losses"] = {{{"name", "training"}, {"title", "training loss"}},
                            {{"name", "classification"}, {"title", "classification loss"}}};
        for (const auto& [name, title] : methods_)
            for (std::size_t i = 0; i < plan_.seeds.size(); ++i)
                report["runs"].push_back({{"method", name},
                                          {"seed", plan_.seeds[i]},
                                          {"curve", results_.at(name)[i].at("training")}});
        for (const Measure& measure : measures_) report["measures"].push_back(measure_json(measure));
        report["baselines"] = baselines();
        report["correlations"] = correlations();
        report["claims"] = judge(
            paper_claims(),
            [&](const std::string& key, const std::string& method) { return values(key, method); },
            [&](const std::string& key) { return find(key)->name; });
        report["surfaces"] = surfaces();
        report["slices"] = slices();
        report["notes"] = {
            "Intervals are 95 % intervals of the mean over seeds (Student); standard errors of one run are "
            "over its planes.",
            "The training loss of a masked autoencoder is a squared error, that of a classifier a cross "
            "entropy: what is set "
            "against each other is relative to the loss at the centre. Eigenvalues and traces keep the "
            "loss's own scale.",
            "The classification loss is the cross entropy of the encoder and a linear head: the probe's for "
            "autoencoders, its "
            "own for a classifier, whose training loss this is.",
            "Planes are spanned by filter-normalized Gaussian directions of the same seeds for all methods; "
            "the convex region is "
            "the part of the plane, connected to the centre, where the exact 2 x 2 Hessian has no negative "
            "eigenvalue.",
            "Losses of surfaces are over training images, without augmentation, with fixed masks."};
        return report;
    }

  private:
    [[nodiscard]] std::filesystem::path folder(const std::string& method, std::uint64_t seed) const {
        return out_ / method / message("seed-", seed);
    }
    [[nodiscard]] const Measure* find(const std::string& key) const {
        const auto at =
            std::find_if(measures_.begin(), measures_.end(), [&](const Measure& m) { return m.key == key; });
        if (at == measures_.end()) throw ConfigError(message("no measure is called ", key));
        return &*at;
    }
    [[nodiscard]] std::vector<double> values(const std::string& key, const std::string& method) const {
        std::vector<double> numbers;
        const auto at =
            std::find_if(measures_.begin(), measures_.end(), [&](const Measure& m) { return m.key == key; });
        if (at == measures_.end() || !results_.contains(method)) return numbers;
        for (const Json& run : results_.at(method)) numbers.push_back(at->of(run).value);
        return numbers;
    }
    /// What the speeds of convergence are measured to: the first autoencoder's mean reconstruction error after half and after
    /// all of its epochs, and nine tenths of the least mean probe accuracy at the end.
    [[nodiscard]] ConvergenceLevels levels() const {
        ConvergenceLevels levels;
        levels.probe = 1;
        const auto rounded = [](double x) { return std::ceil(x * 1e4) / 1e4; };
        bool first = true;
        for (const auto& [name, title] : methods_) {
            double half = 0, end = 0, probe = 0;
            const double runs = static_cast<double>(results_.at(name).size());
            for (const Json& run : results_.at(name)) {
                const Json& curve = run.at("training");
                const std::size_t count = curve.at("epoch").size();
                half += detail::number_or_nothing(curve.at("reconstruction_loss").at((count - 1) / 2)) / runs;
                end += detail::number_or_nothing(curve.at("reconstruction_loss").back()) / runs;
                probe += detail::number_or_nothing(curve.at("probe_accuracy").back()) / runs;
            }
            levels.probe = std::min(levels.probe, 0.9 * probe);
            if (first && std::isfinite(end)) {
                levels.reconstruction_half = rounded(half), levels.reconstruction_end = rounded(end);
                first = false;
            }
        }
        levels.probe = std::floor(levels.probe * 1e3) / 1e3;
        return levels;
    }

    static Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }
    static Json summary(const std::vector<double>& all) {
        std::vector<double> numbers = all;
        std::erase_if(numbers, [](double x) { return !std::isfinite(x); });
        if (numbers.empty())
            return {{"mean", nullptr},
                    {"standard_error", nullptr},
                    {"interval", {nullptr, nullptr}},
                    {"count", 0}};
        const MeanAndError found = mean_and_error(numbers);
        const Interval interval = confidence_interval(numbers);
        return {{"mean", found.mean},
                {"standard_error", numbers.size() > 1 ? number(found.standard_error) : Json()},
                {"interval", {number(interval.low), number(interval.high)}},
                {"count", numbers.size()}};
    }
    [[nodiscard]] Json measure_json(const Measure& measure) const {
        Json json = {{"key", measure.key},
                     {"group", measure.group},
                     {"name", measure.name},
                     {"unit", measure.unit},
                     {"loss", measure.loss.empty() ? Json() : Json(measure.loss)},
                     {"headline", measure.headline}};
        for (const auto& [name, title] : methods_) {
            std::vector<double> all;
            for (std::size_t i = 0; i < plan_.seeds.size(); ++i) {
                const MeasuredValue value = measure.of(results_.at(name)[i]);
                all.push_back(value.value);
                json["values"][name].push_back({{"seed", plan_.seeds[i]},
                                                {"value", number(value.value)},
                                                {"standard_error", number(value.standard_error)}});
            }
            json["summary"][name] = summary(all);
        }
        return json;
    }

    [[nodiscard]] Json baselines() const {
        const ResultStore store(out_ / "baselines.json");
        Json random = summary(store.at("random encoder").get<std::vector<double>>());
        const double top1 = store.at("raw pixels").at("top1"),
                     error = store.at("raw pixels").at("standard_error");
        return {{{"name", "random encoder, linear probe"},
                 {"top1", random.at("mean")},
                 {"standard_error", random.at("standard_error")},
                 {"interval", random.at("interval")}},
                {{"name", "raw pixels, linear probe"},
                 {"top1", top1},
                 {"standard_error", error},
                 {"interval", {top1 - 1.96 * error, top1 + 1.96 * error}}}};
    }

    [[nodiscard]] Json correlations() const {
        Json list = Json::array();
        for (const Measure& measure : measures_) {
            if (!measure.flatness) continue;
            std::vector<double> x, y;
            for (const auto& [name, title] : methods_) {
                const auto flat = values(measure.key, name), accuracy = values("accuracy.top1", name);
                for (std::size_t i = 0; i < flat.size(); ++i)
                    if (std::isfinite(flat[i]) && std::isfinite(accuracy[i]))
                        x.push_back(flat[i]), y.push_back(accuracy[i]);
            }
            if (x.size() < 4) continue;
            const RankCorrelation found = spearman(x, y);
            list.push_back({{"key", measure.key},
                            {"name", measure.name},
                            {"loss", measure.loss},
                            {"spearman", number(found.coefficient)},
                            {"p_value", number(found.p_value)},
                            {"runs", x.size()}});
        }
        return list;
    }

    [[nodiscard]] Json surfaces() const {
        Json list = Json::array();
        for (const std::string loss : {"training", "classification"})
            for (const auto& [name, title] : methods_) {
                const std::string prefix = detail::loss_prefix(results_.at(name).front(), loss);
                const auto path = folder(name, plan_.seeds.front());
                const Surface surface = load_surface(path / (prefix + "-surface-0.json")).surface;
                const Json region = load_json(path / (prefix + "-convex-0.json"));
                Json rows = Json::array();
                for (std::size_t r = 0; r < surface.y.size(); ++r) {
                    rows.push_back(Json::array());
                    for (std::size_t c = 0; c < surface.x.size(); ++c)
                        rows.back().push_back(number(surface.loss(r, c)));
                }
                list.push_back(
                    {{"method", name},
                     {"seed", plan_.seeds.front()},
                     {"pair", 0},
                     {"loss", loss},
                     {"x", surface.x},
                     {"y", surface.y},
                     {"values", rows},
                     {"centre_loss", surface.centre_loss},
                     {"file", message(name, "/seed-", plan_.seeds.front(), "/", prefix, "-surface-0.npy")},
                     {"convex",
                      {{"x", region.at("x")}, {"y", region.at("y")}, {"inside", region.at("inside")}}}});
            }
        return list;
    }

    /// L / L(0) - 1 along both axes of every plane of every seed.
    [[nodiscard]] Json slices() const {
        Json list = Json::array();
        for (const std::string loss : {"training", "classification"})
            for (const auto& [name, title] : methods_) {
                std::vector<double> x;
                std::vector<std::vector<double>> at;  // of each coordinate
                for (std::size_t i = 0; i < plan_.seeds.size(); ++i) {
                    const std::string prefix = detail::loss_prefix(results_.at(name)[i], loss);
                    for (std::uint32_t pair = 0; pair < plan_.measure.pairs; ++pair) {
                        const Surface s = load_surface(folder(name, plan_.seeds[i]) /
                                                       message(prefix, "-surface-", pair, ".json"))
                                              .surface;
                        x = s.x;
                        at.resize(x.size());
                        const std::size_t middle = x.size() / 2;
                        for (std::size_t k = 0; k < x.size(); ++k)
                            for (const double value : {s.loss(middle, k), s.loss(k, middle)})
                                if (std::isfinite(value)) at[k].push_back(value / s.centre_loss - 1);
                    }
                }
                Json mean = Json::array(), low = Json::array(), high = Json::array();
                for (const auto& numbers : at) {
                    const Json found = summary(numbers);
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

    std::filesystem::path out_;
    const ComparisonPlan& plan_;
    std::vector<std::pair<std::string, std::string>> methods_;
    std::map<std::string, std::vector<Json>> results_;  // of each method, one for each seed
    std::vector<Measure> measures_;
};

/// The claims and the headline numbers, for a terminal.
inline void print_summary(const nlohmann::json& report) {
    const auto text = [](const nlohmann::json& value) {
        char buffer[32];
        std::snprintf(buffer, sizeof buffer, "%.4g", detail::number_or_nothing(value));
        return value.is_number() ? std::string(buffer) : std::string("-");
    };
    for (const auto& measure : report.at("measures")) {
        if (!measure.value("headline", false)) continue;
        std::cout << (measure.at("loss").is_null() ? std::string()
                                                   : measure.at("loss").get<std::string>() + " loss, ")
                  << measure.at("name").get<std::string>() << ":";
        for (const auto& method : report.at("methods")) {
            const auto& s = measure.at("summary").at(method.at("name").get<std::string>());
            std::cout << "  " << method.at("title").get<std::string>() << " " << text(s.at("mean")) << " +- "
                      << text(s.at("standard_error"));
        }
        std::cout << '\n';
    }
    for (const auto& b : report.at("baselines"))
        std::cout << b.at("name").get<std::string>() << ": " << text(b.at("top1")) << " +- "
                  << text(b.at("standard_error")) << '\n';
    for (const auto& claim : report.at("claims"))
        std::cout << claim.at("verdict").get<std::string>() << ": " << claim.at("claim").get<std::string>()
                  << " (difference " << text(claim.at("difference")) << ", 95 % interval "
                  << text(claim.at("interval").at(0)) << " to " << text(claim.at("interval").at(1)) << ")\n";
}

}  // namespace vitscape
