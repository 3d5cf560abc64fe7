// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/file.hpp>
#include <vitscape/study/page/figures.hpp>
#include <vitscape/study/page/html_report.hpp>

#include "report_page.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace html_report_test {

using namespace vitscape;
using namespace vitscape::test;
using nlohmann::json;

TEST_CASE("a minimal report is a whole page without empty sections") {
    const std::string page = page_of(json{{"format", 1}}, {"", {}});
    CHECK(unbalanced(page).empty());
    CHECK(page.starts_with("<!DOCTYPE html>"));
    CHECK(has(page, "<h1>"));
    CHECK_FALSE(has(page, "<section"));
    CHECK(unbalanced("<p><b></p></b>") != "");  // the judge itself
    CHECK(unbalanced("<p>1 < 2</p>") != "");
}

TEST_CASE("a full report: escaped, self-contained, dashes for what was not measured") {
    const test::TemporaryFolder folder;
    const auto plotly = folder / "plotly.js";
    write_atomically(plotly, std::string_view("window.Plotly = '</script><!-- </SCRIPT >';"));
    const std::string page = page_of(full_report(), {plotly, {}}), text = visible(page);
    CHECK(unbalanced(page) == "");
    CHECK(count_of(page, "</script") == 3);  // the data, plotly.js, the page's own
    CHECK(has(page, "window.Plotly = '<\\/script><\\!-- <\\/SCRIPT >';"));
    CHECK_FALSE(has(text, "<b>&\""));
    CHECK(has(text, "&lt;b&gt;&amp;&quot;"));
    CHECK(has(text, "&lt;/script&gt;&lt;script&gt;alert(1)"));
    CHECK(has(text, "A &lt;/title&gt; &amp; more"));
    CHECK(has(text, "cifar10:/a&lt;b"));

    for (const std::string attribute : {"src=\"", "href=\""})
        for (std::size_t at = 0; (at = text.find(attribute, at)) != text.npos; at += attribute.size()) {
            const std::string target = text.substr(at + attribute.size(), 5);
            CHECK((target[0] == '#' || target == "data:"));
        }
    CHECK_FALSE(has(text, "http://"));
    CHECK_FALSE(has(text, "https://"));
    CHECK(has(page, "default-src 'none'"));

    CHECK(has(text, "44.72 ± 0.40<small>43.00 to 46.50; n\u00a0=\u00a03</small>"));
    CHECK(has(text, ">–</td>"));
    CHECK(has(text, "1\u202f254\u202f321<small>n\u00a0=\u00a01</small>"));
    CHECK(has(text, "\">0.31<small>0.05 to 0.57</small>"));
    CHECK(has(text, "<strong>1 supported</strong>"));
    CHECK(has(text, "<strong>1 inconclusive</strong>"));
    CHECK(has(text, "model.width"));
    CHECK_FALSE(has(text, "null"));
    CHECK_FALSE(has(text, "nan"));

    CHECK(count_of(text, "data-surface=") == 2);
    CHECK(count_of(text, "data-contour=") == 2);
    CHECK(count_of(text, "data-chart=") == 3);  // one slice, loss, nearest neighbours
    CHECK(count_of(text, "data-image=") == 1);
    int level = 1;
    for (std::size_t at = 0; (at = text.find("<h", at)) != text.npos; ++at)
        if (text[at + 2] >= '1' && text[at + 2] <= '6') {
            CHECK(text[at + 2] - '0' <= level + 1);  // no heading level is left out
            level = text[at + 2] - '0';
        }
}

TEST_CASE("surfaces start on scales of their own if one of them would be a single colour on the common one") {
    json report = full_report();
    report["surfaces"] = {surface_of("mae", 1.5), surface_of("supervised", 2.5)};
    CHECK(data_of(report).at("own_scales") == false);
    for (auto& row : report["surfaces"][0]["values"])  // nearly flat beside the other
        for (auto& value : row)
            if (value.is_number()) value = 0.5 + 0.001 * (value.get<double>() - 0.5);
    CHECK(data_of(report).at("own_scales") == true);
}

TEST_CASE("the script's data: ratios on one scale, bands over seeds, pixels") {
    const json report = full_report();
    const json data = data_of(report);
    REQUIRE(data["surfaces"].size() == 2);
    for (const json& surface : data["surfaces"]) {
        CHECK(surface["height"][2][2] == 1);
        CHECK(surface["height"][0][0].is_null());
        CHECK(surface["low"] == 1);
        CHECK(surface["high"].get<double>() == Approx(std::exp(5.0)));
        CHECK(surface["logarithmic"] == true);
        CHECK(surface["region"]["x"] == json({0.4, 0.0, -0.4}));
        CHECK(surface["region"]["open"] == json({false, true, false}));
    }
    REQUIRE(data["charts"].size() == 3);
    const json& slice = data["charts"][0]["curves"][0];
    CHECK(slice["middle"] == json({1.5, 1.0, 1.6}));
    CHECK(slice["high"] == json({1.6, 1.0, 1.8}));
    CHECK(slice["low"][2].is_null());
    const json& loss = data["charts"][1]["curves"][0];
    CHECK(loss["middle"] == json({1.0, 0.6}));
    CHECK(loss["low"] == json({0.9, 0.5}));
    CHECK(loss["high"] == json({1.1, 0.7}));
    CHECK(data["charts"][2]["curves"][0]["x"] == json({2.0}));
    CHECK(data["images"][0]["pixels"] == "/wBN");
}

