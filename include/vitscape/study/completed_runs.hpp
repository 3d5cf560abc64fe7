// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/study/origin.hpp>
#include <vitscape/study/store.hpp>
#include <vitscape/study/training_images.hpp>

namespace vitscape {

/// A loss of a study by its name in files and its title. A contestant without the second or third loss has the first in its
/// place: a classifier's only loss is its classification loss, and an autoencoder without a teacher has nothing to add.
struct StudyLoss {
    std::string_view name, title;
};
inline constexpr std::array<StudyLoss, 3> study_losses{
    StudyLoss{"training", "training loss, for autoencoders the reconstruction error alone"},
    StudyLoss{"total", "total training loss, with the consistency with a teacher"},
    StudyLoss{"classification", "classification loss"}};

/// The file in a run's folder with the class that the probe of all labels gives each held-out image, -1 for none: int32, (images).
inline constexpr const char* predictions_file = "predictions.npy";

/// The file in a study's folder with the accuracies of what has learned nothing.
inline constexpr const char* baselines_file = "baselines.json";

/// The results of every method and seed of a comparison.
struct CompletedRuns {
    std::filesystem::path out{};
    std::vector<std::uint64_t> seeds{};
    std::vector<std::pair<std::string, std::string>> methods{};    ///< names and titles
    std::map<std::string, Origin> origins{};                       ///< of those that were not trained here
    std::map<std::string, std::vector<nlohmann::json>> results{};  ///< of each method, one per seed
    std::map<std::string, DataVariant> variants{};                 ///< of methods that do not have all images

    [[nodiscard]] std::filesystem::path folder(const std::string& method, std::uint64_t seed) const {
        return out / method / message("seed-", seed);
    }
    /// The results of a method from the seed number `i`, for reading: errors name the file and the key.
    [[nodiscard]] JsonValue result(const std::string& method, std::size_t i) const {
        return {results.at(method).at(i), (folder(method, seeds.at(i)) / "results.json").string()};
    }
    [[nodiscard]] DataVariant variant(const std::string& method) const {
        const auto found = variants.find(method);
        return found == variants.end() ? DataVariant{} : found->second;
    }
    [[nodiscard]] Origin origin(const std::string& method) const {
        const auto found = origins.find(method);
        return found == origins.end() ? Origin::trained : found->second;
    }
    /// How many of a method's runs, the first ones, have weights of their own: all, or one of a given model.
    [[nodiscard]] std::size_t sets_of_weights(const std::string& method) const {
        return origin(method) == Origin::given ? std::min<std::size_t>(1, seeds.size()) : seeds.size();
    }
    /// Whether a method has results of a loss of its own, not only the first loss in its place.
    [[nodiscard]] bool has_loss(std::string_view loss, const std::string& method) const {
        const auto found = results.find(method);
        if (found == results.end()) return false;
        const std::string prefix = message(loss, ".");
        return std::any_of(found->second.begin(), found->second.end(), [&](const nlohmann::json& run) {
            return std::any_of(run.items().begin(), run.items().end(),
                               [&](const auto& item) { return item.key().starts_with(prefix); });
        });
    }
    /// Whether any method has.
    [[nodiscard]] bool has_loss(std::string_view loss) const {
        return std::any_of(results.begin(), results.end(),
                           [&](const auto& method) { return has_loss(loss, method.first); });
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
