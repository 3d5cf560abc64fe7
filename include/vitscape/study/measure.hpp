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

/// What a study measures its runs by, one type each: `key` names its result in results.json, `fields` lists its options
/// (core/fields.hpp), `check()` throws a ConfigError for invalid options, and `rows(Rows&)` says which numbers
/// its result holds. How the result comes about decides its kind: `LossMeasure`, `RunMeasure`, or, without `compute`,
/// it reads what training ("training", "cost") and probing ("probe") leave behind.
///
/// It may also have `coarser(level)`, the same measure made cheaper for a budget, level 1 to `coarsest_level`; and
/// `put_into(report, runs)`, which adds what a page draws.
template <class M>
concept Measure = std::copyable<M> && WithFields<M> && requires(const M& measure, Rows& rows) {
    { M::key } -> std::convertible_to<std::string_view>;
    measure.check();
    measure.rows(rows);
};

/// A measure of one loss around a solution: it is applied to each loss that a contestant has. `seconds(speed)` is what it
/// is expected to take, `compute(around)` its result.
template <class M, class Around>
concept LossMeasure = Measure<M> && requires(const M& measure, Around& around, const LossSpeed& speed) {
    { measure.seconds(speed) } -> std::convertible_to<double>;
    { measure.compute(around) } -> std::convertible_to<nlohmann::json>;
};

/// A measure of a loss in several parts, `parts()` of them, which are kept one by one; the rows' numbers are means over
/// them. `seconds` are those of one part.
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

/// How much cheaper a budget can make measures.
inline constexpr int coarsest_level = 3;

/// The measure made cheaper where it can be. @param level  0 (as it is) to `coarsest_level`
template <Measure M>
[[nodiscard]] M at_level(const M& measure, int level) {
    if constexpr (requires { measure.coarser(level); })
        return level == 0 ? measure : measure.coarser(level);
    else
        return measure;
}

/// Whether it is a measure of losses.
template <class M>
concept MeasuresLosses = Measure<M> && requires(const M& measure, const LossSpeed& speed) {
    measure.seconds(speed);
};
/// Whether it is a measure of losses in parts.
template <class M>
concept MeasuresParts = MeasuresLosses<M> && requires(const M& measure) {
    measure.parts();
};
/// Whether it is a measure of runs that computes.
template <class M>
concept MeasuresRuns = Measure<M> && requires(const M& measure, const RunSpeed& speed) {
    measure.seconds(speed);
};

}  // namespace vitscape
