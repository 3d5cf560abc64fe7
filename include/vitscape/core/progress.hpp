// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <sys/ioctl.h>

#include <unistd.h>

namespace vitscape {

/// "0:07", "12:34", "1:02:03".
inline std::string duration_text(double seconds) {
    const auto total = static_cast<long long>(std::llround(std::clamp(seconds, 0.0, 1e9)));
    char text[48];
    if (total < 3600) {
        std::snprintf(text, sizeof text, "%lld:%02lld", total / 60, total % 60);
    } else {
        std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", total / 3600, total / 60 % 60, total % 60);
    }
    return text;
}

/// Where and how a ProgressBar writes.
struct ProgressOutput {
    std::ostream* stream = &std::cerr;
    /// Whether a line can be redrawn.
    bool terminal = ::isatty(STDERR_FILENO) == 1;
    /// Seconds since an arbitrary fixed time; tests provide their own.
    std::function<double()> clock = [] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    };
};

/// Shows how far long work has progressed, its rate and the remaining time. On a terminal one line is redrawn
/// up to ten times a second; otherwise (a log, a pipe) a plain line is written every ten seconds. Nothing is
/// written in the first two seconds, and always one line at the end.
///
///     ProgressBar bar("epoch 3/10", 50000, "images");
///     for (...) bar.update(done, [&] { return message("loss ", loss); });
///     epoch 3/10 [#######.............]  37 %  812 images/s  0:39 left  loss 0.71
class ProgressBar {
  public:
    static constexpr double quiet_seconds = 2.0;
    static constexpr double terminal_seconds = 0.1;
    static constexpr double plain_seconds = 10.0;

    /// `total` counts all the work, `already` the part done before (by a run that is resumed), which does not
    /// count towards the rate.
    ProgressBar(std::string label, std::int64_t total, std::string unit, std::int64_t already = 0,
                ProgressOutput output = {})
        : label_(std::move(label)),
          unit_(std::move(unit)),
          total_(total),
          already_(already),
          done_(already),
          output_(std::move(output)),
          start_(output_.clock()),
          next_(start_ + quiet_seconds) {}
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    /// Work that ends early (an error) leaves its last line in place.
    ~ProgressBar() {
        if (line_open_) *output_.stream << std::endl;
    }

    /// Reports that `done` of the total are done. `suffix` is called for the end of the line only when a line is written,
    /// so a call costs one clock query.
    template <std::invocable Suffix>
    void update(std::int64_t done, const Suffix& suffix) {
        if (finished_) return;
        done_ = done;
        finished_ = done_ >= total_;
        const double now = output_.clock();
        if (now < next_ && !finished_) return;
        next_ = now + (output_.terminal ? terminal_seconds : plain_seconds);
        write(line(now - start_, suffix()));
    }
    void update(std::int64_t done) {
        update(done, [] { return std::string_view{}; });
    }

  private:
    [[nodiscard]] std::string line(double elapsed, std::string_view suffix) const {
        const double share =
            total_ > 0 ? std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0) : 1.0;
        const double rate = elapsed > 0 ? static_cast<double>(done_ - already_) / elapsed : 0.0;
        std::string text = label_;
        if (output_.terminal) {
            constexpr std::size_t width = 20;
            const auto filled = static_cast<std::size_t>(share * width);
            text += " [" + std::string(filled, '#') + std::string(width - filled, '.') + "]";
        }
        char numbers[96];
        std::snprintf(numbers, sizeof numbers, " %3d %%  %.*f ", static_cast<int>(share * 100),
                      rate < 10 ? 2 : 0, rate);
        text += numbers + unit_ + "/s  ";
        if (finished_) {
            text += duration_text(elapsed);
        } else {
            text += rate > 0 ? duration_text(static_cast<double>(total_ - done_) / rate) : std::string("?");
            text += " left";
        }
        if (!suffix.empty()) text.append("  ").append(suffix);
        return text;
    }

    void write(std::string text) {
        std::ostream& out = *output_.stream;
        if (!output_.terminal) {
            out << text << std::endl;
            return;
        }
        winsize size{};
        if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && text.size() >= size.ws_col)
            text.resize(size.ws_col - 1u);  // a wrapped line could not be redrawn
        out << '\r' << text << "\x1b[K";    // clears the rest of a longer line
        line_open_ = !finished_;
        if (finished_) out << '\n';
        out << std::flush;
    }

    std::string label_;
    std::string unit_;
    std::int64_t total_;
    std::int64_t already_;
    std::int64_t done_;
    ProgressOutput output_;
    double start_;
    double next_;
    bool finished_ = false;
    bool line_open_ = false;
};

}  // namespace vitscape
