// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/mean_difference.hpp>
#include <vitscape/io/json.hpp>

namespace vitscape {

/// A row of one contestant that a claim refers to.
struct ClaimTerm {
    std::string row, contestant;
};

/// The results of a study, for testing claims.
struct Evidence {
    /// One value per seed; NaN if it was not reached, empty if the term is not part of the study.
    std::function<std::vector<double>(const ClaimTerm&)> values;
    /// The readable name of a row.
    std::function<std::string(const std::string& row)> name;
};

/// The outcome of a claim. `verdict` is "holds", "does not hold" or "undecided".
struct Verdict {
    std::string test{};  ///< the quantity tested
    double difference = std::numeric_limits<double>::quiet_NaN();
    Interval interval{};  ///< 95 %
    std::string verdict = "undecided", note{};
};

/// A statement and its test: `text`, the `source` that states it, the rows and contestants that it needs, and
/// `judge`. An `optional` claim is skipped if the study lacks one of these; otherwise that is an error before any work.
template <class C>
concept Claim = std::copyable<C> && requires(const C& claim, const Evidence& evidence) {
    { claim.text } -> std::convertible_to<std::string>;
    { claim.source } -> std::convertible_to<std::string>;
    { claim.optional } -> std::convertible_to<bool>;
    { claim.needs() } -> std::convertible_to<std::vector<ClaimTerm>>;
    { claim.judge(evidence) } -> std::convertible_to<Verdict>;
};

/// One contestant's value is larger than another's: it holds if the 95 % interval of mean(larger) - mean(smaller), over
/// seeds (Welch), lies above zero, does not hold if it lies below, and is undecided if it contains zero.
struct LargerClaim {
    std::string text, source, row, larger, smaller;
    bool optional = false;

    [[nodiscard]] std::vector<ClaimTerm> needs() const { return {{row, larger}, {row, smaller}}; }
    [[nodiscard]] Verdict judge(const Evidence& evidence) const {
        const auto finite = [](std::vector<double> numbers) {
            std::erase_if(numbers, [](double x) { return !std::isfinite(x); });
            return numbers;
        };
        const auto all_high = evidence.values({row, larger}), all_low = evidence.values({row, smaller});
        const auto high = finite(all_high), low = finite(all_low);
        Verdict verdict;
        verdict.test = message(evidence.name(row), ": ", larger, " minus ", smaller);
        if (high.size() < all_high.size() || low.size() < all_low.size()) {
            verdict.note = "some runs did not reach it, so the difference is meaningless";
        } else if (high.size() < 2 || low.size() < 2) {
            verdict.note = "a single seed has no interval";
        } else {
            const MeanDifference d = welch_difference(high, low);
            verdict.difference = d.difference;
            if (std::isfinite(d.interval.low) && std::isfinite(d.interval.high)) {
                verdict.interval = d.interval;
                if (d.interval.low > 0) verdict.verdict = "holds";
                if (d.interval.high < 0) verdict.verdict = "does not hold";
            }
        }
        return verdict;
    }
};

/// A type-erased claim.
class AnyClaim {
  public:
    template <class C>
    requires(!std::same_as<C, AnyClaim> && Claim<C>)
        AnyClaim(C claim)  // NOLINT(google-explicit-constructor): lists of claims convert implicitly
        : text(claim.text),
          source(claim.source),
          optional(claim.optional),
          needs_(claim.needs()),
          judge_([claim](const Evidence& evidence) -> Verdict { return claim.judge(evidence); }) {}

    std::string text, source;
    bool optional;
    [[nodiscard]] const std::vector<ClaimTerm>& needs() const { return needs_; }
    [[nodiscard]] Verdict judge(const Evidence& evidence) const { return judge_(evidence); }

  private:
    std::vector<ClaimTerm> needs_;
    std::function<Verdict(const Evidence&)> judge_;
};
static_assert(Claim<LargerClaim> && Claim<AnyClaim>);

/// The claims that can be tested with these rows and contestants.
/// @throws ConfigError naming a row or contestant that a claim needs and that is not part of the study
[[nodiscard]] inline std::vector<AnyClaim> testable(const std::vector<AnyClaim>& claims,
                                                    const std::vector<std::string>& rows,
                                                    const std::vector<std::string>& contestants) {
    std::vector<AnyClaim> list;
    for (const AnyClaim& claim : claims) {
        bool complete = true;
        const auto require = [&](const std::vector<std::string>& known, const std::string& key,
                                 const char* what) {
            if (std::find(known.begin(), known.end(), key) != known.end()) return;
            complete = false;
            if (claim.optional) return;
            std::string all;
            for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
            throw ConfigError(message("the claim '", claim.text, "' needs the ", what, " '", key,
                                      "', which is not part of the study; known are ", all));
        };
        for (const ClaimTerm& term : claim.needs()) {
            require(rows, term.row, "row");
            require(contestants, term.contestant, "method");
        }
        if (complete) list.push_back(claim);
    }
    return list;
}

/// The claims with their verdicts, for a report.
[[nodiscard]] inline nlohmann::json judge(const std::vector<AnyClaim>& claims, const Evidence& evidence) {
    nlohmann::json list = nlohmann::json::array();
    for (const AnyClaim& claim : claims) {
        const Verdict found = claim.judge(evidence);
        list.push_back({{"claim", claim.text},
                        {"source", claim.source},
                        {"test", found.test},
                        {"difference", json_number(found.difference)},
                        {"interval", {json_number(found.interval.low), json_number(found.interval.high)}},
                        {"verdict", found.verdict},
                        {"note", found.note}});
    }
    return list;
}

}  // namespace vitscape
