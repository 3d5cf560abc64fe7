// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <system_error>

#include <vitscape/core/json_value.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/study/measure.hpp>
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
                         s.loss.jets,
                         s.classification.value,
                         s.classification.product,
                         s.classification.jets,
                         s.tuning};
        return {{"epochs", epochs}, {"level", level}, {"speeds", all}};
    }
    /// @throws IoError naming the entry that is missing or out of range
    void read(const JsonValue& json) {
        epochs = json.at("epochs").number<std::uint32_t>(1, std::numeric_limits<std::uint32_t>::max());
        level = json.at("level").number(0, coarsest_level);
        json.at("speeds").for_each([&](const std::string& name, const JsonValue& numbers) {
            std::array<double, 9> s{};
            for (std::size_t i = 0; i < s.size(); ++i)
                s[i] = numbers.at(i).number(0.0, std::numeric_limits<double>::max());
            speeds[name] = {s[0], s[1], {s[2], s[3], s[4]}, {s[5], s[6], s[7]}, s[8]};
        });
    }
};

/// plan.json in the folder of a comparison: the request, so that runs with other options are not mixed in, and the
/// decisions made from it.
class PlanFile {
  public:
    explicit PlanFile(const std::filesystem::path& folder) : folder_(folder), file_(folder / "plan.json") {}

    [[nodiscard]] bool exists() const { return std::filesystem::exists(file_); }
    /// The decisions for the same request. @throws ConfigError if the stored request differs
    [[nodiscard]] DecidedPlan decided(const nlohmann::json& asked) const {
        const nlohmann::json stored = load_json(file_);
        const JsonValue plan(stored, file_.string());
        if (const auto difference = first_difference(plan.at("asked").json(), asked))
            throw ConfigError(message(folder_.string(), " contains a comparison with other options: ",
                                      *difference, "; use the same options or choose another output folder"));
        DecidedPlan decided;
        decided.read(plan.at("decided"));
        for (const auto& [name, method] : asked.at("methods").items())
            if (!decided.speeds.contains(name))
                plan.at("decided").at("speeds").refuse("has no entry '", name, "'");
        return decided;
    }
    /// @param except  a folder that may be inside
    /// @throws ConfigError if the folder holds anything but a lock and what a killed run left of its plan
    void require_empty_folder(const std::filesystem::path& except = {}) const {
        detail::remove_leftovers(file_);
        for (const auto& entry : std::filesystem::directory_iterator(folder_))
            if (std::error_code ignored;
                entry.path().filename() != "lock" &&
                (except.empty() || !std::filesystem::equivalent(entry.path(), except, ignored)))
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
