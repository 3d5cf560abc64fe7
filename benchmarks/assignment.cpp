// SPDX-License-Identifier: Apache-2.0
//
// Time of one assignment of hidden units, as models are aligned: gains of as many units of two random models, whose weights have a
// quarter of that width. Argument after the number: 0 independent units, 1 units that all have a direction in common, which makes the
// best assignment harder to find.
#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <vitscape/core/random.hpp>
#include <vitscape/landscape/assignment.hpp>

using namespace vitscape;

namespace {

/// (units, 2 width): each unit's row and column.
Eigen::MatrixXd random_units(RandomSequence& random, Index count, bool common) {
    Eigen::MatrixXd units(count, count / 2);
    for (double& number : units.reshaped()) number = random.normal();
    if (common) {
        const Eigen::VectorXd shift = units.col(0);
        units.colwise() += shift;
    }
    return units;
}

void assignment(benchmark::State& state) {
    if (!has_assignment) {
        state.SkipWithError("this build has no dlib");
        return;
    }
    RandomSequence random({.seed = 1, .purpose = Purpose::test});
    const Eigen::MatrixXd here = random_units(random, state.range(0), state.range(1) == 1),
                          there = random_units(random, state.range(0), state.range(1) == 1);
    const Eigen::MatrixXd gains = here * there.transpose();
    for (auto step : state) benchmark::DoNotOptimize(best_assignment(gains));
}
BENCHMARK(assignment)->ArgsProduct({{64, 1000, 3072}, {0, 1}})->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace

BENCHMARK_MAIN();
