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

/// Progress of a long piece of work, in expected seconds of its parts. Before each part it shows its name and the
/// remaining time, corrected by the speed of the earlier parts.
class WorkMeter {
  public:
    /// @param out  output stream; null: none
    explicit WorkMeter(double expected_seconds, std::ostream* out = nullptr)
        : total_(expected_seconds), out_(out) {}

    /// A part completed in an earlier run.
    void skip(double expected) { skipped_ += expected; }
    /// Announces a part and runs it.
    template <class Work>
    void part(const std::string& name, double expected, const Work& work) {
        const auto start = std::chrono::steady_clock::now();
        part_of_others(message(percent(), " %, ", duration_text(left()), " left"), name, work);
        spent_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        done_ += expected;
    }
    /// The same of a part of work that others share. @param reached  how far all are
    template <class Work>
    void part_of_others(const std::string& reached, const std::string& name, const Work& work) {
        stop_if_interrupted();
        if (out_ != nullptr) *out_ << "[" << reached << "] " << name << std::endl;
        label_ = name;
        bar_.reset();
        work();
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
    /// The same, and throws if the user asked to stop.
    void update(std::int64_t done, std::int64_t total, const char* unit) {
        show(done, total, unit);
        stop_if_interrupted();
    }
    static void stop_if_interrupted() {
        if (interrupted()) throw Interrupted("stopped by the user; completed work is kept");
    }

  private:
    [[nodiscard]] int percent() const {
        return total_ > 0 ? static_cast<int>(100 * std::min(1.0, (done_ + skipped_) / total_)) : 100;
    }
    [[nodiscard]] double left() const {
        const double trust =
            0.1 * total_;  // weight of the plan: the first parts alone are a poor estimate of the others
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
