// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/io/checksum.hpp>
#include <vitscape/job/clock.hpp>
#include <vitscape/job/heartbeat.hpp>
#include <vitscape/job/job_files.hpp>
#include <vitscape/job/tile_state.hpp>

namespace vitscape {

/// When a tile is given up.
struct TileLimits {
    int errors = 3;   ///< tries that ended with an error
    int losses = 10;  ///< tries whose worker vanished, which are mostly not the tile's fault
};

/// Which tiles a worker takes, and when. Each function is given a tile's number; one that is left out changes nothing.
struct TileRules {
    std::function<bool(std::int64_t)> takes{};  ///< whether it computes the tile at all
    std::function<std::vector<std::int64_t>(std::int64_t)>
        needs{};                                    ///< tiles that must be finished before it
    std::function<double(std::int64_t)> urgency{};  ///< of those that are free it takes the largest first
    bool waits = true;                              ///< for the end of tiles that it does not take as well
};

/// A tile that this worker is to compute.
struct TileClaim {
    std::int64_t tile = 0;
    int number = 1;  ///< which claim of this tile
    int errors = 0;  ///< earlier tries that ended with one
};

/// Hands tiles of a folder to one of many workers, each of which has a TileFolder of its own. They agree by the files alone.
///
/// A worker goes through groups of tiles in an order of its own, lists each once and claims what was free then. Only when
/// a whole round gave nothing does it watch the heartbeats of those who have the rest, and takes over what stands still.
/// So the number of its file operations per tile does not depend on the number of tiles or workers.
class TileFolder {
  public:
    /// @param folder    of the tiles' files in the job's
    /// @param worker    name of this worker's heartbeat
    /// @param patience  seconds for which a heartbeat stands still before its tiles are taken over
    TileFolder(JobFiles& files, std::string folder, std::int64_t tiles, std::string worker, double patience,
               JobClock clock = {}, TileRules rules = {}, TileLimits limits = {})
        : files_(files),
          paths_{std::move(folder)},
          tiles_(tiles),
          worker_(std::move(worker)),
          patience_(patience),
          clock_(std::move(clock)),
          rules_(std::move(rules)),
          limits_(limits),
          salt_(Checksum().update(worker_).value()),
          watch_(patience / 4) {
        const std::int64_t groups = (tiles + tiles_per_group - 1) / tiles_per_group;
        for (std::int64_t group = 0; group < groups; ++group) open_.push_back(group);
        RandomSequence({.seed = salt_, .purpose = Purpose::permutation}).shuffle(std::span(open_));
        at_ = open_.size();  // the first round has not begun
        finished_in_.assign(static_cast<std::size_t>(groups), 0);
    }

    /// The next tile, claimed for this worker; nothing when all are finished or given up. Waits while others have the rest, and for
    /// tiles that must come first. A tile that needs one that was given up is given up too.
    /// @throws Interrupted when `must_stop()`; IoError where the folder cannot be used
    [[nodiscard]] std::optional<TileClaim> next(const std::function<bool()>& must_stop = {}) {
        for (;;) {
            if (must_stop && must_stop()) throw Interrupted("stopped between two tiles");
            while (!free_.empty()) {
                const TileClaim tile = free_.back();
                free_.pop_back();
                if (claim(tile)) return tile;
            }
            if (at_ == open_.size() || fruitless_ >= at_once_) {
                const bool round = at_ == open_.size();
                if (round) std::erase_if(open_, [&](std::int64_t group) { return ended_.contains(group); });
                if (round) at_ = open_.size();
                if (open_.empty()) return std::nullopt;
                if (!fruitful_ || !round) {
                    if (const auto taken = take_over()) return taken;
                    clock_.sleep(pause_);
                    if (round) pause_ = std::min(2 * pause_, longest_pause());
                    fruitless_ = 0;
                }
                if (round)
                    begin_round();
                else
                    drop_finished();
            } else {
                look_at(open_[at_++]);
            }
        }
    }

    /// Hands in the result of a claimed tile. One that is there already may be replaced: they have the same bytes.
    /// @throws IoError where it cannot be written; the tile is free then
    void finish(const TileClaim& claim, std::string_view result) {
        try {
            files_.replace(paths_.result(claim.tile), result);
        } catch (const IoError&) {
            if (files_.read(paths_.result(claim.tile)) != result) {
                release(claim);
                throw;
            }
        }
        ++finished_in_[static_cast<std::size_t>(claim.tile / tiles_per_group)];
        if (rules_.needs) known_finished_.insert(claim.tile);
        remove_claims(claim);
    }

