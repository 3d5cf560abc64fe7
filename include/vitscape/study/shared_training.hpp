// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include <vitscape/core/json_value.hpp>
#include <vitscape/study/run_part.hpp>
#include <vitscape/study/training_folder.hpp>

namespace vitscape {

/// Takes over from another run all that does not depend on labels: the training with its checkpoint, and the measures of the
/// losses that training minimized, with their files. Numbers that probes gave during training are null.
/// @param from, to  folders of runs  @param source  the results of the run in `from`
/// @returns the results for the run in `to`
[[nodiscard]] inline nlohmann::json take_training(const std::filesystem::path& from,
                                                  const std::filesystem::path& to,
                                                  const nlohmann::json& source) {
    const JsonValue checked(source, (from / "results.json").string());
    (void)checked.at("training");
    std::filesystem::create_directories(to);
    for (const auto& entry : std::filesystem::directory_iterator(from)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("checkpoint.") || belongs_to_training(name, '-'))
            copy_whole(entry.path(), to / name);
    }
    nlohmann::json taken;
    for (const auto& [name, result] : source.items())
        if (belongs_to_training(name)) taken[name] = result;
    for (const char* by_labels : {"knn_accuracy", "probe_accuracy"})
        for (nlohmann::json& value : taken.at("training").at(by_labels)) value = nullptr;
    return taken;
}

}  // namespace vitscape
