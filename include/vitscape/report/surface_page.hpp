// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numbers>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/file.hpp>
#include <vitscape/core/version.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/landscape/volume.hpp>
#include <vitscape/report/html_page.hpp>
#include <vitscape/report/point_numbers_table.hpp>
#include <vitscape/report/surface_page_sections.hpp>

namespace vitscape {

/// A file and what it holds; of a picture what it shows.
struct PageFile {
    std::filesystem::path path;
    std::string content;
};

/// What the page of a surface says beside its numbers.
struct SurfacePageOptions {
    std::string title = "The loss around a model";
    std::vector<PageFile> figures = {};  ///< without their ending, .svg or .png; both may be there
    std::string no_figures = {};         ///< why there are none
    std::vector<PageFile> files = {};    ///< the surface's files
    std::string command = {};            ///< that makes it again
    nlohmann::ordered_json measured = nlohmann::ordered_json::object();  ///< beside the surface's metadata
};

namespace detail {

/// The metadata without lists of objects, which have places of their own on the page.
inline OrderedJson plain_entries(const OrderedJson& metadata) {
    OrderedJson plain = OrderedJson::object();
    for (const auto& [name, value] : metadata.items())
        if (!(value.is_array() && !value.empty() && value.front().is_object()) && name != "barrier" &&
            name != "explained" && name != "gradient_norm")
            plain[name] = value;
    return plain;
}

inline OrderedJson axis_entry(const std::vector<double>& axis) {
    return message(plain_text(axis.front()), " to ", plain_text(axis.back()), ", ", axis.size(), " points");
}
inline OrderedJson grid_entries(const Surface& surface) {
    OrderedJson entries{{"alpha", axis_entry(surface.x)}};
    if (!surface.is_line()) entries["beta"] = axis_entry(surface.y);
    return entries;
}
inline OrderedJson grid_entries(const Volume& volume) {
    return {{"alpha", axis_entry(volume.x)}, {"beta", axis_entry(volume.y)}, {"gamma", axis_entry(volume.z)}};
}
inline void add_angle(OrderedJson& entries, const char* name, double product, double norms) {
    const double cosine = product / norms;
    if (std::abs(cosine) <= 1)
        entries[name] = plain_text(std::acos(cosine) * 180 / std::numbers::pi) + " degrees";
}
inline OrderedJson geometry_entries(const PlaneGeometry& geometry) {
    OrderedJson entries;
    const double delta = geometry.delta_norm / geometry.theta_norm,
                 eta = geometry.eta_norm / geometry.theta_norm;
    if (std::isfinite(delta)) entries["|delta| / |theta|"] = plain_text(delta);
    if (std::isfinite(eta)) entries["|eta| / |theta|"] = plain_text(eta);
    add_angle(entries, "angle of delta and eta", geometry.delta_dot_eta,
              geometry.delta_norm * geometry.eta_norm);
    return entries;
}
inline OrderedJson geometry_entries(const VolumeGeometry& geometry) {
    OrderedJson entries = geometry_entries(geometry.plane);
    const double zeta = geometry.zeta_norm / geometry.plane.theta_norm;
    if (std::isfinite(zeta)) entries["|zeta| / |theta|"] = plain_text(zeta);
    add_angle(entries, "angle of delta and zeta", geometry.delta_dot_zeta,
              geometry.plane.delta_norm * geometry.zeta_norm);
    add_angle(entries, "angle of eta and zeta", geometry.eta_dot_zeta,
              geometry.plane.eta_norm * geometry.zeta_norm);
    return entries;
}

/// Fractions to six digits, as far as single precision knows them.
inline OrderedJson to_six_digits(OrderedJson value) {
    if (value.is_structured())
        for (OrderedJson& part : value) part = to_six_digits(part);
    if (!value.is_number_float() || !std::isfinite(value.get<double>())) return value;
    char text[40];
    std::snprintf(text, sizeof text, "%.6g", value.get<double>());
    return std::strtod(text, nullptr);
}

/// What was measured and how; the model and its training, whose options are many, behind it.
template <class G>
std::string measured_html(const G& grid, const SurfacePageOptions& options, const OrderedJson& metadata) {
    OrderedJson first = to_six_digits(plain_entries(metadata)), then = OrderedJson::object();
    const OrderedJson more = to_six_digits(options.measured);
    for (const auto& [name, value] : more.items()) first[name] = value;
    for (const char* many : {"model", "training"})
        if (const auto found = first.find(many); found != first.end()) {
            then[many] = *found;
            first.erase(found);
        }
    std::string html = "<dl>" + option_list(first) + option_list(grid_entries(grid)) +
                       option_list(geometry_entries(grid.geometry)) + "</dl>\n";
    for (const auto& [name, value] : then.items())
        if (!value.empty())
            html += element("h3", capitalized(name)) + "<dl>" + option_list(value) + "</dl>\n";
    return html;
}

inline std::string pictures_html(const SurfacePageOptions& options) {
    std::string panels;
    std::size_t count = 0;
    for (const PageFile& figure : options.figures) {
        std::vector<std::filesystem::path> drawn;
        for (const char* ending : {".svg", ".png"}) drawn.emplace_back(figure.path).concat(ending);
        const std::string panel =
            embedded_figure(drawn, drawn.front().stem().string(), figure.content, false, figure.content);
        count += !panel.empty();
        panels += panel;
    }
    if (count == 0) return options.no_figures.empty() ? "" : element("p", options.no_figures);
    return panels_html(count, panels);
}

inline std::string files_html(const SurfacePageOptions& options) {
    if (options.files.empty()) return "";
    Table table("File");
    table.column("What it holds", true);
    for (const PageFile& file : options.files) {
        table.row(escape_html(file.path.string()));
        table.wide(escape_html(file.content));
    }
    return table.html("The files beside this page.");
}

inline std::string again_html(const std::string& command) {
    if (command.empty()) return "";
    return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"The command\">" +
           element("pre", command) + "</div>\n" + element("p", "Written by vitscape " VITSCAPE_VERSION ".");
}

/// What is first asked of a surface.
template <class G>
std::string in_short(const G& grid, const GridSummary& summary, const OrderedJson& metadata) {
    if (summary.finite == 0) return element("p", "No point of this grid has a finite loss.");
    std::string items =
        message("<li>The loss of the model is ", number_html(grid.centre_loss, grid.centre_standard_error),
                grid.samples > 0 ? message(" over ", grid.samples, " images") : "", ".</li>\n");
    items += message("<li>On this grid it rises by up to ",
                     number_html(summary.highest.rise, summary.highest.standard_error), ", at ",
                     place_text(place_of(grid, summary.highest.point)), ".</li>\n");
    const auto lowest = place_of(grid, summary.lowest.point);
    const double below = -summary.lowest.rise;
    items += is_centre(lowest) ? std::string("<li>No point of the grid is lower than the model.</li>\n")
                               : message("<li>The lowest point is ",
                                         number_html(std::abs(below), summary.lowest.standard_error),
                                         below > 0 ? " below" : " above", " the model's loss, ",
                                         escape_html(lowest_text(summary, lowest)), ".</li>\n");
    if (const auto barrier = metadata.find("barrier"); barrier != metadata.end())
        items += message("<li>The barrier between the two models is ",
                         number_html(number_in(*barrier, "height"), number_in(*barrier, "standard_error")),
                         ".</li>\n");
    if (summary.compared > 0)
        items += message("<li>", summary.within_two_errors, " of ", summary.compared,
                         " points are within two standard errors of the model's loss.</li>\n");
    return "<ul>" + items + "</ul>";
}

template <class G>
std::string surface_page(const G& grid, const OrderedJson& metadata, const SurfacePageOptions& options) {
    const GridSummary summary = summarize(grid);
    PageBody body;
    body.section("picture", "Picture", pictures_html(options));
    if (summary.finite > 0)
        body.section(
            "numbers", "Numbers",
            numbers_table(grid, summary, metadata) + point_numbers_table(grid) + marks_table(metadata));
    body.section("limits", "How far this goes", limits_html(grid, summary, metadata));
    body.section("measured", "What was measured", measured_html(grid, options, metadata));
    body.section("files", "Files", files_html(options));
    body.section("again", "To make it again", again_html(options.command));
    return page_begin("en", options.title, in_short(grid, summary, metadata), false) + body.text() +
           "</main>\n<footer></footer>\n</body>\n</html>\n";
}

}  // namespace detail

/// Writes the page of a surface: one HTML file that loads nothing from anywhere, with the drawn pictures, the numbers and their
/// standard errors, what speaks against them, what was measured, the files, and the command that makes it again. `metadata` is
/// what the surface's file says (docs/file-formats.md); what it lacks is left out. Replaces `path` atomically.
/// @throws IoError where the file cannot be written
inline void write_surface_page(const std::filesystem::path& path, const Surface& surface,
                               const nlohmann::ordered_json& metadata,
                               const SurfacePageOptions& options = {}) {
    write_atomically(path, detail::surface_page(surface, metadata, options));
}
/// The same of a volume.
inline void write_surface_page(const std::filesystem::path& path, const Volume& volume,
                               const nlohmann::ordered_json& metadata,
                               const SurfacePageOptions& options = {}) {
    write_atomically(path, detail::surface_page(volume, metadata, options));
}

}  // namespace vitscape
