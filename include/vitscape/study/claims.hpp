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
#include <vitscape/core/multiple_tests.hpp>
#include <vitscape/core/power.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/study/rows.hpp>

namespace vitscape {

/// A row of one contestant that a claim refers to.
struct ClaimTerm {
    std::string row, contestant;
};

/// The results of a study, for testing claims.
struct Evidence {
    /// One value per seed, of all contestants in the same order of seeds; NaN if a run has none, empty if the term is not part
    /// of the study.
    std::function<std::vector<double>(const ClaimTerm&)> values;
    /// The readable name of a row.
    std::function<std::string(const std::string& row)> name;
    /// Which direction of a row is better.
    std::function<Better(const std::string& row)> better;
    /// The title of a contestant.
    std::function<std::string(const std::string& contestant)> title;
    /// Why a contestant learned nothing; empty if it learned.
    std::function<std::string(const std::string& contestant)> unlearned;
    /// Why the training of a contestant had not ended; empty if it had.
    std::function<std::string(const std::string& contestant)> unfinished;
    std::vector<std::string> untrained{};  ///< contestants that are controls
};

/// A difference between two contestants in one row.
struct TestedDifference {
    static constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
    std::string row{}, test{};
    std::string normalization{};  ///< set if it is the primary number by another normalization of directions
    /// Over seeds: contestants share images, masks, order of images and directions.
    MeanDifference paired{.difference = nothing, .interval = {}};
    MeanDifference unpaired{.difference = nothing, .interval = {}};  ///< Welch
};

/// The outcome of a claim.
struct Verdict {
    TestedDifference
        primary{};  ///< its p-value decides, adjusted for the number of claims; NaN: `verdict` stays
    std::vector<TestedDifference> sensitivities{};  ///< other numbers that the claim may be read by
    std::string verdict = "inconclusive", note{};

    /// Notes why the primary number of so many seeds has no interval, if it has none.
    void note_missing(std::size_t seeds) {
        const bool missing = std::isnan(primary.paired.difference);
        if (seeds >= 2 && !missing) return;
        note += (note.empty() ? "" : "; ") +
                std::string(seeds < 2 ? "a single seed has no interval" : "some runs have no such number");
    }
};

/// A statement and its test: `text`, the `source` that states it, the rows and contestants that it needs, the first of them its
/// primary number, and `judge`. An `optional` claim is skipped if the study lacks one of these; otherwise that is an error before
/// any work. With a member `any_solution` that is true, a claim is judged even if a contestant learned nothing.
template <class C>
concept Claim = std::copyable<C> && requires(const C& claim, const Evidence& evidence) {
    { claim.text } -> std::convertible_to<std::string>;
    { claim.source } -> std::convertible_to<std::string>;
    { claim.optional } -> std::convertible_to<bool>;
    { claim.needs() } -> std::convertible_to<std::vector<ClaimTerm>>;
    { claim.judge(evidence) } -> std::convertible_to<Verdict>;
};

/// One contestant's value is larger than another's, by the mean difference over seeds (paired: both are trained from the same
/// seeds). Supported if it is positive and its p-value, adjusted for the number of claims (Holm), below 5 %, contradicted if
/// it is negative and that is so, otherwise inconclusive. Where its row was measured by other normalizations of directions as well,
/// the note says which of them would change the verdict.
struct LargerClaim {
    std::string text, source, row, larger, smaller;
    bool optional = false;
    bool any_solution = false;  ///< judged even if nothing was learned, such as a claim about costs
    std::vector<std::string>
        sensitivities{};    ///< further rows by which the claim may be read; they decide nothing
    std::string caution{};  ///< what the reader should know of the comparison

    [[nodiscard]] std::vector<ClaimTerm> needs() const { return {{row, larger}, {row, smaller}}; }
    [[nodiscard]] Verdict judge(const Evidence& evidence) const {
        Verdict verdict;
        verdict.note = caution;
        verdict.primary = difference(evidence, row, larger, smaller);
        verdict.note_missing(evidence.values({row, larger}).size());
        const auto measured = [&](const std::string& key) {
            return !evidence.values({key, larger}).empty() && !evidence.values({key, smaller}).empty();
        };
        for (const std::string_view name : normalization_names)
            if (const std::string other = message(row, "_", name); measured(other)) {
                verdict.sensitivities.push_back(difference(evidence, other, larger, smaller));
                verdict.sensitivities.back().normalization = name;
            }
        for (const std::string& other : sensitivities) {
            if (!measured(other)) continue;
            // positive in favour of the claim, as the primary number
            const bool same = evidence.better(other) == evidence.better(row);
            verdict.sensitivities.push_back(same ? difference(evidence, other, larger, smaller)
                                                 : difference(evidence, other, smaller, larger));
        }
        return verdict;
    }

