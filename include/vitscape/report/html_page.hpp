// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/report/figure_script.hpp>
#include <vitscape/report/html_text.hpp>
#include <vitscape/report/page_style.hpp>

// What pages are made of: one HTML file each, which loads nothing from anywhere.

namespace vitscape::detail {

/// The page up to its sections: what the browser must know, the title and what there is to say in short, which is HTML.
/// @param scripts  whether programs stand in the page; plotly.js compiles small functions of its own
inline std::string page_begin(std::string_view language, std::string_view title, std::string_view summary,
                              bool scripts) {
    return message(
        "<!DOCTYPE html>\n<html lang=\"", language,
        "\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        // the promise that the page loads nothing
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; ",
        scripts ? "script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:" : "img-src data:", "\">\n",
        element("title", title), "\n<style>", page_style, "</style>\n</head>\n<body>\n<header>",
        element("h1", title), "\n<div class=\"summary\"><h2>In short</h2>\n", summary,
        "</div></header>\n<main>\n");
}

/// Collects the sections and the list of links to them.
class PageBody {
  public:
    /// A section, left out where it is empty.
    void section(const std::string& name, const std::string& title, const std::string& html) {
        if (html.empty()) return;
        links_ += message("<li><a href=\"#", name, "\">", escape_html(title), "</a></li>");
        html_ += message("<section id=\"", name, "\">", element("h2", title), '\n', html, "</section>\n");
    }
    [[nodiscard]] std::string text() const {
        return message("<nav aria-label=\"Sections\"><ul>", links_, "</ul></nav>\n", html_);
    }

  private:
    std::string links_, html_;
};

/// Panels in rows of nearly equal length, of three where there is room for them.
inline std::string panels_html(std::size_t count, const std::string& panels) {
    return message("<div class=\"panels\" style=\"--columns:", panel_columns(count), "\">\n", panels,
                   "</div>\n");
}

/// A drawn figure inside the page: the SVG, or the PNG where that one is smaller by far. Nothing where `figures` has
/// none of this name. A `wide` one scrolls sideways where the screen is narrow; another may have a caption.
inline std::string embedded_figure(const std::vector<std::filesystem::path>& figures, const std::string& stem,
                                   std::string_view description, bool wide, std::string_view caption = "") {
    std::string best_type;
    std::filesystem::path best;
    std::uintmax_t best_size = 0;
    for (const auto& figure : figures) {
        const bool is_svg = figure.extension() == ".svg";
        if (figure.stem() != stem || (!is_svg && figure.extension() != ".png")) continue;
        std::error_code code;
        std::uintmax_t size = std::filesystem::file_size(figure, code);
        if (code) continue;
        if (is_svg) size /= 2;  // sharper at any size, so it may be twice as large
        if (!best.empty() && size >= best_size) continue;
        best = figure;
        best_size = size;
        best_type = is_svg ? "image/svg+xml" : "image/png";
    }
    if (best.empty()) return "";
    const std::string image = message("<img alt=\"", escape_html(description), "\" src=\"data:", best_type,
                                      ";base64,", base64(read_bytes(best)), "\">");
    if (!wide)
        return "<figure class=\"panel\">" + image + (caption.empty() ? "" : element("figcaption", caption)) +
               "</figure>\n";
    return message("<div class=\"scroll wide-figure\" tabindex=\"0\" role=\"region\" aria-label=\"",
                   escape_html(description), "\"><figure>", image, "</figure></div>\n");
}

}  // namespace vitscape::detail
