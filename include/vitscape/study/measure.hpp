// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <vitscape/core/json_fields.hpp>
#include <vitscape/study/loss_around.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// A quantity that a study measures for its runs, one type each: `key` names its result in results.json, `fields` lists its
/// options (core/fields.hpp), `check()` throws a ConfigError for invalid options, and `rows(Rows&)` lists the values in
/// its result. Its kind is determined by how the result is computed: `LossMeasure`, `RunMeasure`, their kinds in parts, or,
/// without `compute`, it reads the results of training ("training", "cost") and probing ("probe").
///
/// Optional members: `coarser(level)`, a cheaper variant of the measure for a budget, level 1 to `coarsest_level`;
/// `trains_classifiers()`, whether its `seconds` need `MethodSpeed::tuning`, which is timed only then; and
/// `put_into(report, runs)`, which adds data for the page.
template <class M>
concept Measure = std::copyable<M> && WithFields<M> && requires(const M& measure, Rows& rows) {
    { M::key } -> std::convertible_to<std::string_view>;
    measure.check();
    measure.rows(rows);
};

/// A measure of one loss around a solution, applied to each loss of a contestant. `seconds(speed)` is its expected
/// duration, `compute(around)` its result.
template <class M, class Around>
concept LossMeasure = Measure<M> && requires(const M& measure, Around& around, const LossSpeed& speed) {
    { measure.seconds(speed) } -> std::convertible_to<double>;
    { measure.compute(around) } -> std::convertible_to<nlohmann::json>;
};

/// A measure of a loss in `parts()` parts, which are stored separately; the values of the rows are means over them.
/// `seconds` is the duration of one part.
template <class M, class Around>
concept PartedLossMeasure = Measure<M> &&
    requires(const M& measure, Around& around, const LossSpeed& speed, std::uint32_t part) {
    { measure.parts() } -> std::convertible_to<std::uint32_t>;
    { measure.seconds(speed) } -> std::convertible_to<double>;
    { measure.compute(around, part) } -> std::convertible_to<nlohmann::json>;
};

/// A measure of a trained contestant as a whole (`TrainedRun`).
template <class M, class Run>
concept RunMeasure = Measure<M> && requires(const M& measure, const Run& run, const RunSpeed& speed) {
    { measure.seconds(speed) } -> std::convertible_to<double>;
    { measure.compute(run) } -> std::convertible_to<nlohmann::json>;
};

/// A measure of a trained contestant in `parts()` parts, which are stored separately; a row reads one of them
/// (`PartRange`). `seconds` is the duration of that part. Without any part it is switched off.
template <class M, class Run>
concept PartedRunMeasure = Measure<M> &&
    requires(const M& measure, const Run& run, const RunSpeed& speed, std::uint32_t part) {
    { measure.parts() } -> std::convertible_to<std::uint32_t>;
    { measure.seconds(speed, part) } -> std::convertible_to<double>;
    { measure.compute(run, part) } -> std::convertible_to<nlohmann::json>;
};

/// Number of levels by which a budget can make measures cheaper.
inline constexpr int coarsest_level = 3;

/// The cheaper variant of a measure, if it has one. @param level  0 (unchanged) to `coarsest_level`
template <Measure M>
[[nodiscard]] M at_level(const M& measure, int level) {
    if constexpr (requires { measure.coarser(level); })
        return level == 0 ? measure : measure.coarser(level);
    else
        return measure;
}

/// Whether a measure is computed from losses.
template <class M>
concept MeasuresLosses = Measure<M> && requires(const M& measure, const LossSpeed& speed) {
    measure.seconds(speed);
};
/// Whether a measure of losses is computed in parts.
template <class M>
concept MeasuresParts = MeasuresLosses<M> && requires(const M& measure) {
    measure.parts();
};
/// Whether a measure is computed from runs.
template <class M>
concept MeasuresRuns = Measure<M> && requires(const M& measure, const RunSpeed& speed) {
    measure.seconds(speed);
};
/// Whether a measure is computed from runs in parts.
template <class M>
concept MeasuresRunParts = Measure<M> && requires(const M& measure, const RunSpeed& speed) {
    measure.parts();
    measure.seconds(speed, std::uint32_t{});
};

}  // namespace vitscape
