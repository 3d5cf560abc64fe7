// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/io/csv.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace csv_test {

using namespace vitscape;

TEST_CASE("number texts read back exactly") {
    const RandomKey key{.seed = 1, .purpose = Purpose::test};
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const double value = random_normal(key, i) * std::pow(10.0, static_cast<double>(i % 60) - 30.0);
        CHECK(std::strtod(number_text(value).c_str(), nullptr) == value);
        const auto single = static_cast<float>(value);
        CHECK(std::strtof(number_text(single).c_str(), nullptr) == single);
    }
    CHECK(number_text(0.1) == "0.1");
    CHECK(number_text(std::int64_t{-42}) == "-42");
    CHECK(number_text(std::numeric_limits<double>::quiet_NaN()) == "nan");
    CHECK(number_text(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("a table is written with its header and quoted texts") {
    const test::TemporaryFolder folder;
    CsvTable table{"x", "name", "loss"};
    table.add_row(-1, "plain", 0.5);
    table.add_row(2, "with, comma and \"quotes\"", 1e-5f);
    table.write(folder / "a.csv");
    CHECK(read_text(folder / "a.csv") ==
          "x,name,loss\n-1,plain,0.5\n2,\"with, comma and \"\"quotes\"\"\",1e-05\n");
}

TEST_CASE("a row of another width is refused and leaves the table as it was") {
    CsvTable table{"x", "y"};
    CHECK_THROWS_AS(table.add_row(1.0), ShapeError);
    CHECK_THROWS_AS(table.add_numbers(std::vector<double>(3)), ShapeError);
    CHECK(table.text() == "x,y\n");
    CsvTable named{std::vector<std::string>{"a", "b, c"}};
    named.add_numbers(std::vector<double>{1, 0.5});
    CHECK(named.text() == "a,\"b, c\"\n1,0.5\n");
}

}  // namespace csv_test
