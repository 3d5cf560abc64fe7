// SPDX-License-Identifier: Apache-2.0
//
// A function of two numbers whose derivatives are known, and what measures of it say: what a pencil finds.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/measures/planes.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace vitscape::test {

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

/// The result of a measure of the well's loss.
template <class M>
nlohmann::json result_of(const M& measure, const Well& well) {
    const TemporaryFolder folder;
    LossAround<Device, WellObjective> around(
        "training", {Device{1}, std::vector<double>{well.theta[0], well.theta[1]}},
        [&](std::size_t, std::uint64_t) { return WellObjective(well); }, folder.path(), {});
    return measure.compute(around);
}

/// The rows of a measure of the well's loss by their keys. The run has a training loss only, as a classifier's.
template <class M>
std::map<std::string, Found> measured(const M& measure, const Well& well) {
    const TemporaryFolder folder;
    std::size_t images = 0;
    const auto make = [&](std::size_t count, std::uint64_t) {
        images = std::max(images, count);  // a search may begin on fewer
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
inline const Planes two_wide_planes{.pairs = 2, .direction_seed = 37};

inline double bend(const Well& well, const Pair& u, const Pair& v) {
    return u[0] * (well.a[0][0] * v[0] + well.a[0][1] * v[1]) +
           u[1] * (well.a[1][0] * v[0] + well.a[1][1] * v[1]);
}

inline void check_mean(const Found& found, const Pair& parts, double epsilon) {
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

}  // namespace vitscape::test
