// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>

#include <vitscape/core/random.hpp>
#include <vitscape/job/folder_files.hpp>
#include <vitscape/job/job_worker.hpp>
#include <vitscape/job/plan.hpp>
#include <vitscape/job/status.hpp>

#include "job/memory_files.hpp"
#include "job/processes.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace job_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

JobPlan plan_of(std::int64_t tiles, double patience = 1) {
    return {.work = {{"what", "squares"}, {"from", 3}}, .tiles = tiles, .patience = patience};
}

void rest(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

/// What a tile gives: a function of its number, as all work must be.
nlohmann::json square(std::int64_t tile) {
    return {{"square", tile * tile}, {"share", 1.0 / (3.0 + static_cast<double>(tile))}};
}

/// A worker that puts the results together in the file `merged`.
void work(const std::filesystem::path& folder, const JobPlan& plan, double seconds_each) {
    const std::string name = unique_worker_name();
    FolderFiles files(folder / "job", name);
    join_plan(files, plan);
    JobWorker worker(files, plan, name);
    const auto compute = [&](std::int64_t tile) {
        rest(seconds_each);
        return square(tile);
    };
    worker.compute_tiles(compute);
    if (!worker.given_up().empty() || !worker.claim_merge()) return;
    std::string text;
    for (const nlohmann::json& result : worker.results(compute)) text += result.dump() + '\n';
    write_atomically(folder / "merged", text);
    worker.finish_merge();
}

std::string expected(std::int64_t tiles) {
    std::string text;
    for (std::int64_t tile = 0; tile < tiles; ++tile) text += square(tile).dump() + '\n';
    return text;
}

std::vector<std::string> files_ending(const std::filesystem::path& folder, const std::string& part) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (contains(entry.path().filename().string(), part)) found.push_back(entry.path().string());
    return found;
}

}  // namespace

TEST_CASE("a folder has one plan, and another one is refused by what differs") {
    const test::TemporaryFolder folder;
    FolderFiles files(folder / "job", "w");
    CHECK_FALSE(load_plan(files));
    files.replace("centre.agreed.other-0.tmp", "");  // of a worker that begins at the same time
    join_plan(files, plan_of(10));
    join_plan(files, plan_of(10));
    const auto there = load_plan(files);
    REQUIRE(there);
    CHECK(there->json() == plan_of(10).json());
    CHECK(there->digest() == plan_of(10).digest());
    CHECK(there->digest() != plan_of(11).digest());

    JobPlan other = plan_of(10);
    other.work["from"] = 4;
    CHECK(contains(error_text<ConfigError>([&] { join_plan(files, other); }), "/from was 3, now it is 4"));
    CHECK(contains(error_text<ConfigError>([&] { join_plan(files, plan_of(11)); }),
                   "/tiles was 10, now it is 11"));
    CHECK_THROWS_AS(join_plan(files, plan_of(0)), ConfigError);
    CHECK_THROWS_AS(join_plan(files, plan_of(1, 0)), ConfigError);

    // every single bit that flips is seen
    const std::string text = files.read(JobPlan::file).value();
    for (std::size_t i = 0; i < text.size(); i += 7) {
        std::string damaged = text;
        damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
        files.replace(JobPlan::file, damaged);
        CHECK_THROWS_AS(join_plan(files, plan_of(10)), IoError);
    }
    files.remove(JobPlan::file);
    files.replace("notes.txt", "mine");
    CHECK(contains(error_text<ConfigError>([&] { join_plan(files, plan_of(10)); }), "notes.txt"));
}

TEST_CASE("of workers that begin at once with two plans those of one go on") {
    for (int round = 0; round < 10; ++round) {
        const test::TemporaryFolder folder;
        std::vector<pid_t> children;
        for (int i = 0; i < 6; ++i)
            children.push_back(test::in_process([&] {
                FolderFiles files(folder / "job", message("w", i));
                join_plan(files, plan_of(10 + i % 2));
                (void)files.create(message("joined/", 10 + i % 2), "");
            }));
        int refused = 0;
        for (const pid_t child : children) refused += test::status_of(child) != 0;
        CHECK(refused == 3);
        FolderFiles files(folder / "job", "reader");
        CHECK(files.list("joined") == std::vector<std::string>{message(load_plan(files).value().tiles)});
    }
}

