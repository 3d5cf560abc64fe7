// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/job/heartbeat.hpp>
#include <vitscape/job/tile_folder.hpp>
#include <vitscape/job/tile_state.hpp>

#include "job/memory_files.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace tiles_test {

using namespace vitscape;
using test::MemoryDisk;
using test::MemoryFiles;

namespace {

/// A worker whose heart beats only when a test says so.
struct Worker {
    MemoryFiles files;
    Heartbeat heart;
    TileFolder folder;
    Worker(MemoryDisk& disk, const std::string& name, std::int64_t tiles, double patience = 60,
           double delay = 0)
        : files(disk, delay),
          heart(files, name, disk.clock()),
          folder(files, "tiles", tiles, name, patience, disk.clock()) {}
};

/// Stops a `next` that found nothing at its n-th look.
auto stop_after(int looks) {
    return [looks]() mutable { return looks-- <= 0; };
}

}  // namespace

TEST_CASE("the names of its files say what a tile's state is") {
    const auto states = tile_states(
        {"00000256.result", "00000257.claim-1", "00000258.claim-1", "00000258.error-1", "00000258.error-2",
         "00000259.claim-3", "00000259.error-2", "00000260.failed", "00000260.error-3",
         // of no tile of this group, or of none at all
         "00000255.result", "00000512.result", "00000261.result.host-1-a-0.tmp", "00000261.claim-", "x",
         "00000261", "0000026a.result", "00000261.claim-1x"},
        256, 256);
    REQUIRE(states.size() == 256);
    CHECK((states[0].finished && !states[0].running() && !states[0].free()));
    CHECK((states[1].running() && states[1].claim == 1));
    CHECK((states[2].free() && states[2].errors == 2 && states[2].error == 2));
    CHECK((states[3].running() && states[3].claim == 3 && states[3].errors == 1));
    CHECK((states[4].given_up && states[4].ended()));
    CHECK(states[5].free());
    CHECK(states[255].free());
}

TEST_CASE("a time in which nobody looked does not count as stillness") {
    StillnessWatch watch(10);
    CHECK(watch.look("a", "1", 1000) == 0);
    CHECK(watch.look("a", "1", 1005) == 5);
    CHECK(watch.look("a", "1", 5000) == 15);  // this process itself stood still, or all of them
    CHECK(watch.look("a", "2", 5001) == 0);
    CHECK(watch.look("a", "2", 5004) == 3);
    CHECK(watch.look("b", "2", 5004) == 0);
    watch.forget("a");
    CHECK(watch.look("a", "2", 5008) == 0);
}

TEST_CASE("a heartbeat is one line of a fixed length, made again where it was removed") {
    MemoryDisk disk;
    MemoryFiles files(disk);
    {
        Heartbeat heart(files, "w", disk.clock());
        const std::size_t length = files.read("workers/w")->size();
        CHECK(test::contains(test::error_text<ConfigError>([&] { Heartbeat(files, "w", disk.clock()); }),
                             "name w"));
        disk.now = 123.5;
        heart.count_tile();
        heart.beat();
        const auto text = files.read("workers/w");
        REQUIRE(text);
        CHECK(text->size() == length);
        const auto beat = Beat::parse(*text);
        REQUIRE(beat);
        CHECK((beat->number == 1 && beat->tiles == 1 && beat->seconds == 123.5));
        files.remove("workers/w");
        heart.beat();
        CHECK(Beat::parse(files.read("workers/w").value())->number == 2);
    }
    CHECK_FALSE(files.exists("workers/w"));
    CHECK_FALSE(Beat::parse("nonsense"));
}

TEST_CASE("each tile goes to one of several workers, with few operations in vain") {
    for (const std::int64_t tiles : {1, 7, 256, 257, 1500}) {
        MemoryDisk disk;
        std::vector<std::unique_ptr<Worker>> workers;
        for (int i = 0; i < 5; ++i) workers.push_back(std::make_unique<Worker>(disk, message("w", i), tiles));
        std::map<std::int64_t, int> count;
        std::vector<std::optional<TileClaim>> held(workers.size());
        RandomSequence random({.seed = 1});
        while (static_cast<std::int64_t>(count.size()) < tiles) {
            const auto i = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(workers.size())));
            if (held[i]) {
                workers[i]->folder.finish(*held[i], message("result ", held[i]->tile));
                ++count[held[i]->tile];
                held[i].reset();
            } else {
                try {
                    held[i] = workers[i]->folder.next([&, looks = 0]() mutable {
                        for (auto& worker : workers) worker->heart.beat();
                        return ++looks > 40;
                    });
                } catch (const Interrupted&) {  // others have the rest
                }
            }
        }
        for (const auto& [tile, times] : count) REQUIRE(times == 1);
        for (auto& worker : workers) {
            CHECK_FALSE(worker->folder.next());
            CHECK(worker->folder.finished() == tiles);
            CHECK(worker->folder.given_up().empty());
        }
        MemoryFiles files(disk);
        const TilePaths paths{"tiles"};
        for (std::int64_t tile = 0; tile < tiles; ++tile)
            REQUIRE(files.read(paths.result(tile)) == message("result ", tile));
        for (const auto& [path, versions] : disk.files)  // no claim is left
            REQUIRE((!test::contains(path, "claim") || !versions.back().there()));
    }
}

