// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <vitscape/study/claims.hpp>

namespace vitscape {

/// exp of the mean of log(a_i / b_i) over pairs, such as two methods with the same seed: how many times as large a is, with
/// Student's 95 % interval of the logarithms; `difference` is the ratio, and there is no test. NaN if a number is not positive,
/// no interval for fewer than two pairs. @throws ShapeError if the numbers of a and b differ
[[nodiscard]] inline MeanDifference paired_ratio(const std::vector<double>& a, const std::vector<double>& b) {
    const auto logarithms = [](std::vector<double> numbers) {
        for (double& number : numbers) number = number > 0 ? std::log(number) : std::nan("");
        return numbers;
    };
    MeanDifference ratio = paired_difference(logarithms(a), logarithms(b));
    ratio.difference = std::exp(ratio.difference);
    ratio.standard_error *= ratio.difference;
    ratio.interval = {std::exp(ratio.interval.low), std::exp(ratio.interval.high)};
    ratio.p_value = std::nan("");
    return ratio;
}

/// What something costs: how many times as large a row is for one contestant as for another, paired by seed. It is "measured",
/// decides nothing, and takes no part in the adjustment for the number of claims.
struct RatioClaim {
    std::string text, source, row, numerator, denominator;
    bool optional = false;
    static constexpr bool any_solution = true;  ///< a cost does not depend on what was learned

    [[nodiscard]] std::vector<ClaimTerm> needs() const { return {{row, numerator}, {row, denominator}}; }
    [[nodiscard]] Verdict judge(const Evidence& evidence) const {
        Verdict verdict{.verdict = "measured"};
        verdict.primary = {
            .row = row,
            .test = message(evidence.name(row), ": ", evidence.title(numerator), " over ",
                            evidence.title(denominator)),
            .paired = paired_ratio(evidence.values({row, numerator}), evidence.values({row, denominator}))};
        if (evidence.values({row, numerator}).size() < 2) verdict.note = "a single seed has no interval";
        return verdict;
    }
};
static_assert(Claim<RatioClaim>);

}  // namespace vitscape
