// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <vitscape/core/file.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

#include <unistd.h>

namespace file_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

/// Files of this process cannot grow beyond `bytes` while it lives, as on a full disk.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &old_);
        const rlimit limit{bytes, old_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &old_);
        std::signal(SIGXFSZ, old_handler_);
    }

  private:
    rlimit old_{};
    void (*old_handler_)(int);
};

std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

TEST_CASE("an atomic file replaces the old one only by commit") {
    const test::TemporaryFolder folder;
    const auto path = folder / "a.txt";
    write_atomically(path, "old");
    {
        AtomicFile file(path);
        file.write("half of the ne");
        CHECK(read_text(path) == "old");
    }
    CHECK(read_text(path) == "old");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"a.txt"});

    AtomicFile file(path);
    file.write("new ");
    file.write("text");
    file.commit();
    CHECK(read_text(path) == "new text");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"a.txt"});
}

TEST_CASE("what a killed run left is removed by the next write of that file, and nothing else") {
    const test::TemporaryFolder folder;
    for (const char* name :
         {"a.txt.123-0.tmp", "b.txt.123-0.tmp", "a.txt.tmp", "a.txt.1.tmp", "a.txt.new-1.tmp"})
        std::ofstream(folder / name) << "a long text of a run that was killed while it wrote";
    AtomicFile other(folder / "a.txt");  // being written by somebody else
    write_atomically(folder / "a.txt", "new");
    CHECK(read_text(folder / "a.txt") == "new");
    other.write("newer");
    other.commit();
    CHECK(read_text(folder / "a.txt") == "newer");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"a.txt", "a.txt.1.tmp", "a.txt.new-1.tmp",
                                                              "a.txt.tmp", "b.txt.123-0.tmp"});
}

TEST_CASE("processes that write one file lose nothing, and it is always one of theirs") {
    const test::TemporaryFolder folder;
    const auto path = folder / "a.txt";
    constexpr std::size_t length = 100000;
    write_atomically(path, std::string(length, '0'));
    std::vector<pid_t> writers;
    for (const char letter : {'1', '2', '3'}) {
        const pid_t process = ::fork();
        REQUIRE(process >= 0);
        if (process == 0) {
            int failures = 0;
            for (int i = 0; i < 30; ++i) try {
                    write_atomically(path, std::string(length, letter));
                } catch (const IoError&) {
                    ++failures;
                }
            ::_exit(failures);
        }
        writers.push_back(process);
    }
    for (int i = 0; i < 200; ++i) {
        const std::string text = read_text(path);
        REQUIRE(text == std::string(length, text.at(0)));
    }
    for (const pid_t process : writers) {
        int status = -1;
        ::waitpid(process, &status, 0);
        CHECK(status == 0);
    }
    CHECK(names_in(folder.path()) == std::vector<std::string>{"a.txt"});
}

TEST_CASE("a full disk leaves the old file and names the path and the reason") {
    const test::TemporaryFolder folder;
    const auto path = folder / "a.txt";
    write_atomically(path, "old");
    std::string text;
    {
        const FileSizeLimit limit(1000);
        text = error_text<IoError>([&] { write_atomically(path, std::string(5000, 'x')); });
    }
    CHECK(contains(text, path.string()));
    CHECK(contains(text, "File too large"));
    CHECK(read_text(path) == "old");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"a.txt"});
}

TEST_CASE("a log keeps its old length when a line does not fit") {
    const test::TemporaryFolder folder;
    const auto path = folder / "log.jsonl";
    append_durably(path, "first\n");
    {
        const FileSizeLimit limit(1000);
        CHECK_THROWS_AS(append_durably(path, std::string(5000, 'x')), IoError);
    }
    CHECK(read_text(path) == "first\n");
    append_durably(path, "second\n");
    CHECK(read_text(path) == "first\nsecond\n");
}

TEST_CASE("places that cannot be written are refused with their name") {
    const test::TemporaryFolder folder;
    std::ofstream(folder / "file") << "x";
    std::filesystem::create_directory(folder / "sub");

    CHECK(contains(error_text<IoError>([&] { write_atomically(folder / "missing/a.txt", "x"); }),
                   (folder / "missing/a.txt").string()));
    CHECK(contains(error_text<IoError>([&] { write_atomically(folder / "sub", "x"); }), "Is a directory"));
    CHECK(contains(error_text<IoError>([&] { require_writable_folder(folder / "file"); }),
                   (folder / "file").string()));
    CHECK(contains(error_text<IoError>([&] { require_writable_folder(folder / "file/deeper"); }),
                   (folder / "file/deeper").string()));
    {
        const FileSizeLimit limit(100);
        const auto text = error_text<IoError>([&] { require_writable_folder(folder / "sub"); });
        CHECK(contains(text, (folder / "sub").string()));
        CHECK(contains(text, "File too large"));
    }
    CHECK(std::filesystem::is_empty(folder / "sub"));
    if (::geteuid() != 0) {  // root may write anywhere
        ::chmod((folder / "sub").c_str(), 0555);
        CHECK(contains(error_text<IoError>([&] { require_writable_folder(folder / "sub"); }),
                       "Permission denied"));
        ::chmod((folder / "sub").c_str(), 0755);
    }
}

TEST_CASE("an output folder is created with its parents and left clean") {
    const test::TemporaryFolder folder;
    require_writable_folder(folder / "a/b/c");
    CHECK(std::filesystem::is_directory(folder / "a/b/c"));
    CHECK(std::filesystem::is_empty(folder / "a/b/c"));
    std::ofstream(folder / "a/b/c/.vitscape-write-test.123-4.tmp")
        << "of a process that was killed while it tested";
    require_writable_folder(folder / "a/b/c");
    CHECK(std::filesystem::is_empty(folder / "a/b/c"));
}

TEST_CASE("reading refuses what is missing or no file") {
    const test::TemporaryFolder folder;
    CHECK(contains(error_text<IoError>([&] { read_bytes(folder / "none"); }), "No such file"));
    CHECK(contains(error_text<IoError>([&] { read_bytes(folder.path()); }), "not a regular file"));
    write_atomically(folder / "empty", "");
    CHECK(read_bytes(folder / "empty").empty());
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(contains(error_text<IoError>([&] { read_bytes(folder / "pipe"); }), "not a regular file"));
}

TEST_CASE("a file that cannot be written is refused before there is anything to write") {
    const test::TemporaryFolder folder;
    require_writable_file(folder / "new/a.json");
    CHECK(std::filesystem::is_empty(folder / "new"));
    CHECK(contains(error_text<IoError>([&] { require_writable_file(folder / "new"); }), "Is a directory"));
    CHECK(contains(error_text<IoError>([&] { require_writable_file(folder / "new/"); }), "Is a directory"));
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(
        contains(error_text<IoError>([&] { require_writable_file(folder / "pipe"); }), "not a regular file"));
}

}  // namespace file_test
