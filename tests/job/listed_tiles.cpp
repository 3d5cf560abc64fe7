// SPDX-License-Identifier: Apache-2.0
//
// Jobs whose plan lists its tiles: some need others first, and workers may take some kinds only.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <vitscape/core/progress.hpp>
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

namespace listed_tiles_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

/// Four chains of a training, a probe that needs it and a measure that needs both.
JobPlan chains(std::int64_t count, double patience) {
    JobPlan plan{.work = {{"what", "chains"}}, .tiles = 3 * count, .patience = patience};
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t first = 3 * i;
        plan.list.push_back({message("training ", i), "training", 10.0 + static_cast<double>(i), {}});
        plan.list.push_back({message("probe ", i), "statistics", 1, {first}});
        plan.list.push_back({message("measure ", i), "statistics", 2, {first, first + 1}});
    }
    return plan;
}

/// Stops a `next` that found nothing at its n-th look.
auto stop_after(int looks) {
    return [looks]() mutable { return looks-- <= 0; };
}

/// A number that depends on the results of all tiles before it.
template <class Result>
nlohmann::json value_of(const JobPlan& plan, std::int64_t tile, const Result& result) {
    std::int64_t sum = 7 * tile + 1;
    for (const std::int64_t needed : plan.list[static_cast<std::size_t>(tile)].needs)
        sum = (31 * sum + result(needed).template get<std::int64_t>()) % 1'000'003;
    return sum;
}

/// A worker from its beginning to its end; one that merges writes FOLDER/merged.
void work(const std::filesystem::path& folder, const JobPlan& plan, const std::vector<std::string>& takes,
          bool waits) {
    const std::string name = unique_worker_name();
    FolderFiles files(folder / "job", name);
    join_plan(files, plan);
    JobWorker worker(files, plan, name, {}, true, takes, waits);
    std::function<nlohmann::json(std::int64_t)> compute = [&](std::int64_t tile) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return value_of(plan, tile, [&](std::int64_t needed) { return worker.result(needed, compute); });
    };
    worker.compute_tiles(compute);
    if (!waits || !worker.given_up().empty() || !worker.claim_merge()) return;
    write_atomically(folder / "merged", nlohmann::json(worker.results(compute)).dump());
    worker.finish_merge();
}

std::string expected(const JobPlan& plan) {
    std::vector<nlohmann::json> all;
    for (std::int64_t tile = 0; tile < plan.tiles; ++tile)
        all.push_back(
            value_of(plan, tile, [&](std::int64_t needed) { return all[static_cast<std::size_t>(needed)]; }));
    return nlohmann::json(all).dump();
}

}  // namespace

TEST_CASE("a plan keeps its list of tiles, each of which can need earlier ones only") {
    test::MemoryDisk disk;
    test::MemoryFiles files(disk);
    JobPlan plan = chains(4, 60);
    join_plan(files, plan);
    const JobPlan there = load_plan(files).value();
    CHECK(there.json() == plan.json());
    CHECK(there.digest() == plan.digest());
    CHECK(there.kinds() == std::vector<std::string>{"training", "statistics"});
    const auto behind = plan.seconds_behind([](std::int64_t) { return true; });
    CHECK(behind[0] == 13);  // itself, its probe and the measure
    CHECK(behind[1] == 3);
    CHECK(behind[9] == 16);
    CHECK(plan.seconds_behind([](std::int64_t tile) { return tile != 9; })[9] == 3);

    plan.list[4].needs = {4};
    CHECK(contains(error_text<ConfigError>([&] { plan.check(); }), "tile 4 (probe 1) needs tile 4"));
    plan.list[4].needs = {-1};
    CHECK_THROWS_AS(plan.check(), ConfigError);
    plan.list.pop_back();
    CHECK(contains(error_text<ConfigError>([&] { plan.check(); }), "12 tiles lists 11"));
}