TEST_CASE("without plotly.js the page shows the figures that were drawn") {
    const test::TemporaryFolder folder;
    const json report = full_report();
    if (!find_gnuplot()) {
        WARN("gnuplot is not installed; figures are not tested");
        return;
    }
    const auto figures = write_comparison_figures(folder.path(), report);
    std::vector<std::string> names;
    for (const auto& figure : figures) {
        names.push_back(figure.filename().string());
        CHECK(std::filesystem::file_size(figure) > 1000);
    }
    CHECK(names == std::vector<std::string>{"training_surface.png", "training_surface.svg",
                                            "training_contour.png", "training_contour.svg",
                                            "training_slice.png", "training_slice.svg", "training_curves.png",
                                            "training_curves.svg"});
    const std::string contour = read_text(folder / "training_contour.svg");
    CHECK(has(contour, "convex region"));
    CHECK(has(contour, "L / L(0)"));

    const std::string page = visible(page_of(report, {folder / "missing.js", figures}));
    CHECK(unbalanced(page) == "");
    CHECK(count_of(page, "<img ") == 4);
    CHECK(count_of(page, "alt=\"") == 4);
    CHECK_FALSE(has(page, "data-surface="));
    CHECK(has(page, "<img alt=\"training loss, L / L(0) over the plane, as contours\" src=\"data:image/"));
    CHECK(write_comparison_figures(folder.path(), json{{"format", 1}}).empty());
}

TEST_CASE("a report that does not fit together is an error before anything is written") {
    const test::TemporaryFolder folder;
    json report = full_report();
    report["surfaces"][0]["values"].erase(0);
    write_atomically(folder / "old.html", std::string_view("old"));
    CHECK_THROWS_AS(write_html_report(folder / "old.html", report, {"", {}}), DataError);
    CHECK_THROWS_AS(write_comparison_figures(folder.path(), report), DataError);
    CHECK_THROWS_AS(write_html_report(folder / "old.html", json::array(), {"", {}}), DataError);
    report = full_report();
    report["claims"] = 3;
    CHECK_THROWS_AS(write_html_report(folder / "old.html", report, {"", {}}), DataError);
    CHECK(read_text(folder / "old.html") == "old");
}

TEST_CASE("what is measured is no claim that is put to the test", "[compare]") {
    json report = full_report();
    report["claims"].push_back({{"claim", "this many times as long"},
                                {"test", "step: A over B"},
                                {"difference", 1.352},
                                {"interval", {1.31, 1.39}},
                                {"verdict", "measured"},
                                {"note", ""}});
    const std::string page = visible(page_of(report, {"", {}}));
    CHECK(unbalanced(page) == "");
    CHECK(has(page, "Of 2 claims put to the test"));
    CHECK(has(page, "</span> measured</span></td>"));
    CHECK(has(page, "1.352<small>1.310 to 1.390</small>"));
    report["claims"].erase(0), report["claims"].erase(0);
    CHECK_FALSE(has(page_of(report, {"", {}}), "put to the test"));
}

TEST_CASE("each cell of a table names its column, for screens on which rows are blocks") {
    json report = full_report();
    report["variance"] = {{{"method", "mae"}, {"name", "radius"}, {"parts", {{{"source", "masks"}}}}}};
    report["tables"] = {
        {{"title", "t"}, {"caption", "c"}, {"rows", {{{"name", "r"}, {"values", json::object()}}}}}};
    const std::string page = visible(page_of(report, {"", {}}));
    CHECK(count_of(page, "<td ") == count_of(page, "data-label=\""));
    CHECK(count_of(page, "<td>") == 0);
    CHECK(has(page, "<td class=\"number\" data-label=\"&lt;b&gt;&amp;&quot;\">44.72"));
    CHECK(has(page, "<td class=\"wide\" data-label=\"Verdict\">"));
    CHECK(has(page, "<td class=\"number\" data-label=\"Masks, %\">"));
    CHECK_FALSE(has(page, "data-label=\"\""));
    detail::Table table("first");
    table.column("only");
    table.row("head");
    table.number("1");
    CHECK(has(table.html("of one"),
              "<tr><th scope=\"row\">head</th><td class=\"number\" data-label=\"only\">1</td></tr>"));
}

TEST_CASE("a number of runs that is none is left out") {
    for (const json& count : {json(1e300), json(-3), json("2")}) {
        const json report = {
            {"methods", {{{"name", "mae"}}}},
            {"slices", {{{"method", "mae"}, {"loss", "training"}, {"x", {0, 1}}, {"count", count}}}}};
        CHECK(slice_curves(report, "training").at(0).count == 0);
    }
}

