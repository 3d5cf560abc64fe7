// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include <vitscape/core/host_device.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// The entries of random probe vectors, independent with mean 0 and variance 1: signs (Rademacher) or normal numbers.
/// Signs have the smaller variance for a trace; the direction of a normal vector depends on no basis.
enum class ProbeKind { signs, normal };
constexpr std::array<std::pair<std::string_view, ProbeKind>, 2> enumerators(ProbeKind) {
    return {{{"signs", ProbeKind::signs}, {"normal", ProbeKind::normal}}};
}

namespace detail {
/// Maps a number in [0, 1) to -1 or 1, each with probability 1/2.
struct RandomSign {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S uniform) const {
        return uniform < S(0.5) ? S(-1) : S(1);
    }
};
}  // namespace detail

/// Writes probe number `number` of `seed` to `probe`: a function of these and the size, whatever the backend.
template <Backend B>
void draw_probe(ProbeKind kind, std::uint64_t seed, std::uint32_t number, Vector<B>& probe) {
    const bool signs = kind == ProbeKind::signs;
    const RandomKey key{
        .seed = seed, .purpose = Purpose::trace_probe, .epoch = number, .sample = signs ? 0u : 1u};
    if (signs) {
        probe.backend().fill_uniform(key, probe.size(), probe.data());
        probe.backend().map(1, probe.size(), detail::RandomSign{}, detail::flat(probe), detail::flat(probe));
    } else {
        probe.backend().fill_normal(key, probe.size(), probe.data());
    }
}

}  // namespace vitscape
