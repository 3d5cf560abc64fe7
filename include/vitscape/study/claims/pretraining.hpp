// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/study/claims.hpp>

namespace vitscape {

/// One contestant's value is above zero, by its mean over seeds, such as a gain over a baseline of the same seed.
struct PositiveClaim {
    std::string text, source, row, contestant;
    bool optional = false;
    std::vector<std::string>
        sensitivities{};    ///< further rows by which the claim may be read; they decide nothing
    std::string caution{};  ///< what the reader should know of the number

    [[nodiscard]] std::vector<ClaimTerm> needs() const { return {{row, contestant}}; }
    [[nodiscard]] Verdict judge(const Evidence& evidence) const {
        Verdict verdict{.primary = above_zero(evidence, row), .note = caution};
        verdict.note_missing(evidence.values({row, contestant}).size());
        for (const std::string& other : sensitivities)
            if (!evidence.values({other, contestant}).empty())
                verdict.sensitivities.push_back(above_zero(evidence, other));
        return verdict;
    }

  private:
    [[nodiscard]] TestedDifference above_zero(const Evidence& evidence, const std::string& of) const {
        const std::vector<double> values = evidence.values({of, contestant}), zero(values.size());
        return {.row = of,
                .test = message(evidence.name(of), ": ", evidence.title(contestant)),
                .paired = paired_difference(values, zero),
                .unpaired = welch_difference(values, zero)};
    }
};
static_assert(Claim<PositiveClaim>);

/// The claim that pre-training pays (He et al. 2022), where a study fine-tunes (measures/fine_tuning.hpp).
[[nodiscard]] inline std::vector<AnyClaim> pretraining_claims() {
    return {PositiveClaim{
        .text =
            "Pre-training pays: fine-tuned with 10 % of the labels, MAE is above supervised training from "
            "scratch in the same total time",
        .source = "He et al. 2022, arXiv 2111.06377",
        .row = "fine-tuning.gain_10_at_time",
        .contestant = std::string(MaskedAutoencoder<>::Card::name),
        .optional = true,
        .sensitivities = {"fine-tuning.gain_10_at_steps", "fine-tuning.gain_1_at_time",
                          "fine-tuning.gain_100_at_time"},
        .caution =
            "training from scratch has the study's learning rate, augmentation and weight decay, which "
            "may not be the best for it"}};
}

}  // namespace vitscape
