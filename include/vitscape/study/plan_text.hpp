// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/study/entrant.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/study_times.hpp>

namespace vitscape {

/// What a comparison will do, for people: images, epochs, measures, and the expected time of each method and of all.
template <Backend B, class Measures>
[[nodiscard]] std::string plan_text(const ComparisonSetting<B>& setting, const Measures& measures,
                                    const std::vector<std::unique_ptr<Entrant<B, Measures>>>& entrants,
                                    const StudyTimes<B, Measures>& times) {
    const ComparisonPlan& plan = setting.plan;
    const bool trains = std::any_of(entrants.begin(), entrants.end(),
                                    [](const auto& entrant) { return entrant->origin() == Origin::trained; });
    std::string text = message("plan: ", setting.images.size(), " images, ",
                               trains ? message(plan.training.epochs, " epochs, ") : std::string(),
                               plan.seeds.size(), " seeds\n");
    const nlohmann::json all_options = describe_measures(measures);  // outlives the loop's items()
    for (const auto& [measure, options] : all_options.items())
        text += message("  ", measure, ": ", options.dump(), "\n");
    for (const auto& entrant : entrants) {
        const ExpectedTime one = times.expected(*entrant, plan.seeds.front(), measures);
        text +=
            message("  ", entrant->title(), ": ",
                    entrant->origin() == Origin::trained ? duration_text(one.training) + " of training and "
                                                         : std::string(),
                    duration_text(one.measures), " of measures ",
                    entrant->origin() == Origin::given ? "from the first seed" : "per seed", "\n");
    }
    return text + "expected in all: " + duration_text(times.expected_seconds()) +
           " (what is done already does not count)";
}

}  // namespace vitscape
