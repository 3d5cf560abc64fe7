// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <sys/resource.h>

#include <vitscape/core/fields.hpp>
#include <vitscape/core/memory.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace range_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

template <class T>
std::string refusal(const std::string& text, const Range& range) {
    return error_text<ConfigError>([&] { (void)parse_number<T>("--option", text, range); });
}

struct Inner {
    std::vector<double> radii{1, 2};
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("radii", self.radii, "", "in metres", Range::above(0));
    }
};
struct Outer {
    int side_length = 3;
    Inner inner{};
    bool flag = false;
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("side_length", self.side_length, "side", "in metres", Range::count(1, 5));
        visit("inner", self.inner, "", "what is in it");
        visit("flag", self.flag, "", "a flag has no range");
    }
};

}  // namespace

TEST_CASE("a range holds its numbers, and none that is not finite") {
    CHECK(Range::share().holds(0.0));
    CHECK(Range::share().holds(1));
    CHECK_FALSE(Range::share_below_all().holds(1.0));
    CHECK(Range::share_below_all().holds(0.0));
    CHECK_FALSE(Range::positive_share().holds(0.0));
    CHECK_FALSE(Range::true_share().holds(1.0));
    CHECK(Range::at_least(0).or_else(-1).holds(-1.0));
    CHECK_FALSE(Range::at_least(0).or_else(-1).holds(-0.5));
    for (const double number : {std::nan(""), std::numeric_limits<double>::infinity()})
        for (const Range& range : {Range{}, Range::rate(), Range::share(), Range::at_least(0).or_else(-1)})
            CHECK_FALSE(range.holds(number));
    CHECK(Range::seed().holds(std::numeric_limits<std::uint64_t>::max()));
}

TEST_CASE("numbers of an option are read, and others are refused with what was given and what is taken") {
    CHECK(parse_number<int>("--option", "+7", Range::count(1, 9)) == 7);
    CHECK(parse_number<double>("--option", "-2.5e-3", Range{}) == -2.5e-3);
    CHECK(parse_number<std::uint64_t>("--option", "18446744073709551615", Range::seed()) ==
          std::numeric_limits<std::uint64_t>::max());
    CHECK(refusal<std::uint32_t>("-5", Range::count(1, 1000)) ==
          "--option takes a whole number from 1 to 1000, -5 was given");
    CHECK(refusal<int>("many", Range::count(1, 1000)) ==
          "--option takes a whole number from 1 to 1000, 'many' was given");
    CHECK(refusal<int>("99999999999999999999", Range::count(1, 1e7)) ==
          "--option takes a whole number from 1 to 10000000, 99999999999999999999 was given");
    CHECK(refusal<std::uint64_t>("-1", Range::seed()) ==
          "--option takes a whole number from 0 to 18446744073709551615, -1 was given");
    CHECK(refusal<double>("nan", Range{}) == "--option takes a finite number, nan was given");
    CHECK(refusal<double>("0", Range::positive_share()) == "--option takes a number in (0, 1], 0 was given");
    CHECK(refusal<double>("-2", Range::rate().or_else(-1)) ==
          "--option takes a number of at least 0, or -1, -2 was given");
    CHECK(refusal<double>("2", Range::share().said("the part lies in [0, 1]")) ==
          "--option: the part lies in [0, 1], 2 was given");
    for (const char* text : {"", " 1", "1 ", "1,5", "0x10", "1e", "--", "1\n"})
        CHECK_FALSE(refusal<double>(text, Range{}).empty());
}

TEST_CASE("a configuration's ranges are checked through structs and lists") {
    CHECK_NOTHROW(check_ranges(Outer{}));
    CHECK(error_text<ConfigError>([] { check_ranges(Outer{.side_length = 6}); }) ==
          "side length: a whole number from 1 to 5 is needed, 6 was given");
    CHECK(error_text<ConfigError>([] {
              check_ranges(Outer{.inner = {.radii = {1, 0}}});
          }) == "radii: a number above 0 is needed, 0 was given");
    CHECK_THROWS_AS(check_ranges(Outer{.inner = {.radii = {std::nan("")}}}), ConfigError);
}

TEST_CASE("what does not fit into memory is refused with what is needed and what there is") {
    CHECK(memory_text(999) == "999 bytes");
    CHECK(memory_text(850e9) == "850 GB");
    CHECK(memory_text(1.234e16) == "12.3 PB");
    CHECK_NOTHROW(require_memory("--grid 3", 765, 1000, "fewer"));
    CHECK(error_text<ConfigError>([] { require_memory("--grid 5", 2000, 1000, "fewer steps need less"); }) ==
          "--grid 5 would need 2 kB of memory, 1 kB are available; fewer steps need less");
    CHECK_THROWS_AS(require_memory("x", std::numeric_limits<double>::infinity(), 1e12, ""), ConfigError);

    const double all = available_memory();
    CHECK(all > 1e7);
    rlimit old{};
    REQUIRE(::getrlimit(RLIMIT_AS, &old) == 0);
    const rlimit limit{static_cast<rlim_t>(all / 2), old.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_AS, &limit) == 0);
    const double limited = available_memory();
    ::setrlimit(RLIMIT_AS, &old);
    CHECK(limited <= all / 2);
}

}  // namespace range_test
