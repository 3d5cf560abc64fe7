// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/core/variance_components.hpp>

#include "support/catch.hpp"

namespace variance_components_test {

using namespace vitscape;

namespace {

using Numbers = std::vector<double>;
using Measurements = std::vector<Measurement>;
using Factors = std::vector<RandomFactor>;

/// All combinations of levels from 0, the last factor's varying fastest, with these values.
Measurements all_combinations(const std::vector<int>& levels, const Numbers& values) {
    Measurements result;
    for (std::size_t i = 0; i < values.size(); ++i) {
        Measurement one{std::vector<int>(levels.size()), values[i]};
        std::size_t rest = i;
        for (std::size_t f = levels.size(); f-- > 0; rest /= static_cast<std::size_t>(levels[f]))
            one.levels[f] = static_cast<int>(rest % static_cast<std::size_t>(levels[f]));
        result.push_back(one);
    }
    return result;
}

std::string complaint(const Measurements& measurements, const Factors& factors) {
    try {
        (void)variance_components(measurements, factors);
    } catch (const ShapeError& error) {
        return error.what();
    }
    return "";
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("variance between and within groups") {
    // The strength of cloth from four looms (Montgomery, Design and Analysis of Experiments): 6.96 and 1.90
    Measurements cloth =
        all_combinations({4, 4}, {98, 97, 99, 96, 91, 90, 93, 92, 96, 95, 97, 95, 95, 96, 99, 98});
    for (Measurement& one : cloth) one.levels.pop_back();  // repeated measurements
    const VarianceComponents found = variance_components(cloth, Factors{{"loom"}});
    CHECK(found.variances[0] == Approx(6.958333333333333));
    CHECK(found.rest == Approx(1.8958333333333333));
    CHECK(found.fractions[0] == Approx(6.958333333333333 / (6.958333333333333 + 1.8958333333333333)));
    CHECK(found.degrees[0] == 3);
    CHECK(found.rest_degrees == 12);
}

TEST_CASE("variance of nested factors") {
    // Two measurements of the wings of four mosquitoes from each of three cages (Sokal & Rohlf, Biometry)
    Measurements wings =
        all_combinations({3, 4, 2}, {58.5, 59.5, 77.8, 80.9, 84.0, 83.6, 70.1, 68.3, 69.8, 69.8, 56.0, 54.5,
                                     50.7, 49.3, 63.8, 65.8, 56.6, 57.5, 77.8, 79.2, 69.9, 69.2, 62.1, 64.5});
    for (Measurement& one : wings) one.levels.pop_back();
    const Factors factors{{"cage"}, {"mosquito", 0}};
    const VarianceComponents found = variance_components(wings, factors);
    // statsmodels 0.15.0, the mean squares of anova_lm(ols("y ~ C(cage) + C(cage):C(mosquito)"))
    CHECK(found.variances[0] == Approx(17.70644097222234));
    CHECK(found.variances[1] == Approx(94.94236111111101));
    CHECK(found.rest == Approx(1.3016666666666696));
    CHECK(found.degrees == Numbers{2, 9});
    CHECK(found.rest_degrees == 12);
    CHECK(found.fractions[0] + found.fractions[1] + found.rest_fraction == Approx(1));
    CHECK(found.fractions[1] == Approx(0.8332).margin(5e-5));

    // mosquitoes numbered through, in another order, are the same
    Measurements numbered(wings.rbegin(), wings.rend());
    for (Measurement& one : numbered) one.levels[1] = 100 - 4 * one.levels[0] - one.levels[1];
    const VarianceComponents again = variance_components(numbered, factors);
    CHECK(again.variances[0] == Approx(found.variances[0]));
    CHECK(again.variances[1] == Approx(found.variances[1]));
    CHECK(again.rest == Approx(found.rest));
}

TEST_CASE("variance of factors nested in nested ones") {
    Measurements all = all_combinations({2, 2, 2, 2}, {4.0, 4.4, 6.1, 5.9, 9.3, 9.0, 7.2, 7.9, 12.1, 11.8,
                                                       15.0, 15.5, 20.2, 19.6, 16.9, 17.4});
    for (Measurement& one : all) one.levels.pop_back();
    // statsmodels 0.15.0, from the mean squares of anova_lm(ols("y ~ C(s) + C(s):C(p) + C(s):C(p):C(m)"))
    const VarianceComponents found = variance_components(all, Factors{{"seed"}, {"plane", 0}, {"mask", 1}});
    CHECK(found.variances[0] == Approx(39.2421875));
    CHECK(found.variances[1] == Approx(7.18875));
    CHECK(found.variances[2] == Approx(2.9775));
    CHECK(found.rest == Approx(0.108125));
}

TEST_CASE("variance of crossed factors") {
    // statsmodels 0.15.0, the mean squares of anova_lm(ols("y ~ C(a) + C(b)"))
    const VarianceComponents two = variance_components(
        all_combinations({3, 4}, {10.2, 11.1, 9.8, 12.0, 9.1, 10.4, 9.0, 11.2, 11.5, 12.2, 10.1, 13.3}),
        Factors{{"a"}, {"b"}});
    CHECK(two.variances[0] == Approx(0.8338888888888888));
    CHECK(two.variances[1] == Approx(1.2013888888888882));
    CHECK(two.rest == Approx(0.09444444444444466));

    // ... of ols("y ~ C(seed) + C(seed):C(plane) + C(images)"): planes are nested in seeds, images crossed with both
    const VarianceComponents mixed = variance_components(
        all_combinations({3, 2, 2}, {4.1, 5.0, 3.2, 4.4, 7.9, 8.3, 6.6, 7.8, 5.5, 6.1, 5.9, 7.2}),
        Factors{{"seed"}, {"plane", 0}, {"images"}});
    CHECK(mixed.variances[0] == Approx(2.8806250000000033));
    CHECK(mixed.variances[1] == Approx(0.2888333333333324));
    CHECK(mixed.variances[2] == Approx(0.4243333333333325));
    CHECK(mixed.rest == Approx(0.0673333333333333));
    CHECK(mixed.degrees == Numbers{2, 3, 1});
    CHECK(mixed.rest_degrees == 5);
}

TEST_CASE("negative estimates become zero") {
    // The means of both groups are equal, so that there is less than no variance between them
    const Measurements equal{{{0}, 1}, {{0}, 3}, {{1}, 0}, {{1}, 4}};
    const VarianceComponents found = variance_components(equal, Factors{{"seed"}});
    CHECK(found.variances[0] == 0);
    CHECK(found.fractions[0] == 0);
    CHECK(found.rest_fraction == 1);
    CHECK(found.rest == Approx(5));  // (2 + 8) / 2
    const Measurements still{{{0}, 0.1}, {{0}, 0.1}, {{1}, 0.1}, {{1}, 0.1}, {{2}, 0.1}, {{2}, 0.1}};
    CHECK(variance_components(still, Factors{{"seed"}}).total == 0);
    CHECK(std::isnan(variance_components(still, Factors{{"seed"}}).rest_fraction));
}

TEST_CASE("estimated variances are right on average") {
    // seeds 4, planes in seeds 1, masks in planes 0.25, images 2.25, and the rest 0.64
    RandomSequence random({.seed = 16, .purpose = Purpose::test});
    const Factors factors{{"seed"}, {"plane", 0}, {"mask", 1}, {"images"}};
    const int rounds = 400;
    Numbers sums(5, 0.0);
    for (int k = 0; k < rounds; ++k) {
        Numbers images(5), values;
        for (double& effect : images) effect = 1.5 * random.normal();
        for (int seed = 0; seed < 6; ++seed) {
            const double of_seed = 2 * random.normal();
            for (int plane = 0; plane < 3; ++plane) {
                const double of_plane = random.normal();
                for (int mask = 0; mask < 3; ++mask) {
                    const double of_mask = 0.5 * random.normal();
                    for (const double effect : images)
                        values.push_back(of_seed + of_plane + of_mask + effect + 0.8 * random.normal());
                }
            }
        }
        const VarianceComponents found = variance_components(all_combinations({6, 3, 3, 5}, values), factors);
        for (std::size_t f = 0; f < 4; ++f) sums[f] += found.variances[f] / rounds;
        sums[4] += found.rest / rounds;
    }
    // The relative standard deviation of a mean square is sqrt(2 / degrees): 0.63 for 5 of seeds, 0.71 for 4 of images
    CHECK(std::abs(sums[0] - 4) < 4 * 0.72 * 4 / 20);
    CHECK(std::abs(sums[1] - 1) < 4 * 0.5 / 20);
    CHECK(std::abs(sums[2] - 0.25) < 4 * 0.1 / 20);
    CHECK(std::abs(sums[3] - 2.25) < 4 * 0.71 * 2.25 / 20);
    CHECK(std::abs(sums[4] - 0.64) < 4 * 0.1 * 0.64 / 20);
}

TEST_CASE("designs that are refused say what they lack") {
    const Factors factors{{"seed"}, {"plane"}};
    Measurements full = all_combinations({2, 3}, {1, 2, 3, 4, 5, 7});
    CHECK(complaint(full, factors).empty());
    Measurements missing(full.begin(), full.end() - 1);
    CHECK(contains(complaint(missing, factors), "seed 1, plane 2 was measured 0 times"));
    Measurements twice = full;
    twice.push_back(full[0]);
    CHECK(contains(complaint(twice, factors), "seed 0, plane 1 was measured 1 times, another combination 2"));
    // numbered through, these planes are nested in seeds, as the message suggests
    Measurements nested = all_combinations({2, 2, 2}, {1, 2, 4, 3, 5, 7, 6, 8});
    for (Measurement& one : nested) {
        one.levels[1] += 2 * one.levels[0];
        one.levels.pop_back();
    }
    CHECK(contains(complaint(nested, factors), "nested"));
    CHECK(complaint(nested, Factors{{"seed"}, {"plane", 0}}).empty());
    nested.pop_back();
    CHECK(
        contains(complaint(nested, Factors{{"seed"}, {"plane", 0}}), "seed 1, plane 3 was measured 1 times"));
    nested.pop_back();
    CHECK(contains(complaint(nested, Factors{{"seed"}, {"plane", 0}}),
                   "a level of seed has 1 levels of plane, another 2"));

    CHECK(contains(complaint(all_combinations({2, 1}, {1, 2}), factors), "plane has a single level"));
    CHECK(contains(complaint(full, Factors{{"seed"}}), "2 levels, but there are 1 factors"));
    CHECK(contains(complaint(full, Factors{{"seed"}, {"plane", 0}}), "no degrees of freedom"));
    CHECK(contains(complaint({}, factors), "there are none"));
    CHECK_THROWS_AS(variance_components(full, Factors{{"seed", 1}, {"plane"}}), ConfigError);
    CHECK_THROWS_AS(variance_components(full, Factors{{"seed", 0}, {"plane"}}), ConfigError);
    full[3].value = std::nan("");
    CHECK_THROWS_AS(variance_components(full, factors), NumericError);
}

}  // namespace variance_components_test
