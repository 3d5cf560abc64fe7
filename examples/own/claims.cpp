// SPDX-License-Identifier: Apache-2.0
//
// Claims of one's own, judged by a study: is an autoencoder with a shallow decoder cheaper to train than one with a deep
// decoder, and does it get to the same reconstruction error hardly later?
// prints: ^holds: A shallow decoder makes a step cheaper \(difference [1-9][0-9.e+]*, 95 % interval [0-9.e+]+ to [0-9.e+]+\)$
// prints: ^(holds|does not hold|undecided): A shallow decoder costs at most 3 epochs more \(difference
#include <cmath>
#include <iostream>
#include <string>
#include <tuple>
#include <vector>

#include <vitscape/study/comparison.hpp>
#include <vitscape/study/summary.hpp>
#include <vitscape/vitscape.hpp>

using namespace vitscape;

/// One contestant's number is larger than another's by no more than a margin. Runs of the same seed saw the same images, so
/// it is their difference that is averaged: the claim holds where the 95 % interval of its mean lies below the margin, does
/// not hold where it lies above, and is undecided where it contains it.
struct NotLargerClaim {
    std::string text, source, row, contestant, other;
    double margin = 0;
    bool optional = false;

    [[nodiscard]] std::vector<ClaimTerm> needs() const { return {{row, contestant}, {row, other}}; }
    [[nodiscard]] Verdict judge(const Evidence& evidence) const {
        std::vector<double> differences = evidence.values({row, contestant});  // one for each seed
        const std::vector<double> others = evidence.values({row, other});
        for (std::size_t i = 0; i < others.size(); ++i) differences[i] -= others[i];
        Verdict verdict;
        verdict.test = message(evidence.name(row), ": ", contestant, " minus ", other,
                               " of the same seed, against ", margin);
        verdict.difference = mean_and_error(differences).mean;
        verdict.interval = confidence_interval(differences);
        if (verdict.interval.high < margin) verdict.verdict = "holds";
        if (verdict.interval.low > margin) verdict.verdict = "does not hold";
        if (std::isnan(verdict.difference)) verdict.note = "some runs did not get there";
        return verdict;
    }
};
static_assert(Claim<NotLargerClaim>);

int main() {
    ComparisonPlan plan{.seeds = {0, 1, 2}, .schedule = {.peak = 3e-3, .warmup_epochs = 1}};
    plan.training = {.epochs = 10, .batch = 50, .transform = {.side = 16}};
    plan.probe.epochs = 20, plan.probe.warmup_epochs = 2, plan.probe_every = 10;
    const std::vector<AnyClaim> claims{LargerClaim{.text = "A shallow decoder makes a step cheaper",
                                                   .source = "He et al. 2022, arXiv 2111.06377, section 4.1",
                                                   .row = "cost.training_operations",
                                                   .larger = "deep",
                                                   .smaller = "shallow"},
                                       NotLargerClaim{.text = "A shallow decoder costs at most 3 epochs more",
                                                      .source = "my guess",
                                                      .row = "convergence.reconstruction_half",
                                                      .contestant = "shallow",
                                                      .other = "deep",
                                                      .margin = 3}};
    Comparison study{Cpu<float>{},
                     open_dataset("synthetic:500", {.side = 16}),
                     open_dataset("synthetic:200", {.test = true, .side = 16}),
                     plan,
                     {.out = "claims", .resume = true},
                     std::tuple{ConvergenceMeasure{}, TrainingCostMeasure{}},
                     claims};
    const auto autoencoder = [](Index depth) {
        return MaskedAutoencoder<>({.encoder = {16, 4, {.width = 32, .depth = 2, .heads = 2}},
                                    .decoder = {.width = 16, .depth = depth, .heads = 2}});
    };
    study.add("deep", "4 blocks", autoencoder(4));
    study.add("shallow", "1 block", autoencoder(1));
    print_summary(std::cout, study.run().report);
}
