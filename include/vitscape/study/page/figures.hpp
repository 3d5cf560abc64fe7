// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/report/band_figure.hpp>
#include <vitscape/report/contour_figure.hpp>
#include <vitscape/report/html_text.hpp>
#include <vitscape/report/surface_figure.hpp>
#include <vitscape/study/page/report_view.hpp>
#include <vitscape/study/training_curve.hpp>

namespace vitscape {

namespace detail {

/// A name as the beginning of a file's: letters, digits, '-' and '_'.
inline std::string file_stem(std::string_view name) {
    std::string stem(name);
    for (char& character : stem)
        if ((character < '0' || character > '9') && (character < 'a' || character > 'z') &&
            (character < 'A' || character > 'Z') && character != '-')
            character = '_';
    return stem;
}

/// The plots of the training curves that hold a number, as the report lists its curves.
inline std::vector<BandPanel> training_panels(const Json& report) {
    std::vector<BandPanel> panels;
    const Json listed = member(report, "curves").is_null() ? describe_curves() : list_at(report, "curves");
    for (const Json& column : listed) {
        BandPanel panel{title_of(column), "epoch", text_at(column, "label"),
                        training_curves(report, text_at(column, "name"))};
        if (panel.curves.empty()) continue;
        const ShownUnit unit = shown_unit(text_at(column, "unit"));
        if (!unit.name.empty()) panel.y_label += " (" + unit.name + ")";
        for (BandCurve& curve : panel.curves)
            for (auto* numbers : {&curve.middle, &curve.low, &curve.high})
                for (double& value : *numbers) value *= unit.factor;
        panels.push_back(std::move(panel));
    }
    return panels;
}

/// What the bands of one loss's slices are.
inline std::string slice_title(const std::vector<BandCurve>& curves, const std::string& loss) {
    std::size_t least = curves.front().count, most = least;
    for (const BandCurve& curve : curves) {
        least = std::min(least, curve.count);
        most = std::max(most, curve.count);
    }
    const std::string runs = least == 0      ? std::string()
                             : least == most ? message(" over ", least, " runs")
                                             : message(" over ", least, " to ", most, " runs");
    const std::string name = loss.substr(0, loss.find(','));  // the rest of a title does not fit above a plot
    if (most == 1) return name + ": one run";
    return name + ": mean" + runs + (most == 2 ? "" : ", band: 95 % interval");  // two runs have no interval
}

}  // namespace detail

/// Draws a comparison's report (see `write_html_report`) into `folder`, each figure as PNG and as SVG: for each loss
/// `<loss>_contour` and `<loss>_surface`, with one panel for each method and all panels on one scale of colours and
/// heights, `<loss>_slice` and `<loss>_spectrum`; and `training_curves`. Losses are drawn as heights (`relative_surfaces`),
/// since a squared error and a cross entropy have no common one; the scale is logarithmic where they differ by more than a
/// factor of 30. What the report does not hold is not drawn. Returns the files.
/// @throws ConfigError where gnuplot is missing; DataError where the report's rows do not fit their axes; IoError where
///         gnuplot fails or a file cannot be written.
inline std::vector<std::filesystem::path> write_comparison_figures(const std::filesystem::path& folder,
                                                                   const nlohmann::json& report) {
    std::vector<std::filesystem::path> files;
    const auto draw = [&](const std::string& stem, const auto& write) {
        for (const char* ending : {".png", ".svg"}) {
            const std::filesystem::path path = folder / (stem + ending);
            write(path);
            files.push_back(path);
        }
    };
    for (const auto& loss : detail::list_at(report, "losses")) {
        const std::string name = detail::text_at(loss, "name"), title = detail::title_of(loss);
        const std::string stem = detail::file_stem(name);
        const auto surfaces = relative_surfaces(report, name);
        std::vector<FigurePanel> panels;
        for (const RelativeSurface& surface : surfaces)
            if (std::isfinite(surface.height.range().first))
                panels.push_back(
                    {surface.title, &surface.height, surface.region.x.empty() ? nullptr : &surface.region});
        if (!panels.empty()) {
            FigureOptions options;
            const std::string height = height_of_loss(report, name);
            options.title = title + ": 1 at the solution" +
                            (surfaces.front().relative_to == "gain" ? ", 2 where all is lost" : "");
            options.loss_label = height;
            options.plot_height = 480;
            draw(stem + "_surface",
                 [&](const std::filesystem::path& path) { write_surface_figure(path, panels, options); });
            const auto marked = std::find_if(surfaces.begin(), surfaces.end(), [](const auto& surface) {
                return !surface.region_name.empty();
            });
            if (marked != surfaces.end()) options.title += "; outlined: the " + marked->region_name;
            draw(stem + "_contour",
                 [&](const std::filesystem::path& path) { write_contour(path, panels, options); });
        }
        if (const auto spectrum = spectrum_panel(report, name, title))
            draw(stem + "_spectrum",
                 [&](const std::filesystem::path& path) { write_band_figure(path, {*spectrum}); });
        if (const auto curves = slice_curves(report, name); std::isfinite(range_of(curves).first))
            draw(stem + "_slice", [&](const std::filesystem::path& path) {
                write_band_figure(path, {{detail::slice_title(curves, title), "distance α from the solution",
                                          height_of_loss(report, name), curves}});
            });
    }
    if (const auto panels = detail::training_panels(report); !panels.empty())
        draw("training_curves", [&](const std::filesystem::path& path) { write_band_figure(path, panels); });
    return files;
}

}  // namespace vitscape
