// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <utility>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// A direction of independent standard normal elements, a function of (seed, number) and the layout only:
/// element j of the parameter at position i of the layout is number j of the Philox sequence (seed,
/// direction, number, i). It is therefore independent of threads and backend, and appending a parameter
/// does not change the others.
/// @param backend  the model's compute backend; the direction is stored where its parameters are.
/// @param number  index of the direction for this seed: 0 and 1 for the two axes of a plane.
template <Backend B>
Vector<Master<B>> gaussian_direction(const B& backend, const ParameterLayout& layout, std::uint64_t seed,
                                     std::uint32_t number) {
    Vector<Master<B>> direction(master(backend), layout.size());
    std::uint32_t position = 0;
    for (const ParameterInfo& parameter : layout.parameters())
        direction.backend().fill_normal(
            {.seed = seed, .purpose = Purpose::direction, .epoch = number, .sample = position++},
            parameter.size(), direction.data() + parameter.slot.offset);
    return direction;
}

/// The angle between two directions in degrees, 0 to 180.
/// @throws NumericError if one of them is zero or not finite.
template <Backend B>
double angle_in_degrees(const Vector<B>& a, const Vector<B>& b) {
    const double product = norm(a) * norm(b);
    if (!(product > 0) || !std::isfinite(product))
        throw NumericError(message("an angle needs two finite directions that are not zero; their norms are ",
                                   norm(a), " and ", norm(b)));
    return std::acos(std::clamp(dot(a, b) / product, -1.0, 1.0)) * 180 / std::numbers::pi;
}

/// Makes `direction` orthogonal to `other` (Gram-Schmidt): direction -= (direction . other / other . other)
/// other.
///
/// Orthogonalize before normalizing, or not at all: filter normalization scales each filter by its
/// own factor and so changes the angle between two directions. In high dimensions it stays close to 90
/// degrees; `angle_in_degrees` gives the actual angle.
/// @throws NumericError if `other` is zero or nothing of `direction` remains, i.e. they are parallel.
template <Backend B>
void orthogonalize(Vector<B>& direction, const Vector<B>& other) {
    const double square = dot(other, other);
    if (!(square > 0) || !std::isfinite(square))
        throw NumericError(
            message("cannot make a direction orthogonal to one whose norm is ", std::sqrt(square)));
    const double before = norm(direction);
    if (!(before > 0) || !std::isfinite(before))
        throw NumericError(message("cannot make a direction of norm ", before, " orthogonal to another"));
    Vector<B> result = direction;
    for (int round = 0; round < 2; ++round)  // the second removes the rounding error of the first
        axpby(-dot(result, other) / square, other, 1, result);
    const double noise = 100 * static_cast<double>(std::numeric_limits<typename B::Storage>::epsilon());
    if (!(norm(result) > noise * before))
        throw NumericError("two directions are parallel and cannot be made orthogonal; use another seed");
    direction = std::move(result);
}

}  // namespace vitscape
