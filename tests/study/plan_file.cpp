// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/study/plan_file.hpp>
#include <vitscape/study/store.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace plan_file_test {

using namespace vitscape;
using nlohmann::json;
using test::contains;
using test::error_text;

namespace {

const json asked = {{"methods", {{"mae", {{"width", 96}}}}}, {"images", 200}};
const json decided =
    DecidedPlan{20, 1, {{"mae", {1e-3, 2e-4, {3e-4, 4e-4, 5e-4}, {6e-4, 7e-4, 8e-4}, 9e-4}}}}.json();

}  // namespace

TEST_CASE("a plan is read as it was written", "[compare]") {
    const test::TemporaryFolder folder;
    const PlanFile file(folder.path());
    file.write(asked, decided);
    const DecidedPlan plan = file.decided(asked);
    CHECK(plan.json() == decided);
    json other = asked;
    other["images"] = 100;
    CHECK(contains(error_text<ConfigError>([&] { (void)file.decided(other); }),
                   "/images was 200, now it is 100"));
}

TEST_CASE("what a killed run left of its plan does not fill a folder", "[compare]") {
    const test::TemporaryFolder folder;
    const PlanFile file(folder.path());
    const auto leftover = folder / "plan.json.4194305-2.tmp";
    write_atomically(folder / "lock", "");
    write_atomically(leftover, "{");
    file.require_empty_folder();
    CHECK_FALSE(std::filesystem::exists(leftover));
    write_atomically(folder / "notes.txt", "mine");
    CHECK(
        contains(error_text<ConfigError>([&] { file.require_empty_folder(); }), "is not empty (notes.txt)"));
}

TEST_CASE("entries of a plan that are missing or out of range are named", "[compare]") {
    const test::TemporaryFolder folder;
    const PlanFile file(folder.path());
    const std::vector<std::pair<std::string, std::function<void(json&)>>> faults{
        {"/decided has no entry 'epochs'", [](json& d) { d.erase("epochs"); }},
        {"/decided/epochs is 0, needed is", [](json& d) { d["epochs"] = 0; }},
        {"/decided/epochs is -1, needed is", [](json& d) { d["epochs"] = -1; }},
        {"/decided/epochs is 1e+300, needed is", [](json& d) { d["epochs"] = 1e300; }},
        {"/decided/epochs is \"20\", needed is", [](json& d) { d["epochs"] = "20"; }},
        {"/decided/level is 4, needed is", [](json& d) { d["level"] = 4; }},
        {"/decided/level is -1, needed is", [](json& d) { d["level"] = -1; }},
        {"/decided has no entry 'speeds'", [](json& d) { d.erase("speeds"); }},
        {"/decided/speeds has no entry 'mae'", [](json& d) { d["speeds"] = json::object(); }},
        {"/decided/speeds/mae is a list of 8, needed is one of at least 9",
         [](json& d) { d["speeds"]["mae"].erase(8); }},
        {"/decided/speeds/mae/2 is -1.0, needed is", [](json& d) { d["speeds"]["mae"][2] = -1.0; }},
        {"/decided/speeds/mae/0 is null, needed is", [](json& d) { d["speeds"]["mae"][0] = nullptr; }},
        {"/decided is [], needed is an object", [](json& d) { d = json::array(); }}};
    for (const auto& [expected, spoil] : faults) {
        json bad = decided;
        spoil(bad);
        file.write(asked, bad);
        const std::string text = error_text<IoError>([&] { (void)file.decided(asked); });
        INFO(text);
        CHECK(contains(text, (folder.path() / "plan.json").string() + ": " + expected));
    }
    write_json(folder.path() / "plan.json", json{{"decided", decided}});
    CHECK(contains(error_text<IoError>([&] { (void)file.decided(asked); }), "it has no entry 'asked'"));
    write_json(folder.path() / "plan.json", json::array({1}));
    CHECK(
        contains(error_text<IoError>([&] { (void)file.decided(asked); }), "it is [1], needed is an object"));
}

TEST_CASE("results that are no object are refused", "[compare]") {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "results.json";
    write_json(path, json::array({1}));
    CHECK(contains(error_text<IoError>([&] { ResultStore store(path); }),
                   "results.json: it is [1], needed is an object"));
    write_json(path, json{{"raw pixels", {{"top1", "much"}}}});
    const ResultStore store(path);
    CHECK(contains(error_text<IoError>([&] { (void)store.checked("raw pixels").at("top1").to<double>(); }),
                   "results.json: /raw pixels/top1 is \"much\", needed is a number"));
    CHECK(contains(error_text<IoError>([&] { (void)store.checked("random encoder"); }),
                   "results.json: it has no entry 'random encoder'"));
}

}  // namespace plan_file_test
