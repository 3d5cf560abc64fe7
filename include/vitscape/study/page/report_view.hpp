// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/report/band_figure.hpp>
#include <vitscape/report/color_scale.hpp>
#include <vitscape/report/contour_lines.hpp>
#include <vitscape/study/origin.hpp>

// How the figures and the page read the report of a comparison. Whatever was not measured is missing or null there,
// and becomes NaN, an empty text or an empty list here.

namespace vitscape {

namespace detail {

using Json = nlohmann::json;

inline const Json& member(const Json& object, std::string_view key) {
    static const Json nothing;
    if (!object.is_object()) return nothing;
    const auto found = object.find(key);
    return found == object.end() ? nothing : *found;
}
/// A list, empty where it is missing. @throws DataError where something else stands there.
inline const Json& list_at(const Json& object, std::string_view key) {
    static const Json empty = Json::array();
    const Json& value = member(object, key);
    if (value.is_null()) return empty;
    if (!value.is_array()) throw DataError(message("the report's '", key, "' is not a list"));
    return value;
}
inline double number_at(const Json& object, std::string_view key) {
    return number_or_nan(member(object, key));
}
inline std::string text_at(const Json& object, std::string_view key) {
    const Json& value = member(object, key);
    return value.is_string() ? value.get<std::string>() : std::string();
}
inline std::vector<double> to_numbers(const Json& list) {
    std::vector<double> numbers;
    if (list.is_array())
        for (const Json& value : list) numbers.push_back(number_or_nan(value));
    return numbers;
}
inline std::vector<double> numbers_at(const Json& object, std::string_view key) {
    return to_numbers(member(object, key));
}
/// The title of a method or a loss, or else its name.
inline std::string title_of(const Json& entry) {
    const std::string title = text_at(entry, "title");
    return title.empty() ? text_at(entry, "name") : title;
}

/// Where the weights of a method come from (`Origin`), by its name; empty where a report does not say it.
inline std::string origin_of(const Json& method) { return text_at(member(method, "learning"), "origin"); }
inline bool is_given(const Json& method) { return origin_of(method) == name_of(Origin::given); }

/// What the rises of a surface or slice are relative to; version 0.1 did not say it, and knew the loss at the centre only.
inline std::string relative_to_of(const Json& entry) {
    const std::string named = text_at(entry, "relative_to");
    return named.empty() ? "loss" : named;
}

/// Rows of numbers as a matrix. @throws DataError where it is not `rows` by `columns`.
inline GridValues to_grid(const std::vector<double>& x, const std::vector<double>& y, const Json& rows,
                          std::string_view what) {
    GridValues grid{x, y, xt::xtensor<double, 2>(std::array{y.size(), x.size()}, std::nan(""))};
    bool fits = rows.is_array() && rows.size() == y.size();
    for (std::size_t j = 0; fits && j < y.size(); ++j) {
        const std::vector<double> row = to_numbers(rows[j]);
        fits = row.size() == x.size();
        for (std::size_t i = 0; fits && i < x.size(); ++i) grid.values(j, i) = row[i];
    }
    if (!fits)
        throw DataError(message("the report's ", what, " is not ", y.size(), " rows of ", x.size(),
                                " numbers, as its x and y say"));
    return grid;
}

}  // namespace detail

namespace detail {

/// @throws DataError where it has not as many points along x as along y
inline RegionOutline outline_of(const Json& region) {
    RegionOutline outline{numbers_at(region, "x"), numbers_at(region, "y"), {}};
    for (const Json& one : list_at(region, "open")) outline.open.push_back(one == true);
    if (outline.y.size() != outline.x.size() || outline.open.size() != outline.x.size())
        throw DataError(message("the outline of the ", text_at(region, "name"), " has ", outline.x.size(),
                                " coordinates along x, ", outline.y.size(), " along y and ",
                                outline.open.size(), " marks"));
    return outline;
}

}  // namespace detail

/// One surface of a report, in units that methods share.
struct RelativeSurface {
    std::string title;       ///< The method's.
    std::size_t method = 0;  ///< Place among the report's methods.
    double centre_loss = 0;
    std::string relative_to;  ///< "gain" or "loss"
    Surface height;           ///< 1 + (L(theta + x delta + y eta) - L(theta)) / the gain or L(theta)
    std::string region_name;  ///< Such as "convex region"; empty where none was measured.
    RegionOutline region;     ///< no points where none was measured
};

/// How heights are made from losses.
[[nodiscard]] inline std::string height_label(std::string_view relative_to) {
    return relative_to == "gain" ? "1 + (L − L(0)) / gain" : "L / L(0)";
}

/// The label of the heights of a loss's surfaces and slices.
[[nodiscard]] inline std::string height_of_loss(const nlohmann::json& report, std::string_view loss) {
    for (const char* list : {"surfaces", "slices"})
        for (const auto& entry : detail::list_at(report, list))
            if (detail::text_at(entry, "loss") == loss) return height_label(detail::relative_to_of(entry));
    return height_label("loss");
}

/// The first surface of each method for one loss. Losses of different kinds (a squared error, a cross entropy) have different
/// heights; their rises can be compared relative to what training gained: a height of 1 is that of the solution, 2 that of the
/// best constant prediction. Reports without gains are relative to the loss at the centre, L / L(0). A surface of a method
/// that gained nothing, or with fewer than 2 x 2 points, is left out.
/// @throws DataError where a surface's rows do not fit its axes.
[[nodiscard]] inline std::vector<RelativeSurface> relative_surfaces(const nlohmann::json& report,
                                                                    std::string_view loss) {
    std::vector<RelativeSurface> result;
    const auto& methods = detail::list_at(report, "methods");
    for (std::size_t k = 0; k < methods.size(); ++k) {
        for (const auto& entry : detail::list_at(report, "surfaces")) {
            if (detail::text_at(entry, "loss") != loss ||
                detail::text_at(entry, "method") != detail::text_at(methods[k], "name"))
                continue;
            const double centre = detail::number_at(entry, "centre_loss");
            const auto x = detail::numbers_at(entry, "x"), y = detail::numbers_at(entry, "y");
            const std::string relative_to = detail::relative_to_of(entry);
            const double unit = relative_to == "gain" ? detail::number_at(entry, "unit") : centre;
            if (!(unit > 0) || x.size() < 2 || y.size() < 2) continue;
            RelativeSurface surface{
                detail::title_of(methods[k]), k, centre, relative_to, Surface(x, y), {}, {}};
            surface.height.loss = detail::to_grid(x, y, detail::member(entry, "values"), "surface").values;
            for (double& value : surface.height.loss) value = 1 + (value - centre) / unit;
            surface.height.computed.fill(1);
            surface.height.centre_loss = 1;
            if (const auto& region = detail::member(entry, "region"); region.is_object()) {
                surface.region_name = detail::text_at(region, "name");
                surface.region = detail::outline_of(region);
            }
            result.push_back(std::move(surface));
            break;
        }
    }
    return result;
}

namespace detail {

/// The curves of one loss in a list of the report, in the order of its methods.
inline std::vector<BandCurve> curves_of_loss(const Json& report, const char* list, std::string_view loss) {
    std::vector<BandCurve> result;
    const Json& methods = list_at(report, "methods");
    for (std::size_t k = 0; k < methods.size(); ++k)
        for (const Json& entry : list_at(report, list)) {
            if (text_at(entry, "loss") != loss || text_at(entry, "method") != text_at(methods[k], "name"))
                continue;
            BandCurve curve{title_of(methods[k]),
                            k,
                            numbers_at(entry, "x"),
                            numbers_at(entry, "mean"),
                            numbers_at(entry, "low"),
                            numbers_at(entry, "high"),
                            0};
            const double count = number_at(entry, "count");
            curve.count = count > 0 && count < 1e15 ? static_cast<std::size_t>(count) : 0;
            for (auto* numbers : {&curve.middle, &curve.low, &curve.high})
                numbers->resize(curve.x.size(), std::nan(""));
            result.push_back(std::move(curve));
        }
    return result;
}

}  // namespace detail

/// The slices of one loss, as heights (see `relative_surfaces`) with their interval.
[[nodiscard]] inline std::vector<BandCurve> slice_curves(const nlohmann::json& report,
                                                         std::string_view loss) {
    std::vector<BandCurve> result = detail::curves_of_loss(report, "slices", loss);
    for (BandCurve& curve : result)
        for (auto* numbers : {&curve.middle, &curve.low, &curve.high})
            for (double& value : *numbers) value += 1;
    return result;
}

/// The spectral densities of one loss's Hessian, if a number is finite.
[[nodiscard]] inline std::optional<BandPanel> spectrum_panel(const nlohmann::json& report,
                                                             std::string_view loss,
                                                             const std::string& title) {
    BandPanel panel{"Hessian of the " + title, "eigenvalue / the largest in size", "density",
                    detail::curves_of_loss(report, "spectra", loss)};
    if (!std::isfinite(range_of(panel.curves).first)) return {};
    return panel;
}

/// A column of the training curves ("loss", "knn_accuracy", ...) over epochs: for each method the mean over its
/// seeds, and from the lowest to the highest of them. Epochs at which nothing was measured are left out.
[[nodiscard]] inline std::vector<BandCurve> training_curves(const nlohmann::json& report,
                                                            std::string_view column) {
    std::vector<BandCurve> result;
    const auto& methods = detail::list_at(report, "methods");
    for (std::size_t k = 0; k < methods.size(); ++k) {
        std::map<double, std::vector<double>> at_epoch;
        BandCurve curve{detail::title_of(methods[k]), k, {}, {}, {}, {}, 0};
        for (const auto& run : detail::list_at(report, "runs")) {
            if (detail::text_at(run, "method") != detail::text_at(methods[k], "name")) continue;
            const auto& columns = detail::member(run, "curve");
            const auto epochs = detail::numbers_at(columns, "epoch"),
                       values = detail::numbers_at(columns, column);
            bool measured = false;
            for (std::size_t i = 0; i < std::min(epochs.size(), values.size()); ++i)
                if (std::isfinite(epochs[i]) && std::isfinite(values[i])) {
                    at_epoch[epochs[i]].push_back(values[i]);
                    measured = true;
                }
            curve.count += measured;
        }
        for (const auto& [epoch, values] : at_epoch) {
            double sum = 0;
            for (const double value : values) sum += value;
            curve.x.push_back(epoch);
            curve.middle.push_back(sum / static_cast<double>(values.size()));
            curve.low.push_back(*std::min_element(values.begin(), values.end()));
            curve.high.push_back(*std::max_element(values.begin(), values.end()));
        }
        if (!curve.x.empty()) result.push_back(std::move(curve));
    }
    return result;
}

}  // namespace vitscape