  private:
    [[nodiscard]] static TestedDifference difference(const Evidence& evidence, const std::string& of,
                                                     const std::string& high, const std::string& low) {
        const auto a = evidence.values({of, high}), b = evidence.values({of, low});
        return {
            .row = of,
            .test = message(evidence.name(of), ": ", evidence.title(high), " minus ", evidence.title(low)),
            .paired = paired_difference(a, b),
            .unpaired = welch_difference(a, b)};
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
          any_solution([&] {
              if constexpr (requires { claim.any_solution; })
                  return static_cast<bool>(claim.any_solution);
              else
                  return false;
          }()),
          needs_(claim.needs()),
          judge_([claim](const Evidence& evidence) -> Verdict { return claim.judge(evidence); }) {}

    std::string text, source;
    bool optional, any_solution;
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

namespace detail {

/// @param p_value  adjusted for the number of claims
inline std::string verdict_of(double difference, double p_value, double level) {
    return !(p_value < level) ? "inconclusive" : difference > 0 ? "supported" : "contradicted";
}

inline nlohmann::json json_difference(const MeanDifference& d) {
    return {{"difference", json_number(d.difference)},
            {"standard_error", json_number(d.standard_error)},
            {"interval", {json_number(d.interval.low), json_number(d.interval.high)}},
            {"p_value", json_number(d.p_value)}};
}
inline nlohmann::json json_difference(const TestedDifference& d) {
    return {{"row", d.row},
            {"test", d.test},
            {"paired", json_difference(d.paired)},
            {"unpaired", json_difference(d.unpaired)}};
}

}  // namespace detail

/// The claims with their verdicts, for a report: "supported", "contradicted", "inconclusive", "measured" (a number, not a test) or
/// "not judged" (a contestant learned nothing). p-values are adjusted by Holm's method over the claims that are judged. An
/// inconclusive claim says how many seeds would decide with a power of 80 %, if difference and deviation stay as they are, at 5 %
/// divided by the number of claims.
[[nodiscard]] inline nlohmann::json judge(const std::vector<AnyClaim>& claims, const Evidence& evidence) {
    constexpr double level = 0.05, power = 0.8;
    std::vector<Verdict> verdicts;
    std::vector<double> p_values;
    for (const AnyClaim& claim : claims) {
        std::string unlearned, unfinished;
        for (const ClaimTerm& term : claim.needs()) {
            const auto once = [&](std::string& all, const std::string& why) {
                const std::string sentence = message(evidence.title(term.contestant), ": ", why);
                if (!why.empty() && all.find(sentence) == all.npos)
                    all += (all.empty() ? "" : "; ") + sentence;
            };
            once(unlearned, evidence.unlearned(term.contestant));
            once(unfinished, evidence.unfinished(term.contestant));
        }
        Verdict verdict;
        if (unlearned.empty() || claim.any_solution) {
            verdict = claim.judge(evidence);
            const auto add = [&](const std::string& sentence) {
                verdict.note += (verdict.note.empty() ? "" : "; ") + sentence;
            };
            if (!unfinished.empty() && !claim.any_solution)
                add(message("training had not ended (", unfinished, ")"));
            for (const std::string& control : evidence.untrained)
                if (const double mean =
                        mean_and_error(evidence.values({claim.needs().front().row, control})).mean;
                    !claim.any_solution && std::isfinite(mean))
                    add(message(evidence.title(control), ", which was not trained, has ",
                                plain_number(mean)));
        } else {
            verdict.verdict = "not judged";
            verdict.note = "nothing was learned here (" + unlearned + ")";
        }
        p_values.push_back(verdict.primary.paired.p_value);
        verdicts.push_back(std::move(verdict));
    }
    const std::vector<double> adjusted = holm(p_values);
    const auto judged =
        std::count_if(p_values.begin(), p_values.end(), [](double p) { return std::isfinite(p); });
    nlohmann::json list = nlohmann::json::array();
    for (std::size_t i = 0; i < claims.size(); ++i) {
        Verdict& found = verdicts[i];
        const MeanDifference& d = found.primary.paired;
        nlohmann::json seeds_needed;
        if (std::isfinite(adjusted[i])) {
            found.verdict = detail::verdict_of(d.difference, adjusted[i], level);
            for (const TestedDifference& other : found.sensitivities) {
                if (other.normalization.empty()) continue;
                std::vector<double> instead = p_values;
                instead[i] = other.paired.p_value;
                const std::string word = detail::verdict_of(other.paired.difference, holm(instead)[i], level);
                if (word != found.verdict)
                    found.note += message(found.note.empty() ? "" : "; ", "by ", other.normalization,
                                          " normalization of the directions it would be ", word);
            }
            const double deviation = d.standard_error * std::sqrt(d.degrees + 1);
            if (adjusted[i] >= level && deviation > 0)
                if (const auto seeds = seeds_for_power(std::abs(d.difference) / deviation,
                                                       level / static_cast<double>(judged), power))
                    seeds_needed = *seeds;
        }
        nlohmann::json entry = detail::json_difference(d);
        entry.update({{"claim", claims[i].text},
                      {"source", claims[i].source},
                      {"test", found.primary.test},
                      {"adjusted_p_value", json_number(adjusted[i])},
                      {"unpaired", detail::json_difference(found.primary.unpaired)},
                      {"seeds_needed", seeds_needed},
                      {"verdict", found.verdict},
                      {"note", found.note},
                      {"sensitivities", nlohmann::json::array()}});
        for (const TestedDifference& other : found.sensitivities)
            entry["sensitivities"].push_back(detail::json_difference(other));
        list.push_back(std::move(entry));
    }
    return list;
}

/// What is kept in a study's plan before any training: each claim with its primary number.
[[nodiscard]] inline nlohmann::json describe(const std::vector<AnyClaim>& claims) {
    nlohmann::json list = nlohmann::json::array();
    for (const AnyClaim& claim : claims) {
        nlohmann::json entry = {{"claim", claim.text}};
        if (!claim.needs().empty()) entry["primary"] = claim.needs().front().row;
        list.push_back(std::move(entry));
    }
    return list;
}

}  // namespace vitscape
