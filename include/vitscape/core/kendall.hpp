// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/core/rank_correlation.hpp>

namespace vitscape {

/// Runs that may be compared with each other: x[i] and y[i] were measured of run i.
struct PairedGroup {
    std::vector<double> x, y;
};

namespace detail {

/// The comparisons of the pairs of runs in one group, for orders of y.
class Concordance {
  public:
    explicit Concordance(const PairedGroup& group) {
        check_pairs(group.x, group.y);
        y_ = group.y;
        for (std::size_t i = 0; i < y_.size(); ++i)
            for (std::size_t j = i + 1; j < y_.size(); ++j) {
                if (group.x[i] < group.x[j]) ascending_.emplace_back(i, j);
                if (group.x[i] > group.x[j]) ascending_.emplace_back(j, i);
                untied_y_ += y_[i] != y_[j] ? 1 : 0;
            }
    }

    /// Concordant pairs less discordant ones: sum over i < j of sign(x_i - x_j) sign(y_i - y_j).
    [[nodiscard]] std::int64_t balance() const {
        std::int64_t sum = 0;
        for (const auto& [i, j] : ascending_) sum += (y_[i] < y_[j] ? 1 : 0) - (y_[i] > y_[j] ? 1 : 0);
        return sum;
    }
    [[nodiscard]] std::int64_t untied_x() const { return static_cast<std::int64_t>(ascending_.size()); }
    [[nodiscard]] std::int64_t untied_y() const { return untied_y_; }
    [[nodiscard]] std::size_t size() const { return y_.size(); }

    void shuffle(RandomSequence& random) { random.shuffle(std::span<double>(y_)); }

    /// The probability of each balance if all orders of y are equally probable.
    [[nodiscard]] std::map<std::int64_t, double> distribution() {
        std::map<std::int64_t, double> result;
        double orders = 0;
        std::sort(y_.begin(), y_.end());
        do {  // distinct orders only: each represents equally many permutations
            ++result[balance()];
            ++orders;
        } while (std::next_permutation(y_.begin(), y_.end()));
        for (auto& [value, probability] : result) probability /= orders;
        return result;
    }

