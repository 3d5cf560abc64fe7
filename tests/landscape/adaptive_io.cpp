// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>
#include <string>

#include <vitscape/landscape/adaptive.hpp>
#include <vitscape/landscape/adaptive_io.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

#include <unistd.h>

namespace adaptive_io_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

struct File {
    std::filesystem::path path = std::filesystem::temp_directory_path() /
                                 ("vitscape-adaptive-" + std::to_string(::getpid()) + ".json");
    File() = default;
    File(const File&) = delete;
    ~File() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("an adaptive surface goes on from a file") {
    const File file;
    const Grid range{.from = -1, .to = 1};
    const PlaneFunction function{half_plane};  // with losses that are not finite
    const auto plane = coordinate_plane(function.cpu, 0.5, 0);
    AdaptiveOptions options{.tolerance = 0.1, .depth = 3};
    options.after_round = [&](const AdaptiveSurface& surface) { write_adaptive_surface(file.path, surface); };
    const AdaptiveSurface whole = project_adaptively(function, plane, range, options);
    const AdaptiveSurface stored = load_adaptive_surface(file.path);
    REQUIRE(stored.points.size() == whole.points.size());
    CHECK(stored.refined);
    CHECK(stored.measured_error().largest == whole.measured_error().largest);
    CHECK(stored.measured_error().points == whole.measured_error().points);
    CHECK_THROWS_AS(stored.to_surface(range), ConfigError);  // it has points alone

    const int before = function.evaluations;
    options.resume = &stored;
    const AdaptiveSurface again = project_adaptively(function, plane, range, options);
    CHECK(function.evaluations == before + 1);  // the centre, to see that it is the same
    CHECK(again.measured_error().root_mean_square == whole.measured_error().root_mean_square);
    for (std::size_t i = 0; i < whole.points.size(); ++i) {
        CHECK(again.points[i].x == whole.points[i].x);
        CHECK((again.points[i].loss == whole.points[i].loss ||
               (std::isnan(again.points[i].loss) && std::isnan(whole.points[i].loss))));
    }
    CHECK_THROWS_AS(project_adaptively(function, coordinate_plane(function.cpu, 0.6, 0), range, options),
                    ConfigError);
}

TEST_CASE("broken files of adaptive surfaces") {
    const File file;
    const std::string head = R"({"tolerance": 1, "refined": true, "error": null, "samples": 0,
        "centre": {"loss": 1, "standard_error": null}, "geometry": {"theta_norm": 1, "delta_norm": 1, "eta_norm": 1,
        "theta_dot_delta": 0, "theta_dot_eta": 0, "delta_dot_eta": 0}, "points": )";
    write_atomically(file.path, head + "[[0, 0.5, null, null, null, false]]}");
    const AdaptiveSurface surface = load_adaptive_surface(file.path);
    CHECK(surface.points.at(0).y == 0.5);
    CHECK(std::isnan(surface.points.at(0).loss));
    CHECK_THROWS_AS(surface.measured_error(), ConfigError);
    for (const std::string points : {"3}", "[3]}", "[[0, 0.5, null, null, null]]}",
                                     "[[null, 0, 1, 1, 1, true]]}", "[[0, 0, 1, 1, 1, 1]]}", "[["}) {
        INFO(points);
        write_atomically(file.path, head + points);
        CHECK_THROWS_AS(load_adaptive_surface(file.path), IoError);
    }
}

}  // namespace adaptive_io_test
