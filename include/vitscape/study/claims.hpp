// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/mean_difference.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/study/origin.hpp>
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
    std::map<std::string, Origin> origins{};  ///< of contestants that were not trained here
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
/// any work. With a member `any_solution` that is true, a claim is judged even if a contestant learned nothing; a claim about a given
/// model never is.
template <class C>
concept Claim = std::copyable<C> && requires(const C& claim, const Evidence& evidence) {
    { claim.text } -> std::convertible_to<std::string>;
    { claim.source } -> std::convertible_to<std::string>;
    { claim.optional } -> std::convertible_to<bool>;
    { claim.needs() } -> std::convertible_to<std::vector<ClaimTerm>>;
    { claim.judge(evidence) } -> std::convertible_to<Verdict>;
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
static_assert(Claim<AnyClaim>);

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
