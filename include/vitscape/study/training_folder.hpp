// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/io/checkpoint.hpp>

namespace vitscape {

/// Copies a file; nobody ever sees a part of the copy, which may replace another one.
/// @throws IoError where it cannot be written
inline void copy_whole(const std::filesystem::path& from, const std::filesystem::path& to) {
    const std::filesystem::path beside = detail::temporary_beside(to);
    std::error_code code;
    std::filesystem::copy_file(from, beside, std::filesystem::copy_options::overwrite_existing, code);
    if (!code) std::filesystem::rename(beside, to, code);
    if (!code) return;
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    detail::throw_io_error("copy to", to, code.value());
}

/// Where a run is trained: in its folder, or, if several workers share a study, in a folder of this worker inside, whose files
/// become the run's when the training is complete. So a worker that was taken for dead and wakes up disturbs nobody: two that
/// train the same run never write one file. A new one goes on from the furthest state that any other has left.
class TrainingFolder {
  public:
    /// @param worker  a name that no other worker has; empty: nobody else works on the study
    TrainingFolder(std::filesystem::path run, const std::string& worker)
        : run_(std::move(run)), own_(worker.empty() ? run_ : run_ / (prefix + worker)) {
        std::filesystem::create_directories(own_);
        if (own_ == run_) return;
        std::filesystem::path furthest = own_;
        Reached most = reached(own_);
        for (const std::filesystem::path& other : with_unfinished(run_))
            if (const Reached here = reached(other); here > most) most = here, furthest = other;
        if (furthest == own_) return;
        for (const char* name : {"checkpoint.safetensors", "checkpoint.json", "log.jsonl"})
            if (std::filesystem::exists(furthest / name)) copy_whole(furthest / name, own_ / name);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return own_; }

    /// Gives the files of the complete training to the run.
    void publish() const {
        if (own_ == run_) return;
        for (const auto& entry : std::filesystem::directory_iterator(own_))
            std::filesystem::rename(entry.path(), run_ / entry.path().filename());
        std::filesystem::remove(own_);
    }
    /// Removes what workers left that did not complete the training of a run.
    static void remove_unfinished(const std::filesystem::path& run) {
        std::error_code ignored;
        for (const std::filesystem::path& folder : with_unfinished(run))
            if (folder != run) std::filesystem::remove_all(folder, ignored);
    }

  private:
    static constexpr const char* prefix = "unfinished.";
    using Reached = std::pair<std::uint32_t, std::size_t>;  // epochs, and batches of the next one

    [[nodiscard]] static std::vector<std::filesystem::path> with_unfinished(
        const std::filesystem::path& run) {
        std::vector<std::filesystem::path> all{run};
        for (const auto& entry : std::filesystem::directory_iterator(run))
            if (entry.path().filename().string().starts_with(prefix)) all.push_back(entry.path());
        return all;
    }
    /// Of the checkpoint in a folder; nothing of one that is missing, damaged, or replaced at this moment.
    [[nodiscard]] static Reached reached(const std::filesystem::path& folder) {
        const std::filesystem::path file = folder / "checkpoint.safetensors";
        if (!std::filesystem::exists(file)) return {};
        try {
            const Checkpoint checkpoint = Checkpoint::load(file);
            const JsonValue state = checkpoint.described().at("state");
            return {state.at("epoch").to<std::uint32_t>(), state.at("batch").to<std::size_t>()};
        } catch (const Error&) {
            return {};
        }
    }

    std::filesystem::path run_, own_;
};

}  // namespace vitscape
