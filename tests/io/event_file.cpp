// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/io/event_file.hpp>

#include "support/catch.hpp"
#include "support/events.hpp"

namespace event_file_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("CRC-32C gives the values of its specification") {
    CHECK(crc32c("") == 0);
    CHECK(crc32c("123456789") == 0xE3069283U);
    CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);  // RFC 3720, appendix B.4
    CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43U);
    CHECK(masked_crc32c("123456789") == ((0xE3069283U >> 15 | 0xE3069283U << 17) + 0xA282EAD8U));
}

TEST_CASE("the first record of an event file has these bytes") {
    // wall_time 1.5, step 0, file_version
    const std::string message(
        "\x09\0\0\0\0\0\0\xF8\x3F\x10\0\x1A\x0D"
        "brain.Event:2",
        26);
    const std::string record = event_file_version(1.5);
    CHECK(record.substr(0, 8) == std::string("\x1A\0\0\0\0\0\0\0", 8));
    CHECK(record.substr(12, 26) == message);
    CHECK(record.size() == 8 + 4 + 26 + 4);
}

TEST_CASE("events read back, with every number that a step or a scalar may be") {
    constexpr std::int64_t large = std::numeric_limits<std::int64_t>::max();
    const std::vector<std::pair<std::string, double>> scalars{{"loss", 0.1},
                                                              {"a rate", 1e-300},
                                                              {"overflow", 1e300},
                                                              {"none", std::nan("")},
                                                              {std::string(300, 'x'), -2}};
    const auto events = read_events(event_file_version(1e9 + 0.25) + event_of_restart(2, 128) +
                                    event_of_scalars(3, large, scalars) + event_of_scalars(4, 5, {}));
    REQUIRE(events.size() == 4);
    CHECK(events[0].seconds == 1e9 + 0.25);
    CHECK(events[0].version == "brain.Event:2");
    CHECK(events[1].step == 128);
    CHECK(events[1].session == 1);
    CHECK(events[2].step == large);
    REQUIRE(events[2].scalars.size() == 5);
    CHECK(events[2].scalars[0] == std::pair(std::string("loss"), 0.1F));
    CHECK(events[2].scalars[1].second == 0);
    CHECK(std::isinf(events[2].scalars[2].second));
    CHECK(std::isnan(events[2].scalars[3].second));
    CHECK(events[2].scalars[4] == std::pair(std::string(300, 'x'), -2.0F));
    CHECK(events[3].scalars.empty());
}

}  // namespace event_file_test
