// SPDX-License-Identifier: Apache-2.0
//
// A job's files in memory, with a clock that only tests move, and what a network file system does to them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/job/clock.hpp>
#include <vitscape/job/job_files.hpp>

namespace vitscape::test {

/// What several workers share.
struct MemoryDisk {
    struct File {
        std::string text;
        double created = 0, removed = 1e300;  ///< when it appeared and went
        const void* by = nullptr;             ///< who created it
        [[nodiscard]] bool there() const { return removed > 1e299; }
    };
    std::map<std::string, std::vector<File>>
        files;  ///< of each path one after another, the last may be there
    double now = 0;

    [[nodiscard]] JobClock clock() {
        return {.now = [this] { return now; }, .sleep = [this](double seconds) { now += seconds; }};
    }
};

/// One worker's view. With a `delay` it lists names and finds files as they were so long ago, except its own, as NFS with
/// cached attributes does; creation, reading and renaming are exact.
class MemoryFiles final : public JobFiles {
  public:
    explicit MemoryFiles(MemoryDisk& disk, double delay = 0) : disk_(disk), delay_(delay) {}

    [[nodiscard]] std::vector<std::string> list(const std::string& folder) override {
        const std::string start = folder + '/';
        std::vector<std::string> names;
        for (auto at = disk_.files.lower_bound(start);
             at != disk_.files.end() && at->first.starts_with(start); ++at)
            if (visible(at->second)) names.push_back(at->first.substr(start.size()));
        return names;
    }
    [[nodiscard]] bool exists(const std::string& path) override {
        const auto found = disk_.files.find(path);
        return found != disk_.files.end() && visible(found->second);
    }
    [[nodiscard]] std::optional<std::string> read(const std::string& path) override {
        const MemoryDisk::File* file = there(path);
        return file ? std::optional(file->text) : std::nullopt;
    }
    [[nodiscard]] bool create(const std::string& path, std::string_view text) override {
        if (there(path)) return false;
        disk_.files[path].push_back({.text = std::string(text), .created = disk_.now, .by = this});
        return true;
    }
    [[nodiscard]] bool publish(const std::string& path, std::string_view text) override {
        return create(path, text);
    }
    void replace(const std::string& path, std::string_view text) override {
        if (auto* file = there(path))
            file->text = text;
        else
            (void)create(path, text);
    }
    [[nodiscard]] bool overwrite(const std::string& path, std::string_view text) override {
        auto* file = there(path);
        if (file) file->text = text;
        return file != nullptr;
    }
    void remove(const std::string& path) override {
        if (auto* file = there(path)) file->removed = disk_.now;
    }
    [[nodiscard]] std::string shown(const std::string& path) const override { return "memory/" + path; }

  private:
    [[nodiscard]] MemoryDisk::File* there(const std::string& path) {
        const auto found = disk_.files.find(path);
        return found != disk_.files.end() && found->second.back().there() ? &found->second.back() : nullptr;
    }
    [[nodiscard]] bool visible(const std::vector<MemoryDisk::File>& versions) const {
        const double then = disk_.now - delay_;
        for (const MemoryDisk::File& file : versions) {
            const bool appeared = file.created <= then || file.by == this;
            if (appeared && (file.there() || file.removed > then)) return true;
        }
        return false;
    }

    MemoryDisk& disk_;
    double delay_;
};

}  // namespace vitscape::test
