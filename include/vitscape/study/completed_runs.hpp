// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/study/store.hpp>

namespace vitscape {

/// The losses that are measured for every contestant; a classifier's only loss serves as both.
inline const std::vector<std::string> study_losses{"training", "classification"};

/// The results of every method and seed of a comparison.
struct CompletedRuns {
    std::filesystem::path out{};
    std::vector<std::uint64_t> seeds{};
    std::vector<std::pair<std::string, std::string>> methods{};    ///< names and titles
    std::map<std::string, std::vector<nlohmann::json>> results{};  ///< of each method, one per seed

    [[nodiscard]] std::filesystem::path folder(const std::string& method, std::uint64_t seed) const {
        return out / method / message("seed-", seed);
    }
    /// The results of a method from the seed number `i`, for reading: errors name the file and the key.
    [[nodiscard]] JsonValue result(const std::string& method, std::size_t i) const {
        return {results.at(method).at(i), (folder(method, seeds.at(i)) / "results.json").string()};
    }
    /// Reads the results. @param names  of the results of a complete run
    /// @throws IoError naming the first missing result if a run is not complete
    void load(const std::vector<std::string>& names) {
        for (const auto& [method, title] : methods)
            for (const std::uint64_t seed : seeds) {
                const ResultStore store(folder(method, seed) / "results.json");
                for (const std::string& name : names) (void)store.at(name);
                results[method].push_back(store.all());
            }
    }
};

}  // namespace vitscape
