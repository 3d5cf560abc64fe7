// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace vitscape {

/// Tiles whose files lie in one folder: enough for few folders, few enough to be listed at once.
inline constexpr std::int64_t tiles_per_group = 256;

/// What the names of its files say of a tile:
///
///     tiles/00012/00003071.claim-2   the worker that has it, the second one
///     tiles/00012/00003071.error-1   why the first try failed
///     tiles/00012/00003071.result    the result
///     tiles/00012/00003071.failed    it was given up
///
/// The claim with the highest number counts, so a tile is taken over by the exclusive creation of the next one, and nothing
/// that its earlier owner still does makes a difference.
struct TileState {
    bool finished = false, given_up = false;
    int claim = 0;   ///< the highest number of a claim; 0: none
    int error = 0;   ///< the highest number of an error
    int errors = 0;  ///< how many

    /// Nobody needs to compute it any more.
    [[nodiscard]] bool ended() const { return finished || given_up; }
    [[nodiscard]] bool running() const { return !ended() && claim > error; }
    [[nodiscard]] bool free() const { return !ended() && claim <= error; }
};

/// The paths of a tile's files.
struct TilePaths {
    std::string folder;  ///< of all groups

    [[nodiscard]] static std::string padded(std::int64_t number, int width) {
        char text[32];
        std::snprintf(text, sizeof text, "%0*lld", width, static_cast<long long>(number));
        return text;
    }
    [[nodiscard]] static std::string group_name(std::int64_t group) { return padded(group, 5); }
    [[nodiscard]] std::string group(std::int64_t group) const { return folder + '/' + group_name(group); }
    /// Names of the groups whose tiles are all finished: files of this folder.
    [[nodiscard]] std::string finished_groups() const { return folder + "/finished"; }
    [[nodiscard]] std::string start(std::int64_t tile) const {
        return group(tile / tiles_per_group) + '/' + padded(tile, 8) + '.';
    }
    [[nodiscard]] std::string result(std::int64_t tile) const { return start(tile) + "result"; }
    [[nodiscard]] std::string given_up(std::int64_t tile) const { return start(tile) + "failed"; }
    [[nodiscard]] std::string claim(std::int64_t tile, int number) const {
        return start(tile) + "claim-" + std::to_string(number);
    }
    [[nodiscard]] std::string error(std::int64_t tile, int number) const {
        return start(tile) + "error-" + std::to_string(number);
    }
};

/// The states of a group's tiles, of which the first has the number `first`, by the names in its folder. Names that are none
/// of a tile's count for nothing.
[[nodiscard]] inline std::vector<TileState> tile_states(const std::vector<std::string>& names,
                                                        std::int64_t first, std::int64_t count) {
    std::vector<TileState> states(static_cast<std::size_t>(count));
    const auto number_in = [](std::string_view text, auto& number) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        return !text.empty() && error == std::errc{} && end == text.data() + text.size();
    };
    for (const std::string& name : names) {
        const std::string_view text = name;
        std::int64_t tile = -1;
        if (text.size() < 10 || text[8] != '.' || !number_in(text.substr(0, 8), tile) || tile < first ||
            tile >= first + count)
            continue;
        TileState& state = states[static_cast<std::size_t>(tile - first)];
        const std::string_view kind = text.substr(9);
        int number = 0;
        if (kind == "result") {
            state.finished = true;
        } else if (kind == "failed") {
            state.given_up = true;
        } else if (kind.starts_with("claim-") && number_in(kind.substr(6), number)) {
            state.claim = std::max(state.claim, number);
        } else if (kind.starts_with("error-") && number_in(kind.substr(6), number)) {
            state.error = std::max(state.error, number);
            ++state.errors;
        }
    }
    return states;
}

}  // namespace vitscape
