// SPDX-License-Identifier: Apache-2.0
//
// Losses, spaces and grids of three directions.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/landscape/affine_space.hpp>
#include <vitscape/landscape/volume.hpp>
#include <vitscape/landscape/volume_grid.hpp>

#include "landscape/functions.hpp"

namespace vitscape::test::volumes {

/// Mean over samples of exp(a_i u / 4) + b_i v w + c_i w^2 + u v, of the parameters u, v, w.
struct VolumeFunction {
    std::vector<double> a, b, c;
    Cpu64 cpu{1};
    ParameterLayout parameters;
    mutable int evaluations = 0;

    explicit VolumeFunction(Index samples = 9) {
        parameters.add("p", Shape{1, 3}, ParameterKind::weight, Initializer::zeros());
        RandomSequence random({.seed = 8, .purpose = Purpose::test});
        for (Index i = 0; i < samples; ++i) {
            a.push_back(random.normal());
            b.push_back(random.normal());
            c.push_back(random.uniform(0.5, 2));
        }
    }
    [[nodiscard]] Cpu64 backend() const { return cpu; }
    [[nodiscard]] const ParameterLayout& layout() const { return parameters; }
    [[nodiscard]] Index samples() const { return static_cast<Index>(a.size()); }
    [[nodiscard]] double sample(std::size_t i, double u, double v, double w) const {
        return std::exp(a[i] * u / 4) + b[i] * v * w + c[i] * w * w + u * v;
    }
    void sample_losses(const Vector<Cpu64>& theta, std::span<double> out) const {
        ++evaluations;
        for (std::size_t i = 0; i < a.size(); ++i)
            out[i] = sample(i, theta.data()[0], theta.data()[1], theta.data()[2]);
    }
    [[nodiscard]] double value(const Vector<Cpu64>& theta) const {
        std::vector<double> losses(a.size());
        sample_losses(theta, losses);
        return mean_and_error(losses).mean;
    }
};

inline Vector<Cpu64> vector_of(const Cpu64& cpu, const std::vector<double>& values) { return {cpu, values}; }

inline const std::vector<double> theta{0.3, -0.2, 0.1}, delta{1, 0.1, 0.3}, eta{-0.2, 0.9, 0.4},
    zeta{0.1, -0.3, 1.1};

inline AffineSpace<Cpu64> skew_space(const Cpu64& cpu) {
    return {vector_of(cpu, theta), vector_of(cpu, delta), vector_of(cpu, eta), vector_of(cpu, zeta)};
}
inline VolumeGrid small_grid() {
    return {Grid{.from = -1, .to = 1, .steps = 5}, Grid{.from = -0.5, .to = 1, .steps = 4},
            Grid{.from = -1, .to = 1, .steps = 3}};
}

/// A volume of 3 x 2 x 2 points: one without a finite loss, one that is not computed.
inline Volume holed_volume() {
    Volume volume({-1, 0, 1}, {0, 0.5}, {-2, 2});
    for (std::size_t i = 0; i < 12; ++i) {
        volume.loss.data()[i] = static_cast<double>(i) + 0.25;
        volume.standard_error.data()[i] = 0.5 * static_cast<double>(i);
        volume.difference_standard_error.data()[i] = 0.125 * static_cast<double>(i);
        volume.computed.data()[i] = 1;
    }
    volume.loss.data()[4] = volume.loss.data()[11] = std::nan("");
    volume.computed.data()[11] = 0;
    volume.centre_loss = 1.0 / 3;
    volume.centre_standard_error = 0.25;
    volume.samples = 7;
    volume.geometry = {.plane = {.theta_norm = 3,
                                 .delta_norm = 2,
                                 .eta_norm = 1,
                                 .theta_dot_delta = 0.5,
                                 .theta_dot_eta = -0.5,
                                 .delta_dot_eta = 0.25},
                       .zeta_norm = 4,
                       .theta_dot_zeta = 0.75,
                       .delta_dot_zeta = -1,
                       .eta_dot_zeta = 1.0 / 3};
    return volume;
}

}  // namespace vitscape::test::volumes
