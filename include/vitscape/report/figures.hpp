// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Figures of loss surfaces as PNG, SVG and PDF, drawn by gnuplot: filled contours with labelled iso-lines
/// (`write_contour`), 3-D surfaces (`write_surface_figure`) and slices with error bands (`write_slice`); each
/// of one model or of several on one scale.
#include <vitscape/report/contour_figure.hpp>
#include <vitscape/report/slice_figure.hpp>
#include <vitscape/report/surface_figure.hpp>
