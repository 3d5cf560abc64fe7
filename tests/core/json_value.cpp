// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <vitscape/core/json_value.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace json_value_test {

using namespace vitscape;
using nlohmann::json;
using test::error_text;

namespace {

template <class T>
std::string refusal(const json& value) {
    return error_text<IoError>([&] { (void)JsonValue(value, "plan.json", "/speed").to<T>(); });
}

}  // namespace

TEST_CASE("values come as they are stored, by type and range") {
    const json file = {
        {"epochs", 20}, {"rate", 0.5},       {"whole", 3},         {"name", "mae"},
        {"on", true},   {"list", {1, 2, 3}}, {"nothing", nullptr}, {"nested", {{"a", {{{"b", -7}}}}}}};
    const JsonValue value(file, "plan.json");
    CHECK(value.at("epochs").to<std::uint32_t>() == 20);
    CHECK(value.at("rate").to<double>() == 0.5);
    CHECK(value.at("whole").to<float>() == 3.0f);
    CHECK(value.at("name").to<std::string>() == "mae");
    CHECK(value.at("on").to<bool>());
    CHECK(value.at("list").to<std::vector<int>>() == std::vector<int>{1, 2, 3});
    CHECK(value.at("list").to<std::array<double, 3>>() == std::array<double, 3>{1, 2, 3});
    CHECK(value.at("list").back().to<int>() == 3);
    CHECK(std::isnan(value.at("nothing").number_or_nan()));
    CHECK(value.at("rate").number_or_nan() == 0.5);
    CHECK(value.value("missing").json().is_null());
    CHECK(value.at("nested").at("a").at(0).at("b").to<std::int64_t>() == -7);
}

TEST_CASE("what is missing is named with its file and the keys that lead to it") {
    const json file = {{"decided", {{"speeds", {{"mae", {1.0, 2.0}}}}}}};
    const JsonValue value(file, "runs/plan.json");
    CHECK(error_text<IoError>([&] { (void)value.at("asked"); }) == "runs/plan.json: it has no entry 'asked'");
    CHECK(error_text<IoError>([&] { (void)value.at("decided").at("epochs"); }) ==
          "runs/plan.json: /decided has no entry 'epochs'");
    CHECK(error_text<IoError>([&] { (void)value.at("decided").at("speeds").at("mae").at(5); }) ==
          "runs/plan.json: /decided/speeds/mae is a list of 2, needed is one of at least 6");
    CHECK(error_text<IoError>([&] { (void)value.at("decided").at(0); }) ==
          R"(runs/plan.json: /decided is {"speeds":{"mae":[1.0,2.0]}}, needed is a list)");
    CHECK(error_text<IoError>([&] { (void)value.at("decided").at("speeds").at("mae").at("x"); }) ==
          "runs/plan.json: /decided/speeds/mae is [1.0,2.0], needed is an object");
}

TEST_CASE("numbers out of range and values of other types are refused") {
    CHECK(refusal<std::uint32_t>(-3) ==
          "plan.json: /speed is -3, needed is a whole number between 0 and 4294967295");
    CHECK(refusal<std::int64_t>(1e300).find("is 1e+300, needed is a whole number") != std::string::npos);
    CHECK(refusal<std::int64_t>(2.0).find("a whole number") != std::string::npos);
    CHECK_FALSE(refusal<std::int64_t>(std::numeric_limits<std::uint64_t>::max()).empty());
    CHECK_FALSE(refusal<std::uint64_t>(std::numeric_limits<std::int64_t>::min()).empty());
    CHECK_FALSE(refusal<std::int32_t>(std::int64_t{1} << 31).empty());
    CHECK(refusal<std::int32_t>((std::int64_t{1} << 31) - 1).empty());
    CHECK(refusal<std::uint64_t>(std::numeric_limits<std::uint64_t>::max()).empty());
    CHECK_FALSE(refusal<float>(1e300).empty());
    CHECK(refusal<double>(1e300).empty());
    for (const json& other : {json("3"), json(true), json(nullptr), json::array({1}), json::object()}) {
        INFO(other.dump());
        CHECK_FALSE(refusal<int>(other).empty());
        CHECK_FALSE(refusal<double>(other).empty());
    }
    CHECK_FALSE(refusal<bool>(1).empty());
    CHECK(refusal<std::string>(1).find("needed is a text") != std::string::npos);
    CHECK(refusal<std::vector<int>>({1, "two"}).find("/speed/1 is \"two\"") != std::string::npos);
    CHECK(refusal<std::array<float, 3>>({1, 2}).find("a list of 3 values") != std::string::npos);
    CHECK(JsonValue(5, "x").number(1, 5) == 5);
    CHECK_THROWS_AS(JsonValue(6, "x").number(1, 5), IoError);
    CHECK_THROWS_AS(JsonValue("6", "x").number_or_nan(), IoError);
}

TEST_CASE("a long value is cut in the message") {
    const std::string text = refusal<int>(json(std::string(10000, 'x')));
    CHECK(text.size() < 200);
    CHECK(text.find("xxx ...") != std::string::npos);
    CHECK(refusal<int>(json("\xFF\xFE")).find("needed is a whole number") != std::string::npos);
}

}  // namespace json_value_test
