// SPDX-License-Identifier: Apache-2.0
//
// Files that a program reads and writes: no output may be an input.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/open_dataset.hpp>

namespace program {

/// A file, or a folder of images, and the option that names it.
struct NamedPath {
    std::string option;
    std::filesystem::path path;
};

/// Whether two names mean one file, through links and ways round, there or not yet there.
[[nodiscard]] inline bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
    std::error_code one, other;
    if (std::filesystem::equivalent(a, b, one) && !one) return true;
    const auto left = std::filesystem::weakly_canonical(std::filesystem::absolute(a), one),
               right = std::filesystem::weakly_canonical(std::filesystem::absolute(b), other);
    return !one && !other && left == right;
}

/// What is read of a checkpoint: the file, and its description beside it, which belongs to it.
[[nodiscard]] inline std::vector<NamedPath> checkpoint_files(const std::string& option,
                                                             const std::string& file) {
    if (file.empty()) return {};
    return {{option, file}, {option, std::filesystem::path(file).replace_extension(".json")}};
}
/// The folder or files of images that a name as of --data means; none for images that are built in.
[[nodiscard]] inline std::vector<NamedPath> image_files(const std::string& option, const std::string& data) {
    std::vector<NamedPath> files;
    for (const std::filesystem::path& file : vitscape::dataset_files(data)) files.push_back({option, file});
    return files;
}

/// @throws ConfigError naming both options where an output is an input, would become an image of a folder that is read, or is
///         another output
inline void require_distinct(const std::vector<std::vector<NamedPath>>& inputs,
                             const std::vector<NamedPath>& outputs) {
    using vitscape::ConfigError, vitscape::message;
    static const std::set<std::string> images{".png", ".jpg", ".jpeg", ".bin"};
    for (auto output = outputs.begin(); output != outputs.end(); ++output) {
        for (const auto& group : inputs)
            for (const NamedPath& input : group) {
                if (same_file(input.path, output->path))
                    throw ConfigError(message(output->option, " would overwrite ", input.path.string(),
                                              ", which ", input.option, " reads; choose another name"));
                if (images.count(output->path.extension().string()) == 0) continue;
                for (std::filesystem::path at = output->path; at.has_parent_path() && at != at.parent_path();
                     at = at.parent_path())
                    if (same_file(at.parent_path(), input.path))
                        throw ConfigError(message(output->option, " would write ", output->path.string(),
                                                  " among the images of ", input.option,
                                                  "; choose another place"));
            }
        for (auto other = outputs.begin(); other != output; ++other)
            if (same_file(other->path, output->path))
                throw ConfigError(message(output->option, " and ", other->option, " would both write ",
                                          output->path.string(), "; choose another name"));
    }
}

}  // namespace program
