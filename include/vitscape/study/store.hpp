// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>
#include <sys/file.h>

#include <vitscape/io/json.hpp>

namespace vitscape {

/// Keeps other processes out of a folder while it lives; the system lifts the lock of a process that was killed.
class FolderLock {
  public:
    /// @throws ConfigError where another process holds the folder; IoError where it cannot be written
    explicit FolderLock(const std::filesystem::path& folder)
        : file_(detail::open_file(folder / "lock", O_RDWR | O_CREAT, "open")) {
        if (::flock(file_.number(), LOCK_EX | LOCK_NB) != 0)
            throw ConfigError(message("another process works in ", folder.string(),
                                      "; wait for its end or choose another folder"));
    }

  private:
    detail::FileDescriptor file_;
};

/// Named results of successive pieces of work in one file, which is rewritten after each, so that a run that was stopped
/// does not repeat them.
class ResultStore {
  public:
    explicit ResultStore(std::filesystem::path path) : path_(std::move(path)) {
        if (std::filesystem::exists(path_)) results_ = load_json(path_);
    }
    [[nodiscard]] bool has(const std::string& name) const { return results_.contains(name); }
    [[nodiscard]] const nlohmann::json& at(const std::string& name) const {
        if (!has(name))
            throw IoError(message(path_.string(), " has no result '", name, "'; the run is not complete"));
        return results_.at(name);
    }
    [[nodiscard]] const nlohmann::json& all() const { return results_; }
    void put(const std::string& name, nlohmann::json value) {
        // as it will be read back: a number that is not finite is null
        results_[name] = nlohmann::json::parse(value.dump());
        write_json(path_, results_);
    }

  private:
    std::filesystem::path path_;
    nlohmann::json results_ = nlohmann::json::object();
};

}  // namespace vitscape
