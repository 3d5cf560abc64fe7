// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <sys/resource.h>
#include <sys/wait.h>

#include <vitscape/core/interrupt.hpp>

#include "support/catch.hpp"

#include <unistd.h>

namespace interrupt_test {

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

TEST_CASE("writes to a closed pipe and beyond a file's size limit fail instead of ending the program") {
    struct sigaction before_pipe {
    }, before_size{}, after{};
    ::sigaction(SIGPIPE, nullptr, &before_pipe);
    ::sigaction(SIGXFSZ, nullptr, &before_size);
    {
        const WriteErrorGuard guard;
        int pipe[2];
        REQUIRE(::pipe(pipe) == 0);
        ::close(pipe[0]);
        CHECK(::write(pipe[1], "x", 1) == -1);
        CHECK(errno == EPIPE);
        ::close(pipe[1]);

        std::FILE* file = std::tmpfile();
        rlimit old{};
        ::getrlimit(RLIMIT_FSIZE, &old);
        const rlimit limit{10, old.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        CHECK(::write(::fileno(file), "0123456789", 10) == 10);
        CHECK(::write(::fileno(file), "x", 1) == -1);
        CHECK(errno == EFBIG);
        ::setrlimit(RLIMIT_FSIZE, &old);
        std::fclose(file);

        // another program is ended by the signal as ever
        const pid_t child = ::fork();
        if (child == 0) {
            ::execlp("sh", "sh", "-c", "kill -PIPE $$; exit 0", nullptr);
            ::_exit(1);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        CHECK(WTERMSIG(status) == SIGPIPE);
    }
    ::sigaction(SIGPIPE, nullptr, &after);
    CHECK(after.sa_handler == before_pipe.sa_handler);
    ::sigaction(SIGXFSZ, nullptr, &after);
    CHECK(after.sa_handler == before_size.sa_handler);
}

}  // namespace interrupt_test
