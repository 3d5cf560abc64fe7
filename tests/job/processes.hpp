// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <cstdio>
#include <exception>

#include <sys/wait.h>

#include <unistd.h>

namespace vitscape::test {

/// Runs `work` in a process of its own, which ends with status 0, or 1 after an exception. @returns its number
template <class Work>
pid_t in_process(const Work& work) {
    const pid_t process = ::fork();
    if (process != 0) return process;
    try {
        work();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        ::_exit(1);
    }
    ::_exit(0);
}

/// Waits for a process. @returns its status, or 128 and the signal that ended it
inline int status_of(pid_t process) {
    int status = 0;
    while (::waitpid(process, &status, 0) < 0) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace vitscape::test
