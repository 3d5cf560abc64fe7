// SPDX-License-Identifier: Apache-2.0
//
// The directions that a line, plane or volume through a model can have: one function for each kind.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/interrupt.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/io/checkpoint.hpp>
#include <vitscape/io/published/checkpoint.hpp>
#include <vitscape/landscape/derivative_direction.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/direction_file.hpp>
#include <vitscape/landscape/mark.hpp>
#include <vitscape/landscape/mode_connectivity.hpp>
#include <vitscape/landscape/model_plane.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/part.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/landscape/trajectory.hpp>

#include "direction_options.hpp"
#include "kept_states.hpp"

namespace program {

/// The directions of a line, plane or volume, and what files and figures say of them.
template <vitscape::Backend B>
struct Axes {
    vitscape::Vector<B> delta, eta = {}, zeta = {};  ///< eta is empty for a line, zeta for a plane as well
    vitscape::SurfaceMarks marks = {};
    std::optional<vitscape::Curve<B>> curve = {};  ///< looked along instead of a straight line
    std::vector<double> path_z = {};               ///< of `marks.path` in a volume
    std::string x_label = "α", y_label = "β", z_label = "γ";
    nlohmann::ordered_json description = {};  ///< entries of the surface's metadata
};

/// Makes the directions that options ask for, at one model.
template <class O, vitscape::Backend B>
class Directions {
    using V = vitscape::Vector<B>;

  public:
    /// @param of  "student" or "teacher": whose parameters are read of other checkpoints
    /// @param training  what the checkpoint says of its training; that of a trajectory must be the same
    Directions(const DirectionOptions& options, O& objective, const V& theta, std::string of,
               nlohmann::json training)
        : o_(options),
          objective_(objective),
          theta_(theta),
          of_(std::move(of)),
          training_(std::move(training)),
          part_(vitscape::parameters_of(objective.layout(), options.only)) {}

    [[nodiscard]] Axes<B> axes() {
        Axes<B> axes = !o_.file.empty()          ? from_file()
                       : !o_.to2.empty()         ? through_three()
                       : !o_.curve.empty()       ? along_curve()
                       : !o_.to.empty()          ? towards_other()
                       : !o_.trajectory.empty()  ? along_trajectory()
                       : o_.wants_eigenvectors() ? along_eigenvectors()
                       : o_.along == "gradient"  ? along_gradient()
                                                 : random();
        vitscape::keep_only(part_, axes.delta);
        if (!o_.is_line()) vitscape::keep_only(part_, axes.eta);
        if (o_.is_volume()) vitscape::keep_only(part_, axes.zeta);
        if (!o_.only.empty()) axes.description["only"] = o_.only;
        if (!axes.marks.points.empty()) axes.description["marks"] = vitscape::marks_json(axes.marks.points);
        if (!axes.marks.path.empty()) axes.description["path"] = vitscape::marks_json(axes.marks.path);
        for (std::size_t i = 0; i < axes.path_z.size(); ++i)
            axes.description["path"][i]["z"] = axes.path_z[i];
        return axes;
    }

  private:
    [[nodiscard]] const vitscape::ParameterLayout& layout() const { return objective_.layout(); }
    /// How many directions are wanted.
    [[nodiscard]] int wanted() const { return o_.is_line() ? 1 : o_.is_volume() ? 3 : 2; }
    /// The parameters of another checkpoint of the same architecture.
    [[nodiscard]] V parameters(const vitscape::Checkpoint& checkpoint) const {
        return {theta_.backend(), checkpoint.vector<float>(layout(), of_ == "teacher" ? "teacher." : "")};
    }
    /// From theta to the model of another checkpoint, in the chosen parameters.
    [[nodiscard]] V way_to(const std::string& path) const {
        V other = parameters(vitscape::open_checkpoint(path).checkpoint), here = theta_;
        vitscape::keep_only(part_, other);
        vitscape::keep_only(part_, here);
        try {
            return vitscape::direction_to(here, other);
        } catch (const vitscape::NumericError& error) {
            throw vitscape::NumericError(vitscape::message(path, ": ", error.what()));
        }
    }
    /// A normalized random direction in the chosen parameters.
    /// @param after_others  made orthogonal, before it is normalized, to those of smaller numbers
    [[nodiscard]] V random_direction(std::uint32_t number, bool after_others = false) const {
        std::vector<V> drawn;
        for (std::uint32_t i = after_others ? 0 : number; i <= number; ++i) {
            drawn.push_back(vitscape::gaussian_direction(theta_.backend(), layout(), o_.seed, i));
            for (std::size_t other = 0; other + 1 < drawn.size(); ++other)
                vitscape::orthogonalize(drawn.back(), drawn[other]);
        }
        V direction = std::move(drawn.back());
        vitscape::normalize(vitscape::parse_normalization(o_.normalization), layout(), theta_, direction);
        vitscape::keep_only(part_, direction);
        if (!(vitscape::norm(direction) > 0))
            throw vitscape::ConfigError(
                "--only chooses parameters that a normalized direction does not move (biases, norms, "
                "positions), or "
                "that are zero; choose weights as well");
        return direction;
    }

