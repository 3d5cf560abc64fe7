// SPDX-License-Identifier: Apache-2.0
//
// The measures of losses on a function of two numbers whose derivatives are known: what their rows say is what a pencil
// finds.
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <numbers>
#include <string>
#include <tuple>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/measures/adaptive_sharpness.hpp>
#include <vitscape/study/measures/convex_region.hpp>
#include <vitscape/study/measures/curvature.hpp>
#include <vitscape/study/measures/half_gain.hpp>
#include <vitscape/study/measures/perturbation.hpp>
#include <vitscape/study/measures/surface.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace vitscape;

namespace {

using Device = Cpu<double>;
using Pair = std::array<double, 2>;

/// height + x' A x / 2 - quartic (x_1^4 + x_2^4) / 12 with x = theta - bottom, of one filter of two weights. Its Hessian is
/// A - quartic diag(x_1^2, x_2^2).
struct Well {
    std::array<Pair, 2> a{{{3, 1}, {1, 2}}};
    double height = 0.25, quartic = 0;
    double gain = 2;  ///< the trivial loss is that much higher than the bottom
    Pair theta{1.2, -0.9}, bottom = theta;

    [[nodiscard]] double at(const Pair& point) const {
        const double x = point[0] - bottom[0], y = point[1] - bottom[1];
        return height + 0.5 * (a[0][0] * x * x + 2 * a[0][1] * x * y + a[1][1] * y * y) -
               quartic * (x * x * x * x + y * y * y * y) / 12;
    }
    /// This loss times a number.
    [[nodiscard]] Well times(double scale) const {
        Well other = *this;
        for (Pair& row : other.a) row = {scale * row[0], scale * row[1]};
        other.height *= scale, other.quartic *= scale, other.gain *= scale;
        return other;
    }
    /// This loss and a constant.
    [[nodiscard]] Well raised(double constant) const {
        Well other = *this;
        other.height += constant;
        return other;
    }
    /// The same loss of weights that are larger.
    [[nodiscard]] Well of_weights_times(double scale) const {
        Well other = *this;
        for (Pair& row : other.a) row = {row[0] / scale / scale, row[1] / scale / scale};
        other.quartic /= std::pow(scale, 4);
        other.theta = {scale * theta[0], scale * theta[1]};
        other.bottom = {scale * bottom[0], scale * bottom[1]};
        return other;
    }
};

class WellObjective {
  public:
    explicit WellObjective(const Well& well) : well_(well) {
        layout_.add("w", Shape{1, 2}, ParameterKind::weight, Initializer::zeros());
    }
    [[nodiscard]] Device backend() const { return Device{1}; }
    [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
    [[nodiscard]] double value(const Vector<Device>& theta) const {
        return well_.at({theta.data()[0], theta.data()[1]});
    }
    [[nodiscard]] double trivial_loss() const { return well_.height + well_.gain; }
    double gradient(const Vector<Device>& theta, Vector<Device>& out) const {
        hessian_vector(theta, moved(theta), out);  // A x, and thrice the quartic's part
        for (Index i = 0; i < 2; ++i) out.data()[i] += well_.quartic * std::pow(x(theta, i), 3) * 2 / 3;
        return value(theta);
    }
    /// With the loss a function of a linear output, x, the Gauss-Newton matrix is all but the quartic's part.
    void gauss_newton_vector(const Vector<Device>&, const Vector<Device>& v, Vector<Device>& out) const {
        for (Index i = 0; i < 2; ++i) {
            const auto& row = well_.a[static_cast<std::size_t>(i)];
            out.data()[i] = row[0] * v.data()[0] + row[1] * v.data()[1];
        }
    }
    void hessian_vector(const Vector<Device>& theta, const Vector<Device>& v, Vector<Device>& out) const {
        for (Index i = 0; i < 2; ++i) {
            const auto& row = well_.a[static_cast<std::size_t>(i)];
            out.data()[i] = row[0] * v.data()[0] + row[1] * v.data()[1] -
                            well_.quartic * std::pow(x(theta, i), 2) * v.data()[i];
        }
    }

  private:
    [[nodiscard]] double x(const Vector<Device>& theta, Index i) const {
        return theta.data()[i] - well_.bottom[static_cast<std::size_t>(i)];
    }
    [[nodiscard]] Vector<Device> moved(const Vector<Device>& theta) const {
        return {backend(), std::vector<double>{x(theta, 0), x(theta, 1)}};
    }
    Well well_;
    ParameterLayout layout_;
};

struct Found {
    Row row;
    MeasuredValue value;
    std::size_t images = 0;  ///< that the loss was asked for
};

/// The rows of a measure of the well's loss by their keys. The run has a training loss only, as a classifier's.
template <class M>
std::map<std::string, Found> measured(const M& measure, const Well& well) {
    const test::TemporaryFolder folder;
    std::size_t images = 0;
    const auto make = [&](std::size_t count, std::uint64_t) {
        images = count;
        return WellObjective(well);
    };
    LossAround<Device, WellObjective> around(
        "training", {Device{1}, std::vector<double>{well.theta[0], well.theta[1]}}, make, folder.path(), {});
    nlohmann::json run;
    if constexpr (MeasuresParts<M>)
        for (std::uint32_t part = 0; part < measure.parts(); ++part)
            run[message("training.", M::key, "-", part)] = measure.compute(around, part);
    else
        run[message("training.", M::key)] = measure.compute(around);
    run = nlohmann::json::parse(run.dump());
    std::map<std::string, Found> found;
    for (const Row& row : rows_of(std::tuple{measure}, CompletedRuns{}, ComparisonPlan{}))
        REQUIRE(found.try_emplace(row.key, Found{row, row.of({run, "results.json"}), images}).second);
    return found;
}

/// The directions of a plane through theta: column 0 and column 1.
struct Directions {
    Pair delta{}, eta{};
    Directions(const Well& well, const Planes& planes, std::uint32_t number)
        : delta(direction(well, planes, 2 * number)), eta(direction(well, planes, 2 * number + 1)) {}
    static Pair direction(const Well& well, const Planes& planes, std::uint32_t number) {
        const WellObjective loss(well);
        const Vector<Device> theta(Device{1}, std::vector<double>{well.theta[0], well.theta[1]});
        Vector<Device> d = gaussian_direction(Device{1}, loss.layout(), planes.direction_seed, number);
        normalize(FilterNormalization{}, loss.layout(), theta, d);
        return {d.data()[0], d.data()[1]};
    }
    [[nodiscard]] Pair point(const Well& well, double alpha, double beta) const {
        return {well.theta[0] + alpha * delta[0] + beta * eta[0],
                well.theta[1] + alpha * delta[1] + beta * eta[1]};
    }
    [[nodiscard]] double determinant() const { return delta[0] * eta[1] - delta[1] * eta[0]; }
};
/// Two planes whose directions are nearly at right angles, so that what is looked for lies in them.
const Planes two_wide_planes{.pairs = 2, .direction_seed = 37};

double bend(const Well& well, const Pair& u, const Pair& v) {
    return u[0] * (well.a[0][0] * v[0] + well.a[0][1] * v[1]) +
           u[1] * (well.a[1][0] * v[0] + well.a[1][1] * v[1]);
}

void check_mean(const Found& found, const Pair& parts, double epsilon) {
    CHECK(found.value.value == Approx((parts[0] + parts[1]) / 2).epsilon(epsilon));
    CHECK(found.value.standard_error ==
          Approx(std::abs(parts[0] - parts[1]) / 2).epsilon(epsilon).margin(epsilon * parts[0]));
}

/// Every row's number where loss or weights change their scale must do what the row says of itself.
template <class M>
void check_scales(const M& measure, const Well& well) {
    const auto here = measured(measure, well), louder = measured(measure, well.times(7)),
               heavier = measured(measure, well.of_weights_times(3)),
               higher = measured(measure, well.raised(5));
    for (const auto& [key, entry] : here) {
        const Found& found = entry;  // Clang 14 cannot capture a structured binding
        INFO(key);
        const auto says = [&](const char* what) {
            return found.row.invariant_to.find(what) != std::string::npos;
        };
        const bool loss = says("scale of the loss"), filters = says("filters"), shift = says("constants");
        if (std::isnan(found.value.value)) continue;  // nothing to compare
        CHECK(louder.at(key).value.value ==
              Approx((loss ? 1 : 7) * found.value.value).epsilon(1e-6).margin(1e-12));
        if (shift) CHECK(higher.at(key).value.value == Approx(found.value.value).epsilon(1e-6));
        if (filters) CHECK(heavier.at(key).value.value == Approx(found.value.value).epsilon(1e-6));
        CHECK_FALSE(found.row.name.empty());
        CHECK_FALSE(found.row.group.empty());
    }
}

}  // namespace

TEST_CASE("eigenvalues: both ends with their residuals, and how far from convex", "[compare]") {
    const Well saddle{.a = {{{2, 2}, {2, -1}}}};  // eigenvalues 3 and -2
    const EigenvalueMeasure measure{.images = 5};
    const auto found = measured(measure, saddle);
    REQUIRE(found.size() == 9);  // for each of three losses
    const Found& largest = found.at("training.largest_eigenvalue");
    CHECK(largest.value.value == Approx(3));
    CHECK(largest.value.standard_error < 1e-9);
    CHECK(largest.row.better == Better::lower);
    CHECK(largest.row.unit.empty());
    CHECK(largest.row.headline);
    CHECK(largest.images == 5);
    CHECK(found.at("training.smallest_eigenvalue").value.value == Approx(-2));
    CHECK(found.at("training.smallest_eigenvalue").row.better == Better::higher);
    CHECK(found.at("training.eigenvalue_ratio").value.value == Approx(2.0 / 3));
    CHECK(std::isnan(found.at("training.eigenvalue_ratio").value.standard_error));
    // a classifier's only loss serves as both
    CHECK(found.at("classification.largest_eigenvalue").value.value == largest.value.value);
    CHECK(found.at("classification.largest_eigenvalue").row.loss == "classification");
    check_scales(measure, saddle);
}

TEST_CASE("eigenvalues: one that is not resolved by its own size is a bound", "[compare]") {
    CompletedRuns runs{.seeds = {0}, .methods = {{"mae", "MAE"}}};
    runs.results["mae"] = {nlohmann::json{
        {"training.eigenvalues",
         {{"largest", 1000}, {"largest_residual", 1}, {"smallest", -0.5}, {"smallest_residual", 2}}}}};
    std::map<std::string, MeasuredValue> found;
    for (const Row& row : rows_of(std::tuple{EigenvalueMeasure{}}, runs, ComparisonPlan{}))
        found[row.key] = row.of(runs.result("mae", 0));
    CHECK(found.at("training.largest_eigenvalue").value == 1000);
    CHECK(found.at("training.largest_eigenvalue").standard_error == 1);
    CHECK(std::isnan(found.at("training.largest_eigenvalue").bound));
    CHECK(std::isnan(found.at("training.smallest_eigenvalue").value));
    CHECK(found.at("training.smallest_eigenvalue").bound == 2.5);
    CHECK(std::isnan(found.at("training.eigenvalue_ratio").value));
}

TEST_CASE("spectrum: the share of negative eigenvalues with its error", "[compare]") {
    const Well saddle{.a = {{{2, 2}, {2, -1}}}};
    const SpectrumMeasure measure{.probes = 40, .steps = 4};
    const auto found = measured(measure, saddle);
    const Found& share = found.at("training.negative_share");
    CHECK(std::abs(share.value.value - 0.5) < 3 * share.value.standard_error);
    CHECK(share.value.standard_error < 0.1);
    CHECK(share.row.unit == "fraction");
    check_scales(measure, saddle);
    CHECK(measured(measure, Well{}).at("training.negative_share").value.value == 0);
}

TEST_CASE("trace: the mean over random signs and its standard error", "[compare]") {
    const Well saddle{.a = {{{2, 2}, {2, -1}}}};  // z' A z = 1 + 4 z_1 z_2
    const TraceMeasure measure{.samples = 16};
    const auto found = measured(measure, saddle);
    const Found& trace = found.at("training.trace");
    const double mean_sign = (trace.value.value - 1) / 4;
    CHECK(std::abs(mean_sign) < 1);
    CHECK(trace.value.standard_error == Approx(4 * std::sqrt((1 - mean_sign * mean_sign) / 15)));
    CHECK(std::abs(trace.value.value - 1) < 3 * trace.value.standard_error);
    CHECK(trace.row.better == Better::lower);
    CHECK(trace.row.unit.empty());
    CHECK(measured(measure, Well{.a = {{{2, 0}, {0, -1}}}}).at("training.trace").value.value == Approx(1));
    CHECK(found.at("training.gauss_newton_trace").value.value == Approx(trace.value.value));
    Well quartic{.a = {{{3, 1}, {1, 2}}}, .quartic = 6};
    quartic.bottom = {quartic.theta[0] - 0.5, quartic.theta[1] - 0.25};
    const auto apart = measured(measure, quartic);  // the same signs for both: the difference has no error
    CHECK(apart.at("training.residual_trace").value.value == Approx(-6 * (0.25 + 0.0625)));
    CHECK(apart.at("training.residual_trace").value.standard_error < 1e-9);
    CHECK(apart.at("training.gauss_newton_trace").value.value ==
          Approx(apart.at("training.trace").value.value + 6 * (0.25 + 0.0625)));
    check_scales(measure, saddle);
}

TEST_CASE("surface: rises, area, slope and minima of a paraboloid, the mean over planes", "[compare]") {
    const Well well{.gain = 0.5};  // half of it is lost where the loss is twice that at the bottom
    SurfaceMeasure measure{.images = 9, .grid = 41, .circle = 12, .radii = {0.5, 1}};
    measure.planes = two_wide_planes;
    const auto found = measured(measure, well);
    Pair rise{}, worst{}, area{}, slope{};
    for (std::uint32_t part = 0; part < 2; ++part) {
        const Directions d(well, measure.planes, part);
        const double xx = bend(well, d.delta, d.delta), xy = bend(well, d.delta, d.eta),
                     yy = bend(well, d.eta, d.eta);
        // x^2 xx / 2 + x y xy + y^2 yy / 2, on a circle of radius 1/2
        rise[part] = 0.25 * (xx + yy) / 4;
        for (int k = 0; k < 12; ++k) {
            const double c = std::cos(std::numbers::pi * k / 6), s = std::sin(std::numbers::pi * k / 6);
            worst[part] = std::max(worst[part], 0.25 * (0.5 * c * c * xx + c * s * xy + 0.5 * s * s * yy));
        }
        area[part] = 2 * std::numbers::pi * well.height / std::sqrt(xx * yy - xy * xy);  // of an ellipse,
        REQUIRE(2 * well.height * std::max(xx, yy) < xx * yy - xy * xy);  // that lies in [-1, 1] x [-1, 1]
        constexpr int steps = 400;
        for (int i = 0; i < steps; ++i)
            for (int j = 0; j < steps; ++j) {
                const double x = (2 * i + 1.0) / steps - 1, y = (2 * j + 1.0) / steps - 1;
                slope[part] += std::hypot(x * xx + y * xy, x * xy + y * yy) / (steps * steps);
            }
    }
    check_mean(found.at("training.absolute_rise_0.5"), rise, 1e-9);
    check_mean(found.at("training.rise_over_loss_0.5"), {rise[0] / 0.25, rise[1] / 0.25}, 1e-9);
    for (Pair* of_loss : {&rise, &worst, &slope}) *of_loss = {(*of_loss)[0] / 0.5, (*of_loss)[1] / 0.5};
    check_mean(found.at("training.rise_0.5"), rise, 1e-9);
    check_mean(found.at("training.rise_1"), {4 * rise[0], 4 * rise[1]}, 1e-9);
    check_mean(found.at("training.worst_rise_0.5"), worst, 1e-9);
    check_mean(found.at("training.area_below_twice"), area, 0.02);
    check_mean(found.at("training.area_half_gain"), area, 0.02);
    check_mean(found.at("training.total_variation"), slope, 0.01);
    CHECK(found.at("training.local_minima").value.value == 1);
    CHECK(found.at("training.rise_1").row.headline);
    CHECK_FALSE(found.at("training.rise_0.5").row.headline);
    CHECK(found.at("training.rise_1").row.better == Better::lower);
    CHECK(found.at("training.area_below_twice").row.better == Better::higher);
    CHECK(found.at("training.rise_1").images == 9);
    check_scales(measure, well);
}

TEST_CASE("convex region: a parallelogram, and the whole plane", "[compare]") {
    // the Hessian diag(3 - q x^2, 2 - q y^2) is positive semi-definite where |x| and |y| are at most sqrt(3 / q), sqrt(2 / q)
    const Well well{.a = {{{3, 0}, {0, 2}}}, .quartic = 40};
    ConvexRegionMeasure measure{.images = 7, .grid = 41};
    measure.planes = two_wide_planes;
    const auto found = measured(measure, well);
    const Pair half{std::sqrt(3.0 / 40), std::sqrt(2.0 / 40)};
    Pair area{}, radius{};
    for (std::uint32_t part = 0; part < 2; ++part) {
        const Directions d(well, measure.planes, part);
        area[part] = 4 * half[0] * half[1] / std::abs(d.determinant());
        radius[part] =
            std::min(half[0] / std::hypot(d.delta[0], d.eta[0]), half[1] / std::hypot(d.delta[1], d.eta[1]));
        // its corners lie in the plane
        REQUIRE(std::abs(d.eta[1]) * half[0] + std::abs(d.eta[0]) * half[1] < std::abs(d.determinant()));
        REQUIRE(std::abs(d.delta[1]) * half[0] + std::abs(d.delta[0]) * half[1] < std::abs(d.determinant()));
    }
    check_mean(found.at("training.convex_area"), area, 0.02);
    check_mean(found.at("training.convex_radius"), radius, 0.02);
    CHECK(found.at("training.convex_at_border").value.value == 0);
    CHECK(found.at("training.convex_area").row.better == Better::higher);
    CHECK(found.at("training.convex_area").row.headline);
    CHECK(found.at("training.convex_at_border").row.unit == "fraction");
    CHECK(found.at("training.convex_area").images == 7);
    check_scales(measure, well);

    const auto whole = measured(measure, Well{});  // convex everywhere: cut off by the border
    CHECK(whole.at("training.convex_area").value.value == Approx(4));
    CHECK(whole.at("training.convex_radius").value.value == Approx(1));
    CHECK(whole.at("training.convex_at_border").value.value == 1);

    const auto none = measured(measure, Well{.a = {{{2, 2}, {2, -1}}}});  // a saddle is convex nowhere
    CHECK(none.at("training.convex_area").value.value == 0);
    CHECK(none.at("training.convex_radius").value.value == 0);
}

TEST_CASE("sharpness: the rise by a step along the gradient, relative to the loss", "[compare]") {
    Well well{.a = {{{2, 0}, {0, 2}}}};  // height + |x|^2, at |x| = 1/2
    well.bottom = {well.theta[0] - 0.3, well.theta[1] + 0.4};
    const SharpnessMeasure measure{.images = 11, .radius = 0.05};
    const auto found = measured(measure, well);
    const Found& sharpness = found.at("training.sharpness");
    CHECK(sharpness.value.value == Approx((0.55 * 0.55 - 0.25) / (2 - 0.25)));  // of the gain
    CHECK(sharpness.row.better == Better::lower);
    CHECK(sharpness.images == 11);
    check_scales(measure, well);
    well.bottom = well.theta;  // no gradient, no step
    CHECK(measured(measure, well).at("training.sharpness").value.value == 0);
}

TEST_CASE("adaptive sharpness: of a paraboloid, whatever the scale of the parameters", "[compare]") {
    const Well well;  // L = x' A x / 2 around theta, x_i = theta_i u_i with |u| <= 1/2
    const AdaptiveSharpnessMeasure measure{.images = 12, .steps = 60, .draws = 20};
    const auto found = measured(measure, well);
    const double aa = well.a[0][0] * well.theta[0] * well.theta[0],
                 bb = well.a[1][1] * well.theta[1] * well.theta[1],
                 ab = well.a[0][1] * well.theta[0] * well.theta[1];
    const double largest = 0.5 * (aa + bb) + std::hypot(0.5 * (aa - bb), ab);  // eigenvalue in u
    const Found& worst = found.at("training.worst_adaptive_sharpness");
    CHECK(worst.value.value == Approx(0.5 * 0.25 * largest / well.gain).epsilon(1e-3));
    CHECK(worst.row.better == Better::lower);
    CHECK(worst.images == 12);
    const Found& mean = found.at("training.mean_adaptive_sharpness");
    CHECK(std::abs(mean.value.value - 0.5 * 0.01 * (aa + bb) / well.gain) < 3 * mean.value.standard_error);
    check_scales(measure, well);
    Well moved{
        .a = {{{4, 0}, {0, 4}}}};  // the gradient is an eigenvector: critical sharpness is its eigenvalue
    moved.bottom = {moved.theta[0] - 0.3, moved.theta[1] + 0.4};
    CHECK(measured(measure, moved).at("training.critical_sharpness").value.value == Approx(4).epsilon(0.02));
}

TEST_CASE("weight noise: the mean rise over draws and its error, relative to the loss", "[compare]") {
    const Well well;
    const WeightNoiseMeasure measure{.images = 13, .deviations = {0.1, 0.5}, .draws = 6};
    const auto found = measured(measure, well);
    const WellObjective loss(well);
    std::vector<double> rises;
    for (std::uint32_t draw = 0; draw < 6; ++draw) {
        const Pair d = Directions::direction(well, {.direction_seed = 1}, first_noise_direction + draw);
        rises.push_back(0.5 * 0.25 * bend(well, d, d) / well.gain);
    }
    double mean = 0, square = 0;
    for (const double rise : rises) mean += rise / 6;
    for (const double rise : rises) square += (rise - mean) * (rise - mean);
    const Found& noise = found.at("training.weight_noise_0.5");
    CHECK(noise.value.value == Approx(mean));
    CHECK(noise.value.standard_error == Approx(std::sqrt(square / 5 / 6)));
    CHECK(found.at("training.weight_noise_0.1").value.value == Approx(mean / 25));
    CHECK(noise.row.better == Better::lower);
    CHECK(noise.images == 13);
    check_scales(measure, well);
    // the same in all directions: |d| = |w|, and no draw differs from another
    const auto round = measured(measure, Well{.a = {{{2, 0}, {0, 2}}}}).at("training.weight_noise_0.5").value;
    CHECK(round.value == Approx(0.25 * (1.2 * 1.2 + 0.9 * 0.9) / 2));
    CHECK(round.standard_error < 1e-9);
}

TEST_CASE("half-gain radius: which part of the variance comes from seeds, masks, directions and images",
          "[compare]") {
    CompletedRuns runs{.seeds = {0, 1, 2}, .methods = {{"mae", "MAE"}, {"head", "Head"}}};
    for (int seed = 0; seed < 3; ++seed) {
        nlohmann::json radii = nlohmann::json::array();
        for (int mask = 0; mask < 2; ++mask)
            for (int ray = 0; ray < 4; ++ray) {
                nlohmann::json groups = nlohmann::json::array();
                for (std::size_t g = 0; g < HalfGainMeasure::groups; ++g)
                    groups.push_back(3 + 0.5 * seed + 0.1 * ray);
                radii.push_back(
                    {{"mask", mask}, {"ray", ray}, {"radius", 3}, {"reached", true}, {"groups", groups}});
            }
        const nlohmann::json result = {{"centre_loss", 1}, {"trivial_loss", 2}, {"radii", radii}};
        runs.results["mae"].push_back({{"training.half_gain", result}});
        runs.results["head"].push_back({{"training.half_gain", {{"centre_loss", 2}, {"trivial_loss", 1}}}});
    }
    nlohmann::json report;
    HalfGainMeasure{}.put_into(report, runs);
    REQUIRE(report.at("variance").size() == 1);  // nothing of the one that gained nothing
    const auto& entry = report.at("variance").at(0);
    CHECK(entry.at("method") == "mae");
    // variances 0.25 of three seeds and 0.01 * 5 / 3 of four rays
    const double seeds = 0.25, rays = 0.01 * 5 / 3;
    std::map<std::string, double> parts;
    for (const auto& part : entry.at("parts")) parts[part.at("source")] = part.at("fraction");
    REQUIRE(parts.size() == 5);
    CHECK(parts.at("training seed") == Approx(seeds / (seeds + rays)));
    CHECK(parts.at("direction") == Approx(rays / (seeds + rays)));
    CHECK(parts.at("masks") == Approx(0).margin(1e-9));
    CHECK(parts.at("images") == Approx(0).margin(1e-9));
    CHECK(entry.at("parts").at(0).at("degrees") == 2);
}

TEST_CASE("half-gain radius: of a paraboloid, along each ray", "[compare]") {
    const Well well;
    const HalfGainMeasure measure{.images = 10, .rays = 5, .masks = 3};
    const auto found = measured(measure, well);
    double mean = 0;
    for (std::uint32_t ray = 0; ray < 5; ++ray) {
        const Pair d = Directions::direction(well, {.direction_seed = 1}, first_ray_direction + ray);
        mean += std::sqrt(well.gain / bend(well, d, d)) / 5;  // d' A d r^2 / 2 = gain / 2
    }
    const Found& radius = found.at("training.half_gain_radius");
    CHECK(radius.value.value == Approx(mean).epsilon(1e-4));
    CHECK(radius.row.better == Better::higher);
    CHECK(radius.row.headline);
    CHECK(radius.images == 10);
    CHECK(found.at("training.half_gain_unreached").value.value == 0);
    check_scales(measure, well);
    Well wide = well;  // so wide that no ray gets there
    wide.gain = 1e6;
    const auto bound = measured(measure, wide);
    CHECK(bound.at("training.half_gain_radius").value.value == measure.longest);
    CHECK(bound.at("training.half_gain_unreached").value.value == 1);
    Well worse = well;  // a constant prediction is better: there is nothing to lose
    worse.gain = -0.1;
    CHECK(std::isnan(measured(measure, worse).at("training.half_gain_radius").value.value));
    CHECK(std::isnan(measured(SurfaceMeasure{.grid = 3}, worse).at("training.rise_1").value.value));
}
