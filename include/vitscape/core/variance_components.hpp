// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>

namespace vitscape {

/// A source of variance whose levels are taken to be drawn at random: seeds, planes, sets of images, masks.
struct RandomFactor {
    std::string name;
    /// The factor, listed before this one, of each level of which this one has levels of its own: planes drawn anew for each
    /// seed are nested in the seeds, though they may bear the same numbers. Nothing if every level meets every other.
    std::optional<std::size_t> nested_in{};
};

/// A value measured at one level of each factor.
struct Measurement {
    std::vector<int> levels;  ///< in the order of the factors
    double value = 0;
};

/// The parts of the variance of a single measurement. A part estimated from few degrees of freedom, as from three seeds, is
/// itself uncertain by a factor of several.
struct VarianceComponents {
    std::vector<double> variances;  ///< of each factor's main effect, at least 0
    std::vector<double> fractions;  ///< the same, of the total
    std::vector<double> degrees;    ///< degrees of freedom that each is estimated from
    double rest = 0;                ///< the variance of all interactions and the residual
    double rest_fraction = std::numeric_limits<double>::quiet_NaN();
    double rest_degrees = 0;
    double total = 0;  ///< the sum of all variances
};

namespace detail {

/// Measurements whose combinations of levels all occur equally often.
class BalancedDesign {
  public:
    BalancedDesign(std::span<const Measurement> measurements, std::span<const RandomFactor> factors)
        : factors_(factors), levels_(factors.size()), labels_(factors.size()), cells_(factors.size()) {
        check(measurements);
        for (std::size_t f = 0; f < factors.size(); ++f) number_cells(measurements, f);
        check_balance(measurements.size());
    }

    /// The cell of a factor, a level within a level of what it is nested in, of each measurement.
    [[nodiscard]] const std::vector<std::size_t>& cells(std::size_t factor) const { return cells_[factor]; }
    [[nodiscard]] std::size_t cell_count(std::size_t factor) const { return labels_[factor].size(); }
    /// The cell of what a factor is nested in, to which a cell of its own belongs; 0 if it is not nested.
    [[nodiscard]] std::size_t parent(std::size_t factor, std::size_t cell) const {
        return cell / levels_[factor];
    }
    [[nodiscard]] std::size_t parent_count(std::size_t factor) const {
        return cell_count(factor) / levels_[factor];
    }

  private:
    void check(std::span<const Measurement> measurements) const {
        for (std::size_t f = 0; f < factors_.size(); ++f)
            if (factors_[f].nested_in && *factors_[f].nested_in >= f)
                throw ConfigError(
                    message("what ", factors_[f].name, " is nested in must be listed before it"));
        if (measurements.empty()) throw ShapeError("variance components need measurements; there are none");
        for (const Measurement& one : measurements) {
            if (one.levels.size() != factors_.size())
                throw ShapeError(message("a measurement has ", one.levels.size(), " levels, but there are ",
                                         factors_.size(), " factors"));
            if (!std::isfinite(one.value))
                throw NumericError(message("variance components need finite numbers, one is ", one.value));
        }
    }

    /// Cells are numbered by (parent's cell, level), so that each parent's follow each other.
    void number_cells(std::span<const Measurement> measurements, std::size_t f) {
        const auto parent_of = [&](std::size_t i) {
            return factors_[f].nested_in ? cells_[*factors_[f].nested_in][i] : 0;
        };
        std::map<std::pair<std::size_t, int>, std::size_t> numbers;
        std::map<std::size_t, std::size_t> levels;  // of each parent
        for (std::size_t i = 0; i < measurements.size(); ++i)
            levels[parent_of(i)] +=
                numbers.emplace(std::pair(parent_of(i), measurements[i].levels[f]), 0).second;
        levels_[f] = levels.begin()->second;
        for (const auto& [parent, count] : levels)
            if (count != levels_[f])
                throw ShapeError(message("the measurements are not balanced: a level of ",
                                         factors_[*factors_[f].nested_in].name, " has ", count, " levels of ",
                                         factors_[f].name, ", another ", levels_[f]));
        if (levels_[f] < 2)
            throw ShapeError(message(factors_[f].name, " has a single level",
                                     factors_[f].nested_in ? " in what it is nested in" : "",
                                     "; a variance needs two or more"));
        for (auto& [cell, number] : numbers) {
            number = labels_[f].size();
            labels_[f].push_back(cell.second);
        }
        for (std::size_t i = 0; i < measurements.size(); ++i)
            cells_[f].push_back(numbers.at({parent_of(i), measurements[i].levels[f]}));
    }

    /// Every combination of levels, numbered within their parents, must occur equally often.
    void check_balance(std::size_t measurements) const {
        std::map<std::vector<std::size_t>, std::size_t> occurrences;
        std::size_t most = 0;
        for (std::size_t i = 0; i < measurements; ++i) {
            std::vector<std::size_t> combination;
            for (std::size_t f = 0; f < factors_.size(); ++f)
                combination.push_back(cells_[f][i] % levels_[f]);
            most = std::max(most, ++occurrences[combination]);
        }
        std::vector<std::size_t> combination(factors_.size(), 0);
        for (bool more = true; more;) {  // ends at the first that is missing, hence after few
            const auto found = occurrences.find(combination);
            const std::size_t times = found == occurrences.end() ? 0 : found->second;
            if (times != most)
                throw ShapeError(message("the measurements are not balanced: ", describe(combination),
                                         " was measured ", times, " times, another combination ", most,
                                         " times; a factor whose levels belong to one level of another is "
                                         "nested in it"));
            more = false;
            for (std::size_t f = factors_.size(); f-- > 0 && !more;) {
                more = ++combination[f] < levels_[f];
                if (!more) combination[f] = 0;
            }
        }
    }

