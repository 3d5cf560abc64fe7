// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <filesystem>
#include <string>

#include <sys/wait.h>

#include <vitscape/core/output_lock.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

#include <unistd.h>

namespace output_lock_test {

using namespace vitscape;
using test::contains;
using test::error_text;

TEST_CASE("an output is one run's at a time, and the refusal says whose") {
    const test::TemporaryFolder folder;
    const auto out = folder / "runs/mine";
    {
        const OutputLock lock = OutputLock::of_folder(out);
        const auto text = error_text<ConfigError>([&] { (void)OutputLock::of_folder(out); });
        CHECK(contains(text, out.string()));
        CHECK(contains(text, message("process ", ::getpid(), " on ")));
        CHECK(contains(text, "choose another output"));
        const OutputLock other = OutputLock::of_folder(folder / "runs/other");
        const OutputLock file = OutputLock::of_files(out / "surface");  // other files of the folder
        CHECK_THROWS_AS(OutputLock::of_files(out / "surface"), ConfigError);
    }
    CHECK_FALSE(std::filesystem::exists(folder / "runs"));  // nothing was written, so nothing is left
    {
        const OutputLock again = OutputLock::of_folder(out);
        write_atomically(out / "result", "one");
    }
    CHECK(read_text(out / "result") == "one");
    CHECK_FALSE(std::filesystem::exists(out / "lock"));
}

TEST_CASE("the lock of a process that was killed is free") {
    const test::TemporaryFolder folder;
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t process = ::fork();
    REQUIRE(process >= 0);
    if (process == 0) {
        const OutputLock lock = OutputLock::of_folder(folder.path());
        if (::write(ready[1], "x", 1) != 1) ::_exit(1);
        ::pause();
        ::_exit(0);
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    CHECK(contains(error_text<ConfigError>([&] { (void)OutputLock::of_folder(folder.path()); }),
                   message("process ", process, " on ")));
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    CHECK(std::filesystem::exists(folder / "lock"));
    const OutputLock lock = OutputLock::of_folder(folder.path());
    CHECK(contains(read_text(folder / "lock"), message("process ", ::getpid(), " on ")));
}

TEST_CASE("a place that cannot be locked is named") {
    const test::TemporaryFolder folder;
    write_atomically(folder / "file", "x");
    CHECK(contains(error_text<IoError>([&] { (void)OutputLock::of_folder(folder / "file"); }),
                   (folder / "file").string()));
    CHECK(contains(error_text<IoError>([&] { (void)OutputLock::of_files(folder / "file/below"); }),
                   (folder / "file").string()));
}

}  // namespace output_lock_test
