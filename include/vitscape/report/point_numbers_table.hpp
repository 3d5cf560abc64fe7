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
template <class G, class Number>
std::string extreme_html(const G& grid, const Number& number, double sign) {
    const auto& values = number.values;
    std::size_t best = values.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double value = values.data()[i];
        if (std::isfinite(value) && (best == values.size() || sign * value < sign * values.data()[best]))
            best = i;
    }
    if (best == values.size()) return "";
    return number_html(values.data()[best], number.errors.data()[best]) + " at " +
           escape_html(place_text(place_of(grid, best)));
}

/// The table of the further numbers of a surface or volume: at the centre, and the least and the greatest of its points; empty without
/// any.
template <class G>
std::string point_numbers_table(const G& surface) {
    if (surface.numbers.empty()) return "";
    Table table("Number");
    table.column("At the centre");
    table.column("Least");
    table.column("Greatest");
    table.column("What it is", true);
    bool bounds = false;
    for (const auto& number : surface.numbers) {
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
