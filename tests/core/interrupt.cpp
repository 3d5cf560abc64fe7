// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <sys/wait.h>

#include <vitscape/core/interrupt.hpp>

#include "support/catch.hpp"

#include <unistd.h>

using namespace vitscape;

namespace {

volatile std::sig_atomic_t outer_signals = 0;

}  // namespace

TEST_CASE("a signal becomes a flag while a guard lives, and the old handler comes back") {
    const auto old = std::signal(SIGTERM, [](int) { outer_signals = outer_signals + 1; });
    outer_signals = 0;
    {
        const InterruptGuard guard;
        CHECK_FALSE(interrupted());
        {
            const InterruptGuard inner;
            std::raise(SIGTERM);
            CHECK(interrupted());
        }
        CHECK(interrupted());
        CHECK(outer_signals == 0);
    }
    CHECK_FALSE(interrupted());
    std::raise(SIGTERM);
    CHECK(outer_signals == 1);
    {
        const InterruptGuard guard;
        CHECK_FALSE(interrupted());  // a new guard begins anew
    }
    std::signal(SIGTERM, old);
}

TEST_CASE("a second Ctrl-C ends the program") {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGINT, SIG_DFL);
        const InterruptGuard guard;
        std::raise(SIGINT);
        if (!interrupted()) ::_exit(1);
        std::raise(SIGINT);
        ::_exit(2);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGINT);
}
