// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/file.hpp>
#include <vitscape/report/figures.hpp>
#include <vitscape/report/volume_figure.hpp>

#include "support/catch.hpp"

#include <unistd.h>

namespace figures_test {

using namespace vitscape;

namespace {

struct Folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("vitscape-report 'α' " + std::to_string(::getpid()));
    Folder() { std::filesystem::create_directories(path); }
    Folder(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }
    [[nodiscard]] std::size_t files() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(path)) count += entry.is_regular_file();
        return count;
    }
};

/// Sets a variable of the environment for as long as it lives.
struct Environment {
    std::string name, old;
    Environment(std::string variable, const std::string& value)
        : name(std::move(variable)), old(std::getenv(name.c_str())) {
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    Environment(const Environment&) = delete;
    ~Environment() { ::setenv(name.c_str(), old.c_str(), 1); }
};

Surface surface_of(double (*f)(double, double), std::size_t rows = 9) {
    std::vector<double> x, y;
    for (int i = 0; i < 11; ++i) x.push_back(-1 + 0.2 * i);
    for (std::size_t j = 0; j < rows; ++j)
        y.push_back(rows == 1 ? 0 : -1 + 2 * static_cast<double>(j) / static_cast<double>(rows - 1));
    Surface surface(x, y);
    for (std::size_t j = 0; j < rows; ++j)
        for (std::size_t i = 0; i < 11; ++i) {
            surface.loss(j, i) = f(x[i], y[j]);
            surface.difference_standard_error(j, i) = 0.1 * std::abs(x[i]);
            surface.computed(j, i) = 1;
        }
    return surface;
}
double bowl(double x, double y) { return 0.4 + x * x + 2 * y * y; }
double cliff(double x, double y) { return 0.4 * std::exp(8 * (x * x + y * y)); }
double flat(double, double) { return 1; }

bool is_png(const std::filesystem::path& path) { return read_text(path).starts_with("\x89PNG\r\n"); }
bool is_svg(const std::filesystem::path& path) {
    const std::string text = read_text(path);
    return text.find("<svg") != text.npos && text.find("</svg>") != text.npos;
}

}  // namespace

TEST_CASE("a figure of a volume has its planes through the centre") {
    if (!find_gnuplot()) return;
    const Folder folder;
    std::vector<double> axis{-1, -0.5, 0, 0.5, 1};
    Volume volume(axis, axis, {-1, 0, 1});
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t j = 0; j < 5; ++j)
            for (std::size_t i = 0; i < 5; ++i)
                volume.loss(k, j, i) = axis[i] * axis[i] + 2 * axis[j] * axis[j] + static_cast<double>(k);
    write_volume_slices(folder.path / "planes.svg", volume, {.title = "a volume"});
    const std::string svg = read_text(folder.path / "planes.svg");
    for (const char* text : {"at γ = 0", "at β = 0", "at α = 0", "a volume"})
        CHECK(svg.find(text) != svg.npos);
    const Volume sheet(axis, axis, {0});
    CHECK_THROWS_AS(write_volume_slices(folder.path / "none.svg", sheet), ConfigError);  // no finite loss
    Volume one({0}, axis, {0});
    CHECK_THROWS_AS(write_volume_slices(folder.path / "none.svg", one), ConfigError);  // no plane
    CHECK(folder.files() == 1);
}

TEST_CASE("figures of surfaces in each form and format") {
    if (!find_gnuplot()) {
        WARN("gnuplot is not installed; figures are not tested");
        return;
    }
    const Folder folder;
    const Surface smooth = surface_of(bowl), steep = surface_of(cliff), level = surface_of(flat);
    Surface holes = smooth;
    for (std::size_t i = 0; i < 5; ++i) holes.loss(0, i) = holes.loss(4, 6) = std::nan("");
    const FigureOptions options{.title = "it's α_β\n$x; exit"};

    write_contour(folder.path / "contour.png", smooth, options);
    write_contour(folder.path / "contour.svg", steep);
    write_contour(folder.path / "holes.png", holes);
    write_contour(folder.path / "flat.svg", level);
    write_contour(folder.path / "pair.png", {{"MAE", &smooth}, {"supervised", &steep}}, options);
    write_surface_figure(folder.path / "surface.png", holes, options);
    write_surface_figure(folder.path / "surface.svg", {{"MAE", &smooth}, {"supervised", &steep}});
    write_slice(folder.path / "slice.png", surface_of(bowl, 1), options);
    write_slice(folder.path / "slice.svg", {{"MAE", &holes}, {"supervised", &steep}});

    for (const std::string name : {"contour", "holes", "pair", "surface", "slice"})
        CHECK(is_png(folder.path / (name + ".png")));
    for (const std::string name : {"contour", "flat", "surface", "slice"})
        CHECK(is_svg(folder.path / (name + ".svg")));
    CHECK(folder.files() == 9);  // and nothing else is left behind
    const std::string svg = read_text(folder.path / "surface.svg");
    CHECK(svg.find("supervised") != svg.npos);
}

TEST_CASE("the loss between points of a surface is bilinear, and nothing is known outside") {
    const Surface smooth = surface_of(bowl), line = surface_of(bowl, 1);
    CHECK(detail::loss_between(smooth, 0.2, 0.25) == Approx(bowl(0.2, 0.25)));
    CHECK(detail::loss_between(smooth, 1, -1) == Approx(bowl(1, -1)));
    CHECK(detail::loss_between(smooth, 0.3, 0.25) == Approx((bowl(0.2, 0.25) + bowl(0.4, 0.25)) / 2));
    CHECK(detail::loss_between(smooth, 0.2, 0.375) == Approx((bowl(0.2, 0.25) + bowl(0.2, 0.5)) / 2));
    CHECK(std::isnan(detail::loss_between(smooth, 1.01, 0)));
    CHECK(std::isnan(detail::loss_between(smooth, 0, -1.01)));
    CHECK(detail::loss_between(line, 0.2, 7) == Approx(bowl(0.2, 0)));
    Surface hole = smooth;
    hole.loss(4, 6) = std::nan("");
    CHECK(std::isnan(detail::loss_between(hole, 0.3, 0)));
    CHECK(std::isfinite(
        detail::loss_between(hole, hole.x[7], 0)));  // a neighbour without weight does not matter
}

