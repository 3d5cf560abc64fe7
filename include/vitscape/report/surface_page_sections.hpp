// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/merge_tree.hpp>
#include <vitscape/landscape/smoothness.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/landscape/volume.hpp>
#include <vitscape/report/html_table.hpp>
#include <vitscape/report/surface_numbers.hpp>

// The numbers of a surface's page, and what speaks against them.

namespace vitscape::detail {

using OrderedJson = nlohmann::ordered_json;

inline double number_in(const OrderedJson& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number() ? found->get<double>() : std::nan("");
}
inline std::string text_in(const OrderedJson& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}
/// The list of objects at a key; empty where it is missing.
inline std::vector<OrderedJson> objects_in(const OrderedJson& object, const char* key) {
    std::vector<OrderedJson> list;
    const auto found = object.find(key);
    if (found != object.end() && found->is_array())
        for (const OrderedJson& one : *found)
            if (one.is_object()) list.push_back(one);
    return list;
}

/// A coordinate or another number that has no error, as text.
inline std::string plain_text(double number) {
    const std::string text = short_number(number);
    return text.starts_with('-') ? "−" + text.substr(1) : text;
}
/// Two digits, of an error or a share.
inline std::string rough_text(double number) {
    char text[40];
    std::snprintf(text, sizeof text, std::abs(number) < 100 ? "%.2g" : "%.0f", number);
    return text;
}
/// "α = 0.5, β = −1"
inline std::string place_text(const std::vector<double>& place) {
    static constexpr const char* names[] = {"α", "β", "γ"};
    std::string text;
    for (std::size_t i = 0; i < place.size(); ++i)
        text += message(i == 0 ? "" : ", ", names[i], " = ", plain_text(place[i]));
    return text;
}

/// The coordinates of a point by its index; of a line one.
inline std::vector<double> place_of(const Surface& surface, std::size_t point) {
    const std::size_t columns = surface.x.size();
    if (surface.is_line()) return {surface.x[point]};
    return {surface.x[point % columns], surface.y[point / columns]};
}
inline std::vector<double> place_of(const Volume& volume, std::size_t point) {
    const std::size_t columns = volume.x.size(), rows = volume.y.size();
    return {volume.x[point % columns], volume.y[point / columns % rows], volume.z[point / columns / rows]};
}
inline bool is_centre(const std::vector<double>& place) {
    return std::all_of(place.begin(), place.end(), [](double coordinate) { return coordinate == 0; });
}

/// How far below the centre the lowest point is, next to what chance finds among so many points.
inline std::string lowest_text(const GridSummary& summary, const std::vector<double>& place) {
    if (is_centre(place)) return "at the model itself: no point of the grid is lower";
    const GridRise& lowest = summary.lowest;
    std::string text = "at " + place_text(place);
    if (lowest.rise >= 0 || !(lowest.standard_error > 0)) return text;
    const double deviations = -lowest.rise / lowest.standard_error,
                 chance =
                     std::sqrt(2 * std::log(static_cast<double>(std::max<std::size_t>(2, summary.compared))));
    return text + message("; ", rough_text(deviations), " standard errors below the centre. The lowest of ",
                          summary.compared, " points was chosen for it; without any difference about ",
                          rough_text(chance), " would be expected of independent ones, so this is ",
                          deviations > chance + 1 ? "more than chance" : "no more than chance may give");
}

/// What only a surface has: how large its bottom is, how steep it is, how many minima it has.
template <class Row>
void add_surface_rows(Table& table, const Row& row, const Surface& surface) {
    const auto zero = [](const std::vector<double>& coordinates) {
        return coordinates.size() > 1 &&
               std::find(coordinates.begin(), coordinates.end(), 0.0) != coordinates.end();
    };
    if (zero(surface.x) && zero(surface.y) && surface.centre_loss > 0) {
        const AreaRange below = area_range_below(surface, 2 * surface.centre_loss);
        table.row("Area where the loss is below 2 L(0)");
        table.number(number_html(below.extent.area), number_html(below.smaller) + " to " +
                                                         number_html(below.larger) +
                                                         " with all rises two errors higher or lower");
        table.wide(message("flatness in units of α times β, connected to the centre",
                           below.extent.reaches_border ? "; the grid cuts it off" : "",
                           ". It rewards a high loss at the centre: a sensitivity, not a verdict"));
    }
    if (!surface.is_line() && surface.columns() > 1)
        row("Mean slope", total_variation(surface), bound_of_total_variation_error(surface),
            "smoothness: total variation over area, in loss per unit of distance. The error is an upper "
            "bound; "
            "noise between neighbours makes the slope itself larger");
    constexpr double errors = 3;
    const MergeTree tree = merge_tree(surface);
    if (tree.minima.empty()) return;
    table.row("Local minima");
    table.number(number_html(static_cast<double>(tree.minima.size())));
    table.wide(tree.minima.size() == 1
                   ? std::string("on this grid; a finer one may have more")
                   : message("on this grid; besides the lowest, ", tree.significant(errors) - 1,
                             " below their saddles by more than ", errors, " standard errors"));
}

/// The table of what this surface says in numbers; `results` are those that the file's metadata holds.
template <class G>
std::string numbers_table(const G& grid, const GridSummary& summary, const OrderedJson& results) {
    Table table("Number");
    table.column("Value ± standard error");
    table.column("What it is", true);
    const auto row = [&](const std::string& name, double value, double error, const std::string& meaning) {
        table.row(escape_html(name));
        table.number(number_html(value, error));
        table.wide(escape_html(meaning));
    };
    row("Loss at the centre", grid.centre_loss, grid.centre_standard_error,
        grid.samples > 0 ? message("L(0), the mean over ", grid.samples, " images")
                         : std::string("L(0); the objective is no mean over samples, so it has no error"));
    const auto lowest = place_of(grid, summary.lowest.point), highest = place_of(grid, summary.highest.point);
    row("Lowest loss of the grid, over the centre's", summary.lowest.rise, summary.lowest.standard_error,
        lowest_text(summary, lowest));
    row("Highest loss of the grid, over the centre's", summary.highest.rise, summary.highest.standard_error,
        "at " + place_text(highest));
    if constexpr (std::is_same_v<G, Surface>) add_surface_rows(table, row, grid);
    if (const auto barrier = results.find("barrier"); barrier != results.end())
        row("Barrier between the two models", number_in(*barrier, "height"),
            number_in(*barrier, "standard_error"),
            message("how far the loss rises above the straight line between the losses ",
                    plain_text(number_in(*barrier, "loss_from")), " and ",
                    plain_text(number_in(*barrier, "loss_to")), "; at ",
                    plain_text(number_in(*barrier, "at")),
                    ". The highest of the points between, which a finer grid may exceed"));
    for (const OrderedJson& pair : objects_in(results, "eigenpairs"))
        row("Eigenvalue of the Hessian", number_in(pair, "value"), number_in(pair, "residual"),
            std::string("its error is the residual of Lanczos' method, not one over images") +
                (pair.value("converged", true) ? "" : "; not converged"));
    if (const double slope = number_in(results, "gradient_norm"); std::isfinite(slope))
        row("Norm of the gradient", slope, std::nan(""), "at the centre, per unit of the parameters");
    if (const auto shares = results.find("explained"); shares != results.end() && shares->is_array())
        for (const OrderedJson& share : *shares)
            if (share.is_number())
                row("Share of the way along an axis, %", 100 * share.template get<double>(), std::nan(""),
                    "of the summed squared distances of the checkpoints from the model; what is missing lies "
                    "outside the picture");
    double rounding = -1, beside = 0;
    for (const OrderedJson& point : objects_in(results, "compared_with_float"))
        if (const double error = std::abs(number_in(point, "error"));
            error > rounding && !point.contains("number"))  // the loss
            rounding = error, beside = number_in(point, "standard_error");
    if (rounding >= 0)
        row("Largest difference of bfloat16 from float", rounding, std::nan(""),
            message("among ", objects_in(results, "compared_with_float").size(),
                    " points; the standard error there is ", plain_text(beside)));
    return table.html(
        "Errors are standard errors over the images, of rises over the differences on the same images.");
}

/// What a sceptic asks.
template <class G>
std::string limits_html(const G& grid, const GridSummary& summary, const OrderedJson& metadata) {
    std::string items;
    const auto add = [&](const std::string& text) { items += element("li", text) + "\n"; };
    const double share = summary.error_over_relief();
    if (summary.compared == 0)
        add("No standard errors are known, so noise cannot be told from relief.");
    else
        add(message("Errors against relief: the standard error of a rise is at most ",
                    rough_text(summary.largest_error), ", half of the points have less than ",
                    rough_text(summary.median_error), "; the losses of the grid span ",
                    plain_text(summary.highest.loss - summary.lowest.loss), ", so the largest error is ",
                    rough_text(100 * share), " % of that. ", summary.within_two_errors, " of ",
                    summary.compared, " points beside the centre are within two errors of its loss",
                    summary.within_two_errors > 0 ? ": what the picture shows there may be noise." : "."));
    if (grid.samples > 1 && grid.samples < 200)
        add(message("With ", grid.samples, " images the errors themselves are uncertain, by about ",
                    rough_text(100 / std::sqrt(2 * static_cast<double>(grid.samples - 1))),
                    " % of their size."));
    const std::string kind = text_in(metadata, "directions");
    if (kind == "gaussian")
        add("The directions are one draw of all that are possible: another --seed gives another picture, and "
            "only the spread over several seeds says how much another one would differ.");
    else if (kind == "gradient")
        add("Only the first direction is the gradient's; others are one random draw (--seed).");
    else if (kind.starts_with("eigenvectors"))
        add("These directions are extreme, not typical: random ones see little but the average curvature.");
    else
        add("The directions were chosen by models or a file; a random direction may show something else.");
    if (const std::string by = text_in(metadata, "normalization");
        !by.empty() && by != "none" && by != "as in the file")
        add("What one unit of a coordinate means is up to the normalization (" + by +
            "): another one may put models in another order, so compare only surfaces of the same one.");
    add("The errors are over images. What another training, other masks or other images of the same kind as "
        "these few would "
        "change is not in them.");
    if (summary.finite < summary.computed)
        add(message("Points without a finite loss: ", summary.computed - summary.finite,
                    "; they are left out, and grey or empty in the picture."));
    if (summary.computed < summary.points)
        add(message("Incomplete: ", summary.computed, " of ", summary.points, " points are computed."));
    add("Between the points of the grid the picture is interpolated; the numbers are of the points alone.");
    std::string warning;
    if (share > 0.5)
        warning = element("p",
                          "The standard errors are as large as half of the relief or more: most of this "
                          "picture may be noise. More --images make the errors smaller.",
                          "class=\"warning\"");
    return warning + "<ul>\n" + items + "</ul>\n";
}

/// The models that the picture marks.
inline std::string marks_table(const OrderedJson& metadata) {
    const auto marks = objects_in(metadata, "marks");
    if (marks.empty()) return "";
    Table table("Model");
    table.column("α");
    table.column("β");
    table.column("File", true);
    for (const OrderedJson& mark : marks) {
        table.row(escape_html(text_in(mark, "name")));
        table.number(plain_text(number_in(mark, "x")));
        table.number(plain_text(number_in(mark, "y")));
        const std::string source = text_in(mark, "source");
        table.wide(escape_html(source.empty() ? text_in(metadata, "checkpoint") : source));
    }
    return table.html("Where the models of the picture lie.");
}

}  // namespace vitscape::detail
