// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <vitscape/core/variance_components.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/rows.hpp>

namespace vitscape {

namespace detail {

/// Which part of the variance comes from each of the sources that have two levels or more, and from all that they do together.
inline nlohmann::json variance_parts(const std::vector<Measurement>& values,
                                     const std::vector<RandomFactor>& sources) {
    std::vector<RandomFactor> factors;
    std::vector<std::optional<std::size_t>> place(sources.size());  // of each source among the factors
    for (std::size_t f = 0; f < sources.size(); ++f) {
        if (std::all_of(values.begin(), values.end(),
                        [&](const auto& one) { return one.levels[f] == values.front().levels[f]; }))
            continue;
        place[f] = factors.size();
        factors.push_back({.name = sources[f].name});
        if (sources[f].nested_in) factors.back().nested_in = place[*sources[f].nested_in];
    }
    std::vector<Measurement> reduced;
    for (const Measurement& one : values) {
        reduced.push_back({{}, one.value});
        for (std::size_t f = 0; f < sources.size(); ++f)
            if (place[f]) reduced.back().levels.push_back(one.levels[f]);
    }
    const VarianceComponents found = variance_components(reduced, factors);
    nlohmann::json parts = nlohmann::json::array();
    for (std::size_t f = 0; f < factors.size(); ++f)
        parts.push_back({{"source", factors[f].name},
                         {"fraction", json_number(found.fractions[f])},
                         {"degrees", found.degrees[f]}});
    parts.push_back({{"source", "their interactions and the rest"},
                     {"fraction", json_number(found.rest_fraction)},
                     {"degrees", found.rest_degrees}});
    return parts;
}

}  // namespace detail

/// Adds to `variance` of a report, by method and loss, which part of the variance of a single measurement comes from each source.
/// Left out where a number is not finite or fewer than two seeds were trained, and of given models.
/// @param sources  the training seed first
/// @param collect  (run, loss, seed, measurements): adds those of a run; false if it lacks some
template <class Collect>
void put_variance(nlohmann::json& report, const CompletedRuns& runs, const std::string& name,
                  const std::vector<RandomFactor>& sources, const Collect& collect) {
    if (runs.seeds.size() < 2) return;
    for (const auto& [loss, loss_title] : study_losses) {
        for (const auto& [method, title] : runs.methods) {
            if (!runs.has_loss(loss, method))
                continue;  // it is listed under the loss that serves as this one
            if (runs.sets_of_weights(method) < 2) continue;
            std::vector<Measurement> values;
            bool complete = true;
            for (std::size_t seed = 0; complete && seed < runs.seeds.size(); ++seed)
                complete =
                    collect(runs.result(method, seed), std::string(loss), static_cast<int>(seed), values);
            complete = complete && !values.empty() &&
                       std::all_of(values.begin(), values.end(),
                                   [](const auto& one) { return std::isfinite(one.value); });
            if (complete)
                report["variance"].push_back({{"method", method},
                                              {"loss", loss},
                                              {"name", name},
                                              {"parts", detail::variance_parts(values, sources)}});
        }
    }
}

}  // namespace vitscape
