// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <fstream>
#include <limits>
#include <string>

#include <vitscape/core/json_value.hpp>
#include <vitscape/io/json.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace json_test {

using namespace vitscape;
using test::contains;
using test::error_text;

TEST_CASE("JSON files keep their numbers exactly") {
    const test::TemporaryFolder folder;
    const nlohmann::json value{{"loss", 0.1 + 0.2}, {"steps", 12345678901LL}, {"name", "tiny"}};
    write_json(folder / "a.json", value);
    CHECK(load_json(folder / "a.json") == value);

    write_json(folder / "b.json", nlohmann::json{{"loss", std::numeric_limits<double>::quiet_NaN()}});
    CHECK(load_json(folder / "b.json").at("loss").is_null());
}

TEST_CASE("a broken JSON file is named") {
    const test::TemporaryFolder folder;
    std::ofstream(folder / "a.json") << "{\"loss\": 1.5,";
    const auto text = error_text<IoError>([&] { load_json(folder / "a.json"); });
    CHECK(contains(text, (folder / "a.json").string()));
    CHECK(contains(text, "not valid JSON"));
}

TEST_CASE("JSON that is nested too deeply for a stack is refused by name") {
    const auto nested = [](std::size_t levels) {
        return std::string(levels, '[') + "\"[\\\"[\"" + std::string(levels, ']');
    };
    const int most = detail::most_json_levels;
    CHECK(parse_json(nested(static_cast<std::size_t>(most)), "a.json").is_array());
    const std::string flat = "[\"" + std::string(1000, '[') + "\"" + std::string(most + 1, ' ') + "]";
    CHECK(parse_json(flat, "a.json").size() == 1);
    const auto text = error_text<IoError>([&] {
        const nlohmann::json json = parse_json(nested(1'000'000), "a.json");
        (void)JsonValue(json, "a.json").to<double>();  // names what stands there
    });
    CHECK(contains(text, "a.json"));
    CHECK(contains(text, "nested"));
}

TEST_CASE("log lines are read up to the one that a kill cut short") {
    const test::TemporaryFolder folder;
    const auto path = folder / "log.jsonl";
    append_json_line(path, nlohmann::json{{"epoch", 1}, {"loss", 0.5}});
    append_json_line(path, nlohmann::json{{"epoch", 2}, {"loss", 0.25}});
    std::ofstream(path, std::ios::app) << "{\"epoch\": 3, \"lo";
    const auto lines = load_json_lines(path);
    REQUIRE(lines.size() == 2);
    CHECK(lines[1].at("loss") == 0.25);

    std::ofstream(path, std::ios::app) << "\n";
    CHECK(contains(error_text<IoError>([&] { load_json_lines(path); }), "log.jsonl:3"));
}

TEST_CASE("a name that is not UTF-8 does not lose the report") {
    const test::TemporaryFolder folder;
    write_json(folder / "a.json", nlohmann::json{{"folder", "caf\xE9"}});
    CHECK(load_json(folder / "a.json").at("folder") == "caf\\xE9");
    append_json_line(folder / "log.jsonl", nlohmann::json{{"caf\xE9", 1}});
    CHECK(load_json_lines(folder / "log.jsonl").at(0).at("caf\\xE9") == 1);
}

TEST_CASE("a value with such a name is the one that its file gives back") {
    const test::TemporaryFolder folder;
    const nlohmann::json asked = {{"data", "folder:cl\xE9"}, {"classes", {"a", "cl\xE9"}}};
    write_json(folder / "a.json", asked);
    CHECK_FALSE(first_difference(load_json(folder / "a.json"), asked).has_value());
    const nlohmann::json other = {{"data", "folder:cl\xE8"}, {"classes", {"a", "cl\xE9"}}};
    CHECK(first_difference(load_json(folder / "a.json"), other) ==
          "/data was \"folder:cl\\\\xE9\", now it is \"folder:cl\\\\xE8\"");
}

TEST_CASE("one meaning of a number in JSON: null is one that is not finite") {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    CHECK(json_number(0.1) == 0.1);
    for (const double odd : {infinite, -infinite, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK(json_number(odd).is_null());
        CHECK(json_number<nlohmann::ordered_json>(odd).is_null());
        CHECK(nlohmann::json(odd).dump() == json_number(odd).dump());  // a file says the same either way
        CHECK(std::isnan(number_or_nan(json_number(odd))));
        CHECK(std::isnan(checked_number(json_number(odd))));
    }
    for (const nlohmann::json& number : {nlohmann::json(0.1), nlohmann::json(3), nlohmann::json(-7)}) {
        CHECK(number_or_nan(number) == number.get<double>());
        CHECK(checked_number(number) == number.get<double>());
    }
    for (const nlohmann::json& other : {nlohmann::json("3"), nlohmann::json(true),
                                        nlohmann::json::array({1.0}), nlohmann::json::object()}) {
        CHECK(std::isnan(number_or_nan(other)));
        CHECK_THROWS_AS(checked_number(other), nlohmann::json::type_error);
    }
}

}  // namespace json_test
