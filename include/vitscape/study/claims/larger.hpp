// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/mean_difference.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/study/claims.hpp>

namespace vitscape {

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
static_assert(Claim<LargerClaim>);

}  // namespace vitscape
