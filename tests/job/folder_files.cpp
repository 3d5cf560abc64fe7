// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>

#include <vitscape/job/folder_files.hpp>

#include "job/processes.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

#include <unistd.h>

namespace folder_files_test {

using namespace vitscape;
using test::contains;
using test::error_text;

TEST_CASE("files of a job are created once, replaced whole, written over and removed") {
    const test::TemporaryFolder folder;
    FolderFiles files(folder.path(), "me");
    CHECK(files.list("a/b").empty());
    CHECK_FALSE(files.read("a/b/one"));
    CHECK(files.create("a/b/one", "1"));
    CHECK_FALSE(files.create("a/b/one", "2"));
    CHECK(files.read("a/b/one") == "1");
    files.replace("a/b/one", "three");
    CHECK(files.read("a/b/one") == "three");
    CHECK(files.overwrite("a/b/one", "FO"));
    CHECK(files.read("a/b/one") == "FOree");
    CHECK_FALSE(files.overwrite("a/b/two", "x"));
    CHECK(files.publish("a/b/two", "whole"));
    CHECK_FALSE(files.publish("a/b/two", "other"));
    CHECK(files.read("a/b/two") == "whole");
    files.replace("c/new", std::string(100000, 'x'));
    CHECK(files.read("c/new") == std::string(100000, 'x'));
    auto names = files.list("a/b");
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{"one", "two"});
    files.remove("a/b/one");
    files.remove("a/b/one");
    CHECK_FALSE(files.exists("a/b/one"));
    CHECK(contains(error_text<IoError>([&] { (void)files.list("c/new"); }), (folder / "c/new").string()));
    CHECK(
        contains(error_text<IoError>([&] { files.replace("c/new/x", "1"); }), (folder / "c/new/x").string()));
    CHECK(unique_worker_name() != unique_worker_name());
}

TEST_CASE("of many processes that create the same names each name has one") {
    const test::TemporaryFolder folder;
    constexpr int processes = 6, count = 150;
    std::vector<pid_t> children;
    for (int i = 0; i < processes; ++i)
        children.push_back(test::in_process([&] {
            FolderFiles files(folder.path(), message("w", i));
            std::string won;
            for (int name = 0; name < count; ++name) {
                if (files.create(message("created/", name), message(i))) won += message("c", name, ' ');
                if (files.publish(message("published/", name), message(i))) won += message("p", name, ' ');
            }
            files.replace(message("won/", i), won);
        }));
    for (const pid_t child : children) CHECK(test::status_of(child) == 0);
    FolderFiles files(folder.path(), "reader");
    std::multiset<std::string> all;
    for (int i = 0; i < processes; ++i) {
        std::istringstream won(files.read(message("won/", i)).value());
        for (std::string one; won >> one; all.insert(one))
            CHECK(files.read(message(one[0] == 'c' ? "created/" : "published/", one.substr(1))) ==
                  message(i));
    }
    CHECK(all.size() == 2 * count);
    CHECK(std::set<std::string>(all.begin(), all.end()).size() == 2 * count);
    CHECK(files.list("published").size() == count);  // and nothing temporary
}

TEST_CASE("a full disk is an error that leaves nothing behind") {
    const test::TemporaryFolder folder;
    FolderFiles before(folder.path(), "before");
    before.replace("there", "old");
    CHECK(before.create("workers/me", "beat 1"));
    const pid_t child = test::in_process([&] {
        FolderFiles files(folder.path(), "full");
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit nothing{0, 0};
        ::setrlimit(RLIMIT_FSIZE, &nothing);
        const auto fails = [](const auto& write) { return !error_text<IoError>(write).empty(); };
        if (!fails([&] { files.replace("there", "new"); }) ||
            !fails([&] { (void)files.create("claim", "x"); }) ||
            !fails([&] { (void)files.publish("plan", "x"); }))
            ::_exit(3);
    });
    CHECK(test::status_of(child) == 0);
    CHECK(before.read("there") == "old");
    CHECK(before.list(".").size() == 2);
}

}  // namespace folder_files_test
