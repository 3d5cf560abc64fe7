// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>

namespace vitscape {

/// The archives of a set, and the folder in them that holds its images; empty for all images.
struct TarArchives {
    std::vector<std::filesystem::path> files{};
    std::string inside{};
};

namespace detail {

inline constexpr std::size_t most_archives = 100000;

/// "a-{08..10}.tar" as a-08.tar, a-09.tar, a-10.tar, as the shell would; both numbers have the same digits where one begins with
/// a zero. Several ranges give all combinations, the last one fastest.
/// @throws ConfigError for braces that hold no range, a range that ends before it begins, and too many names
inline std::vector<std::string> expand_ranges(const std::string& text) {
    const std::size_t open = text.find('{');
    if (open == std::string::npos) return {text};
    const std::size_t close = text.find('}', open), dots = text.find("..", open);
    const auto refuse = [&](const auto&... why) {
        throw ConfigError(
            message("tar archives '", text, "': ", why..., "; write a range, as in {000..010}"));
    };
    if (close == std::string::npos || dots == std::string::npos || dots > close)
        refuse("braces without a range");
    const auto number = [&](const std::string& digits) {
        if (digits.empty() || digits.size() > 9 ||
            digits.find_first_not_of("0123456789") != std::string::npos)
            refuse("'", digits, "' is no whole number of up to nine digits");
        return std::stoul(digits);
    };
    const std::string first = text.substr(open + 1, dots - open - 1),
                      last = text.substr(dots + 2, close - dots - 2);
    const unsigned long from = number(first), to = number(last);
    if (to < from) refuse("the range ends before it begins");
    const std::vector<std::string> behind = expand_ranges(text.substr(close + 1));
    if ((to - from + 1) > most_archives / behind.size()) refuse("more than ", most_archives, " names");
    const bool padded = first.front() == '0' || last.front() == '0';
    const std::size_t digits = padded ? std::max(first.size(), last.size()) : 1;
    std::vector<std::string> names;
    for (unsigned long i = from; i <= to; ++i) {
        std::string middle = std::to_string(i);
        if (middle.size() < digits) middle.insert(0, digits - middle.size(), '0');
        for (const std::string& rest : behind) names.push_back(text.substr(0, open) + middle + rest);
    }
    return names;
}

/// The archives in a folder, sorted by name.
inline std::vector<std::filesystem::path> archives_in(const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    std::vector<fs::path> files;
    std::error_code error;
    std::string packed;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const std::string name = entry->path().filename().native();
        if (name.front() == '.') continue;
        if (name.ends_with(".tar")) files.push_back(entry->path());
        if (name.ends_with(".tar.gz") || name.ends_with(".tgz")) packed = entry->path().string();
    }
    if (error) throw DataError(message("folder ", folder.string(), " cannot be read: ", error.message()));
    if (files.empty())
        throw DataError(
            message("folder ", folder.string(), " holds no .tar files",
                    packed.empty() ? "" : message("; unpack those that are packed: gzip -dk ", packed)));
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace detail

/// What a name of tar archives means: a file; a folder, for all its `.tar` files, sorted; several of them by a range,
/// `shard-{000..010}.tar`; and behind each of these a folder inside of the archives, `images.tar/train`.
/// @throws DataError for files that are not there; ConfigError for braces that hold no range
inline TarArchives find_tar_archives(const std::string& name) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    TarArchives archives;
    bool first = true;
    for (const std::string& one :
         fs::exists(name, ignored) ? std::vector<std::string>{name} : detail::expand_ranges(name)) {
        fs::path file = fs::path(one).lexically_normal();
        if (!file.has_filename()) file = file.parent_path();  // a/ is a
        std::string inside;
        while (!fs::exists(file, ignored) && file.has_parent_path() && file != file.parent_path()) {
            inside = file.filename().string() + (inside.empty() ? "" : "/" + inside);
            file = file.parent_path();
        }
        if (!fs::exists(file, ignored) || (!inside.empty() && fs::is_directory(file, ignored)))
            throw DataError(message("tar archive ", one, " does not exist"));
        if (!first && inside != archives.inside)
            throw ConfigError(message("tar archives '", name, "': a range belongs in front of .tar"));
        first = false;
        archives.inside = inside;
        if (fs::is_directory(file, ignored))
            for (fs::path& found : detail::archives_in(file)) archives.files.push_back(std::move(found));
        else
            archives.files.push_back(std::move(file));
    }
    return archives;
}

}  // namespace vitscape
