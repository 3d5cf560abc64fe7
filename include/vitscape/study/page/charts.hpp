// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/report/band_figure.hpp>
#include <vitscape/report/contour_figure.hpp>
#include <vitscape/report/figure_script.hpp>
#include <vitscape/report/html_text.hpp>
#include <vitscape/study/page/figures.hpp>
#include <vitscape/study/page/phrases.hpp>
#include <vitscape/study/page/report_view.hpp>

// What the page's script draws, as JSON, and the places in which it draws.

namespace vitscape::detail {

/// A number to six digits, which no picture tells from the full one; null where there is none.
inline Json chart_number(double value) {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%.6g", value);
    return json_number(std::strtod(buffer, nullptr));
}
inline Json chart_numbers(const std::vector<double>& values) {
    Json list = Json::array();
    for (const double value : values) list.push_back(chart_number(value));
    return list;
}
inline Json chart_rows(const xt::xtensor<double, 2>& values) {
    Json rows = Json::array();
    for (std::size_t j = 0; j < values.shape(0); ++j) {
        Json row = Json::array();
        for (std::size_t i = 0; i < values.shape(1); ++i) row.push_back(chart_number(values(j, i)));
        rows.push_back(std::move(row));
    }
    return rows;
}
inline Json chart_panel(const BandPanel& panel, Phrases& phrases) {
    Json curves = Json::array();
    for (const BandCurve& curve : panel.curves)
        curves.push_back({{"title", phrases(curve.title)},
                          {"color", series_color(curve.series)},
                          {"dashed", series_dashed(curve.series)},
                          {"symbol", curve.series % 5},
                          {"x", chart_numbers(curve.x)},
                          {"middle", chart_numbers(curve.middle)},
                          {"low", chart_numbers(curve.low)},
                          {"high", chart_numbers(curve.high)}});
    return {{"x_label", phrases(panel.x_label)},
            {"y_label", phrases(panel.y_label)},
            {"logarithmic", is_logarithmic(range_of(panel.curves))},
            {"curves", curves}};
}

/// One loss's surfaces and slices.
struct LossSection {
    std::string name, title;
    std::vector<RelativeSurface> surfaces;
    std::optional<ColorScale> scale;  ///< Of all surfaces; none without a finite number.
    std::string height;               ///< what heights are, as `height_label`
    std::vector<BandCurve> slices;
};
inline std::vector<LossSection> loss_sections(const Json& report) {
    std::vector<LossSection> sections;
    for (const Json& loss : list_at(report, "losses")) {
        const std::string name = text_at(loss, "name");
        LossSection section{
            name, title_of(loss), relative_surfaces(report, name), {}, height_of_loss(report, name), {}};
        std::vector<FigurePanel> panels;
        for (const RelativeSurface& surface : section.surfaces)
            if (std::isfinite(surface.height.range().first)) panels.push_back({"", &surface.height});
        if (!panels.empty()) section.scale = common_scale(panels, LossScale::automatic);
        section.slices = slice_curves(report, name);
        if (!std::isfinite(range_of(section.slices).first)) section.slices.clear();
        sections.push_back(std::move(section));
    }
    return sections;
}

/// Whether surfaces start on scales of their own: if the common one would show one of them in less than a quarter of its
/// colours.
inline bool start_with_own_scales(const std::vector<LossSection>& sections) {
    for (const LossSection& section : sections)
        for (const RelativeSurface& surface : section.surfaces) {
            const auto [low, high] = surface.height.range();
            if (section.scale && std::isfinite(low) &&
                section.scale->position(high) - section.scale->position(low) < 0.25)
                return true;
        }
    return false;
}

/// All that the script draws, and the words that it writes.
inline Json page_data(const Json& report, const std::vector<LossSection>& sections, Phrases& phrases) {
    Json surfaces = Json::array(), charts = Json::array(), images = Json::array();
    for (const LossSection& section : sections) {
        if (section.scale) {
            Json levels = Json::array();
            for (const double level : section.scale->levels)
                levels.push_back({{"value", level}, {"text", section.scale->text(level)}});
            for (const RelativeSurface& surface : section.surfaces) {
                Json region = nullptr;
                if (!surface.region.empty())
                    region = {{"x", chart_numbers(surface.region.x)},
                              {"y", chart_numbers(surface.region.y)},
                              {"open", surface.region.open}};
                surfaces.push_back({{"x", chart_numbers(surface.height.x)},
                                    {"y", chart_numbers(surface.height.y)},
                                    {"height", chart_rows(surface.height.loss)},
                                    {"low", section.scale->low},
                                    {"high", section.scale->high},
                                    {"logarithmic", section.scale->logarithmic},
                                    {"levels", levels},
                                    {"region", region}});
            }
        }
        if (!section.slices.empty())
            charts.push_back(
                chart_panel({"", "distance α from the solution", section.height, section.slices}, phrases));
    }
    for (const BandPanel& panel : training_panels(report)) charts.push_back(chart_panel(panel, phrases));
    for (const LossSection& section : sections)
        if (const auto panel = spectrum_panel(report, section.name, section.title))
            charts.push_back(chart_panel(*panel, phrases));
    for (const Json& example : list_at(report, "reconstructions"))
        for (const Json& view : list_at(example, "views")) {
            std::vector<std::byte> pixels;
            for (const double level : numbers_at(view, "pixels"))
                pixels.push_back(std::isfinite(level) ? static_cast<std::byte>(std::clamp(level, 0.0, 255.0))
                                                      : std::byte{128});
            images.push_back({{"side", member(example, "side")}, {"pixels", base64(pixels)}});
        }
    return {{"surfaces", surfaces},
            {"own_scales", start_with_own_scales(sections)},
            {"words",
             {{"height", phrases("height")}, {"not_finite", phrases("not finite")}, {"to", phrases("to")}}},
            {"charts", charts},
            {"images", images}};
}

}  // namespace vitscape::detail