TEST_CASE("a tile is taken over when its worker's heart has stood still for the patience, and not before") {
    MemoryDisk disk;
    Worker frozen(disk, "frozen", 1), other(disk, "other", 1), third(disk, "third", 1);
    const auto first = frozen.folder.next();
    REQUIRE(first);
    disk.now += 3600;  // nobody looked

    // it beats: others wait, however long
    double until = disk.now + 500;
    CHECK_THROWS_AS(other.folder.next([&] {
        frozen.heart.beat();
        return disk.now > until;
    }),
                    Interrupted);
    // it does not: after the patience of the one who looks
    const double start = disk.now;
    const auto second = other.folder.next();
    REQUIRE(second);
    CHECK((second->tile == 0 && second->number == 2));
    CHECK(disk.now - start >= 60);
    CHECK(disk.now - start < 75);

    // it wakes up, beats, and hands in; the other one does too
    frozen.heart.beat();
    frozen.folder.finish(*first, "the result");
    other.folder.finish(*second, "the result");
    CHECK_FALSE(third.folder.next());
    CHECK(third.files.read(third.folder.paths().result(0)) == "the result");
    CHECK(third.files.list("tiles/00000").size() == 1);
}

TEST_CASE("a worker that waits for others ends soon after them, and seldom looks where many do") {
    for (const int others : {0, 1000}) {
        MemoryDisk disk;
        Worker busy(disk, "busy", 1), idle(disk, "idle", 1);
        const auto last = busy.folder.next();
        REQUIRE(last);
        for (int i = 0; i < others; ++i) REQUIRE(idle.files.create(message("workers/other", i), "beat"));
        const double end = disk.now + 500;
        int looks = 0;
        double seen = 0;
        CHECK_FALSE(idle.folder.next([&] {
            ++looks;
            busy.heart.beat();
            if (seen == 0 && disk.now >= end) {
                busy.folder.finish(*last, "r");
                seen = disk.now;
            }
            return false;
        }));
        INFO(others << " others, " << looks << " looks, " << seen - end << " and " << disk.now - seen
                    << " s late");
        CHECK(seen - end <= (others == 0 ? 0.11 : 5.01));
        CHECK(disk.now - seen <= (others == 0 ? 0.11 : 5.01));
        CHECK(looks <= (others == 0 ? 15000 : 330));
    }
}

TEST_CASE("a worker that took a tile over goes on to the end of all groups") {
    MemoryDisk disk;
    const std::int64_t tiles = 5 * tiles_per_group;
    Worker gone(disk, "gone", tiles), other(disk, "other", tiles);
    REQUIRE(gone.folder.next());
    std::int64_t count = 0;
    while (const auto claim = other.folder.next()) {
        other.folder.finish(*claim, "r");
        ++count;
    }
    CHECK(count == tiles);
    CHECK(other.folder.finished() == tiles);
}

TEST_CASE("the frozen worker of a tile that was given to another changes nothing by failing or ending") {
    MemoryDisk disk;
    Worker frozen(disk, "frozen", 1), other(disk, "other", 1), third(disk, "third", 1);
    const auto first = frozen.folder.next();
    const auto second = other.folder.next();
    REQUIRE((first && second && second->number == 2));
    SECTION("failing") { frozen.folder.fail(*first, "woke up to a full disk"); }
    SECTION("ending") { frozen.folder.release(*first); }
    CHECK_THROWS_AS(third.folder.next([&, looks = 0]() mutable {
        other.heart.beat();
        return ++looks > 50;
    }),
                    Interrupted);  // still the other one's
    other.folder.finish(*second, "r");
    CHECK_FALSE(third.folder.next());
}

