// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <ostream>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/output_lock.hpp>
#include <vitscape/study/page/language.hpp>
#include <vitscape/study/pays.hpp>

namespace vitscape {

/// Options of a comparison besides its plan.
struct ComparisonOptions {
    std::filesystem::path out;  ///< output folder
    bool resume = false;        ///< continue in a folder with an earlier run of the same options
    bool report_only = false;   ///< only write the report of a complete run
    double budget_minutes =
        0;  ///< choose the epochs, and coarser measures if necessary, to fit; 0: as planned
    nlohmann::json data = {};               ///< origin of the images, for the report
    bool figures = true;                    ///< draw figures with gnuplot
    Language language = Language::english;  ///< of the page
    PaysOptions pays{};                     ///< of the table of prices and times in the report
    std::ostream* progress = nullptr;       ///< the plan and how far the work is; null: nothing is shown
    std::shared_ptr<const OutputLock> lock =
        nullptr;  ///< of `out`, where it is taken already; null: `run` takes it
};

/// The folder of a new study already contains one.
class StudyExists : public ConfigError {
    using ConfigError::ConfigError;
};

/// The output of a study.
struct WrittenReport {
    nlohmann::json report{};
    std::vector<std::filesystem::path> files{};  ///< report.html, report.json and the figures
};

}  // namespace vitscape
