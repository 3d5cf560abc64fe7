// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vitscape/core/json_fields.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace fields_test {

using namespace vitscape;

namespace {

enum class Loss { plain, normalized };
constexpr std::array<std::pair<std::string_view, Loss>, 2> enumerators(Loss) {
    return {{{"plain", Loss::plain}, {"normalized", Loss::normalized}}};
}

struct Round {
    static constexpr std::string_view kind = "round";
    double radius = 1;
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("radius", self.radius, "radius", "in metres");
    }
};
struct Square {
    static constexpr std::string_view kind = "square";
    int side = 2;
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("side", self.side, "side", "in metres");
    }
};
/// One of the shapes, chosen at run time.
struct AnyShape {
    std::variant<Round, Square> shape{};
    [[nodiscard]] const auto& choice() const { return shape; }
    [[nodiscard]] auto& choice() { return shape; }
};
/// A type of the user's own.
struct Custom {};

struct Config {
    Loss loss = Loss::normalized;
    AnyShape shape{};
    std::vector<double> radii{0.5, 1};
    bool other = false;
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("loss", self.loss, "loss", "what is predicted");
        visit("shape", self.shape, "shape", "of the table");
        visit("radii", self.radii, "radii", "in metres");
        visit("other", self.other, "", "whether there is another");
    }
};
/// It had one number before.
struct Extended {
    static constexpr std::string_view kind = "extended";
    static constexpr std::array<std::string_view, 2> newer_fields{"share", "loss"};
    double old = 1, share = 1;
    Loss loss = Loss::normalized;
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("old", self.old, "", "as ever");
        visit("share", self.share, "", "of the whole");
        visit("loss", self.loss, "", "what is predicted");
    }
};
static_assert(WithNewerFields<Extended> && !WithNewerFields<Config>);
static_assert(WithFields<Config> && WithKind<Round> && NamedEnum<Loss> && !NamedEnum<int>);
static_assert(!WithFields<std::string> && ChoiceOfKinds<AnyShape> && !ChoiceOfKinds<Round>);

}  // namespace

TEST_CASE("fields: what is described is read back", "[core][fields]") {
    const Config config{Loss::plain, {Square{7}}, {0.25}, true};
    const nlohmann::json json = describe(config);
    CHECK(json.dump() ==
          R"({"loss":"plain","other":true,"radii":[0.25],"shape":{"kind":"square","side":7}})");
    Config read;
    read_fields(json, read);
    CHECK(describe(read) == json);
}

TEST_CASE("fields: newer ones are written where they are not the default, and may be missing",
          "[core][fields]") {
    CHECK(describe(Extended{}).dump() == R"({"kind":"extended","old":1.0})");
    const Extended changed{3, 0.5, Loss::plain};
    CHECK(describe(changed).dump() == R"({"kind":"extended","loss":"plain","old":3.0,"share":0.5})");
    Extended read;
    read_fields(describe(changed), read);
    CHECK(describe(read) == describe(changed));
    Extended kept{2, 0.25};
    read_fields(nlohmann::json{{"old", 4}}, kept);
    CHECK(describe(kept).dump() == R"({"kind":"extended","old":4.0,"share":0.25})");
    CHECK(test::error_text<IoError>([&] {
              read_fields(nlohmann::json{{"share", 0.5}}, read);
          }).find("old") != std::string::npos);
    CHECK_THROWS_AS(read_fields(nlohmann::json{{"old", 4}, {"share", "half"}}, read), IoError);
}

TEST_CASE("fields: a type without fields is called custom and cannot be read back", "[core][fields]") {
    CHECK(detail::field_json(Custom{}).dump() == R"({"kind":"custom"})");
    Custom custom;
    CHECK_THROWS_AS(detail::read_field(JsonValue(nlohmann::json{{"kind", "custom"}}, "a file"), custom),
                    ConfigError);
}

TEST_CASE("fields: an unknown kind or name is refused with the known ones", "[core][fields]") {
    nlohmann::json json = describe(Config{});
    json["shape"]["kind"] = "oval";
    Config read;
    CHECK_THROWS_AS(read_fields(json, read), ConfigError);
    json = describe(Config{});
    json["loss"] = "best";
    CHECK_THROWS_AS(read_fields(json, read), ConfigError);
    json = describe(Config{});
    json.erase("radii");
    CHECK_THROWS_AS(read_fields(json, read), IoError);
    json = describe(Config{});
    json["shape"] = {{"kind", "square"}, {"side", -1.5}};
    CHECK(test::error_text<IoError>([&] {
              read_fields(JsonValue(json, "a.safetensors", "/model"), read);
          }).starts_with("a.safetensors: /model/shape/side is -1.5, needed is a whole number"));
}

}  // namespace fields_test