TEST_CASE("numbers are shown to the digits that their errors leave") {
    using detail::number_html;
    CHECK(number_html(0.44723, 0.012) == "0.447 ± 0.012");
    CHECK(number_html(1234.5, 56) == "1234 ± 56");
    CHECK(number_html(-3) == "−3");
    CHECK(number_html(0.12345678) == "0.1235");
    CHECK(number_html(2.5e-5) == "2.500 × 10<sup>−5</sup>");
    CHECK(number_html(4.1e9, 2e7) == "(4.100 ± 0.020) × 10<sup>9</sup>");
    CHECK(number_html(98765.4, 0) == "98\u202f765 ± 0");
    CHECK(number_html(std::nan("")) == "–");
    CHECK(number_html(0, 0) == "0 ± 0");
    CHECK(number_html(5e-324) == "0");
    CHECK(number_html(1, 1e308) == "(0 ± 1) × 10<sup>308</sup>");
    CHECK(number_html(1e300, 1e-320) == "(1.000 ± 0.000) × 10<sup>300</sup>");
    CHECK(number_html(35.0 / 3, 1e-15) == "11.67 ± 0.00");
    CHECK(detail::fixed_number(-0.001, 2) == "0.00");
}

TEST_CASE("curves, regions and rows are named by the report", "[compare]") {
    json report = full_report();
    report["curves"] = {
        {{"name", "knn_accuracy"}, {"title", "neighbours"}, {"label", "right"}, {"unit", "fraction"}},
        {{"name", "never"}, {"title", "never measured"}, {"label", ""}, {"unit", ""}}};
    for (json& surface : report["surfaces"]) {
        surface["region"]["name"] = "flat part";
    }
    report["surfaces"][1]["region"]["x"] = report["surfaces"][1]["region"]["y"] = {0, 0, 0};
    json& measure = report["measures"][0];
    measure["better"] = "higher", measure["meaning"] = "of held-out images",
    measure["invariant_to"] = "scale";
    const std::string page = visible(page_of(report, {"", {}}));
    CHECK(count_of(page, "<small>%; higher is better</small>") ==
          2);  // in the summary and among all measures
    measure["direction"] = "higher is wiser";
    CHECK(count_of(visible(page_of(report, {"", {}})), "<small>%; higher is wiser</small>") == 2);
    CHECK(count_of(page, "<small>of held-out images</small><small>invariant to the scale</small>") == 1);

    const auto panels = detail::training_panels(report);
    REQUIRE(panels.size() == 1);
    CHECK(panels[0].title == "neighbours");
    CHECK(panels[0].y_label == "right (%)");
    CHECK(panels[0].curves.front().middle.front() == Approx(35));

    const auto surfaces = relative_surfaces(report, "training");
    REQUIRE(surfaces.size() == 2);
    CHECK(detail::region_caption(surfaces[0]) ==
          " White outline: the flat part, as far as it is seen from the centre; at triangles it may go on.");
    CHECK(detail::region_caption(surfaces[1]) == " No outline: the flat part is empty on this plane.");
    report["surfaces"][0]["region"]["open"].erase(0);
    CHECK_THROWS_AS(relative_surfaces(report, "training"), DataError);
    CHECK(detail::training_panels(full_report()).size() == 2);
}

TEST_CASE("any number of methods: rows of at most three panels, nearly equally long", "[compare]") {
    for (const auto& [panels, columns] : std::vector<std::pair<std::size_t, std::size_t>>{
             {0, 1}, {1, 1}, {2, 2}, {3, 3}, {4, 2}, {5, 3}, {7, 3}, {8, 3}})
        CHECK(detail::panel_columns(panels) == columns);
    json report = full_report();
    for (const std::string name : {"third", "fourth", "fifth"}) {
        report["methods"].push_back({{"name", name}, {"title", "The " + name}});
        report["surfaces"].push_back(surface_of(name, 1));
    }
    const test::TemporaryFolder folder;
    const auto plotly = folder / "plotly.js";
    write_atomically(plotly, std::string_view("window.Plotly = 1;"));
    const std::string page = visible(page_of(report, {plotly, {}}));
    CHECK(count_of(page, "data-contour=") == 5);
    CHECK(count_of(page, "<div class=\"panels\" style=\"--columns:3\">") == 1);
    if (!find_gnuplot()) return;
    write_comparison_figures(folder.path(), report);
    const std::string contour = read_text(folder / "training_contour.svg");
    for (const char* title : {"The third", "The fourth", "The fifth"}) CHECK(has(contour, title));
    const auto number = [&](const std::string& name) {
        const std::size_t at = contour.find(name + "=\"");
        return std::stod(contour.substr(at + name.size() + 2));
    };
    CHECK(number("width") <
          1.6 * number("height"));  // two rows: a single one would be four times as wide as high
}

}  // namespace html_report_test
