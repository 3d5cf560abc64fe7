// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/study/measure.hpp>

// Operations of a study on a tuple of measures.

namespace vitscape {

/// Calls work(measure) for each measure.
template <class Measures, class Work>
void for_each_measure(Measures&& measures, const Work& work) {
    std::apply([&](auto&... one) { (work(one), ...); }, measures);
}
/// The measures extended by more of them: `with(UsualMeasures{}, Mine{})`.
template <Measure... Usual, Measure... More>
[[nodiscard]] std::tuple<Usual..., More...> with(std::tuple<Usual...> usual, More... more) {
    return std::tuple_cat(std::move(usual), std::tuple<More...>(std::move(more)...));
}
template <class... M>
[[nodiscard]] std::tuple<M...> at_level(const std::tuple<M...>& measures, int level) {
    return std::apply([&](const M&... one) { return std::tuple<M...>(at_level(one, level)...); }, measures);
}

/// Whether a measure trains classifiers.
template <class Measures>
[[nodiscard]] bool train_classifiers(const Measures& measures) {
    bool any = false;
    for_each_measure(measures, [&](const auto& measure) {
        if constexpr (requires { measure.trains_classifiers(); }) any = any || measure.trains_classifiers();
    });
    return any;
}

/// Options by key. Several measures may read one result of training or probing; computed ones need distinct keys.
/// @throws ConfigError for invalid options and for duplicate keys
template <class Measures>
[[nodiscard]] nlohmann::json describe_measures(const Measures& measures) {
    nlohmann::json all = nlohmann::json::object();
    std::set<std::string> taken{"pace", "training", "cost", "probe", "solution"};
    for_each_measure(measures, [&]<class M>(const M& measure) {
        measure.check();
        const std::string key(M::key);
        if constexpr (MeasuresLosses<M> || MeasuresRuns<M> || MeasuresRunParts<M>)
            if (!taken.insert(key).second)
                throw ConfigError(message("two measures have the key '", key, "'"));
        if (const nlohmann::json options = describe(measure); !options.empty()) all[key] = options;
    });
    return all;
}

/// The names of all results of a complete run.
template <class Measures>
[[nodiscard]] std::vector<std::string> result_names(const Measures& measures) {
    std::vector<std::string> names{"pace", "training", "cost", "probe", "solution"};
    for_each_measure(measures, [&]<class M>(const M& measure) {
        const std::string key(M::key);
        if constexpr (MeasuresParts<M>)
            for (std::uint32_t part = 0; part < measure.parts(); ++part)
                names.push_back(message("training.", key, "-", part));
        else if constexpr (MeasuresLosses<M>)
            names.push_back("training." + key);
        else if constexpr (MeasuresRunParts<M>)
            for (std::uint32_t part = 0; part < measure.parts(); ++part)
                names.push_back(message(key, "-", part));
        else if constexpr (MeasuresRuns<M>)
            names.push_back(key);
    });
    return names;
}

/// All rows in the order of the measures; those of losses at the position of the first measure of losses, loss by loss. Losses
/// that no run has are left out.
/// @param runs  complete, or empty if only the keys are needed
template <class Measures>
[[nodiscard]] std::vector<Row> rows_of(const Measures& measures, const CompletedRuns& runs,
                                       const ComparisonPlan& plan) {
    std::vector<Row> all;
    bool losses_done = false;
    for_each_measure(measures, [&]<class M>(const M& measure) {
        if constexpr (MeasuresLosses<M>) {
            if (std::exchange(losses_done, true)) return;
            for (const StudyLoss& loss : study_losses) {
                if (!runs.results.empty() && !runs.has_loss(loss.name)) continue;
                for_each_measure(measures, [&]<class L>(const L& of_loss) {
                    if constexpr (MeasuresLosses<L>) {
                        std::uint32_t parts = 0;
                        if constexpr (MeasuresParts<L>) parts = of_loss.parts();
                        Rows rows(all, std::string(L::key), std::string(loss.name), parts, runs, plan);
                        of_loss.rows(rows);
                    }
                });
            }
        } else {
            Rows rows(all, std::string(M::key), "", 0, runs, plan);
            measure.rows(rows);
        }
    });
    return all;
}

}  // namespace vitscape