    /// "seed 1, plane 3"
    [[nodiscard]] std::string describe(const std::vector<std::size_t>& combination) const {
        std::vector<std::size_t> cells;
        std::string text;
        for (std::size_t f = 0; f < factors_.size(); ++f) {
            const std::size_t parent = factors_[f].nested_in ? cells[*factors_[f].nested_in] : 0;
            cells.push_back(parent * levels_[f] + combination[f]);
            text += message(f == 0 ? "" : ", ", factors_[f].name, " ", labels_[f][cells.back()]);
        }
        return text;
    }

    std::span<const RandomFactor> factors_;
    std::vector<std::size_t> levels_;              ///< of each factor, within one level of its parent
    std::vector<std::vector<int>> labels_;         ///< the level of each factor's cells
    std::vector<std::vector<std::size_t>> cells_;  ///< of each factor, for each measurement
};

}  // namespace detail

/// The parts of the variance of a measurement that come from each factor, by the analysis of variance of a balanced
/// design and the method of moments (Searle, Casella & McCulloch 1992, chapter 4). The model is
///     y = mean + sum over the factors of (effect of its level) + rest,
/// all independent and random; the rest holds every interaction and what differs between repeated measurements. With N
/// measurements, c_f cells of factor f (levels, within those of its parent if it is nested) and n_f = N / c_f in each,
///     MS_f = n_f sum over cells (mean of cell - mean of its parent's cell or of all)^2 / (c_f - c_parent)
/// has the expectation var_rest + n_f var_f + sum over the factors g nested in f of n_g var_g, which is solved
/// for the variances. A negative estimate becomes 0, so that the fractions are within [0, 1]; they sum to 1, and are NaN if all
/// values are equal. Where factors interact the rest is a mean over the interactions, and the main effects share their bias.
/// @throws ShapeError if there are no measurements, their levels are not one for each factor, a factor has a single level, the
///         combinations do not occur equally often (the message names one that lacks), or no degrees of freedom are left for
///         the rest; ConfigError for a factor nested in one that is not before it; NumericError for a value that is not finite.
[[nodiscard]] inline VarianceComponents variance_components(std::span<const Measurement> measurements,
                                                            std::span<const RandomFactor> factors) {
    const detail::BalancedDesign design(measurements, factors);
    const auto total_count = static_cast<double>(measurements.size());
    // From the first value, so that equal values have no variance by rounding.
    std::vector<double> residuals;
    double mean = 0;
    for (const Measurement& one : measurements) {
        residuals.push_back(one.value - measurements[0].value);
        mean += residuals.back() / total_count;
    }
    for (double& residual : residuals) residual -= mean;
    const std::vector<double> deviations = residuals;

    VarianceComponents result;
    result.rest_degrees = total_count - 1;
    std::vector<double> mean_squares, cell_sizes;
    std::vector<std::vector<double>> means;  // of each factor's cells, as deviations from the mean of all
    for (std::size_t f = 0; f < factors.size(); ++f) {
        const std::size_t count = design.cell_count(f);
        cell_sizes.push_back(total_count / static_cast<double>(count));
        std::vector<double> own(count, 0.0), effects(count);
        for (std::size_t i = 0; i < deviations.size(); ++i)
            own[design.cells(f)[i]] += deviations[i] / cell_sizes[f];
        double squares = 0;
        for (std::size_t cell = 0; cell < count; ++cell) {
            effects[cell] = own[cell];
            if (factors[f].nested_in) effects[cell] -= means[*factors[f].nested_in][design.parent(f, cell)];
            squares += effects[cell] * effects[cell];
        }
        for (std::size_t i = 0; i < residuals.size(); ++i) residuals[i] -= effects[design.cells(f)[i]];
        means.push_back(std::move(own));
        result.degrees.push_back(static_cast<double>(count - design.parent_count(f)));
        result.rest_degrees -= result.degrees.back();
        mean_squares.push_back(cell_sizes[f] * squares / result.degrees[f]);
    }
    if (result.rest_degrees < 1)
        throw ShapeError(
            "no degrees of freedom are left for the rest: repeat the measurements, or leave out the "
            "innermost factor, whose variance then is the rest");
    for (const double residual : residuals) result.rest += residual * residual / result.rest_degrees;

    result.variances.resize(factors.size());
    std::vector<double> within(factors.size(),
                               result.rest);                 // rest and the n_g var_g of what is nested in it
    for (std::size_t f = factors.size(); f-- > 0;) {         // what is nested comes later in the list
        const double between = mean_squares[f] - within[f];  // n_f var_f
        result.variances[f] = std::max(0.0, between / cell_sizes[f]);
        if (factors[f].nested_in) within[*factors[f].nested_in] += between + (within[f] - result.rest);
    }
    result.total = result.rest;
    for (const double variance : result.variances) result.total += variance;
    for (const double variance : result.variances) result.fractions.push_back(variance / result.total);
    result.rest_fraction = result.rest / result.total;
    return result;
}

}  // namespace vitscape
