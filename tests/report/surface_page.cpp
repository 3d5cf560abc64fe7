// SPDX-License-Identifier: Apache-2.0
//
// The page of a surface: its numbers with their errors, and what it says against them.
#include <cmath>
#include <string>
#include <vector>

#include <vitscape/report/surface_page.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/surfaces.hpp"
#include "support/temporary_folder.hpp"

namespace surface_page_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using Json = nlohmann::ordered_json;

/// x^2 + y^2 over 5 x 5 points, with errors of the differences that grow with the distance.
Surface bowl(double error) {
    std::vector<double> axis{-1, -0.5, 0, 0.5, 1};
    Surface surface(axis, axis);
    for (std::size_t j = 0; j < 5; ++j)
        for (std::size_t i = 0; i < 5; ++i) {
            const double square = axis[i] * axis[i] + axis[j] * axis[j];
            surface.loss(j, i) = 1 + square;
            surface.standard_error(j, i) = 0.125;
            surface.difference_standard_error(j, i) = error * std::sqrt(square);
            surface.computed(j, i) = 1;
        }
    surface.centre_loss = 1;
    surface.centre_standard_error = 0.125;
    surface.samples = 16;
    surface.geometry = {.theta_norm = 4, .delta_norm = 2, .eta_norm = 1, .delta_dot_eta = 1};
    return surface;
}

std::string page_of(const Surface& surface, const nlohmann::ordered_json& metadata,
                    const SurfacePageOptions& options = {}) {
    const TemporaryFolder folder;
    write_surface_page(folder / "page.html", surface, metadata, options);
    return read_text(folder / "page.html");
}

}  // namespace

TEST_CASE("the summary of a grid compares each rise with its own error") {
    const GridSummary summary = summarize(bowl(0.3));
    CHECK(summary.points == 25);
    CHECK(summary.finite == 25);
    CHECK(summary.compared == 24);  // all but the centre
    // r^2 < 2 * 0.3 r where r < 0.6: the four points at r = 0.5
    CHECK(summary.within_two_errors == 4);
    CHECK(summary.lowest.point == 12);
    CHECK(summary.highest.rise == 2);
    CHECK(summary.highest.standard_error == Approx(0.3 * std::sqrt(2)));
    CHECK(summary.largest_error == Approx(0.3 * std::sqrt(2)));
    CHECK(summary.median_error == Approx(0.3 * std::sqrt(1.25)));
    CHECK(summary.error_over_relief() == Approx(0.3 * std::sqrt(2) / 2));

    const GridSummary holed = summarize(holed_surface());
    CHECK(holed.computed == 11);
    CHECK(holed.finite == 10);
    const GridSummary unknown = summarize(holed_line());
    CHECK(unknown.compared == 0);
    CHECK(std::isnan(unknown.error_over_relief()));
}

TEST_CASE("the area below a level is smaller where all losses are higher") {
    const Surface surface = bowl(0.1);
    const AreaRange range = area_range_below(surface, 1.5);
    CHECK(range.extent.area == area_below(surface, 1.5).area);
    CHECK(range.smaller < range.extent.area);
    CHECK(range.larger > range.extent.area);
    Surface higher = surface;
    higher.loss = surface.loss + 2 * surface.difference_standard_error;
    CHECK(range.smaller == area_below(higher, 1.5).area);
}

