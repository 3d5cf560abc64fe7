// SPDX-License-Identifier: Apache-2.0
//
// usage: benchmark_job_claims [WORKERS TILES SECONDS DEATHS MICROSECONDS MILLISECONDS]
//
// Many workers that share the tiles of a job (vitscape/job), simulated: the workers run the library's own code, each on a stack
// of its own, against a model of a file server. The server does one operation after another, MICROSECONDS each and one more
// microsecond for every 4 names of a listing; an answer is MILLISECONDS under way. A tile takes SECONDS, +- 30 %. DEATHS
// workers vanish with a tile in their hands. Prints one row of docs/distributed.md; without arguments all of them.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/job/clock.hpp>
#include <vitscape/job/job_files.hpp>
#include <vitscape/job/tile_folder.hpp>

#include "../tests/support/fibers.hpp"

namespace {

using vitscape::test::Fibers;

struct Setting {
    int workers = 1000;
    std::int64_t tiles = 100000;
    double seconds = 30;  ///< of a tile
    int deaths = 0;
    double operation = 50e-6;  ///< of the server
    double way = 0.5e-3;       ///< to the server and back
};

/// Time, the fibers that wait for it, and the server.
struct World {
    Setting setting;
    Fibers fibers{};
    struct Event {
        double time;
        std::uint64_t order;
        int worker;
        bool beat;
        friend bool operator>(const Event& a, const Event& b) {
            return a.time != b.time ? a.time > b.time : a.order > b.order;
        }
    };
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events{};
    std::uint64_t count = 0;
    double now = 0, server_free = 0, server_busy = 0, waiting = 0;
    std::int64_t operations = 0, lost_claims = 0, computed = 0, listings = 0;
    int running = Fibers::outside;
    std::unordered_map<std::string, std::map<std::string, std::string>> folders{};

    void at(double time, int worker, bool beat) { events.push({time, count++, worker, beat}); }
    void sleep(double seconds) {
        at(now + seconds, running, false);
        fibers.jump(running, Fibers::outside);
    }
    /// What the server needs for so many operations. @returns when it is through
    double serve(double operations_now, double names = 0) {
        const double needed = operations_now * setting.operation + names * 0.25e-6;
        operations += static_cast<std::int64_t>(operations_now);
        server_busy += needed;
        server_free = std::max(server_free, now + setting.way / 2) + needed;
        return server_free + setting.way / 2;
    }
    /// The running worker waits for them.
    void call(double operations_now, double names = 0) {
        const double seconds = serve(operations_now, names) + (operations_now - 1) * setting.way - now;
        waiting += seconds;
        sleep(seconds);
    }
};

class ServerFiles final : public vitscape::JobFiles {
  public:
    explicit ServerFiles(World& world) : world_(world) {}

    std::vector<std::string> list(const std::string& folder) override {
        std::vector<std::string> names;
        for (const auto& [name, text] : world_.folders[folder]) names.push_back(name);
        ++world_.listings;
        world_.call(1, static_cast<double>(names.size()));
        return names;
    }
    bool exists(const std::string& path) override { return read(path).has_value(); }
    std::optional<std::string> read(const std::string& path) override {
        const auto [folder, name] = split(path);
        const auto& files = world_.folders[folder];
        const auto found = files.find(name);
        std::optional<std::string> text;
        if (found != files.end()) text = found->second;
        world_.call(text ? 2 : 1);  // open and read
        return text;
    }
    bool create(const std::string& path, std::string_view text) override {
        const auto [folder, name] = split(path);
        const bool is_new = world_.folders[folder].try_emplace(name, text).second;
        world_.lost_claims += !is_new && name.find("claim") != std::string::npos;
        world_.call(is_new ? 3 : 1);  // create, write, close
        return is_new;
    }
    bool publish(const std::string& path, std::string_view text) override { return create(path, text); }
    void replace(const std::string& path, std::string_view text) override {
        const auto [folder, name] = split(path);
        world_.folders[folder][name] = text;
        world_.call(4);  // create, write, close, rename
    }
    bool overwrite(const std::string& path, std::string_view text) override {
        const auto [folder, name] = split(path);
        world_.folders[folder][name] = text;
        world_.call(3);
        return true;
    }
    void remove(const std::string& path) override {
        const auto [folder, name] = split(path);
        world_.folders[folder].erase(name);
        world_.call(1);
    }
    std::string shown(const std::string& path) const override { return path; }