TEST_CASE("a tile is handed out when those that it needs are finished, the most urgent first") {
    test::MemoryDisk disk;
    test::MemoryFiles files(disk);
    const JobPlan plan = chains(4, 60);
    const auto rules = [&] {
        return TileRules{
            .needs = [&](std::int64_t tile) { return plan.list[static_cast<std::size_t>(tile)].needs; },
            .urgency = [&](std::int64_t tile) { return plan.list[static_cast<std::size_t>(tile)].seconds; }};
    };
    Heartbeat heart_a(files, "a", disk.clock()), heart_b(files, "b", disk.clock());
    TileFolder a(files, "tiles", 12, "a", 60, disk.clock(), rules());
    TileFolder b(files, "tiles", 12, "b", 60, disk.clock(), rules());
    std::vector<TileClaim> trainings;
    for (int i = 0; i < 4; ++i) trainings.push_back(a.next().value());
    for (int i = 0; i < 4; ++i) CHECK(trainings[static_cast<std::size_t>(i)].tile == 9 - 3 * i);
    CHECK_THROWS_AS(b.next(stop_after(5)), Interrupted);
    a.finish(trainings[1], "r");
    const TileClaim probe = b.next().value();
    CHECK(probe.tile == 7);
    heart_a.beat();
    CHECK_THROWS_AS(b.next(stop_after(5)), Interrupted);  // the measure needs the probe too
    b.finish(probe, "r");
    CHECK(b.next().value().tile == 8);
}

TEST_CASE("a worker takes its kinds alone, and ends with them or with all") {
    test::MemoryDisk disk;
    test::MemoryFiles files(disk);
    const JobPlan plan = chains(3, 60);
    join_plan(files, plan);
    const auto one = [](std::int64_t) { return nlohmann::json(1); };
    {
        JobWorker statistics(files, plan, "statistics", disk.clock(), false, {"statistics"});
        int looks = 0;
        const WorkControl control{.interrupted = [&] { return ++looks > 20; }};
        CHECK_THROWS_AS(statistics.compute_tiles(one, control), Interrupted);
        CHECK(statistics.computed() == 0);
    }
    {
        JobWorker training(files, plan, "training", disk.clock(), false, {"training"}, false);
        training.compute_tiles(one);
        CHECK(training.computed() == 3);
        CHECK(training.finished() == 3);
    }
    JobWorker statistics(files, plan, "statistics", disk.clock(), false, {"statistics"});
    statistics.compute_tiles(one);
    CHECK(statistics.computed() == 6);
    CHECK(statistics.claim_merge());
}

TEST_CASE("a tile that is taken over is one that the worker takes") {
    test::MemoryDisk disk;
    test::MemoryFiles files(disk);
    const JobPlan plan = chains(1, 60);
    join_plan(files, plan);
    Heartbeat vanished(files, "vanished", disk.clock());
    TileFolder folder(files, "tiles", 3, "vanished", 60, disk.clock());
    while (folder.next().value().tile != 0) {  // the rest has no rules here
    }
    for (const std::int64_t tile : {1, 2}) files.remove(TilePaths{"tiles"}.claim(tile, 1));
    JobWorker statistics(files, plan, "statistics", disk.clock(), false, {"statistics"});
    const WorkControl control{.interrupted = [&] { return disk.now > 400; }};  // patience is over by then
    CHECK_THROWS_AS(statistics.compute_tiles([](std::int64_t) { return nlohmann::json(1); }, control),
                    Interrupted);
    CHECK(statistics.computed() == 0);
    JobWorker any(files, plan, "any", disk.clock(), false);
    any.compute_tiles([](std::int64_t) { return nlohmann::json(1); });
    CHECK(any.computed() == 3);
}

