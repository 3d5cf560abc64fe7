// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/statistics.hpp>
#include <vitscape/study/entrant.hpp>
#include <vitscape/study/pace.hpp>
#include <vitscape/study/run_part.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/study/work.hpp>

namespace vitscape {

/// How long the work of a study takes: expected times, by the speeds of its methods, and timing of training steps.
template <Backend B, class Measures>
class StudyTimes {
    using Entrants = std::vector<std::unique_ptr<Entrant<B, Measures>>>;

  public:
    /// All must outlive it.
    StudyTimes(const ComparisonSetting<B>& setting, const Measures& measures, const Entrants& entrants,
               const std::map<std::string, MethodSpeed>& speeds)
        : setting_(setting), measures_(measures), entrants_(entrants), speeds_(speeds) {}

    /// Times training steps of all runs of a seed in turn, so that other work on the machine slows all alike; medians over rounds.
    void measure_paces(std::uint64_t seed, WorkMeter& meter) const {
        std::vector<const Entrant<B, Measures>*> runs;
        double expected = 0;
        for (const auto& entrant : entrants_) {
            if (entrant->has_pace(setting_, seed)) {
                meter.skip(pace_seconds(*entrant));
                continue;
            }
            runs.push_back(entrant.get());
            expected += pace_seconds(*entrant);
        }
        if (runs.empty()) return;
        meter.part(message("seed ", seed, ": time of training steps"), expected, [&] {
            const std::vector<Pace> paces = in_turn(runs, meter);
            for (std::size_t i = 0; i < runs.size(); ++i) runs[i]->keep_pace(setting_, seed, paces[i]);
        });
    }
    /// Medians over rounds in which all take turns.
    [[nodiscard]] std::vector<Pace> in_turn(const std::vector<const Entrant<B, Measures>*>& runs,
                                            WorkMeter& meter) const {
        std::vector<std::vector<double>> training(runs.size()), tuning = training, classifying = training;
        const std::size_t all = pace_rounds * runs.size();
        for (std::size_t k = 0; k < all; ++k) {
            const std::size_t i = k % runs.size();
            const Pace pace = runs[i]->pace(setting_, measures_);
            training[i].push_back(pace.training), tuning[i].push_back(pace.tuning),
                classifying[i].push_back(pace.classifying);
            meter.update(static_cast<std::int64_t>(k + 1), static_cast<std::int64_t>(all), "measurements");
        }
        std::vector<Pace> paces;
        for (std::size_t i = 0; i < runs.size(); ++i)
            paces.push_back({median(training[i]), median(tuning[i]), median(classifying[i])});
        return paces;
    }
    /// Times all runs of all seeds, and gives the results by `run_name`.
    [[nodiscard]] nlohmann::json times_of_all(WorkMeter& meter) const {
        std::vector<const Entrant<B, Measures>*> runs;
        for (const auto& entrant : entrants_) runs.push_back(entrant.get());
        nlohmann::json all;
        for (const std::uint64_t seed : setting_.plan.seeds) {
            const std::vector<Pace> paces = in_turn(runs, meter);
            for (std::size_t i = 0; i < runs.size(); ++i)
                all[run_name(runs[i]->name(), seed)] = runs[i]->pace_entry(setting_, seed, paces[i]);
        }
        return all;
    }
    [[nodiscard]] double pace_seconds(const Entrant<B, Measures>& entrant) const {
        const TrainOptions& training = setting_.plan.training;
        const MethodSpeed& speed = speeds_.at(entrant.name());
        return static_cast<double>(pace_rounds * detail::timed_steps * training.batch * training.accumulate) *
               (speed.training + speed.tuning + speed.encoding);
    }

    /// The first contestant with each variant of the images.
    [[nodiscard]] std::vector<const Entrant<B, Measures>*> one_of_each_variant() const {
        std::vector<const Entrant<B, Measures>*> firsts;
        for (const auto& entrant : entrants_)
            if (std::none_of(firsts.begin(), firsts.end(),
                             [&](const auto* first) { return first->variant() == entrant->variant(); }))
                firsts.push_back(entrant.get());
        return firsts;
    }
    [[nodiscard]] static std::string baselines_title(const Entrant<B, Measures>& entrant) {
        return "probes of random encoders and of raw pixels" + entrant.variant().ending();
    }
    [[nodiscard]] double baseline_seconds(const Entrant<B, Measures>& entrant) const {
        const double all =
            static_cast<double>(entrant.variant().count(setting_.images.size()) + setting_.test.size());
        return 1.5 * static_cast<double>(setting_.plan.seeds.size()) * all *
                   speeds_.at(entrant.name()).encoding +
               all * 12e-3;
    }
    [[nodiscard]] ExpectedTime expected(const Entrant<B, Measures>& entrant, std::uint64_t seed,
                                        const Measures& measures) const {
        return entrant.expected(setting_, seed, speeds_.at(entrant.name()), measures);
    }
    /// The time of the plan with these measures; `epoch` is the time of all its epochs.
    [[nodiscard]] PlanTime time(const Measures& measures) const {
        PlanTime all;
        for (const auto* entrant : one_of_each_variant())
            if (setting_.labelled()) all.rest += baseline_seconds(*entrant);
        for (const auto& entrant : entrants_)
            for (const std::uint64_t seed : setting_.plan.seeds) {
                const ExpectedTime one = expected(*entrant, seed, measures);
                all.epoch += one.training + one.per_training;
                all.rest += one.measures - one.per_training + pace_seconds(*entrant);
            }
        return all;
    }
    [[nodiscard]] double expected_seconds() const {
        const PlanTime all = time(measures_);
        return all.epoch + all.rest;
    }
    /// Of `times_of_all`.
    [[nodiscard]] double seconds_of_times() const {
        double all = 0;
        for (const auto& entrant : entrants_)
            all += static_cast<double>(setting_.plan.seeds.size()) * pace_seconds(*entrant);
        return all;
    }

  private:
    const ComparisonSetting<B>& setting_;
    const Measures& measures_;
    const Entrants& entrants_;
    const std::map<std::string, MethodSpeed>& speeds_;
};

}  // namespace vitscape
