// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include <vitscape/core/error.hpp>
#include <vitscape/core/interrupt.hpp>
#include <vitscape/core/progress.hpp>

namespace vitscape {

/// How far a long piece of work is, in seconds that its parts were expected to take. Says before each part what comes and
/// how much time is left, corrected by how fast the earlier parts went.
class WorkMeter {
  public:
    /// @param out  what is shown goes there; null: nothing is shown
    explicit WorkMeter(double expected_seconds, std::ostream* out = nullptr)
        : total_(expected_seconds), out_(out) {}

    /// A part that was done in an earlier run.
    void skip(double expected) { skipped_ += expected; }
    /// Announces a part and does it.
    template <class Work>
    void part(const std::string& name, double expected, const Work& work) {
        stop_if_interrupted();
        if (out_ != nullptr)
            *out_ << "[" << percent() << " %, " << duration_text(left()) << " left] " << name << std::endl;
        const auto start = std::chrono::steady_clock::now();
        label_ = name;
        work();
        spent_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        done_ += expected;
        bar_.reset();
    }
    /// Inside a part: `done` of `total` units.
    void show(std::int64_t done, std::int64_t total, const char* unit) {
        if (out_ == nullptr) return;
        if (!bar_) {
            ProgressOutput output;
            output.stream = out_;
            bar_ = std::make_unique<ProgressBar>(label_, total, unit, done - 1, output);
        }
        bar_->update(done);
        if (done >= total) bar_.reset();
    }
    /// The same, and stops where the user asked for it.
    void update(std::int64_t done, std::int64_t total, const char* unit) {
        show(done, total, unit);
        stop_if_interrupted();
    }
    static void stop_if_interrupted() {
        if (interrupted()) throw Interrupted("stopped by the user; what is done is kept");
    }

  private:
    [[nodiscard]] int percent() const {
        return total_ > 0 ? static_cast<int>(100 * std::min(1.0, (done_ + skipped_) / total_)) : 100;
    }
    [[nodiscard]] double left() const {
        const double trust = 0.1 * total_;  // in the plan: the first parts alone say little about the others
        const double pace = done_ + trust > 0 ? (spent_ + trust) / (done_ + trust) : 1;
        return pace * std::max(0.0, total_ - done_ - skipped_);
    }
    double total_;
    std::ostream* out_;
    double done_ = 0, skipped_ = 0, spent_ = 0;
    std::string label_;
    std::unique_ptr<ProgressBar> bar_;
};

}  // namespace vitscape
