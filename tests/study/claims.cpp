// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <vitscape/study/claims/paper.hpp>

#include "support/catch.hpp"

using namespace vitscape;

TEST_CASE("a claim holds, does not hold or stays undecided by its interval", "[compare]") {
    const std::vector<AnyClaim> claims{LargerClaim{"one", "paper", "x", "a", "b"}};
    const auto verdict = [&](const std::vector<double>& a, const std::vector<double>& b) {
        const auto list =
            judge(claims, {[&](const ClaimTerm& term) { return term.contestant == "a" ? a : b; },
                           [](const std::string& key) { return key; }});
        return list.at(0).at("verdict").get<std::string>();
    };
    CHECK(verdict({2, 2.1, 1.9}, {1, 1.1, 0.9}) == "holds");
    CHECK(verdict({1, 1.1, 0.9}, {2, 2.1, 1.9}) == "does not hold");
    CHECK(verdict({1, 3, 2}, {1.5, 2.5, 2}) == "undecided");
    CHECK(verdict({2}, {1}) == "undecided");
    CHECK(verdict({2, 2.1, std::nan("")}, {1, 1.1, 0.9}) == "undecided");  // a run that did not get there
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
    CHECK(testable(paper_claims(), {"training.convex_area"}, {"mae", "rc-mae", "supervised"}).size() == 2);
    CHECK(testable(paper_claims(), {"training.convex_area"}, {"mae", "supervised"}).size() == 1);
    CHECK(testable(paper_claims(), {"training.convex_area"}, {}).empty());
}
