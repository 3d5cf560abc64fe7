// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/mean_difference.hpp>
#include <vitscape/core/multiple_tests.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/core/power.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/study/claims.hpp>
#include <vitscape/study/rows.hpp>

namespace vitscape {

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
/// "not judged" (a contestant learned nothing, or was given: one set of weights has no trainings that a difference could be tested
/// over). p-values are adjusted by Holm's method over the claims that are judged. An
/// inconclusive claim says how many seeds would decide with a power of 80 %, if difference and deviation stay as they are, at 5 %
/// divided by the number of claims.
[[nodiscard]] inline nlohmann::json judge(const std::vector<AnyClaim>& claims, const Evidence& evidence) {
    constexpr double level = 0.05, power = 0.8;
    std::vector<Verdict> verdicts;
    std::vector<double> p_values;
    for (const AnyClaim& claim : claims) {
        std::string unlearned, unfinished, given;
        for (const ClaimTerm& term : claim.needs()) {
            const auto once = [&](std::string& all, const std::string& why) {
                const std::string sentence = message(evidence.title(term.contestant), ": ", why);
                if (!why.empty() && all.find(sentence) == all.npos)
                    all += (all.empty() ? "" : "; ") + sentence;
            };
            once(unlearned, evidence.unlearned(term.contestant));
            once(unfinished, evidence.unfinished(term.contestant));
            if (const auto origin = evidence.origins.find(term.contestant);
                origin != evidence.origins.end() && origin->second == Origin::given)
                once(given, "given, one set of weights");
        }
        Verdict verdict;
        if (!given.empty()) {
            verdict.verdict = "not judged";
            verdict.note = "there are no trainings to test it over (" + given + ")";
        } else if (unlearned.empty() || claim.any_solution) {
            verdict = claim.judge(evidence);
            const auto add = [&](const std::string& sentence) {
                verdict.note += (verdict.note.empty() ? "" : "; ") + sentence;
            };
            if (!unfinished.empty() && !claim.any_solution)
                add(message("training had not ended (", unfinished, ")"));
            for (const auto& [control, origin] : evidence.origins)
                if (const double mean =
                        mean_and_error(evidence.values({claim.needs().front().row, control})).mean;
                    origin == Origin::initial && !claim.any_solution && std::isfinite(mean))
                    add(message(evidence.title(control), ", which was not trained, has ",
                                short_number(mean)));
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

}  // namespace vitscape
