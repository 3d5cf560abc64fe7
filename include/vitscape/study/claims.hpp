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
#include <vitscape/core/statistics.hpp>
#include <vitscape/io/json.hpp>

namespace vitscape {

/// A row of numbers of one contestant that a claim rests on.
struct ClaimTerm {
    std::string row, contestant;
};

/// What a study found, for claims to be judged by.
struct Evidence {
    /// One number for each seed; NaN where it was not reached, nothing for what does not take part.
    std::function<std::vector<double>(const ClaimTerm&)> values;
    /// Of a row, for people.
    std::function<std::string(const std::string& row)> name;
};

/// How a claim did. `verdict` is "holds", "does not hold" or "undecided".
struct Verdict {
    std::string test{};  ///< what the number is
    double difference = std::numeric_limits<double>::quiet_NaN();
    Interval interval{};  ///< 95 %
    std::string verdict = "undecided", note{};
};

/// A statement and how to test it: `text`, the `source` that states it, the rows and contestants that it needs, and
/// `judge`. With `optional` it is left out of a study that lacks one of these; else that is an error before any work.
template <class C>
concept Claim = std::copyable<C> && requires(const C& claim, const Evidence& evidence) {
    { claim.text } -> std::convertible_to<std::string>;
    { claim.source } -> std::convertible_to<std::string>;
    { claim.optional } -> std::convertible_to<bool>;
    { claim.needs() } -> std::convertible_to<std::vector<ClaimTerm>>;
    { claim.judge(evidence) } -> std::convertible_to<Verdict>;
};

/// One contestant's number is larger than another's: it holds where the 95 % interval of mean(larger) - mean(smaller), over
/// seeds (Welch), lies above zero, does not hold where it lies below, and is undecided where it contains zero.
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
            verdict.note = "some runs did not get there, so the difference says nothing";
        } else if (high.size() < 2 || low.size() < 2) {
            verdict.note = "one seed alone has no interval";
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

/// Any claim.
class AnyClaim {
  public:
    template <class C>
    requires(!std::same_as<C, AnyClaim> && Claim<C>)
        AnyClaim(C claim)  // NOLINT(google-explicit-constructor): a list of claims holds claims
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

/// The claims that can be tested by these rows and contestants.
/// @throws ConfigError naming the row or contestant that a claim needs and that does not take part
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
                                      "', which does not take part; there are ", all));
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
