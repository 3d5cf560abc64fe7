// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <vitscape/study/claims.hpp>
#include <vitscape/study/measures.hpp>

#include "support/catch.hpp"

using namespace vitscape;

TEST_CASE("a claim holds, does not hold or stays undecided by its interval", "[compare]") {
    const std::vector<Claim> claims{{"one", "paper", "x", "a", "b"}};
    const auto verdict = [&](const std::vector<double>& a, const std::vector<double>& b) {
        const auto list = judge(
            claims, [&](const std::string&, const std::string& m) { return m == "a" ? a : b; },
            [](const std::string& key) { return key; });
        return list.empty() ? std::string("none") : list.at(0).at("verdict").get<std::string>();
    };
    CHECK(verdict({2, 2.1, 1.9}, {1, 1.1, 0.9}) == "holds");
    CHECK(verdict({1, 1.1, 0.9}, {2, 2.1, 1.9}) == "does not hold");
    CHECK(verdict({1, 3, 2}, {1.5, 2.5, 2}) == "undecided");
    CHECK(verdict({2}, {1}) == "undecided");
    CHECK(verdict({2, 2.1, std::nan("")}, {1, 1.1, 0.9}) == "undecided");  // a run that did not get there
    CHECK(verdict({}, {1, 1.1, 0.9}) == "none");                           // a method that does not take part
}

TEST_CASE("epochs until a level are read between epochs", "[compare]") {
    const nlohmann::json curve = {
        {"epoch", {1, 2, 3, 4}}, {"falling", {4.0, 2.0, 1.0, 0.5}}, {"rising", {nullptr, 0.2, nullptr, 0.4}}};
    CHECK(detail::epochs_until(curve, "falling", 3, true) == 1.5);
    CHECK(detail::epochs_until(curve, "falling", 5, true) == 1);
    CHECK(detail::epochs_until(curve, "rising", 0.3, false) == Approx(3));
    CHECK(std::isnan(detail::epochs_until(curve, "falling", 0.1, true)));
    CHECK(std::isnan(detail::epochs_until(curve, "missing", 0.1, true)));
}
