// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <vitscape/core/error.hpp>
#include <vitscape/job/clock.hpp>
#include <vitscape/job/job_files.hpp>

namespace vitscape {

/// What a worker's heartbeat says: FOLDER/workers/NAME, one line that is written over in its place.
struct Beat {
    std::uint64_t number = 0;
    std::int64_t tiles = 0;    ///< that it has finished
    double seconds = 0;        ///< since it began with the first one
    double planned = 0;        ///< seconds that the plan expects these tiles to take, where it does
    double took = 0;           ///< seconds after which the last of them was finished
    std::string takes{"any"};  ///< kinds of tiles, with commas between, at most 40 letters

    [[nodiscard]] static std::string path(const std::string& worker) { return "workers/" + worker; }
    /// Of one length, so that writing it needs no space on a disk that is full meanwhile.
    [[nodiscard]] std::string text() const {
        std::array<char, 192> line{};
        std::snprintf(line.data(), line.size(),
                      "beat %12llu tiles %12lld seconds %16.3f planned %16.3f took %16.3f takes %-40.40s\n",
                      static_cast<unsigned long long>(number), static_cast<long long>(tiles), seconds,
                      planned, took, takes.c_str());
        return line.data();
    }
    /// Nothing for a text that is not one.
    [[nodiscard]] static std::optional<Beat> parse(const std::string& text) {
        unsigned long long number = 0;
        long long tiles = 0;
        Beat beat;
        std::array<char, 41> takes{};
        if (std::sscanf(text.c_str(), "beat %llu tiles %lld seconds %lf planned %lf took %lf takes %40s",
                        &number, &tiles, &beat.seconds, &beat.planned, &beat.took, takes.data()) != 6)
            return std::nullopt;
        beat.takes = takes.data();
        beat.number = number;
        beat.tiles = tiles;
        return beat;
    }
};

/// Shows other workers that this one lives, until its end.
class Heartbeat {
  public:
    /// @param takes  kinds of tiles, without spaces and with commas between
    Heartbeat(JobFiles& files, std::string worker, JobClock clock, std::string takes = "any")
        : files_(files), worker_(std::move(worker)), clock_(std::move(clock)), start_(clock_.now()) {
        beat_.takes = std::move(takes);
        if (!files_.create(Beat::path(worker_), beat_.text()))
            throw ConfigError(message("two workers of this job have the name ", worker_));
    }
    Heartbeat(const Heartbeat&) = delete;
    ~Heartbeat() {
        try {
            files_.remove(Beat::path(worker_));
        } catch (const Error&) {  // it stands still instead
        }
    }

    /// One beat more. @throws IoError where it cannot be written
    void beat() {
        const std::lock_guard lock(mutex_);
        ++beat_.number;
        beat_.seconds = clock_.now() - start_;
        const std::string text = beat_.text();
        if (!files_.overwrite(Beat::path(worker_), text))
            (void)files_.create(Beat::path(worker_), text);  // somebody removed it
    }
    /// @param planned  seconds that it was expected to take
    void count_tile(double planned = 0) {
        const std::lock_guard lock(mutex_);
        ++beat_.tiles;
        beat_.planned += planned;
        beat_.took = clock_.now() - start_;
    }
    [[nodiscard]] const std::string& worker() const { return worker_; }

  private:
    JobFiles& files_;
    std::string worker_;
    JobClock clock_;
    double start_;
    std::mutex mutex_;
    Beat beat_;
};

/// Beats in a thread of its own, whatever the others compute.
class HeartbeatThread {
  public:
    HeartbeatThread(Heartbeat& heart, double seconds)
        : thread_([this, &heart, seconds] {
              std::unique_lock lock(mutex_);
              while (!end_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return stop_; })) {
                  try {
                      heart.beat();
                  } catch (const Error&) {  // the next one may be written; until then it stands still
                  }
              }
          }) {}
    HeartbeatThread(const HeartbeatThread&) = delete;
    ~HeartbeatThread() {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        end_.notify_all();
        thread_.join();
    }

  private:
    std::mutex mutex_;
    std::condition_variable end_;
    bool stop_ = false;
    std::thread thread_;
};

/// For how long something has not changed while this process looked at it, by its own clock. What another machine's clock
/// says plays no part, and neither does a time in which this process did not look: where all processes stood still together,
/// none of them takes the others for dead.
class StillnessWatch {
  public:
    /// @param longest_step  seconds that count at most between two looks
    explicit StillnessWatch(double longest_step) : longest_step_(longest_step) {}

    /// Looks at `what`, which has this content now. @returns seconds
    double look(const std::string& what, const std::string& content, double now) {
        const auto [at, first] = seen_.try_emplace(what, Seen{content, now, 0});
        Seen& seen = at->second;
        if (!first && seen.content == content)
            seen.still += std::min(now - seen.at, longest_step_);
        else
            seen = {content, now, 0};
        seen.at = now;
        return seen.still;
    }
    void forget(const std::string& what) { seen_.erase(what); }

  private:
    struct Seen {
        std::string content;
        double at, still;
    };
    double longest_step_;
    std::map<std::string, Seen> seen_;
};

}  // namespace vitscape
