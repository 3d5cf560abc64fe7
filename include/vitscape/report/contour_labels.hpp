// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/report/color_scale.hpp>
#include <vitscape/report/contour_lines.hpp>

namespace vitscape {

/// A number on a contour line: its position and its rotation (degrees, -90 to 90).
struct ContourLabel {
    double level = 0;
    std::array<double, 2> position{};
    double angle = 0;
    double half_width = 0;  ///< in the plot's units, like `position`
    double half_height = 0;

    /// Whether a point lies under the label's text.
    [[nodiscard]] bool covers(const std::array<double, 2>& point) const {
        const double turn = angle * std::numbers::pi / 180;
        const double right = point[0] - position[0], up = point[1] - position[1];
        return std::abs(std::cos(turn) * right + std::sin(turn) * up) < half_width &&
               std::abs(-std::sin(turn) * right + std::cos(turn) * up) < half_height;
    }
};

/// Finds positions for labels on contour lines: straight pieces, away from the border, from the centre
/// and from the other labels. Lines without such a position get no label.
class ContourLabeller {
  public:
    /// The range of the plot, and the width of one character in its units.
    ContourLabeller(std::array<double, 2> x, std::array<double, 2> y, double character_width,
                    double character_height)
        : x_(x), y_(y), character_width_(character_width), character_height_(character_height) {}

    void place(const ContourLine& line, const std::string& text) {
        ContourLabel label{line.level,
                           {},
                           0,
                           0.5 * character_width_ * (static_cast<double>(text_width(text)) + 1.2),
                           0.6 * character_height_};
        const double size = std::min(x_[1] - x_[0], y_[1] - y_[0]);
        const std::size_t stride = std::max<std::size_t>(1, line.points.size() / 400);
        double best = 0;
        ContourLabel chosen;
        for (std::size_t i = 0; i < line.points.size(); i += stride) {
            const double room = room_at(line, i, label);
            if (room > best * 1.02) {  // prefers the first of equal positions, for reproducible figures
                best = room;
                chosen = label;
            }
        }
        if (best > 0.02 * size) labels_.push_back(chosen);
    }

    [[nodiscard]] const std::vector<ContourLabel>& labels() const { return labels_; }

  private:
    /// Free distance around point i, 0 if a label does not fit; sets position and angle.
    [[nodiscard]] double room_at(const ContourLine& line, std::size_t i, ContourLabel& label) const {
        const auto& here = line.points[i];
        std::size_t before = i, after = i;
        const auto away = [&](std::size_t k) {
            return std::hypot(line.points[k][0] - here[0], line.points[k][1] - here[1]);
        };
        while (before > 0 && away(before) < label.half_width) --before;
        while (after + 1 < line.points.size() && away(after) < label.half_width) ++after;
        if (away(before) < label.half_width || away(after) < label.half_width) return 0;
        const std::size_t steps = after - before;  // the line must continue beyond the text
        if (before < steps / 4 || after + steps / 4 >= line.points.size()) return 0;
        const double right = line.points[after][0] - line.points[before][0];
        const double up = line.points[after][1] - line.points[before][1];
        const double chord = std::hypot(right, up);
        if (chord < 0.9 * (away(before) + away(after))) return 0;  // too curved for straight text
        label.position = {(line.points[after][0] + line.points[before][0] + 2 * here[0]) / 4,
                          (line.points[after][1] + line.points[before][1] + 2 * here[1]) / 4};
        double angle = std::atan2(up, right) * 180 / std::numbers::pi;
        if (angle > 90) angle -= 180;
        if (angle < -90) angle += 180;
        label.angle = angle;

        const double border =
            std::min({here[0] - x_[0], x_[1] - here[0], here[1] - y_[0], y_[1] - here[1]}) - label.half_width;
        double room = 2 * border;  // half that distance from the border is enough
        room = std::min(room, std::hypot(here[0], here[1]) - label.half_width);
        for (const ContourLabel& other : labels_)
            room = std::min(room, std::hypot(here[0] - other.position[0], here[1] - other.position[1]) -
                                      label.half_width - other.half_width);
        return room;
    }

    std::array<double, 2> x_, y_;
    double character_width_, character_height_;
    std::vector<ContourLabel> labels_;
};

/// A line without the pieces covered by labels.
[[nodiscard]] inline std::vector<ContourLine> cut_at_labels(const ContourLine& line,
                                                            const std::vector<ContourLabel>& labels) {
    std::vector<ContourLine> pieces(1, ContourLine{line.level, {}});
    for (const auto& point : line.points) {
        const bool covered = std::any_of(labels.begin(), labels.end(), [&](const ContourLabel& label) {
            return label.level == line.level && label.covers(point);
        });
        if (!covered)
            pieces.back().points.push_back(point);
        else if (!pieces.back().points.empty())
            pieces.push_back({line.level, {}});
    }
    std::erase_if(pieces, [](const ContourLine& piece) { return piece.points.size() < 2; });
    return pieces;
}

}  // namespace vitscape