    [[nodiscard]] Axes<B> random() const {
        Axes<B> axes{random_direction(0)};
        if (!o_.is_line()) axes.eta = random_direction(1, o_.orthogonal);
        if (o_.is_volume()) axes.zeta = random_direction(2, o_.orthogonal);
        axes.description = {
            {"directions", "gaussian"}, {"normalization", o_.normalization}, {"seed", o_.seed}};
        return axes;
    }

    [[nodiscard]] Axes<B> from_file() const {
        auto read = vitscape::load_directions(theta_.backend(), o_.file, layout(), wanted());
        Axes<B> axes{std::move(read[0])};
        if (!o_.is_line()) axes.eta = std::move(read[1]);
        if (o_.is_volume()) axes.zeta = std::move(read[2]);
        axes.description = {{"directions", o_.file}, {"normalization", "as in the file"}, {"seed", o_.seed}};
        return axes;
    }

    /// Eigenvectors as long as a random direction, so that the unit is that of other surfaces.
    [[nodiscard]] Axes<B> along_eigenvectors() {
        const bool top = o_.along == "eigenvectors:top";
        // of a volume also the second largest
        vitscape::LanczosOptions options{.largest = top ? wanted() : std::max(1, wanted() - 1),
                                         .smallest = top || o_.is_line() ? 0 : 1,
                                         .steps = o_.lanczos_steps,
                                         .tolerance = o_.tolerance,
                                         .seed = o_.seed,
                                         .verify = false};
        std::unique_ptr<vitscape::ProgressBar> bar;
        options.progress = [&](const vitscape::LanczosProgress& p) {
            if (!bar)
                bar = std::make_unique<vitscape::ProgressBar>("eigenvectors", p.limit, "products",
                                                              p.products - 1);
            bar->update(p.products);
            if (vitscape::interrupted()) throw vitscape::Interrupted("stopped before the surface was begun");
        };
        const double length = vitscape::norm(random_direction(0));
        auto pairs = vitscape::eigenvector_directions(objective_, theta_, part_, options);
        bar.reset();
        if (o_.is_volume() && !top)
            std::swap(pairs[1], pairs[2]);  // its plane at 0 is that of two dimensions
        nlohmann::ordered_json found = nlohmann::ordered_json::array();
        for (auto& pair : pairs) {
            std::cout << "eigenvalue " << pair.value << " +- " << pair.residual
                      << (pair.converged ? "" : ", not converged: --lanczos-steps gives more") << '\n';
            found.push_back(
                {{"value", pair.value}, {"residual", pair.residual}, {"converged", pair.converged}});
            vitscape::scale(length, pair.vector);
        }
        Axes<B> axes{std::move(pairs.front().vector)};
        axes.x_label = "α along eigenvalue " + vitscape::short_number(pairs.front().value);
        if (!o_.is_line()) {
            axes.eta = std::move(pairs[1].vector);
            axes.y_label = "β along eigenvalue " + vitscape::short_number(pairs[1].value);
        }
        if (o_.is_volume()) {
            axes.zeta = std::move(pairs[2].vector);
            axes.z_label = "γ along eigenvalue " + vitscape::short_number(pairs[2].value);
        }
        axes.description = {{"directions", o_.along},
                            {"normalization", o_.normalization},
                            {"seed", o_.seed},
                            {"length", length},
                            {"eigenpairs", std::move(found)}};
        return axes;
    }

    /// The gradient, as long as the random direction that is made orthogonal to it.
    [[nodiscard]] Axes<B> along_gradient() {
        V other = random_direction(1);
        const double length = vitscape::norm(other);
        Axes<B> axes{vitscape::gradient_direction(objective_, theta_, part_)};
        const double steepness = vitscape::norm(axes.delta);
        vitscape::scale(length / steepness, axes.delta);
        axes.x_label = "α along the gradient";
        if (!o_.is_line()) {
            vitscape::orthogonalize(other, axes.delta);
            axes.eta = std::move(other);
        }
        if (o_.is_volume()) {
            axes.zeta = random_direction(2);
            for (const V* before : {&axes.delta, &axes.eta}) vitscape::orthogonalize(axes.zeta, *before);
        }
        axes.description = {{"directions", o_.along},
                            {"normalization", o_.normalization},
                            {"seed", o_.seed},
                            {"length", length},
                            {"gradient_norm", steepness}};
        return axes;
    }

    /// The line to another model, and for a plane a random direction that is orthogonal to it.
    [[nodiscard]] Axes<B> towards_other() const {
        Axes<B> axes{way_to(o_.to)};
        axes.marks.points = {{"θ", 0, 0}, {"θ′", 1, 0, o_.to}};
        axes.x_label = "α from θ to θ′";
        axes.description = {{"directions", "difference"},
                            {"normalization", o_.is_line() ? "none" : o_.normalization},
                            {"seed", o_.seed},
                            {"length", vitscape::norm(axes.delta)}};
        if (!o_.is_line()) {
            axes.eta = random_direction(1);
            vitscape::orthogonalize(axes.eta, axes.delta);
        }
        return axes;
    }

