// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/report/html_page.hpp>
#include <vitscape/report/html_table.hpp>
#include <vitscape/study/page/charts.hpp>
#include <vitscape/study/page/context_tables.hpp>
#include <vitscape/study/page/measures_table.hpp>
#include <vitscape/study/page/summary_section.hpp>

// The sections of the page.

namespace vitscape::detail {

/// Browsers keep about 16 drawings in 3-D alive at a time.
inline constexpr std::size_t most_surfaces = 12;

/// The bar of colours with its numbers. Numbers closer than `room` of the bar to their neighbour are left out.
inline std::string scale_bar(const ColorScale& scale) {
    std::string html = "<div class=\"scale\" aria-hidden=\"true\"><div class=\"bar\"></div>";
    double last = -1;
    const double room = 0.09;
    for (const double level : scale.levels) {
        const double position = scale.position(level);
        if (position - last < room) continue;
        last = position;
        html += message("<span style=\"left:", fixed_number(100 * position, 1), "%\">",
                        escape_html(scale.text(level)), "</span>");
    }
    return html + "</div>\n";
}

/// What the white outline is, or why there is none.
inline std::string region_caption(const RelativeSurface& surface) {
    const RegionOutline& region = surface.region;
    if (region.x.empty()) return "";
    if (region.empty()) return " No outline: the " + surface.region_name + " is empty on this plane.";
    const bool bounded = std::find(region.open.begin(), region.open.end(), true) == region.open.end();
    return " White outline: the " + surface.region_name + ", as far as it is seen from the centre" +
           (bounded ? "." : "; at triangles it may go on.");
}

/// The loss at the centre and how far it goes.
inline std::string surface_caption(const RelativeSurface& surface) {
    const auto [low, high] = surface.height.range();
    return message("L(0) = ", number_html(surface.centre_loss), "; on this plane heights go from ",
                   number_html(low), " to ", number_html(high), ".");
}

/// The surfaces of all losses: 3-D and contours for the script, or the drawn figures without plotly.js.
inline std::string surfaces_html(const std::vector<LossSection>& sections, bool interactive,
                                 const std::vector<std::filesystem::path>& figures) {
    std::string html;
    std::size_t index = 0;
    for (const LossSection& section : sections) {
        if (!section.scale) continue;
        html += element("h3", capitalized(section.title) + " around each solution");
        const std::string about = section.title + ", " + section.height + " over the plane";
        if (!interactive) {
            html += embedded_figure(figures, file_stem(section.name) + "_surface", about + ", in 3-D", true);
            html +=
                embedded_figure(figures, file_stem(section.name) + "_contour", about + ", as contours", true);
        } else {
            html += message(element("p",
                                    "Colour and height of all: " + section.height +
                                        std::string(section.scale->logarithmic ? ", logarithmic." : "."),
                                    "class=\"soft\""),
                            scale_bar(*section.scale));
        }
        std::string panels;
        for (const RelativeSurface& surface : section.surfaces) {
            if (!interactive) {
                html += message("<p class=\"soft\">", escape_html(surface.title), ": ",
                                surface_caption(surface), "</p>\n");
                continue;
            }
            const std::string label = escape_html(surface.title + ": " + about);
            panels += message("<figure class=\"panel\"><strong>", escape_html(surface.title), "</strong>\n");
            panels +=
                index < most_surfaces
                    ? message("<div class=\"surface\" data-surface=\"", index,
                              "\" role=\"img\" aria-label=\"", label, ", in 3-D\"></div>\n")
                    : message("<p class=\"soft\">The page draws ", most_surfaces, " surfaces in 3-D.</p>\n");
            panels += message("<div class=\"contour\" data-contour=\"", index,
                              "\" role=\"img\" aria-label=\"", label, ", as contours\"></div>\n<figcaption>",
                              surface_caption(surface), region_caption(surface), "</figcaption></figure>\n");
            ++index;
        }
        if (interactive) html += panels_html(section.surfaces.size(), panels);
    }
    if (html.empty()) return "";
    std::string intro =
        element("p",
                "θ + α δ + β η: the solution θ at the centre (cross), moved along two random "
                "directions that are scaled like the "
                "weights. Losses of different kinds have different heights, so their rises are "
                "shown in units of what training gained: 1 is the loss at the solution, 2 that "
                "of the best constant prediction, where all is lost (or, where no gain is known, "
                "twice the solution's). Grey: the loss is not finite there.");
    if (interactive)
        intro +=
            "<div class=\"controls\"><span>Turn one and all turn. Seen from:</span>"
            "<button type=\"button\" data-view=\"corner\">a corner</button>"
            "<button type=\"button\" data-view=\"front\">the front</button>"
            "<button type=\"button\" data-view=\"top\">above</button>"
            "<fieldset><legend>Scale:</legend>"
            "<label><input type=\"radio\" name=\"scale\" value=\"common\"" +
            std::string(start_with_own_scales(sections) ? "" : " checked") +
            "> one for all</label><label><input type=\"radio\" name=\"scale\" value=\"own\"" +
            std::string(start_with_own_scales(sections) ? " checked" : "") +
            "> each its own</label></fieldset></div>\n";
    return intro + html;
}

/// A chart for the script, or the drawn figure.
inline std::string chart_html(const BandPanel& panel, std::size_t index) {
    return message("<figure class=\"panel\"><strong>", escape_html(panel.title),
                   "</strong><div class=\"chart\" data-chart=\"", index, "\" role=\"img\" aria-label=\"",
                   escape_html(panel.y_label + " against " + panel.x_label), "\"></div></figure>\n");
}

inline std::string reconstructions_html(const Json& report) {
    std::string html;
    std::size_t index = 0, most = 1;  // of views of one picture
    for (const Json& example : list_at(report, "reconstructions")) {
        most = std::max<std::size_t>(most, list_at(example, "views").size());
        html += "<div>" + element("h3", capitalized(text_at(example, "title")), "translate=\"no\"") +
                "<div class=\"views\">\n";
        for (const Json& view : list_at(example, "views")) {
            const std::string title = text_at(view, "title");
            html += message("<figure><canvas data-image=\"", index++, "\" role=\"img\" aria-label=\"",
                            escape_html(text_at(example, "title") + ": " + title), "\"></canvas>",
                            element("figcaption", title), "</figure>\n");
        }
        html += "</div></div>\n";
    }
    return html.empty() ? html
                        : message("<div class=\"examples\" style=\"--views:", most, "\">", html, "</div>\n");
}

inline std::string how_html(const Json& report) {
    std::string html;
    if (const std::string program = text_at(report, "program"); !program.empty())
        html += element("p", "Written by " + program + ".");
    if (const std::string data = option_list(member(report, "data")); !data.empty())
        html += element("h3", "Data") + "<dl>" + data + "</dl>\n";
    if (const std::string plan = option_list(member(report, "plan")); !plan.empty())
        html += element("h3", "Plan") + "<dl lang=\"en\" translate=\"no\">" + plan + "</dl>\n";
    return html;
}

}  // namespace vitscape::detail
