// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <vitscape/core/measured_number.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/report/html_table.hpp>
#include <vitscape/report/surface_page_sections.hpp>

namespace vitscape::detail {

/// A point's number with its error, "0.81 ± 0.02 at α = 1, β = 0", the least (sign 1) or the greatest (-1) of those that are finite;
/// empty where none is.
inline std::string extreme_html(const Surface& surface, const SurfaceNumber& number, double sign) {
    bool found = false;
    std::size_t best_row = 0, best_column = 0;
    for (std::size_t row = 0; row < surface.y.size(); ++row)
        for (std::size_t column = 0; column < surface.x.size(); ++column) {
            const double value = number.values(row, column);
            if (!std::isfinite(value)) continue;
            if (found && !(sign * value < sign * number.values(best_row, best_column))) continue;
            found = true, best_row = row, best_column = column;
        }
    if (!found) return "";
    std::vector<double> place{surface.x[best_column]};
    if (!surface.is_line()) place.push_back(surface.y[best_row]);
    return number_html(number.values(best_row, best_column), number.errors(best_row, best_column)) + " at " +
           escape_html(place_text(place));
}

/// The table of a surface's further numbers: at the centre, and the least and the greatest of its points; empty without any.
inline std::string point_numbers_table(const Surface& surface) {
    if (surface.numbers.empty()) return "";
    Table table("Number");
    table.column("At the centre");
    table.column("Least");
    table.column("Greatest");
    table.column("What it is", true);
    bool bounds = false;
    for (const SurfaceNumber& number : surface.numbers) {
        table.row(escape_html(number.card.label));
        table.number(number_html(number.centre.value, number.centre.error));
        table.number(extreme_html(surface, number, 1));
        table.number(extreme_html(surface, number, -1));
        table.wide(escape_html(number.card.meaning));
        bounds = bounds || number.card.error == NumberError::bound;
    }
    return table.html(
        std::string("What else was measured at each point. The least and the greatest are picked among all "
                    "points, so that "
                    "noise alone makes them differ. Errors are standard errors over the images") +
        (bounds ? "; those of eigenvalues are bounds of Lanczos' method." : "."));
}

}  // namespace vitscape::detail
