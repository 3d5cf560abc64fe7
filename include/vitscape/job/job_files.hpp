// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitscape {

/// The files of a job's folder as its workers use them. Paths are relative to the folder, with '/' between names. Only what
/// NFS keeps is asked for: creation that fails where a name exists, links, renames, and that a file which is opened anew has
/// what its writer closed. A listing may be old by a minute.
class JobFiles {
  public:
    JobFiles() = default;
    JobFiles(const JobFiles&) = delete;
    JobFiles& operator=(const JobFiles&) = delete;
    virtual ~JobFiles() = default;

    /// The names in a folder, in any order; none where it is missing.
    [[nodiscard]] virtual std::vector<std::string> list(const std::string& folder) = 0;
    [[nodiscard]] virtual bool exists(const std::string& path) = 0;
    /// The content, or nothing where there is no such file.
    [[nodiscard]] virtual std::optional<std::string> read(const std::string& path) = 0;
    /// Creates the file, and its folder where that is missing; false where somebody else has. Others may see it empty first.
    [[nodiscard]] virtual bool create(const std::string& path, std::string_view text) = 0;
    /// As `create`, but nobody ever sees a part of it.
    [[nodiscard]] virtual bool publish(const std::string& path, std::string_view text) = 0;
    /// Puts a file with this content in the place of whatever is there; nobody ever sees a part of it.
    virtual void replace(const std::string& path, std::string_view text) = 0;
    /// Writes over the beginning of a file that is there; false where it is not.
    [[nodiscard]] virtual bool overwrite(const std::string& path, std::string_view text) = 0;
    /// Removes a file, if it is there.
    virtual void remove(const std::string& path) = 0;
    /// What messages call a path.
    [[nodiscard]] virtual std::string shown(const std::string& path) const = 0;
};

}  // namespace vitscape