TEST_CASE("marks and paths are drawn with their names, unless they lie outside") {
    if (!find_gnuplot()) return;
    const Folder folder;
    const Surface smooth = surface_of(bowl), line = surface_of(bowl, 1);
    const SurfaceMarks marks{
        .points = {{"here", 0, 0}, {"there", 0.5, 0.3}, {"beyond", 3, 0}},
        .path = {{"begin", -0.9, 0.8}, {"between", -0.4, 0.7}, {"far", -0.2, 5}, {"end", 0.1, 0.1}}};
    const auto drawn = [&](const Surface& surface, const SurfaceMarks* with, const auto& write) {
        const std::filesystem::path path = folder.path / "marks.svg";
        write(path, std::vector<FigurePanel>{{.title = "", .surface = &surface, .marks = with}});
        return read_text(path);
    };
    const auto contour = [](const auto& path, const auto& panels) { write_contour(path, panels); };
    const auto spatial = [](const auto& path, const auto& panels) { write_surface_figure(path, panels); };
    const auto slice = [](const auto& path, const auto& panels) { write_slice(path, panels); };
    const auto times = [](const std::string& svg, const std::string& name) {  // a boxed text is there twice
        std::size_t count = 0;
        for (std::size_t at = 0; (at = svg.find('>' + name + '<', at)) != svg.npos; ++at) ++count;
        return count;
    };
    const auto check = [&](const std::string& with, const std::string& without) {
        for (const char* name : {"here", "there", "begin", "end"}) {
            CHECK(times(with, name) > 0);
            CHECK(times(without, name) == 0);
        }
        for (const char* name : {"beyond", "between", "far"}) CHECK(times(with, name) == 0);
        CHECK(with.find("255, 127,  14") != with.npos);  // the path's colour
        CHECK(without.find("255, 127,  14") == without.npos);
    };
    const std::string one = drawn(smooth, &marks, contour);
    check(one, drawn(smooth, nullptr, contour));
    check(drawn(smooth, &marks, spatial), drawn(smooth, nullptr, spatial));
    check(drawn(line, &marks, slice), drawn(line, nullptr, slice));
    // of two panels, each has its own
    const SurfaceMarks other{.points = {{"other", 0.2, 0.2}}, .path = {}};
    write_contour(folder.path / "two.svg", {{.title = "", .surface = &smooth, .marks = &marks},
                                            {.title = "", .surface = &smooth, .marks = &other}});
    const std::string two = read_text(folder.path / "two.svg");
    CHECK(times(two, "there") == times(one, "there"));
    CHECK(times(two, "other") == times(one, "there"));
}

TEST_CASE("a comparison shows each model on the scale of all") {
    if (!find_gnuplot()) return;
    const Folder folder;
    const Surface smooth = surface_of(bowl), steep = surface_of(cliff);
    write_contour(folder.path / "alone.svg", smooth);
    write_contour(folder.path / "pair.svg", {{"", &smooth}, {"", &steep}});
    const std::string alone = read_text(folder.path / "alone.svg"),
                      pair = read_text(folder.path / "pair.svg");
    CHECK(alone.find(">1000<") == alone.npos);
    CHECK(pair.find(">1000<") != pair.npos);
}

TEST_CASE("bad input, a missing gnuplot and one that fails are clear errors and leave nothing") {
    const Folder folder;
    const Surface smooth = surface_of(bowl), line = surface_of(bowl, 1);
    Surface nothing = smooth;
    nothing.loss.fill(std::nan(""));
    CHECK_THROWS_AS(write_contour(folder.path / "a.png", line), ConfigError);
    CHECK_THROWS_AS(write_surface_figure(folder.path / "a.png", line), ConfigError);
    CHECK_THROWS_AS(write_contour(folder.path / "a.png", nothing), ConfigError);
    CHECK_THROWS_AS(write_slice(folder.path / "a.png", nothing), ConfigError);
    CHECK_THROWS_AS(write_contour(folder.path / "a.png", std::vector<FigurePanel>{}), ConfigError);
    CHECK_THROWS_AS(write_contour(folder.path / "a.jpeg", smooth), ConfigError);
    if (find_gnuplot()) CHECK_THROWS_AS(write_contour(folder.path / "missing" / "a.png", smooth), IoError);

    {
        const Environment path("PATH", "/nowhere");
        std::string text;
        try {
            write_contour(folder.path / "a.png", smooth);
        } catch (const ConfigError& error) {
            text = error.what();
        }
        CHECK(text.find("gnuplot-nox") != text.npos);
    }
    CHECK(folder.files() == 0);

    const auto fake = folder.path / "gnuplot";
    write_atomically(fake, "#!/bin/sh\necho 'no such terminal' >&2\nexit 3\n");
    std::filesystem::permissions(fake, std::filesystem::perms::owner_all);
    const Environment path("PATH", folder.path.string());
    std::string text;
    try {
        write_contour(folder.path / "a.png", smooth);
    } catch (const IoError& error) {
        text = error.what();
    }
    CHECK(text.find("no such terminal") != text.npos);
    CHECK(folder.files() == 1);
}

}  // namespace figures_test
