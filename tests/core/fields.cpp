// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vitscape/core/json_fields.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

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
