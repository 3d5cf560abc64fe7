// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/study/plan.hpp>
#include <vitscape/study/store.hpp>

namespace vitscape {

/// The results of every method and seed of a comparison.
struct CompletedRuns {
    std::filesystem::path out;
    std::vector<std::uint64_t> seeds;
    std::vector<std::pair<std::string, std::string>> methods;      ///< names and titles
    std::map<std::string, std::vector<nlohmann::json>> results{};  ///< of each method, one for each seed

    [[nodiscard]] std::filesystem::path folder(const std::string& method, std::uint64_t seed) const {
        return out / method / message("seed-", seed);
    }
    /// @throws IoError naming the first result that is missing, where a run is not complete
    static CompletedRuns load(std::filesystem::path out, const ComparisonPlan& plan,
                              std::vector<std::pair<std::string, std::string>> methods) {
        CompletedRuns runs{std::move(out), plan.seeds, std::move(methods)};
        for (const auto& [name, title] : runs.methods)
            for (const std::uint64_t seed : runs.seeds) {
                const ResultStore store(runs.folder(name, seed) / "results.json");
                for (const char* part : {"training", "cost", "probe", "training.plane-0", "training.trace",
                                         "inference", "robustness"})
                    (void)store.at(part);
                runs.results[name].push_back(store.all());
            }
        return runs;
    }
};

}  // namespace vitscape