TEST_CASE("what needs a tile that was given up is given up, by name") {
    test::MemoryDisk disk;
    test::MemoryFiles files(disk);
    const JobPlan plan = chains(2, 60);
    join_plan(files, plan);
    JobWorker worker(files, plan, "w", disk.clock(), false);
    std::ostringstream said;
    std::streambuf* const old = std::clog.rdbuf(said.rdbuf());
    worker.compute_tiles([](std::int64_t tile) -> nlohmann::json {
        if (tile == 3) throw std::runtime_error("no such image");
        return tile;
    });
    std::clog.rdbuf(old);
    CHECK(contains(said.str(), "tile 3 (training 1), try 3: no such image"));
    CHECK(worker.computed() == 3);
    REQUIRE(worker.given_up().size() == 3);
    CHECK(contains(worker.given_up().at(5), "needs tile"));
    const std::string why = error_text<Error>([&] {
        worker.require_all([&](std::int64_t tile) { return plan.list[static_cast<std::size_t>(tile)].name; });
    });
    CHECK(contains(why, "3 tiles were given up"));
    CHECK(contains(why, "tile 3, training 1: try 3 by w: no such image"));
    CHECK(contains(why, "tile 4, probe 1: it needs tile 3, which was given up"));
}

TEST_CASE("workers of all kinds that are killed at any moment give the bytes of one") {
    const JobPlan plan = chains(30, 0.4);
    const test::TemporaryFolder folder;
    RandomSequence random({.seed = 5});
    const std::vector<std::vector<std::string>> kinds{{}, {"training"}, {"statistics"}};
    std::vector<pid_t> children;
    const auto start = [&](std::size_t i) {
        return test::in_process([&] { work(folder.path(), plan, kinds[i], i != 1); });
    };
    for (std::size_t i = 0; i < kinds.size(); ++i) children.push_back(start(i));
    for (int kill = 0; kill < 15; ++kill) {
        std::this_thread::sleep_for(std::chrono::duration<double>(random.uniform(0.0, 0.04)));
        const auto i = static_cast<std::size_t>(random.below(3));
        ::kill(children[i], SIGKILL);
        (void)test::status_of(children[i]);
        children[i] = start(i);
    }
    for (const pid_t child : children) CHECK(test::status_of(child) == 0);
    CHECK(read_text(folder / "merged") == expected(plan));
}

TEST_CASE("the state of listed tiles is told by kind, with the time left by the list") {
    test::MemoryDisk disk;
    test::MemoryFiles files(disk);
    const JobPlan plan = chains(3, 60);  // 10 + 11 + 12 of training, 9 of statistics
    join_plan(files, plan);
    Heartbeat alive(files, "alive", disk.clock(), "training");
    TileFolder folder(files, "tiles", 9, "alive", 60, disk.clock(),
                      {.takes = [](std::int64_t tile) { return tile % 3 == 0; },
                       .urgency = [](std::int64_t tile) { return static_cast<double>(tile); }});
    folder.finish(folder.next().value(), "r");
    disk.now = 24;  // twice the 12 of the list
    alive.count_tile(12);
    REQUIRE(folder.next().value().tile == 3);
    const JobClock clock{.now = [&] { return disk.now; },
                         .sleep =
                             [&](double seconds) {
                                 disk.now += seconds;
                                 alive.beat();
                             }};
    const JobStatus status = job_status(files, plan, clock);
    REQUIRE(status.kinds.size() == 2);
    CHECK((status.kinds[0].finished == 1 && status.kinds[0].running == 1 && status.kinds[0].workers == 1));
    CHECK((status.kinds[1].tiles == 6 && status.kinds[1].finished == 0 && status.kinds[1].workers == 0));
    CHECK(status.expected == Approx(10 + 11 + 9));
    CHECK(status.longest_chain == Approx(11 + 3));
    CHECK(status.seconds_left() == Approx(60));
    CHECK(contains(status.text(), "training: 1 of 3 finished, 1 claimed; 1 worker takes them"));
    CHECK(contains(status.text(), "statistics: 0 of 6 finished, 0 claimed; 0 workers take them"));
    CHECK(contains(status.text(), "now: training 1"));
    CHECK(contains(status.text(), "1 worker at work; " + duration_text(status.seconds_left()) + " left"));
}

}  // namespace listed_tiles_test