TEST_CASE("what the first worker says holds for all, and is said anew where it was damaged") {
    const test::TemporaryFolder folder;
    FolderFiles files(folder.path(), "w");
    const nlohmann::json one{{"loss", 0.1}}, two{{"loss", 0.2}};
    CHECK(agree(files, "centre", one) == one);
    CHECK(agree(files, "centre", two) == one);
    std::string text = files.read("centre.agreed").value();
    text[10] = static_cast<char>(text[10] ^ 4);
    files.replace("centre.agreed", text);
    CHECK(agree(files, "centre", two) == two);
    CHECK(agree(files, "centre", one) == two);
}

TEST_CASE("workers that are killed and stopped at any moment give the bytes of one") {
    const std::int64_t tiles = 300;
    for (const int workers : {1, 2, 4}) {
        const test::TemporaryFolder folder;
        RandomSequence random({.seed = static_cast<std::uint64_t>(workers)});
        std::vector<pid_t> children;
        const auto start = [&] {
            return test::in_process([&] { work(folder.path(), plan_of(tiles, 0.4), 0.003 * workers); });
        };
        for (int i = 0; i < workers; ++i) children.push_back(start());
        for (int kill = 0; kill < 20; ++kill) {
            rest(random.uniform(0.0, 0.04));
            auto& victim = children[static_cast<std::size_t>(random.below(workers))];
            ::kill(victim, SIGKILL);
            (void)test::status_of(victim);
            victim = start();
        }
        // one stands still for longer than the patience, and wakes up
        ::kill(children.front(), SIGSTOP);
        rest(workers == 1 ? 0.1 : 1.0);
        ::kill(children.front(), SIGCONT);
        for (const pid_t child : children) CHECK(test::status_of(child) == 0);
        CHECK(read_text(folder / "merged") == expected(tiles));
        CHECK(files_ending(folder / "job/tiles", ".tmp").empty());
        CHECK(files_ending(folder / "job/tiles", ".claim-").empty());
        FolderFiles files(folder / "job", "reader");
        CHECK(JobWorker::is_complete(files));
    }
}

TEST_CASE("a worker on a full disk ends, and the others finish its tiles at once") {
    const test::TemporaryFolder folder;
    const std::int64_t tiles = 60;
    const JobPlan plan = plan_of(tiles, 1000);  // nobody would wait for a heartbeat
    const pid_t full = test::in_process([&] {
        const std::string name = unique_worker_name();
        FolderFiles files(folder / "job", name);
        join_plan(files, plan);
        JobWorker worker(files, plan, name);
        std::signal(SIGXFSZ, SIG_IGN);
        int count = 0;
        worker.compute_tiles([&](std::int64_t tile) {
            if (++count == 10) {
                const rlimit nothing{0, 0};
                ::setrlimit(RLIMIT_FSIZE, &nothing);
            }
            return square(tile);
        });
    });
    CHECK(test::status_of(full) == 1);
    CHECK(files_ending(folder / "job", ".tmp").empty());
    CHECK(files_ending(folder / "job/tiles", ".result").size() == 9);
    work(folder.path(), plan, 0);
    CHECK(read_text(folder / "merged") == expected(tiles));
}

TEST_CASE("a result that is damaged, missing or another job's is computed anew") {
    const test::TemporaryFolder folder;
    const std::int64_t tiles = 40;
    const JobPlan plan = plan_of(tiles);
    work(folder.path(), plan, 0);
    REQUIRE(read_text(folder / "merged") == expected(tiles));
    FolderFiles files(folder / "job", "test");
    const TilePaths paths{"tiles"};
    for (std::int64_t tile = 0; tile < 30; ++tile) {
        std::string text = files.read(paths.result(tile)).value();
        if (tile == 28) {
            files.remove(paths.result(tile));
            continue;
        }
        if (tile == 29)
            text = files.read(paths.result(35)).value();
        else
            text[static_cast<std::size_t>(tile) * text.size() / 30] ^= static_cast<char>(1 << (tile % 8));
        files.replace(paths.result(tile), text);
    }
    JobWorker::reopen_merge(files);
    std::filesystem::remove(folder / "merged");
    std::ostringstream said;
    std::streambuf* const old = std::clog.rdbuf(said.rdbuf());
    work(folder.path(), plan, 0);
    std::clog.rdbuf(old);
    CHECK(read_text(folder / "merged") == expected(tiles));
    CHECK(contains(said.str(), paths.result(28)));
    CHECK(contains(said.str(), paths.result(29)));
    CHECK_FALSE(contains(said.str(), paths.result(30)));
}