    /// Notes that a try failed, and gives the tile up after as many as the limit says; otherwise it is free for another try.
    /// @throws IoError where that cannot be written
    void fail(const TileClaim& claim, const std::string& why) {
        const std::string text = message("try ", claim.number, " by ", worker_, ": ", why, '\n');
        files_.replace(paths_.error(claim.tile, claim.number), text);
        if (claim.errors + 1 >= limits_.errors) files_.replace(paths_.given_up(claim.tile), text);
        remove_claims(claim);
    }

    /// Lets others have the tile.
    void release(const TileClaim& claim) { remove_claims(claim); }

    /// Tiles known to be finished; more may be.
    [[nodiscard]] std::int64_t finished() const {
        std::int64_t sum = 0;
        for (const std::int64_t count : finished_in_) sum += count;
        return sum;
    }
    /// The tiles that were given up, with the last reason, as far as they are known: all of them when `next` gave nothing.
    [[nodiscard]] std::map<std::int64_t, std::string> given_up() {
        std::map<std::int64_t, std::string> all;
        for (const std::int64_t tile : given_up_) all[tile] = files_.read(paths_.given_up(tile)).value_or("");
        return all;
    }
    [[nodiscard]] const TilePaths& paths() const { return paths_; }

  private:
    static constexpr double first_pause = 0.02;
    /// All idle workers together wake at most 200 times in a second, and few of them soon after what they wait for.
    [[nodiscard]] double longest_pause() const {
        return std::min(std::clamp(static_cast<double>(workers_) / 200, 0.1, 5.0), patience_ / 8);
    }
    [[nodiscard]] std::int64_t first_of(std::int64_t group) const { return group * tiles_per_group; }
    [[nodiscard]] std::int64_t count_of(std::int64_t group) const {
        return std::min(tiles_per_group, tiles_ - first_of(group));
    }

    /// Many idle workers share the looking: each looks at some groups at a time.
    void begin_round() {
        at_ = fruitless_ = 0;
        fruitful_ = false;
        drop_finished();
        workers_ = std::max<std::size_t>(1, files_.list("workers").size());
        at_once_ = std::max<std::size_t>(1, 16 * open_.size() / workers_);
    }
    /// Of the groups that this round has not looked at, those that somebody else saw finished.
    void drop_finished() {
        std::vector<std::string> names = files_.list(paths_.finished_groups());
        std::sort(names.begin(), names.end());
        const auto is_finished = [&](std::int64_t group) {
            if (!std::binary_search(names.begin(), names.end(), TilePaths::group_name(group))) return false;
            finished_in_[static_cast<std::size_t>(group)] = count_of(group);
            drop_running(group);
            return true;
        };
        open_.erase(
            std::remove_if(open_.begin() + static_cast<std::ptrdiff_t>(at_), open_.end(), is_finished),
            open_.end());
    }

    void drop_running(std::int64_t group) {
        running_.erase(running_.lower_bound(first_of(group)), running_.lower_bound(first_of(group + 1)));
    }

    /// Whether what a tile needs is finished, or was given up.
    struct Readiness {
        bool ready = true;
        std::optional<std::int64_t> given_up{};
    };
    /// @param states  of the tile's group, whose first tile is `first`
    [[nodiscard]] Readiness readiness(std::int64_t tile, const std::vector<TileState>& states,
                                      std::int64_t first) {
        if (!rules_.needs) return {};
        Readiness found;
        for (const std::int64_t needed : rules_.needs(tile)) {
            if (known_finished_.contains(needed)) continue;
            const bool listed = needed >= first;  // an earlier tile of this group
            const bool given_up = listed ? states[static_cast<std::size_t>(needed - first)].given_up
                                         : files_.exists(paths_.given_up(needed));
            if (!listed && files_.exists(paths_.result(needed)))
                known_finished_.insert(needed);
            else if (given_up)
                return {false, needed};
            else
                found.ready = false;
        }
        return found;
    }

    void look_at(std::int64_t group) {
        const std::int64_t first = first_of(group), count = count_of(group);
        const std::vector<TileState> states = tile_states(files_.list(paths_.group(group)), first, count);
        drop_running(group);
        std::int64_t finished = 0, ended = 0;
        for (std::int64_t i = 0; i < count; ++i) {
            const TileState& state = states[static_cast<std::size_t>(i)];
            const bool takes = !rules_.takes || rules_.takes(first + i);
            finished += state.finished;
            if (state.finished && rules_.needs) known_finished_.insert(first + i);
            const Readiness ready =
                takes && !state.ended() ? readiness(first + i, states, first) : Readiness{.ready = false};
            if (ready.given_up) {
                files_.replace(paths_.given_up(first + i),
                               message("it needs tile ", *ready.given_up, ", which was given up\n"));
                given_up_.insert(first + i);
            }
            ended += state.ended() || ready.given_up || (!takes && !rules_.waits);
            if (state.given_up && !state.finished) given_up_.insert(first + i);
            if (state.free() && ready.ready) free_.push_back({first + i, state.error + 1, state.errors});
            if (state.running() && takes) running_[first + i] = {first + i, state.claim, state.errors};
        }
        finished_in_[static_cast<std::size_t>(group)] = finished;
        if (ended == count) ended_.insert(group);
        if (finished == count)
            (void)files_.create(paths_.finished_groups() + '/' + TilePaths::group_name(group), "");
        RandomSequence(
            {.seed = salt_, .purpose = Purpose::permutation, .sample = static_cast<std::uint32_t>(group)})
            .shuffle(std::span(free_));  // so that workers of one group rarely try the same one
        if (rules_.urgency)              // the last one is taken first
            std::stable_sort(free_.begin(), free_.end(), [&](const TileClaim& a, const TileClaim& b) {
                return rules_.urgency(a.tile) < rules_.urgency(b.tile);
            });
        ++fruitless_;
    }