  private:
    static std::pair<std::string, std::string> split(const std::string& path) {
        const std::size_t at = path.rfind('/');
        return {path.substr(0, at), path.substr(at + 1)};
    }
    World& world_;
};

void simulate(const Setting& setting) {
    constexpr double patience = 60;
    World world{.setting = setting};
    ServerFiles files(world);
    double ideal = 0, last_result = 0, late = 0;
    int ended = 0, dead = 0;
    std::vector<std::uint64_t> beats(static_cast<std::size_t>(setting.workers));
    std::vector<bool> alive(beats.size(), true);
    const auto seconds_of = [&](std::int64_t tile) {
        return setting.seconds *
               (0.7 + 0.6 * vitscape::random_uniform({.seed = 1}, static_cast<std::uint64_t>(tile)));
    };
    for (std::int64_t tile = 0; tile < setting.tiles; ++tile) ideal += seconds_of(tile);
    ideal /= setting.workers;
    const vitscape::JobClock clock{.now = [&] { return world.now; },
                                   .sleep = [&](double seconds) { world.sleep(seconds); }};
    world.fibers.start(setting.workers, [&](int i) {
        const auto me = static_cast<std::size_t>(i);
        {
            const std::string name = vitscape::message("worker-", i);
            (void)files.create("workers/" + name, "0");
            world.at(world.now + patience / 12, i, true);
            vitscape::TileFolder folder(files, "tiles", setting.tiles, name, patience, clock);
            // those who die do so at different times of the first nine tenths
            const double death = i < setting.deaths ? ideal * 0.9 * (i + 1) / setting.deaths : 1e300;
            while (const auto claim = folder.next()) {
                if (world.now > death) break;
                world.sleep(seconds_of(claim->tile));
                ++world.computed;
                folder.finish(*claim, "r");
                last_result = std::max(last_result, world.now);
            }
            dead += world.now > death;
            if (!(world.now > death)) late += world.now - last_result;
            alive[me] = false;
            if (!(world.now > death)) files.remove("workers/" + name);
        }
        ++ended;
        world.fibers.jump(i, Fibers::outside, true);
    });
    // a cluster starts its tasks one after another, 200 in a second
    for (int i = 0; i < setting.workers; ++i) world.at(i / 200.0, i, false);
    while (ended < setting.workers) {
        const World::Event event = world.events.top();
        world.events.pop();
        world.now = event.time;
        const auto worker = static_cast<std::size_t>(event.worker);
        if (event.beat) {
            if (!alive[worker]) continue;
            world.folders["workers"][vitscape::message("worker-", event.worker)] =
                std::to_string(++beats[worker]);
            world.serve(3);
            world.at(world.now + patience / 12, event.worker, true);
        } else {
            world.running = event.worker;
            world.fibers.jump(Fibers::outside, event.worker);
        }
    }
    const double tiles = static_cast<double>(setting.tiles);
    std::printf(
        "| %d | %lld | %g s | %g us | %d | %.1f s | %.1f s | %.1f %% | %lld | %lld | %.1f | %.0f %% | %.1f "
        "ms | %.2f s |\n",
        setting.workers, static_cast<long long>(setting.tiles), setting.seconds, setting.operation * 1e6,
        dead, ideal, last_result, 100 * ideal / last_result,
        static_cast<long long>(world.computed - setting.tiles), static_cast<long long>(world.lost_claims),
        static_cast<double>(world.operations) / tiles, 100 * world.server_busy / world.now,
        1e3 * world.waiting / tiles, late / std::max(1, setting.workers - dead));
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    std::puts(
        "| workers | tiles | of | operation | vanish | ideal | took | efficiency | computed twice | claims "
        "in vain | "
        "operations per tile | server busy | waited per tile | ends late |");
    std::puts(
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: "
        "|");
    if (argc == 7) {
        simulate({std::atoi(argv[1]), std::atoll(argv[2]), std::atof(argv[3]), std::atoi(argv[4]),
                  std::atof(argv[5]) * 1e-6, std::atof(argv[6]) * 1e-3});
        return 0;
    }
    simulate({.workers = 100, .tiles = 10000, .seconds = 10});
    simulate({});
    simulate({.deaths = 50});
    simulate({.operation = 200e-6});
}