  private:
    std::vector<std::pair<std::size_t, std::size_t>> ascending_;  ///< pairs (i, j) with x_i < x_j
    std::vector<double> y_;
    std::int64_t untied_y_ = 0;
};

/// P(|sum of the groups' balances| >= |seen|) over all orders of y in each group. The groups are independent, so the
/// distribution of the sum is the convolution of theirs.
inline double exact_tail(std::vector<Concordance>& groups, std::int64_t seen) {
    std::map<std::int64_t, double> sum{{0, 1.0}};
    for (Concordance& group : groups) {
        const auto more = group.distribution();
        std::map<std::int64_t, double> next;
        for (const auto& [a, p] : sum)
            for (const auto& [b, q] : more) next[a + b] += p * q;
        sum = std::move(next);
    }
    double tail = 0;
    for (const auto& [balance, probability] : sum) tail += std::abs(balance) >= seen ? probability : 0;
    return std::min(1.0, tail);
}

/// The same from 99999 random orders and the observed one.
inline double random_tail(std::vector<Concordance>& groups, std::int64_t seen, std::uint64_t seed) {
    RandomSequence random({.seed = seed, .purpose = Purpose::permutation});
    double hits = 1, orders = 1;
    for (; orders < 1e5; ++orders) {
        std::int64_t balance = 0;
        for (Concordance& group : groups) {
            group.shuffle(random);
            balance += group.balance();
        }
        hits += std::abs(balance) >= seen ? 1 : 0;
    }
    return hits / orders;
}

}  // namespace detail

/// Kendall's rank correlation *within* groups, such as the runs of one method: only runs of the same group are
/// compared, so that differences between the groups do not enter. With C concordant and D discordant pairs of
/// runs, U_x pairs that differ in x and U_y that differ in y, all summed over the groups, it is
/// (C - D) / sqrt(U_x U_y): tau-b (Kendall 1945) of the pairs within groups. Its two-sided p-value is the fraction of all
/// orders of y within each group, independently, whose |C - D| is at least as large. It is exact if no group has more than 9
/// runs: the distribution of the sum is the convolution of the groups'. Otherwise it is (1 + hits) / (1 + 99999) of that many
/// random orders, a function of `seed`. Both are NaN if x or y is constant in every group.
/// @throws ShapeError if the numbers of x and y of a group differ; NumericError for one that is not finite.
[[nodiscard]] inline RankCorrelation kendall_within(std::span<const PairedGroup> groups,
                                                    std::uint64_t seed = 0) {
    std::vector<detail::Concordance> parts(groups.begin(), groups.end());
    std::int64_t balance = 0, untied_x = 0, untied_y = 0;
    RankCorrelation result;
    result.exact = true;
    for (const detail::Concordance& part : parts) {
        balance += part.balance();
        untied_x += part.untied_x();
        untied_y += part.untied_y();
        result.exact = result.exact && part.size() <= 9;
    }
    if (untied_x == 0 || untied_y == 0) return {};
    result.coefficient = static_cast<double>(balance) /
                         std::sqrt(static_cast<double>(untied_x) * static_cast<double>(untied_y));
    const std::int64_t seen = std::abs(balance);
    result.p_value = result.exact ? detail::exact_tail(parts, seen) : detail::random_tail(parts, seen, seed);
    return result;
}

/// Kendall's tau-b of all pairs and its two-sided permutation p-value, by all orders up to 9 pairs and by random ones beyond:
/// `kendall_within` one group.
/// @throws ShapeError if the numbers of x and y differ; NumericError for one that is not finite.
[[nodiscard]] inline RankCorrelation kendall(std::span<const double> x, std::span<const double> y,
                                             std::uint64_t seed = 0) {
    const PairedGroup all{{x.begin(), x.end()}, {y.begin(), y.end()}};
    return kendall_within(std::span(&all, 1), seed);
}

/// A run in a space of hyper-parameters.
struct HyperparameterRun {
    std::vector<int>
        coordinates;  ///< the category of each hyper-parameter, such as the index of the learning rate
    double x = 0, y = 0;
};

/// The granulated Kendall coefficient and its parts.
struct GranulatedKendall {
    double coefficient = std::numeric_limits<double>::quiet_NaN();  ///< -1 to 1
    std::vector<double> axes;  ///< of each hyper-parameter; NaN where no runs differ in it alone
};

/// The granulated Kendall coefficient of Jiang et al. 2020 ("Fantastic generalization measures and where to find them",
/// arXiv 1912.02178): for each hyper-parameter the mean of tau over all groups of two or more runs that differ in it
/// alone, then the mean over the hyper-parameters. tau is that of the paper, tau-a: the mean of sign(x_i - x_j) sign(y_i - y_j)
/// over the pairs of runs, in which ties count as zero. A correlation that only one hyper-parameter causes therefore counts
/// only in that one's part. Where runs are missing the mean is over the groups there are, hyper-parameters without any are left
/// out; NaN if all are. Seeds are a hyper-parameter here: no two runs may have the same coordinates.
/// @throws ShapeError if the numbers of coordinates differ or two runs have the same; NumericError for an x or y that is not
///         finite.
[[nodiscard]] inline GranulatedKendall granulated_kendall(std::span<const HyperparameterRun> runs) {
    GranulatedKendall result;
    if (runs.empty()) return result;
    const std::size_t axes = runs[0].coordinates.size();
    std::map<std::vector<int>, std::size_t> seen;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (runs[i].coordinates.size() != axes)
            throw ShapeError(
                message("run ", i, " has ", runs[i].coordinates.size(), " coordinates, run 0 has ", axes));
        const auto [other, first] = seen.emplace(runs[i].coordinates, i);
        if (!first)
            throw ShapeError(message("runs ", other->second, " and ", i,
                                     " have the same coordinates; make the seed a coordinate"));
    }
    double sum = 0, averaged = 0;
    for (std::size_t axis = 0; axis < axes; ++axis) {
        std::map<std::vector<int>, PairedGroup> groups;
        for (const HyperparameterRun& run : runs) {
            std::vector<int> others = run.coordinates;
            others[axis] = 0;
            PairedGroup& group = groups[others];
            group.x.push_back(run.x);
            group.y.push_back(run.y);
        }
        double taus = 0, count = 0;
        for (const auto& [others, group] : groups) {
            const detail::Concordance part(group);
            const auto n = static_cast<double>(part.size());
            if (part.size() < 2) continue;
            taus += static_cast<double>(part.balance()) / (0.5 * n * (n - 1));
            ++count;
        }
        result.axes.push_back(count > 0 ? taus / count : std::numeric_limits<double>::quiet_NaN());
        if (count == 0) continue;
        sum += result.axes.back();
        ++averaged;
    }
    if (averaged > 0) result.coefficient = sum / averaged;
    return result;
}

}  // namespace vitscape
