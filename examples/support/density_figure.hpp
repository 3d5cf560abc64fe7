// SPDX-License-Identifier: Apache-2.0
//
// The figure of the distribution of a Hessian's eigenvalues.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <limits>
#include <vector>

#include <vitscape/core/number_text.hpp>
#include <vitscape/report/band_figure.hpp>
#include <vitscape/report/gnuplot.hpp>

#include "curvature_options.hpp"

namespace program {

/// Draws the density with its standard errors at the points x, where it is more than the smoothing's tail: a hundred-thousandth of the highest.
/// @param width  of the smoothing
inline void draw_density(const CurvatureOptions& o, const std::vector<double>& x,
                         const std::vector<double>& middle, const std::vector<double>& error, double width) {
    using namespace vitscape;
    constexpr double lowest = 1e-5;
    if (!find_gnuplot()) {
        std::cerr << "no figure: gnuplot was not found; on Debian: apt install gnuplot-nox\n";
        return;
    }
    BandCurve curve{.title = message("mean of ", o.density_probes, " random vectors, and its standard error"),
                    .x = x,
                    .middle = {},
                    .low = {},
                    .high = {},
                    .count = static_cast<std::size_t>(o.density_probes)};
    const double least = lowest * *std::max_element(middle.begin(), middle.end());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double at = middle[i] > least ? middle[i] : std::numeric_limits<double>::quiet_NaN();
        curve.middle.push_back(at);
        curve.low.push_back(std::max(at - error[i], least));
        curve.high.push_back(at + error[i]);
    }
    for (const char* ending : {".png", ".svg"}) {
        write_band_figure(o.figure(ending),
                          {{.title = message("eigenvalues of the Hessian, smoothed by ", short_number(width)),
                            .x_label = "eigenvalue",
                            .y_label = "density",
                            .curves = {curve}}});
        std::cout << "wrote " << o.figure(ending).string() << '\n';
    }
}

}  // namespace program
