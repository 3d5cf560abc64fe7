// SPDX-License-Identifier: Apache-2.0
//
// What files say about methods, and the way back.
#include <set>
#include <string>
#include <variant>

#include <vitscape/methods/all.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace cards_test {

using namespace vitscape;

namespace {

const VitShape encoder{16, 4, {.width = 16, .depth = 1, .heads = 2}};
const TransformerShape decoder{.width = 8, .depth = 2, .heads = 4};

/// A policy of one's own.
struct HalfMasking {
    [[nodiscard]] Index visible(const PatchGrid& grid) const { return grid.count() / 2; }
    void operator()(std::span<std::int32_t>, const PatchGrid&, RandomSequence&) const {}
};

}  // namespace

TEST_CASE("cards: descriptions are those of version 0.1 to the byte", "[methods]") {
    const std::string sizes =
        R"("decoder":{"depth":2,"heads":4,"mlp_ratio":4.0,"width":8},)"
        R"("encoder":{"depth":1,"heads":2,"image":16,"mlp_ratio":4.0,"patch":4,"width":16},)";
    CHECK(describe(MaskedAutoencoder<AnyMasking>({encoder, decoder})).dump() ==
          "{" + sizes +
              R"("masking":{"kind":"random","ratio":0.75},"method":"mae","pixel_loss":"normalized"})");
    CHECK(describe(MaskedAutoencoder<>({encoder, decoder, {.ratio = 0.5}, PixelLoss::plain})).dump() ==
          "{" + sizes + R"("masking":{"kind":"random","ratio":0.5},"method":"mae","pixel_loss":"plain"})");
    CHECK(describe(MaskedAutoencoder<BlockMasking>({encoder, decoder}))["masking"].dump() ==
          R"({"kind":"block","narrowest":0.3,"ratio":0.5,"smallest":4})");
    CHECK(describe(MaskedAutoencoder<GridMasking>({encoder, decoder}))["masking"].dump() ==
          R"({"kind":"grid","stride":2})");
    CHECK(describe(RcMae<AnyMasking, EmaTeacher<AnyMomentum>>({encoder, decoder})).dump() ==
          R"({"consistency":1.0,)" + sizes +
              R"("masking":{"kind":"random","ratio":0.75},"method":"rc-mae",)"
              R"("momentum":{"from":0.996,"kind":"published","to":1.0},"other_mask":false,)"
              R"("pixel_loss":"normalized"})");
    CHECK(describe(VitClassifier({.encoder = encoder, .classes = 3, .label_smoothing = 0.1})).dump() ==
          R"({"classes":3,"encoder":{"depth":1,"heads":2,"image":16,"mlp_ratio":4.0,"patch":4,"width":16},)"
          R"("label_smoothing":0.1,"method":"supervised","pooling":"class-token","positions":"fixed"})");
    // what version 0.1 did not have is written only if it is not the default
    CHECK(describe(VitClassifier({.encoder = encoder, .loss = ClassifierLoss::squared})).at("loss") ==
          "squared");
    using Taught = RcMae<AnyMasking, EmaTeacher<AnyMomentum>>;
    Taught::Config half{.encoder = encoder, .decoder = decoder, .teacher_share = 0.5};
    CHECK(describe(Taught(half)).at("teacher_share") == 0.5);
    CHECK_FALSE(describe(Taught(half)).contains("evaluate"));
    half.evaluate = EvaluatedWeights::teacher;
    CHECK(describe(Taught(half)).at("evaluate") == "teacher");
    // and is missing in a file of version 0.1, which is opened as ever
    nlohmann::json old = describe(Taught(half));
    old.erase("teacher_share"), old.erase("evaluate");
    const auto read = std::get<Taught>(method_from(old));
    CHECK(read.config().teacher_share == 1);
    CHECK(read.evaluated_weights() == EvaluatedWeights::student);
    CHECK(describe(read) == old);
    old["evaluate"] = "both";
    CHECK_THROWS_AS(method_from(old), ConfigError);
}

TEST_CASE("cards: names are unique, and every method is read back as it was", "[methods]") {
    std::set<std::string_view> names;
    std::size_t count = 0;
    AllMethods::for_each([&]<class M>() {
        names.insert(M::Card::name);
        ++count;
        typename M::Config config;
        config.encoder = encoder;
        if constexpr (requires { config.decoder; }) config.decoder = decoder;
        if constexpr (requires { config.masking.policy; }) config.masking = {BlockMasking{0.6, 2, 0.5}};
        if constexpr (requires { config.consistency; }) config.consistency = 0.25;
        if constexpr (requires { config.teacher_share; }) config.teacher_share = 0.5;
        if constexpr (requires { config.evaluate; }) config.evaluate = EvaluatedWeights::teacher;
        if constexpr (requires { config.loss; }) config.loss = ClassifierLoss::squared;
        if constexpr (requires { config.pooling; }) config.pooling = Pooling::average;
        const nlohmann::json description = describe(M(config));
        CHECK(description.at("method") == std::string(M::Card::name));
        const AnyMethod read = method_from(description);
        CHECK(std::holds_alternative<M>(read));
        CHECK(std::visit([](const auto& method) { return describe(method); }, read) == description);
    });
    CHECK(names.size() == count);
}

TEST_CASE("cards: what a file cannot bring back is refused by a sentence", "[methods]") {
    const nlohmann::json custom = describe(MaskedAutoencoder<HalfMasking>({encoder, decoder}));
    CHECK(custom["masking"].dump() == R"({"kind":"custom"})");
    CHECK(test::error_text<ConfigError>([&] {
              (void)method_from(custom);
          }).find("'custom'; known are random, block") != std::string::npos);
    nlohmann::json other = custom;
    other["method"] = "dino";
    CHECK(test::error_text<ConfigError>([&] {
              (void)method_from(other);
          }).find("unknown method 'dino'; known are " + AllMethods::names()) != std::string::npos);
    other = describe(VitClassifier({.encoder = encoder}));
    other.erase("classes");
    CHECK(test::error_text<IoError>([&] { (void)method_from(other); }).find("classes") != std::string::npos);
}

}  // namespace cards_test
