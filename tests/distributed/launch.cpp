// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <vitscape/distributed/launch.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace launch_test {

using namespace vitscape;

namespace {

/// Environment variables of launchers for a while, those of the surroundings put away.
class Environment {
  public:
    explicit Environment(const std::map<std::string, std::string>& variables) {
        for (const char* name :
             {"RANK", "WORLD_SIZE", "LOCAL_RANK", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
              "OMPI_COMM_WORLD_LOCAL_RANK", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "SLURM_PROCID",
              "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "VITSCAPE_RENDEZVOUS"}) {
            if (const char* value = std::getenv(name)) before_[name] = value;
            ::unsetenv(name);
            names_.emplace_back(name);
        }
        for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() {
        for (const std::string& name : names_) ::unsetenv(name.c_str());
        for (const auto& [name, value] : before_) ::setenv(name.c_str(), value.c_str(), 1);
    }

  private:
    std::vector<std::string> names_;
    std::map<std::string, std::string> before_;
};

std::vector<int> place(const std::map<std::string, std::string>& variables) {
    const Environment environment(variables);
    const ProcessPlace p = process_place();
    return {p.rank, p.size, p.local_rank};
}
std::string refusal(const std::map<std::string, std::string>& variables) {
    return test::error_text<ConfigError>([&] { place(variables); });
}

using Id = std::array<std::byte, 128>;
Id some_id(int number) {
    Id id;
    id.fill(static_cast<std::byte>(number));
    return id;
}

}  // namespace

TEST_CASE("the environment tells a process its place", "[distributed][launch]") {
    CHECK(bool(place({}) == std::vector<int>{0, 1, 0}));
    CHECK(
        bool(place({{"RANK", "5"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "1"}}) == std::vector<int>{5, 8, 1}));
    CHECK(bool(place({{"RANK", "1"}, {"WORLD_SIZE", "2"}}) == std::vector<int>{1, 2, 1}));
    const std::map<std::string, std::string> mpi{
        {"OMPI_COMM_WORLD_RANK", "3"}, {"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_LOCAL_RANK", "0"}};
    CHECK(bool(place(mpi) == std::vector<int>{3, 4, 0}));
    const std::map<std::string, std::string> hydra{
        {"PMI_RANK", "2"}, {"PMI_SIZE", "4"}, {"MPI_LOCALRANKID", "1"}};
    CHECK(bool(place(hydra) == std::vector<int>{2, 4, 1}));
    const std::map<std::string, std::string> step{
        {"SLURM_PROCID", "6"}, {"SLURM_STEP_NUM_TASKS", "8"}, {"SLURM_LOCALID", "2"}};
    CHECK(bool(place(step) == std::vector<int>{6, 8, 2}));
    // mpirun inside of a step: its processes count
    std::map<std::string, std::string> inside = mpi;
    inside.insert(step.begin(), step.end());
    CHECK(bool(place(inside) == std::vector<int>{3, 4, 0}));
    // a batch script runs once, whatever its job was given
    CHECK(bool(place({{"SLURM_PROCID", "0"}, {"SLURM_LOCALID", "0"}}) == std::vector<int>{0, 1, 0}));

    CHECK(test::contains(refusal({{"RANK", "1"}}), "has RANK but not WORLD_SIZE"));
    CHECK(test::contains(refusal({{"WORLD_SIZE", "2"}}), "has WORLD_SIZE but not RANK"));
    CHECK(test::contains(refusal({{"PMI_RANK", "1"}}), "has PMI_RANK but not PMI_SIZE"));
    CHECK(test::contains(refusal({{"SLURM_STEP_NUM_TASKS", "2"}}), "not SLURM_PROCID"));
    CHECK(test::contains(refusal({{"RANK", "one"}, {"WORLD_SIZE", "2"}}), "RANK is 'one'"));
    CHECK(test::contains(refusal({{"RANK", "1 "}, {"WORLD_SIZE", "2"}}), "RANK is '1 '"));
    CHECK(test::contains(refusal({{"RANK", "2"}, {"WORLD_SIZE", "2"}}), "RANK 2"));
    CHECK(test::contains(refusal({{"RANK", "-1"}, {"WORLD_SIZE", "2"}}), "RANK -1"));
    CHECK(test::contains(refusal({{"RANK", "0"}, {"WORLD_SIZE", "0"}}), "WORLD_SIZE 0"));
}

TEST_CASE("process 0 hands bytes to the others through a file", "[distributed][launch]") {
    const test::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "meeting";
    constexpr int size = 4;
    std::array<Id, size> got{};
    {
        std::vector<std::jthread> others;
        for (int rank = 1; rank < size; ++rank)
            others.emplace_back([&, rank] {
                Rendezvous rendezvous({rank, size, rank}, path);
                rendezvous.exchange(got[static_cast<std::size_t>(rank)]);
            });
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        std::ofstream(path) << "half a message";  // is not taken for a whole one
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        Rendezvous rendezvous({0, size, 0}, path);
        Id id = some_id(77);
        rendezvous.exchange(id);
        others.clear();  // joins
        CHECK(std::filesystem::exists(path));
    }
    CHECK(std::filesystem::is_empty(folder.path()));
    for (int rank = 1; rank < size; ++rank) CHECK(bool(got[static_cast<std::size_t>(rank)] == some_id(77)));
}

TEST_CASE("a process does not wait for ever nor take what another run has left", "[distributed][launch]") {
    const test::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "meeting";
    std::ofstream(path) << std::string(128, 'x');
    std::filesystem::last_write_time(path,
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    Id id = some_id(1);
    Rendezvous late({1, 2, 1}, path, std::chrono::milliseconds(200));
    const std::string text = test::error_text<CommunicationError>([&] { late.exchange(id); });
    CHECK(test::contains(text, "process 1 waited 0.2 s for process 0 of 2"));
    CHECK(test::contains(text, path.string()));
    CHECK(bool(id == some_id(1)));

    Rendezvous nowhere({0, 2, 0}, folder.path() / "missing" / "meeting");
    CHECK(test::contains(test::error_text<IoError>([&] { nowhere.exchange(id); }), "VITSCAPE_RENDEZVOUS"));
    Rendezvous alone({0, 1, 0}, folder.path() / "missing" / "meeting");
    alone.exchange(id);  // needs no file
}

TEST_CASE("processes of one launcher find one file", "[distributed][launch]") {
    {
        const std::map<std::string, std::string> named{{"VITSCAPE_RENDEZVOUS", "/somewhere/else"}};
        const Environment environment(named);
        CHECK(Rendezvous::default_path() == "/somewhere/else");
    }
    const Environment environment(std::map<std::string, std::string>{});
    CHECK(test::contains(Rendezvous::default_path().string(), std::to_string(::getppid())));
}

}  // namespace launch_test