    /// Creates the claim; false where somebody else has it, or it ended since the folder was listed.
    bool claim(const TileClaim& tile) {
        if (!files_.create(paths_.claim(tile.tile, tile.number), worker_)) return false;
        // opened and not only asked for: NFS keeps for a while that a name is not there
        if (files_.read(paths_.result(tile.tile)) || files_.read(paths_.given_up(tile.tile))) {
            remove_claims(tile);
            return false;
        }
        fruitful_ = true;
        fruitless_ = 0;
        pause_ = first_pause;
        return true;
    }
    /// This claim and those of vanished workers before it.
    void remove_claims(const TileClaim& claim) {
        for (int number = claim.number; number > 0; --number) files_.remove(paths_.claim(claim.tile, number));
    }

    /// Looks at the heartbeats of some of those who have tiles, and takes one over that stands still.
    std::optional<TileClaim> take_over() {
        if (clock_.now() < next_look_) return std::nullopt;
        std::vector<std::pair<std::uint32_t, std::int64_t>> order;  // each worker looks at others
        for (const auto& [tile, state] : running_)
            order.emplace_back(random_block({.seed = salt_}, static_cast<std::uint32_t>(tile))[0], tile);
        std::sort(order.begin(), order.end());
        if (order.size() > watched_) order.resize(watched_);
        for (const auto& [rank, tile] : order) {
            const TileClaim seen = running_.at(tile);
            const std::string path = paths_.claim(tile, seen.number);
            const std::optional<std::string> owner = files_.read(path);
            if (!owner) {  // it ended meanwhile, or is free
                running_.erase(tile);
                watch_.forget(path);
                continue;
            }
            const bool named =
                !owner->empty() && owner->find('/') == std::string::npos && owner->front() != '.';
            const std::optional<std::string> beat =
                named ? files_.read(Beat::path(*owner)) : std::optional<std::string>();
            const double still =
                watch_.look(path, *owner + '\n' + beat.value_or("no heartbeat"), clock_.now());
            if (still < patience_) continue;
            running_.erase(tile);
            watch_.forget(path);
            watched_ = std::min<std::size_t>(2 * watched_, 1 << 20);  // where one vanished, many may have
            if (seen.number - seen.errors >= limits_.losses) {
                files_.replace(paths_.given_up(tile),
                               message(limits_.losses, " workers vanished while they had it\n"));
                continue;
            }
            const TileClaim next{tile, seen.number + 1, seen.errors};
            if (claim(next)) return next;
        }
        next_look_ = clock_.now() + patience_ / 12;
        return std::nullopt;
    }

    JobFiles& files_;
    TilePaths paths_;
    std::int64_t tiles_;
    std::string worker_;
    double patience_;
    JobClock clock_;
    TileRules rules_;
    TileLimits limits_;
    std::uint64_t salt_;

    std::vector<std::int64_t> open_;         // groups not known to have ended, in this worker's order
    std::set<std::int64_t> ended_;           // of them, those that ended in this round
    std::vector<std::int64_t> finished_in_;  // of each group
    std::set<std::int64_t> given_up_, known_finished_;  // the latter where tiles need others
    std::size_t at_ = 0;                                // in open_: the group to look at next
    std::size_t at_once_ = 1;                           // groups to look at before a pause
    std::size_t fruitless_ = 0;                         // groups looked at since the last claim
    bool fruitful_ = true;                              // whether this round gave a claim
    std::size_t workers_ = 1;                           // as this round began
    double pause_ = first_pause;

    std::vector<TileClaim> free_;                // of the group looked at last
    std::map<std::int64_t, TileClaim> running_;  // claims of others, as seen last
    StillnessWatch watch_;
    std::size_t watched_ = 16;
    double next_look_ = 0;  // at the heartbeats
};

}  // namespace vitscape
