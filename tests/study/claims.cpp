// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <vitscape/study/claims/paper.hpp>
#include <vitscape/study/claims/pretraining.hpp>
#include <vitscape/study/judgement.hpp>

#include "support/catch.hpp"

namespace claims_test {

using namespace vitscape;

namespace {

/// Evidence of two contestants, "a" and "b", in rows whose names are their keys; "low" is better if lower.
Evidence evidence_of(std::map<std::string, std::vector<double>> values, std::string unlearned = "") {
    return {
        .values =
            [values](const ClaimTerm& term) {
                const auto found = values.find(term.row + " " + term.contestant);
                return found == values.end() ? std::vector<double>{} : found->second;
            },
        .name = [](const std::string& key) { return key; },
        .better = [](const std::string& key) { return key == "low" ? Better::lower : Better::higher; },
        .title = [](const std::string& key) { return key == "a" ? "Method A" : "Method B"; },
        .unlearned = [unlearned](const std::string& key) { return key == "a" ? unlearned : std::string(); },
        .unfinished = [](const std::string& key) { return std::string(key == "b" ? "it still fell" : ""); }};
}
nlohmann::json judge_one(const LargerClaim& claim, const Evidence& evidence) {
    return judge({claim}, evidence).at(0);
}
const LargerClaim a_larger{.text = "one", .source = "paper", .row = "x", .larger = "a", .smaller = "b"};

}  // namespace

TEST_CASE("a claim is supported, contradicted or inconclusive by its paired difference", "[compare]") {
    const auto verdict = [&](const std::vector<double>& a, const std::vector<double>& b) {
        return judge_one(a_larger, evidence_of({{"x a", a}, {"x b", b}})).at("verdict").get<std::string>();
    };
    CHECK(verdict({2, 2.1, 1.9}, {1, 1.1, 0.95}) == "supported");
    CHECK(verdict({1, 1.1, 0.95}, {2, 2.1, 1.9}) == "contradicted");
    CHECK(verdict({1, 3, 2}, {1.5, 2.5, 2}) == "inconclusive");
    CHECK(verdict({2}, {1}) == "inconclusive");
    CHECK(verdict({2, 2.1, std::nan("")}, {1, 1.1, 0.9}) == "inconclusive");  // a run without a number
    // far apart from seed to seed, but always by the same: only the pairs tell
    CHECK(verdict({1.1, 5.2, 9.1}, {1, 5, 9}) == "inconclusive");
    CHECK(verdict({1.1, 5.11, 9.1}, {1, 5, 9}) == "supported");
}

TEST_CASE("a verdict names its numbers, what else may be read, and how many seeds would decide",
          "[compare]") {
    LargerClaim claim = a_larger;
    claim.sensitivities = {"low", "missing"};
    claim.caution = "of different kinds";
    const auto found = judge_one(
        claim,
        evidence_of(
            {{"x a", {1.2, 2.9, 2.6}}, {"x b", {1, 3, 2}}, {"low a", {1, 2, 3}}, {"low b", {5, 7, 9}}}));
    CHECK(found.at("test") == "x: Method A minus Method B");
    CHECK(found.at("difference").get<double>() == Approx((0.2 - 0.1 + 0.6) / 3));
    CHECK(found.at("verdict") == "inconclusive");
    CHECK(found.at("seeds_needed").get<int>() > 3);
    CHECK(found.at("unpaired").at("difference").get<double>() == Approx(0.7 / 3));
    CHECK(found.at("unpaired").at("p_value").get<double>() > found.at("p_value").get<double>());
    CHECK(found.at("note") == "of different kinds; training had not ended (Method B: it still fell)");
    REQUIRE(found.at("sensitivities").size() == 1);  // lower is better: positive in favour of the claim
    CHECK(found.at("sensitivities").at(0).at("test") == "low: Method B minus Method A");
    CHECK(found.at("sensitivities").at(0).at("paired").at("difference") == 5);
}

TEST_CASE("a claim says which normalizations would change its verdict", "[compare]") {
    const std::vector<double> high{2, 2.1, 1.9}, low{1, 1.1, 0.95}, noise{1, 3, 1.2};
    const auto found = judge_one(a_larger, evidence_of({{"x a", high},
                                                        {"x b", low},
                                                        {"x_layer a", high},
                                                        {"x_layer b", low},
                                                        {"x_park a", low},
                                                        {"x_park b", high},
                                                        {"x_weight a", noise},
                                                        {"x_weight b", low}}));
    CHECK(found.at("verdict") == "supported");
    CHECK(found.at("note") ==
          "training had not ended (Method B: it still fell); by weight normalization of the directions it "
          "would "
          "be inconclusive; by park normalization of the directions it would be contradicted");
    CHECK(found.at("sensitivities").size() == 3);
}

TEST_CASE("a claim has the number of an untrained network beside it", "[compare]") {
    Evidence evidence =
        evidence_of({{"x a", {2, 2.1, 1.9}}, {"x b", {1, 1.1, 0.95}}, {"x b0", {3, 5}}, {"y b0", {1}}});
    evidence.origins = {{"b0", Origin::initial}, {"c0", Origin::initial}};
    const auto found = judge_one(a_larger, evidence);
    CHECK(found.at("verdict") == "supported");
    CHECK(found.at("note") ==
          "training had not ended (Method B: it still fell); Method B, which was not trained, has 4");
}

TEST_CASE("no claim is tested with a given model, whatever its numbers and whatever the claim", "[compare]") {
    Evidence evidence = evidence_of({{"x a", {2, 2.1, 1.9}}, {"x b", {1, 1.1, 0.95}}, {"x c", {0, 0, 0}}});
    CHECK(judge_one(a_larger, evidence).at("verdict") == "supported");
    LargerClaim cost = a_larger;
    cost.any_solution = true;
    const RatioClaim ratio{.text = "price", .source = "", .row = "x", .numerator = "b", .denominator = "a"};
    for (const Origin other : {Origin::trained, Origin::given}) {
        evidence.origins = {{"a", Origin::given}, {"b", other}};
        const auto found = judge({a_larger, cost, ratio}, evidence);
        for (const auto& claim : found) {
            CHECK(claim.at("verdict") == "not judged");
            for (const char* number : {"difference", "p_value", "adjusted_p_value", "seeds_needed"})
                CHECK(claim.at(number).is_null());
        }
        CHECK(found.at(0).at("note") ==
              "there are no trainings to test it over (Method A: given, one set of "
              "weights" +
                  std::string(other == Origin::given ? "; Method B: given, one set of weights)" : ")"));
    }
    // one that takes no part in a claim changes neither its verdict nor the adjustment
    evidence.origins = {{"c", Origin::given}};
    LargerClaim about_given = a_larger;
    about_given.smaller = "c";
    const auto two = judge({a_larger, about_given}, evidence);
    evidence.origins.clear();
    CHECK(two.at(0) == judge_one(a_larger, evidence));
    CHECK(two.at(1).at("verdict") == "not judged");
}

TEST_CASE("a claim about what did not learn is not judged, unless any solution will do", "[compare]") {
    const auto evidence =
        evidence_of({{"x a", {2, 2.1, 1.9}}, {"x b", {1, 1.1, 0.95}}}, "its probe is at chance");
    const auto found = judge_one(a_larger, evidence);
    CHECK(found.at("verdict") == "not judged");
    CHECK(found.at("note") == "nothing was learned here (Method A: its probe is at chance)");
    CHECK(found.at("difference").is_null());
    LargerClaim cost = a_larger;
    cost.any_solution = true;
    CHECK(judge_one(cost, evidence).at("verdict") == "supported");
}

TEST_CASE("p-values are adjusted for the number of claims that are judged", "[compare]") {
    // differences 1, 1.3, 0.7: t = 5.77 with 2 degrees of freedom, p = 0.0287
    const auto evidence = evidence_of({{"x a", {2, 2.3, 1.7}}, {"x b", {1, 1, 1}}});
    const auto alone = judge({a_larger}, evidence), two = judge({a_larger, a_larger}, evidence);
    CHECK(alone.at(0).at("p_value").get<double>() == Approx(0.0287).epsilon(0.01));
    CHECK(alone.at(0).at("verdict") == "supported");
    CHECK(two.at(0).at("adjusted_p_value").get<double>() ==
          Approx(2 * alone.at(0).at("p_value").get<double>()));
    CHECK(two.at(0).at("verdict") == "inconclusive");
    LargerClaim missing = a_larger;
    missing.row = "y";  // no numbers, no p-value: it does not count
    CHECK(judge({a_larger, missing}, evidence).at(0).at("verdict") == "supported");
}

TEST_CASE("a claim without a p-value keeps its own words", "[compare]") {
    struct Own {
        std::string text = "mine", source;
        bool optional = false;
        [[nodiscard]] std::vector<ClaimTerm> needs() const { return {}; }
        [[nodiscard]] Verdict judge(const Evidence&) const {
            return {.verdict = "supported", .note = "I say so"};
        }
    };
    const auto found = judge({Own{}}, evidence_of({})).at(0);
    CHECK(found.at("verdict") == "supported");
    CHECK(found.at("note") == "I say so");
    CHECK(describe(std::vector<AnyClaim>{Own{}, a_larger}).dump() ==
          R"([{"claim":"mine"},{"claim":"one","primary":"x"}])");
}

TEST_CASE("a cost is a ratio of pairs, which decides nothing and takes no part in the adjustment",
          "[compare]") {
    const RatioClaim cost{.text = "price", .source = "", .row = "x", .numerator = "a", .denominator = "b"};
    const auto ratio = [&](const std::vector<double>& a, const std::vector<double>& b) {
        return judge({cost}, evidence_of({{"x a", a}, {"x b", b}}, "nothing was learned")).at(0);
    };
    // as many times in every pair, however the pairs differ
    const auto twice = ratio({2, 4, 10}, {1, 2, 5});
    CHECK(twice.at("verdict") == "measured");
    CHECK(twice.at("test") == "x: Method A over Method B");
    CHECK(twice.at("difference").get<double>() == Approx(2));
    CHECK(twice.at("interval").at(0).get<double>() == Approx(2));
    CHECK(twice.at("interval").at(1).get<double>() == Approx(2));
    for (const char* none : {"p_value", "adjusted_p_value", "seeds_needed"}) CHECK(twice.at(none).is_null());
    CHECK(twice.at("note") == "");
    // 1, 2 and 4 times: the mean logarithm is log 2, its standard error log 2 / sqrt 3; Student's t is 4.30265
    const auto some = ratio({1, 2, 4}, {1, 1, 1});
    const double width = 4.30265273 * std::log(2) / std::sqrt(3);
    CHECK(some.at("difference").get<double>() == Approx(2));
    CHECK(some.at("interval").at(0).get<double>() == Approx(2 * std::exp(-width)));
    CHECK(some.at("interval").at(1).get<double>() == Approx(2 * std::exp(width)));
    CHECK(ratio({3}, {2}).at("difference").get<double>() == Approx(1.5));
    CHECK(ratio({3}, {2}).at("note") == "a single seed has no interval");
    CHECK(ratio({1, 0, 2}, {1, 1, 1}).at("difference").is_null());

    const auto evidence = evidence_of({{"x a", {2, 2.1, 1.9}}, {"x b", {1, 1.1, 0.95}}});
    CHECK(judge({a_larger, cost}, evidence).at(0) == judge({a_larger}, evidence).at(0));
}

TEST_CASE("a claim whose row or method does not take part is an error, an optional one is left out",
          "[compare]") {
    const LargerClaim claim{.text = "mine is flatter",
                            .source = "me",
                            .row = "training.trace",
                            .larger = "mae",
                            .smaller = "mine"};
    const std::vector<std::string> rows{"training.trace"}, methods{"mae", "mine"};
    CHECK(testable({claim}, rows, methods).size() == 1);
    CHECK_THROWS_WITH(testable({claim}, rows, {"mae"}),
                      "the claim 'mine is flatter' needs the method 'mine', which is not part of the study; "
                      "known are mae");
    CHECK_THROWS_AS(testable({claim}, {"training.traces"}, methods), ConfigError);
    LargerClaim optional = claim;
    optional.optional = true;
    CHECK(testable({optional}, rows, {"mae"}).empty());
    CHECK(testable({optional}, {}, methods).empty());
}

TEST_CASE("the paper's claims name methods by their cards and rows of the usual measures", "[compare]") {
    CHECK(testable(paper_claims(), {"training.convex_radius"}, {"mae", "rc-mae", "supervised"}).size() == 2);
    CHECK(testable(paper_claims(), {"training.convex_radius"}, {"mae", "supervised"}).size() == 1);
    CHECK(testable(paper_claims(), {"training.convex_radius"}, {}).empty());
    CHECK(testable(paper_claims(), {"cost.seconds_per_step"}, {"mae", "rc-mae"}).size() == 1);
}

TEST_CASE("a claim about a gain is supported or contradicted by its mean over seeds", "[compare]") {
    const PositiveClaim claim{.text = "it gains",
                              .source = "paper",
                              .row = "gain",
                              .contestant = "a",
                              .sensitivities = {"other", "missing"},
                              .caution = "of one recipe"};
    const auto judged = [&](const std::vector<double>& gains) {
        return judge({claim}, evidence_of({{"gain a", gains}, {"other a", {0.5, 0.5, 0.5}}})).at(0);
    };
    const auto found = judged({0.1, 0.12, 0.09});
    CHECK(found.at("verdict") == "supported");
    CHECK(found.at("difference").get<double>() == Approx(0.31 / 3));
    CHECK(found.at("test") == "gain: Method A");
    CHECK(found.at("note") == "of one recipe");
    REQUIRE(found.at("sensitivities").size() == 1);
    CHECK(found.at("sensitivities").at(0).at("paired").at("difference") == 0.5);
    CHECK(judged({-0.1, -0.12, -0.09}).at("verdict") == "contradicted");
    CHECK(judged({-0.1, 0.12, 0.09}).at("verdict") == "inconclusive");
    CHECK(judged({0.1}).at("note") == "of one recipe; a single seed has no interval");
    CHECK(judged({0.1, std::nan(""), 0.2}).at("note") == "of one recipe; some runs have no such number");
}

TEST_CASE("that pre-training pays is tested where a study fine-tunes with a tenth of the labels",
          "[compare]") {
    const std::vector<std::string> methods{"mae", "supervised"};
    CHECK(testable(pretraining_claims(), {"fine-tuning.gain_10_at_time"}, methods).size() == 1);
    CHECK(testable(pretraining_claims(), {"accuracy.top1"}, methods).empty());
    CHECK(testable(pretraining_claims(), {"fine-tuning.gain_10_at_time"}, {"supervised"}).empty());
}

}  // namespace claims_test
