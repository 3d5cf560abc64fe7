// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <csignal>
#include <ctime>

#include <pthread.h>

namespace vitscape {

namespace detail {

static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may only touch lock-free atomics");
inline std::atomic<int> interrupt_signals{0};
inline std::atomic<int> interrupt_guards{0};

extern "C" inline void vitscape_note_interrupt(int signal_number) {
    if (interrupt_signals.fetch_add(1) > 0) {
        // A second signal: terminate as without a handler.
        std::signal(signal_number, SIG_DFL);
        std::raise(signal_number);
    }
}

inline sigset_t interrupt_set() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}
/// Consumes a pending signal; false if there is none.
inline bool take_interrupt() {
    const sigset_t set = interrupt_set();
    const timespec at_once{};
    return ::sigtimedwait(&set, nullptr, &at_once) > 0;
}

}  // namespace detail

/// While one exists, Ctrl-C (SIGINT) and SIGTERM do not end the program but make `interrupted()` true, so that
/// long work can stop at a suitable point and save. A second signal ends the program. The old handlers are restored at
/// the end. Guards may be nested; only the outermost one has an effect.
///
/// The signals are blocked in the guard's thread, and in threads started by it, except during `interrupted()`: oneDNN's
/// kernels use the stack pointer for other purposes, and a handler that interrupts them overwrites the heap. Create the
/// guard before any threads that compute.
class InterruptGuard {
  public:
    InterruptGuard() : outermost_(detail::interrupt_guards.fetch_add(1) == 0) {
        if (!outermost_) return;
        detail::interrupt_signals = 0;
        struct sigaction action {};
        action.sa_handler = detail::vitscape_note_interrupt;  // for threads that already exist
        action.sa_flags = SA_RESTART;                         // a read or write in progress continues
        sigemptyset(&action.sa_mask);
        ::sigaction(SIGINT, &action, &old_interrupt_);
        ::sigaction(SIGTERM, &action, &old_terminate_);
        const sigset_t held = detail::interrupt_set();
        ::pthread_sigmask(SIG_BLOCK, &held, &old_mask_);
    }
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;
    ~InterruptGuard() {
        if (outermost_) {
            while (detail::take_interrupt()) {
            }
            ::sigaction(SIGINT, &old_interrupt_, nullptr);
            ::sigaction(SIGTERM, &old_terminate_, nullptr);
            ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
        }
        --detail::interrupt_guards;
    }

  private:
    bool outermost_;
    struct sigaction old_interrupt_ {};
    struct sigaction old_terminate_ {};
    sigset_t old_mask_{};
};

/// Whether a stop signal arrived since the outermost InterruptGuard was created; false if there is none.
inline bool interrupted() {
    if (detail::interrupt_guards == 0) return false;
    if (detail::interrupt_signals > 0) return true;
    if (!detail::take_interrupt()) return false;
    ++detail::interrupt_signals;
    const sigset_t held =
        detail::interrupt_set();  // from here on a second signal ends the program immediately
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    ::pthread_sigmask(SIG_UNBLOCK, &held, nullptr);
    return true;
}

namespace detail {
extern "C" inline void vitscape_let_write_fail(int) {}
}  // namespace detail

/// While one lives, a write to a closed pipe (SIGPIPE) or beyond the size limit of files (SIGXFSZ) does not end the
/// program but fails with an error of the system, as on a full disk: it becomes an exception, and temporary files are
/// removed. Programs that are started meanwhile are not affected. The old handlers come back at the end.
class WriteErrorGuard {
  public:
    WriteErrorGuard() {
        struct sigaction action {};
        action.sa_handler =
            detail::vitscape_let_write_fail;  // unlike SIG_IGN, not inherited by other programs
        action.sa_flags = SA_RESTART;
        sigemptyset(&action.sa_mask);
        ::sigaction(SIGPIPE, &action, &old_pipe_);
        ::sigaction(SIGXFSZ, &action, &old_size_);
    }
    WriteErrorGuard(const WriteErrorGuard&) = delete;
    WriteErrorGuard& operator=(const WriteErrorGuard&) = delete;
    ~WriteErrorGuard() {
        ::sigaction(SIGPIPE, &old_pipe_, nullptr);
        ::sigaction(SIGXFSZ, &old_size_, nullptr);
    }

  private:
    struct sigaction old_pipe_ {};
    struct sigaction old_size_ {};
};

}  // namespace vitscape