    /// A curve to another model that is trained here; for a plane, that of both models and the bend.
    [[nodiscard]] Axes<B> along_curve() {
        const V other = parameters(vitscape::open_checkpoint(o_.to).checkpoint);
        std::unique_ptr<vitscape::ProgressBar> bar;
        vitscape::ConnectionOptions options{
            .kind = o_.curve == "chain" ? vitscape::CurveKind::chain : vitscape::CurveKind::bezier,
            .steps = o_.curve_steps,
            .learning_rate = o_.curve_rate,
            .seed = o_.seed};
        options.work.progress = [&](vitscape::Index done, vitscape::Index total) {
            if (!bar) bar = std::make_unique<vitscape::ProgressBar>("curve", total, "steps", done - 1);
            bar->update(done);
        };
        auto curve = vitscape::connect(objective_, theta_, other, options);
        bar.reset();
        Axes<B> axes{vitscape::direction_to(theta_, other)};
        axes.eta = vitscape::direction_to(theta_, curve.bend());
        axes.marks.points = {{"θ", 0, 0}, {"θ′", 1, 0, o_.to}};
        axes.description = {{"directions", "curve"},
                            {"normalization", "none"},
                            {"seed", o_.seed},
                            {"length", vitscape::norm(axes.delta)},
                            {"curve", o_.curve},
                            {"curve_steps", o_.curve_steps},
                            {"curve_rate", o_.curve_rate}};
        if (o_.is_line()) {
            axes.x_label =
                o_.curve == "chain" ? "t along a chain from θ to θ′" : "t along a Bezier curve from θ to θ′";
            axes.curve = std::move(curve);
            return axes;
        }
        auto plane = vitscape::plane_through(std::move(axes.delta), axes.eta);
        for (int i = 0; i <= 20; ++i) {
            const auto [from, bend, to] = curve.weights(i / 20.0);
            axes.marks.path.push_back({"", bend * plane.x + to, bend * plane.y});
        }
        axes.delta = std::move(plane.delta);
        axes.eta = std::move(plane.eta);
        axes.x_label = "α from θ to θ′";
        axes.y_label = "β towards the bend";
        return axes;
    }

    [[nodiscard]] Axes<B> through_three() const {
        auto plane = vitscape::plane_through(way_to(o_.to), way_to(o_.to2));
        Axes<B> axes{std::move(plane.delta), std::move(plane.eta)};
        axes.marks.points = {{"θ", 0, 0}, {"θ′", 1, 0, o_.to}, {"θ″", plane.x, plane.y, o_.to2}};
        axes.x_label = "α from θ to θ′";
        axes.y_label = "β towards θ″";
        axes.description = {{"directions", "three models"},
                            {"normalization", "none"},
                            {"length", vitscape::norm(axes.delta)}};
        return axes;
    }

    /// The principal directions of the way to theta; one unit is the distance of the first checkpoint.
    [[nodiscard]] Axes<B> along_trajectory() const {
        auto [ways, marks] = kept_states(o_.checkpoints(), layout(), theta_,
                                         of_ == "teacher" ? "teacher." : "", training_, part_);
        const int count = wanted();
        if (static_cast<int>(ways.size()) < count)
            throw vitscape::ConfigError(
                vitscape::message("--trajectory ", o_.trajectory, " has ", ways.size(),
                                  " checkpoints (.safetensors) that differ from --checkpoint, and ", count,
                                  count == 1 ? " is" : " are", " needed; pretrain --keep-every leaves more"));
        const double length = vitscape::norm(ways.front());
        auto principal = vitscape::principal_directions(std::span<const V>(ways), count);
        Axes<B> axes;
        axes.marks.path = std::move(marks);
        for (std::size_t i = 0; i < ways.size(); ++i) {
            axes.marks.path[i].x = principal.coordinates[i].front() / length;
            if (!o_.is_line()) axes.marks.path[i].y = principal.coordinates[i][1] / length;
            if (o_.is_volume()) axes.path_z.push_back(principal.coordinates[i][2] / length);
        }
        axes.marks.path.push_back({"θ", 0, 0});
        if (o_.is_volume()) axes.path_z.push_back(0);
        const auto name = [&](const char* axis, double share) {
            return vitscape::message(axis, ", ", vitscape::short_number(100 * share), " % of the way");
        };
        for (V& direction : principal.directions) vitscape::scale(length, direction);
        axes.x_label = name("α", principal.explained.front());
        if (!o_.is_line()) {
            axes.eta = std::move(principal.directions[1]);
            axes.y_label = name("β", principal.explained[1]);
        }
        if (o_.is_volume()) {
            axes.zeta = std::move(principal.directions[2]);
            axes.z_label = name("γ", principal.explained[2]);
        }
        axes.delta = std::move(principal.directions.front());
        axes.description = {{"directions", "trajectory"},
                            {"normalization", "none"},
                            {"length", length},
                            {"explained", principal.explained}};
        return axes;
    }

    const DirectionOptions& o_;
    O& objective_;
    const V& theta_;
    std::string of_;
    nlohmann::json training_;
    vitscape::ParameterBlock part_;
};

}  // namespace program
