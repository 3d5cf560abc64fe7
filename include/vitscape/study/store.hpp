// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include <vitscape/core/json_value.hpp>
#include <vitscape/io/json.hpp>

namespace vitscape {

/// Named results of successive pieces of work in one file, which is rewritten after each, so that a run that was stopped
/// does not repeat them.
class ResultStore {
  public:
    ResultStore() = default;  ///< in memory alone
    explicit ResultStore(std::filesystem::path path) : path_(std::move(path)) {
        if (!std::filesystem::exists(path_)) return;
        results_ = load_json(path_);
        (void)JsonValue(results_, path_.string()).contains("");  // it is an object
    }
    [[nodiscard]] bool has(const std::string& name) const { return results_.contains(name); }
    [[nodiscard]] const nlohmann::json& at(const std::string& name) const {
        if (!has(name))
            throw IoError(message(path_.string(), " has no result '", name, "'; the run is not complete"));
        return results_.at(name);
    }
    /// As `at`, for reading: errors name the file and the key.
    [[nodiscard]] JsonValue checked(const std::string& name) const {
        return JsonValue(results_, path_.string()).at(name);
    }
    [[nodiscard]] const nlohmann::json& all() const { return results_; }
    void put(const std::string& name, const nlohmann::json& value) {
        put_all(nlohmann::json::object({{name, value}}));
    }
    /// The same of all entries of an object, at once.
    void put_all(const nlohmann::json& entries) {
        // as they will be read back: a number that is not finite is null
        results_.update(nlohmann::json::parse(json_text(entries)));
        if (!path_.empty()) write_json(path_, results_);
    }

  private:
    std::filesystem::path path_;
    nlohmann::json results_ = nlohmann::json::object();
};

}  // namespace vitscape