TEST_CASE("a surface's page has its numbers with their errors, and loads nothing") {
    const std::string page = page_of(
        bowl(0.05),
        {{"checkpoint", "a<b>.safetensors"},
         {"model", {{"method", "rc-mae"}, {"encoder", {{"width", 48}, {"ratio", 0.485f}}}}},
         {"directions", "gaussian"},
         {"normalization", "filter"},
         {"seed", 3},
         {"barrier",
          {{"height", 0.25}, {"standard_error", 0.0625}, {"at", 0.5}, {"loss_from", 1}, {"loss_to", 2}}},
         {"eigenpairs", Json::array({{{"value", 7.5}, {"residual", 0.01}, {"converged", false}}})},
         {"marks", Json::array({{{"name", "θ′"}, {"x", 1}, {"y", 0}, {"source", "other"}}})}},
        {.title = "Loss & more",
         .no_figures = "No pictures here.",
         .files = {{"runs/a.json", "all numbers"}},
         .command = "landscape --only 'blocks.0.*'"});
    CHECK(page.starts_with("<!DOCTYPE html>"));
    CHECK(page.ends_with("</html>\n"));
    CHECK(contains(page, "<title>Loss &amp; more</title>"));
    CHECK(contains(page, "1.00 ± 0.12"));    // at the centre
    CHECK(contains(page, "2.000 ± 0.071"));  // the highest rise
    CHECK(contains(page, "0.250 ± 0.062"));  // the barrier
    CHECK(contains(page, "7.500 ± 0.010"));  // the eigenvalue
    CHECK(contains(page, "not converged"));
    CHECK(contains(page, "a&lt;b&gt;.safetensors"));
    CHECK(!contains(page, "a<b>"));
    CHECK(contains(page, "<h3>Model</h3>"));
    CHECK(contains(page, "<dt>encoder.ratio</dt><dd translate=\"no\">0.485</dd>"));  // not of a float
    CHECK(contains(page, "60 degrees"));                                             // acos(1 / 2)
    CHECK(contains(page, "another --seed gives another picture"));
    CHECK(contains(page, "No point of the grid is lower than the model"));
    CHECK(contains(page, "runs/a.json"));
    CHECK(contains(page, "landscape --only &#39;blocks.0.*&#39;"));
    CHECK(contains(page, "No pictures here."));
    CHECK(!contains(page, "class=\"warning\""));
    for (const char* outside : {"http://", "https://", "<script", "<link", "url("})
        CHECK(!contains(page, outside));
}

TEST_CASE("a page says where its numbers are noise") {
    const std::string noisy = page_of(bowl(2), {{"directions", "gaussian"}});
    CHECK(contains(noisy, "class=\"warning\""));
    CHECK(contains(noisy, "24 of 24 points"));
    // a lower point that so many points give by chance, and one that they do not
    Surface surface = bowl(0.05);
    surface.loss(0, 0) = 1 - 2 * surface.difference_standard_error(0, 0);
    CHECK(contains(page_of(surface, {}), "no more than chance may give"));
    surface.loss(0, 0) = 1 - 6 * surface.difference_standard_error(0, 0);
    CHECK(contains(page_of(surface, {}), "more than chance"));
    CHECK(!contains(page_of(surface, {}), "no more than chance"));
}

TEST_CASE("pages of surfaces with holes, of lines and of nothing") {
    const std::string holed = page_of(holed_surface(), {});
    CHECK(contains(holed, "Points without a finite loss: 1;"));
    CHECK(contains(holed, "Incomplete: 11 of 12"));
    const std::string line = page_of(holed_line(), {});
    CHECK(contains(line, "No standard errors are known"));
    CHECK(contains(line, "at α = 1"));
    CHECK(!contains(line, "β"));
    const std::string nothing = page_of(Surface({0, 1}, {0}), {});
    CHECK(contains(nothing, "No point of this grid has a finite loss"));
}

TEST_CASE("pictures become part of the page") {
    const TemporaryFolder folder;
    write_atomically(folder / "a.b_contour.svg", "<svg/>");
    const SurfacePageOptions options{
        .figures = {{folder / "a.b_contour", "from above"}, {folder / "gone", "x"}}};
    const std::string page = page_of(bowl(0.1), {}, options);
    CHECK(contains(page, "src=\"data:image/svg+xml;base64,PHN2Zy8+\""));
    CHECK(contains(page, "<figcaption>from above</figcaption>"));
    CHECK(contains(page, "--columns:1"));
}

}  // namespace surface_page_test
