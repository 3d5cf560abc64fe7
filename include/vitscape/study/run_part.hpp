// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace vitscape {

/// Kinds of a study's work, by what they need: `training` updates weights for many epochs, `statistics` looks at weights.
inline constexpr std::string_view training_work = "training", statistics_work = "statistics";
inline constexpr std::array<std::string_view, 2> kinds_of_work{training_work, statistics_work};

/// What a measure needs: `trains_classifiers()` says whether it trains.
template <class M>
[[nodiscard]] std::string_view kind_of_work(const M& measure) {
    if constexpr (requires { measure.trains_classifiers(); }) {
        if (measure.trains_classifiers()) return training_work;
    }
    return statistics_work;
}

/// A part of a run's work, whose results are kept.
struct RunPart {
    std::string name{};       ///< of its result in results.json: the part is done where that is there
    std::string title{};      ///< for people
    double seconds = 0;       ///< expected
    std::string_view kind{};  ///< of `kinds_of_work`
    /// Names of the parts of this run before it, whose results or files it reads, beside the run's pace.
    std::vector<std::string> needs{};
    /// The run whose training and losses it takes over, as `run_name`; empty: none.
    std::string taken_from{};
    bool files_are_there = true;  ///< that belong to the result
    /// Does the work. @returns an object: what belongs in results.json, by name
    std::function<nlohmann::json()> compute{};
};

/// A key as people read it.
[[nodiscard]] inline std::string in_words(std::string key) {
    std::replace(key.begin(), key.end(), '_', ' ');
    return key;
}

/// The folder of a run in that of its study.
[[nodiscard]] inline std::string run_name(const std::string& contestant, std::uint64_t seed) {
    return contestant + "/seed-" + std::to_string(seed);
}

/// Whether a part, or a file if the separator is '-', is that of a training or of the losses that training minimized; such are the
/// same for runs that have the same training.
[[nodiscard]] inline bool belongs_to_training(std::string_view name, char separator = '.') {
    for (const std::string_view loss : {"training", "total"})
        if (name.starts_with(loss) && name.size() > loss.size() && name[loss.size()] == separator)
            return true;
    return separator == '.' && (name == "training" || name == "cost" || name == "solution");
}

}  // namespace vitscape
