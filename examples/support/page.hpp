// SPDX-License-Identifier: Apache-2.0
//
// What the landscape program puts on the page of a surface: its pictures, its files, and its command line.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/measured_number.hpp>
#include <vitscape/report/gnuplot.hpp>
#include <vitscape/report/surface_page.hpp>

namespace program {

inline constexpr std::string_view page_ending = "_page.html";

/// A command line as a shell reads it: what is more than letters, digits and a few signs stands in quotes.
[[nodiscard]] inline std::string command_text(char** argv) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./:,@%";
    std::string text;
    for (int i = 0; argv[i] != nullptr; ++i) {
        const std::string_view word = argv[i];
        if (i > 0) text += ' ';
        if (!word.empty() && word.find_first_not_of(plain) == word.npos) {
            text += word;
            continue;
        }
        text += '\'';
        for (const char letter : word) {
            if (letter == '\'')
                text += "'\\''";
            else
                text += letter;
        }
        text += '\'';
    }
    return text;
}

/// What files hold, by the ends of their names.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 18> file_contents{
    {{"_contour.png", "the plane from above"},
     {"_contour.svg", "the plane from above"},
     {"_surface.png", "the loss as a height"},
     {"_surface.svg", "the loss as a height"},
     {"_line.png", "the loss along the line"},
     {"_line.svg", "the loss along the line"},
     {"_slices.png", "the planes of the volume through the centre"},
     {"_slices.svg", "the planes of the volume through the centre"},
     {"_minima.json", "the minima, their saddles, and which exceed the standard errors"},
     {"_minima.png", "how long each minimum lives"},
     {"_minima.svg", "how long each minimum lives"},
     {".json", "all numbers with their errors, and what was measured; --resume reads it"},
     {".npy", "the loss alone, for NumPy"},
     {".csv", "a point per line: coordinates, loss and errors"},
     {".vts", "the same for ParaView"},
     {".h5", "the surface in the layout of loss-landscape, whose scripts plot it"},
     {".hdf5", "the surface in the layout of loss-landscape, whose scripts plot it"},
     {".obj", "the surface as a mesh"}}};

/// What each picture shows, by the end of its name.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 5> pictures{
    {{"_contour",
      "The loss over the plane θ + α δ + β η; the cross is the model θ, circles are models with names, a "
      "line is a way. "
      "Numbers on the lines are losses; grey: no finite loss."},
     {"_surface", "The same as a height, with its lines on the floor."},
     {"_slices",
      "The planes of the volume through its centre, the model (cross), on one scale of colours. Grey: no "
      "finite loss."},
     {"_line",
      "The loss along the line; the band is two standard errors of the difference from the centre on each "
      "side, so it has no width there."},
     {"_minima",
      "Left: each minimum and how far the loss rises on the way to a lower one, with its error. Right: which "
      "joins which."}}};

/// The pictures and files of a surface's page.
/// @param written  all files of the surface.  @param cards  its further numbers
[[nodiscard]] inline vitscape::SurfacePageOptions page_of(const std::filesystem::path& prefix,
                                                          const std::vector<std::filesystem::path>& written,
                                                          const std::vector<vitscape::NumberCard>& cards,
                                                          bool no_figures) {
    vitscape::SurfacePageOptions page;
    const auto is_there = [&](const std::filesystem::path& path) {
        return std::find(written.begin(), written.end(), path) != written.end();
    };
    for (const auto& [ending, content] : pictures) {
        const std::filesystem::path stem = std::filesystem::path(prefix).concat(ending);
        if (is_there(std::filesystem::path(stem).concat(".svg")))
            page.figures.push_back({stem, std::string(content)});
    }
    for (const vitscape::NumberCard& card : cards)
        for (const char* kind : {"_contour_", "_line_", "_slices_"}) {
            const std::filesystem::path stem = std::filesystem::path(prefix).concat(kind + card.name);
            if (is_there(std::filesystem::path(stem).concat(".svg")))
                page.figures.push_back({stem, card.label + ": " + card.meaning + "."});
        }
    if (page.figures.empty())
        page.no_figures = no_figures ? "No pictures: --no-figures was given."
                          : vitscape::find_gnuplot()
                              ? "No pictures: there are too few points for one."
                              : "No pictures: gnuplot was not found. The numbers are all here.";
    for (const std::filesystem::path& path : written) {
        const auto known = std::find_if(file_contents.begin(), file_contents.end(), [&](const auto& one) {
            return path == std::filesystem::path(prefix).concat(one.first);
        });
        const auto of_number =
            std::find_if(cards.begin(), cards.end(), [&](const vitscape::NumberCard& card) {
                return path.stem().string().ends_with("_" + card.name);
            });
        page.files.push_back({path, known != file_contents.end() ? std::string(known->second)
                                    : of_number != cards.end()
                                        ? of_number->label + " alone"
                                        : "the directions, or the images with their masks, as asked for"});
    }
    return page;
}

}  // namespace program
