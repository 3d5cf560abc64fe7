// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <nlohmann/json.hpp>

#include <vitscape/core/name_text.hpp>

#include "support/catch.hpp"

namespace name_text_test {

using namespace vitscape;

TEST_CASE("names in UTF-8 stay as they are") {
    for (const std::string name :
         {"", "cats", "Zwölf Bäume", "日本語", "\xF0\x9F\x90\x88", "a\\xE9", "\xF4\x8F\xBF\xBF"}) {
        INFO(name);
        CHECK(name_text(name) == name);
    }
}

TEST_CASE("bytes that are no UTF-8 are written as numbers") {
    CHECK(name_text("cl\xE9") == "cl\\xE9");
    CHECK(name_text("\xFF\xFE") == "\\xFF\\xFE");
    CHECK(name_text("\xE9t\xE9") == "\\xE9t\\xE9");
    CHECK(name_text("\xC3") == "\\xC3");                             // cut short
    CHECK(name_text("\xE2\x82") == "\\xE2\\x82");                    // cut short
    CHECK(name_text("\xC0\xAF") == "\\xC0\\xAF");                    // longer than needed
    CHECK(name_text("\xED\xA0\x80") == "\\xED\\xA0\\x80");           // half of a surrogate pair
    CHECK(name_text("\xF4\x90\x80\x80") == "\\xF4\\x90\\x80\\x80");  // beyond U+10FFFF
    CHECK(name_text("\x80ok\xC3\xA9") == "\\x80ok\xC3\xA9");
}

TEST_CASE("JSON takes the text of every pair of bytes, and of every third byte behind them") {
    for (unsigned i = 0; i < 0x10000; ++i)
        for (const unsigned third : {0x20U, 0x80U, 0xBFU}) {
            const std::string name{static_cast<char>(i >> 8), static_cast<char>(i & 255),
                                   static_cast<char>(third)};
            REQUIRE_NOTHROW(nlohmann::json(name_text(name)).dump());
            bool utf8 = true;
            try {
                (void)nlohmann::json(name).dump();
            } catch (const nlohmann::json::type_error&) {
                utf8 = false;
            }
            REQUIRE((name_text(name) == name) == utf8);
        }
}

}  // namespace name_text_test
