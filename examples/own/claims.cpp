// SPDX-License-Identifier: Apache-2.0
//
// Claims of one's own, judged by a study: is an autoencoder with a shallow decoder cheaper to train than one with a deep
// decoder, and is its reconstruction hardly worse?
// prints: ^supported: A shallow decoder makes a step cheaper \(difference
// prints: ^(supported|contradicted|inconclusive|not judged): A shallow decoder reconstructs at most 5 % worse \(difference
#include <iostream>
#include <string>
#include <tuple>
#include <vector>

#include <vitscape/study/comparison.hpp>
#include <vitscape/study/summary.hpp>
#include <vitscape/vitscape.hpp>

using namespace vitscape;

/// One contestant's number is larger than another's by no more than a share of it. The difference that is tested is what is
/// left of the margin: supported if that is above zero, contradicted if it is below.
struct NotLargerClaim {
    std::string text, source, row, contestant, other;
    double margin = 0;
    bool optional = false;

    [[nodiscard]] std::vector<ClaimTerm> needs() const { return {{row, contestant}, {row, other}}; }
    [[nodiscard]] Verdict judge(const Evidence& evidence) const {
        const std::vector<double> values = evidence.values({row, contestant});  // one for each seed
        std::vector<double> limits = evidence.values({row, other});
        for (double& limit : limits) limit *= 1 + margin;
        Verdict verdict;
        verdict.primary.row = row;
        verdict.primary.test = message(evidence.name(row), ": ", 1 + margin, " times that of ",
                                       evidence.title(other), " minus ", evidence.title(contestant));
        verdict.primary.paired = paired_difference(limits, values);  // of the same seed
        verdict.primary.unpaired = welch_difference(limits, values);
        return verdict;
    }
};
static_assert(Claim<NotLargerClaim>);

int main() {
    ComparisonPlan plan{.seeds = {0, 1, 2}, .schedule = {.peak = 3e-3, .warmup_epochs = 1}};
    plan.training = {.epochs = 10, .batch = 50, .transform = {.side = 16}};
    plan.probe.epochs = 20, plan.probe.warmup_epochs = 2, plan.probe_every = 10;
    const std::vector<AnyClaim> claims{
        LargerClaim{.text = "A shallow decoder makes a step cheaper",
                    .source = "He et al. 2022, arXiv 2111.06377, section 4.1",
                    .row = "cost.training_operations",
                    .larger = "deep",
                    .smaller = "shallow",
                    .any_solution = true},
        NotLargerClaim{.text = "A shallow decoder reconstructs at most 5 % worse",
                       .source = "my guess",
                       .row = "convergence.reconstruction_end",
                       .contestant = "shallow",
                       .other = "deep",
                       .margin = 0.05}};
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
