// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include <vitscape/study/store.hpp>

namespace vitscape {

/// Takes over from a complete run all that does not depend on labels: the training with its checkpoint, and the measures of the
/// losses that training minimized, with their files. Numbers that probes gave during training are null. The curve comes last, so
/// that a run that was killed here begins anew.
/// @param from, to  folders of runs.  @param store  of the run in `to`
inline void take_training(const std::filesystem::path& from, const std::filesystem::path& to,
                          ResultStore& store) {
    const ResultStore source(from / "results.json");
    const auto of_losses = [](const std::string& name, char separator) {
        return name.starts_with(std::string("training") + separator) ||
               name.starts_with(std::string("total") + separator);
    };
    for (const auto& entry : std::filesystem::directory_iterator(from)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("checkpoint.") || of_losses(name, '-'))
            std::filesystem::copy_file(entry.path(), to / name,
                                       std::filesystem::copy_options::overwrite_existing);
    }
    for (const auto& [name, result] : source.all().items())
        if (name == "cost" || name == "solution" || of_losses(name, '.')) store.put(name, result);
    nlohmann::json curve = source.at("training");
    for (const char* by_labels : {"knn_accuracy", "probe_accuracy"})
        for (nlohmann::json& value : curve.at(by_labels)) value = nullptr;
    store.put("training", curve);
}

}  // namespace vitscape