TEST_CASE("a stop frees the tile at hand, and what fails is tried again by name") {
    const test::TemporaryFolder folder;
    FolderFiles files(folder.path(), "w");
    const JobPlan plan = plan_of(20, 2);
    join_plan(files, plan);
    {
        JobWorker worker(files, plan, "stopped");
        int count = 0;
        const auto compute = [&](std::int64_t tile) {
            if (++count == 5) throw Interrupted("now");
            return square(tile);
        };
        CHECK_THROWS_AS(worker.compute_tiles(compute), Interrupted);
        CHECK(worker.computed() == 4);
        CHECK(job_status(files, plan).finished == 4);
        CHECK(job_status(files, plan).free == 16);
    }
    CHECK(files.list("workers").empty());
    std::ostringstream said;
    std::streambuf* const old = std::clog.rdbuf(said.rdbuf());
    JobWorker worker(files, plan, "w");
    std::set<std::int64_t> failed;
    worker.compute_tiles([&](std::int64_t tile) {
        if (tile == 11) throw std::runtime_error("never 11");
        if (tile == 12 && failed.insert(tile).second) throw std::runtime_error("only once");
        return square(tile);
    });
    std::clog.rdbuf(old);
    REQUIRE(worker.given_up().size() == 1);
    CHECK(contains(worker.given_up().at(11), "never 11"));
    const JobStatus status = job_status(files, plan);
    CHECK((status.finished == 19 && status.given_up.size() == 1 && status.free == 0));
    CHECK(contains(status.text(), "tile 11 was given up: try 3 by w: never 11"));
    CHECK_FALSE(status.complete);
}

TEST_CASE("a worker whose first three tiles all fail ends, and leaves the other tries to others") {
    const test::TemporaryFolder folder;
    FolderFiles files(folder.path(), "w");
    const JobPlan plan = plan_of(20, 2);
    join_plan(files, plan);
    std::ostringstream said;
    std::streambuf* const old = std::clog.rdbuf(said.rdbuf());
    std::int64_t tries = 0;
    const auto fails = [&](std::int64_t) -> nlohmann::json {
        ++tries;
        throw std::runtime_error("no device");
    };
    for (int i = 1; i <= 2; ++i) {
        JobWorker sick(files, plan, message("sick-", i));
        const std::string text = test::error_text<Error>([&] { sick.compute_tiles(fails); });
        CHECK(contains(text, "the first 3 tiles that this worker took failed, the last one with: no device"));
        CHECK(tries == 3 * i);
    }
    JobWorker well(files, plan, "well");
    well.compute_tiles(square);
    CHECK(well.computed() == 20);
    CHECK(well.given_up().empty());

    // a single tile that fails is the tile's fault
    FolderFiles one(folder / "one", "w");
    const JobPlan lone = plan_of(1, 2);
    join_plan(one, lone);
    JobWorker worker(one, lone, "w");
    worker.compute_tiles(fails);
    std::clog.rdbuf(old);
    CHECK(worker.given_up().size() == 1);
}

TEST_CASE("the state of a job counts the tiles, the workers whose hearts beat, and the time left") {
    test::MemoryDisk disk;
    test::MemoryFiles files(disk);
    const JobPlan plan = plan_of(100, 60);
    join_plan(files, plan);
    JobWorker at_work(files, plan, "at work", disk.clock(), false);
    Heartbeat dead(files, "dead", disk.clock()), alive(files, "alive", disk.clock());
    for (int i = 0; i < 20; ++i) alive.count_tile();
    TileFolder folder(files, "tiles", 100, "alive", 60, disk.clock());
    for (int i = 0; i < 20; ++i) folder.finish(folder.next().value(), "r");
    REQUIRE(folder.next());
    disk.now = 10;
    const JobClock clock{.now = [&] { return disk.now; },
                         .sleep =
                             [&](double seconds) {
                                 disk.now += seconds;
                                 alive.beat();
                             }};
    const JobStatus status = job_status(files, plan, clock);
    CHECK((status.tiles == 100 && status.finished == 20 && status.running == 1 && status.free == 79));
    CHECK((status.working == 1 && status.still == 2));
    CHECK(status.rate == Approx(20 / 10.0).epsilon(0.1));
    CHECK(status.seconds_left() == Approx(40).epsilon(0.1));
    CHECK(contains(status.text(), "20 of 100 tiles finished, 1 claimed, 79 free, 0 given up"));
    CHECK(contains(status.text(), "1 worker at work, 2 without a heartbeat"));
}

}  // namespace job_test
