// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <vitscape/io/json.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// The decisions made at the start of a study and kept when it is resumed: its epochs and the level of its measures, after
/// fitting the budget, and the speeds of its methods.
struct DecidedPlan {
    std::uint32_t epochs = 0;
    int level = 0;                                ///< level of the measures (`at_level`)
    std::map<std::string, MethodSpeed> speeds{};  ///< by method name

    [[nodiscard]] nlohmann::json json() const {
        nlohmann::json all;
        for (const auto& [name, s] : speeds)
            all[name] = {s.training,
                         s.encoding,
                         s.loss.value,
                         s.loss.product,
                         s.classification.value,
                         s.classification.product};
        return {{"epochs", epochs}, {"level", level}, {"speeds", all}};
    }
    void read(const nlohmann::json& json) {
        epochs = json.at("epochs"), level = json.at("level");
        for (const auto& [name, s] : json.at("speeds").items())
            speeds[name] = {s.at(0), s.at(1), {s.at(2), s.at(3)}, {s.at(4), s.at(5)}};
    }
};

/// plan.json in the folder of a comparison: the request, so that runs with other options are not mixed in, and the
/// decisions made from it.
class PlanFile {
  public:
    explicit PlanFile(const std::filesystem::path& folder) : folder_(folder), file_(folder / "plan.json") {}

    [[nodiscard]] bool exists() const { return std::filesystem::exists(file_); }
    /// The decisions for the same request. @throws ConfigError if the stored request differs
    [[nodiscard]] nlohmann::json decided(const nlohmann::json& asked) const {
        const nlohmann::json stored = load_json(file_);
        if (const auto difference = first_difference(stored.value("asked", nlohmann::json::object()), asked))
            throw ConfigError(message(folder_.string(), " contains a comparison with other options: ",
                                      *difference, "; use the same options or choose another output folder"));
        return stored.at("decided");
    }
    /// @throws ConfigError if the folder holds anything but a lock
    void require_empty_folder() const {
        for (const auto& entry : std::filesystem::directory_iterator(folder_))
            if (entry.path().filename() != "lock")
                throw ConfigError(message(folder_.string(), " is not empty (",
                                          entry.path().filename().string(),
                                          ") and contains no comparison; choose another output folder"));
    }
    void write(const nlohmann::json& asked, const nlohmann::json& decided) const {
        write_json(file_, nlohmann::json{{"asked", asked}, {"decided", decided}});
    }

  private:
    std::filesystem::path folder_, file_;
};

}  // namespace vitscape
