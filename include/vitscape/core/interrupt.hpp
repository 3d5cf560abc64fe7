// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <csignal>

namespace vitscape {

namespace detail {

static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may only touch lock-free atomics");
inline std::atomic<int> interrupt_signals{0};
inline std::atomic<int> interrupt_guards{0};

extern "C" inline void vitscape_note_interrupt(int signal_number) {
    if (interrupt_signals.fetch_add(1) > 0) {
        // The user asks again: end as the signal would have without us.
        std::signal(signal_number, SIG_DFL);
        std::raise(signal_number);
    }
}

}  // namespace detail

/// While one lives, Ctrl-C (SIGINT) and SIGTERM do not end the program but make `interrupted()` true, so that
/// long work can stop at a good point and save. A second signal ends the program at once. The old handlers
/// come back at the end. Guards may be nested; the outermost one decides.
class InterruptGuard {
  public:
    InterruptGuard() : outermost_(detail::interrupt_guards.fetch_add(1) == 0) {
        if (!outermost_) return;
        detail::interrupt_signals = 0;
        struct sigaction action {};
        action.sa_handler = detail::vitscape_note_interrupt;
        action.sa_flags = SA_RESTART;  // a read or write under way goes on
        sigemptyset(&action.sa_mask);
        ::sigaction(SIGINT, &action, &old_interrupt_);
        ::sigaction(SIGTERM, &action, &old_terminate_);
    }
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;
    ~InterruptGuard() {
        if (outermost_) {
            ::sigaction(SIGINT, &old_interrupt_, nullptr);
            ::sigaction(SIGTERM, &old_terminate_, nullptr);
        }
        --detail::interrupt_guards;
    }

  private:
    bool outermost_;
    struct sigaction old_interrupt_ {};
    struct sigaction old_terminate_ {};
};

/// Whether a signal asked to stop since the outermost living InterruptGuard began; false where there is none.
inline bool interrupted() { return detail::interrupt_guards > 0 && detail::interrupt_signals > 0; }

}  // namespace vitscape
