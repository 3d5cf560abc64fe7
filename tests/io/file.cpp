// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <sys/stat.h>

#include <vitscape/core/file.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

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
    CHECK_FALSE(std::filesystem::exists(folder / "a.txt.tmp"));

    AtomicFile file(path);
    file.write("new ");
    file.write("text");
    file.commit();
    CHECK(read_text(path) == "new text");
    CHECK_FALSE(std::filesystem::exists(folder / "a.txt.tmp"));
}

TEST_CASE("a leftover of a killed run does not disturb the next write") {
    const test::TemporaryFolder folder;
    std::ofstream(folder / "a.txt.tmp") << "a long leftover of a run that was killed while it wrote";
    write_atomically(folder / "a.txt", "new");
    CHECK(read_text(folder / "a.txt") == "new");
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
    CHECK_FALSE(std::filesystem::exists(folder / "a.txt.tmp"));
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
    require_writable_folder(folder / "a/b/c");
}

TEST_CASE("reading refuses what is missing or no file") {
    const test::TemporaryFolder folder;
    CHECK(contains(error_text<IoError>([&] { read_bytes(folder / "none"); }), "No such file"));
    CHECK(contains(error_text<IoError>([&] { read_bytes(folder.path()); }), "not a regular file"));
    write_atomically(folder / "empty", "");
    CHECK(read_bytes(folder / "empty").empty());
}