TEST_CASE("a tile that always fails is given up after three tries, with the reason, and the rest goes on") {
    MemoryDisk disk;
    const std::int64_t tiles = 300;
    Worker a(disk, "a", tiles), b(disk, "b", tiles);
    int tries = 0;
    bool more = true;
    while (more) {
        more = false;
        for (Worker* worker : {&a, &b})
            if (const auto claim = worker->folder.next()) {
                more = true;
                if (claim->tile == 270)
                    worker->folder.fail(*claim, message("no luck ", ++tries));
                else
                    worker->folder.finish(*claim, "r");
            }
    }
    CHECK(tries == 3);
    for (Worker* worker : {&a, &b}) {
        const auto given_up = worker->folder.given_up();
        REQUIRE(given_up.size() == 1);
        CHECK(given_up.begin()->first == 270);
        CHECK(test::contains(given_up.begin()->second, "try 3"));
        CHECK(test::contains(given_up.begin()->second, "no luck 3"));
        CHECK(worker->folder.finished() == tiles - 1);
    }
    // it is tried once more where somebody takes the note away
    a.files.remove(a.folder.paths().given_up(270));
    Worker again(disk, "again", tiles);
    const auto claim = again.folder.next();
    REQUIRE(claim);
    CHECK((claim->tile == 270 && claim->number == 4));
    again.folder.finish(*claim, "r");
    CHECK_FALSE(again.folder.next());
    CHECK(again.folder.finished() == tiles);
}

TEST_CASE("a tile under which ten workers vanished is given up, one that was released is not") {
    MemoryDisk disk;
    Worker first(disk, "first", 1);
    for (int i = 0; i < 50; ++i) {
        const auto claim = first.folder.next();
        REQUIRE(claim);
        first.folder.release(*claim);
    }
    std::vector<std::unique_ptr<Worker>> gone;
    for (int i = 0; i < 10; ++i) {
        gone.push_back(std::make_unique<Worker>(disk, message("gone", i), 1));
        const auto claim = gone.back()->folder.next();
        REQUIRE(claim);
        CHECK(claim->number == i + 1);
    }
    CHECK_FALSE(first.folder.next());
    REQUIRE(first.folder.given_up().size() == 1);
    CHECK(test::contains(first.folder.given_up().at(0), "10 workers vanished"));
}

TEST_CASE("claims and heartbeats that are damaged are those of nobody") {
    MemoryDisk disk;
    Worker owner(disk, "owner", 2), other(disk, "other", 2);
    const auto first = owner.folder.next(), second = owner.folder.next();
    REQUIRE((first && second));
    owner.files.replace(owner.folder.paths().claim(first->tile, 1), "");
    owner.files.replace(owner.folder.paths().claim(second->tile, 1), "../plan.json");
    const auto one = other.folder.next(), two = other.folder.next();
    REQUIRE((one && two));
    CHECK((one->number == 2 && two->number == 2));
}

TEST_CASE("of many workers that vanish at once all tiles are taken over soon") {
    MemoryDisk disk;
    const std::int64_t tiles = 1000;
    std::vector<std::unique_ptr<Worker>> gone;
    for (int i = 0; i < tiles; ++i) {
        gone.push_back(std::make_unique<Worker>(disk, message("gone", i), tiles));
        REQUIRE(gone.back()->folder.next());
    }
    Worker last(disk, "last", tiles);
    const double start = disk.now;
    std::int64_t count = 0;
    while (const auto claim = last.folder.next()) {
        last.folder.finish(*claim, "r");
        ++count;
    }
    CHECK(count == tiles);
    CHECK(disk.now - start < 6 * 60);
}

TEST_CASE("names that appear late, as on NFS, cost work but change no result") {
    for (const double delay : {1.0, 30.0, 60.0}) {
        MemoryDisk disk;
        const std::int64_t tiles = 600;
        std::vector<std::unique_ptr<Worker>> workers;
        for (int i = 0; i < 4; ++i)
            workers.push_back(std::make_unique<Worker>(disk, message("w", i), tiles, 60, delay));
        std::vector<std::optional<TileClaim>> held(workers.size());
        RandomSequence random({.seed = 2});
        std::int64_t computed = 0;
        std::size_t ended = 0;
        std::vector<bool> done(workers.size());
        while (ended < workers.size()) {
            const auto i = static_cast<std::size_t>(random.below(4));
            if (done[i]) continue;
            for (std::size_t k = 0; k < workers.size(); ++k)
                if (!done[k]) workers[k]->heart.beat();
            disk.now += 0.5;
            if (held[i]) {
                workers[i]->folder.finish(*held[i], message("result ", held[i]->tile));
                held[i].reset();
                ++computed;
                continue;
            }
            try {
                held[i] = workers[i]->folder.next(stop_after(3));
                if (!held[i]) done[i] = true, ++ended;
            } catch (const Interrupted&) {
            }
        }
        MemoryFiles files(disk);
        const TilePaths paths{"tiles"};
        for (std::int64_t tile = 0; tile < tiles; ++tile)
            REQUIRE(files.read(paths.result(tile)) == message("result ", tile));
        CAPTURE(delay, computed);
        CHECK(computed >= tiles);
        CHECK(computed < tiles + tiles / 2);
    }
}

}  // namespace tiles_test
