// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/functors.hpp>
#include <vitscape/tensor/tensor.hpp>

// The loss of the best prediction that does not depend on the image: the height from which training starts to gain.

namespace vitscape {

/// A method that knows its trivial loss: `trivial_loss(backend, batches)` is the smallest mean loss over the batches
/// (`std::vector` of its inputs) of a prediction that is the same for all images and patches.
template <class M, class B>
concept HasTrivialLoss = requires(const M& method, const B& backend,
                                  const std::vector<typename M::template Inputs<B>>& batches) {
    { method.trivial_loss(backend, batches) } -> std::convertible_to<double>;
};

/// The trivial loss of an objective, `trivial_loss()`; NaN if it does not know it.
template <class O>
[[nodiscard]] double trivial_loss_or_nan(const O& objective) {
    if constexpr (requires { objective.trivial_loss(); })
        return objective.trivial_loss();
    else
        return std::numeric_limits<double>::quiet_NaN();
}

namespace detail {

/// The c that minimizes the sum of loss(c - target): the mean of the targets for a squared loss, their median for an absolute
/// one, otherwise by bisection of the derivative. Reorders the targets.
template <class Loss>
double best_constant(const Loss& loss, std::span<double> targets) {
    if constexpr (std::same_as<Loss, functor::SquaredLoss>) {
        double sum = 0;
        for (const double target : targets) sum += target;
        return sum / static_cast<double>(targets.size());
    } else if constexpr (std::same_as<Loss, functor::AbsoluteLoss>) {
        const auto middle = targets.begin() + static_cast<std::ptrdiff_t>(targets.size() / 2);
        std::nth_element(targets.begin(), middle, targets.end());
        return *middle;
    } else {
        const auto [lowest, highest] = std::minmax_element(targets.begin(), targets.end());
        double low = *lowest, high = *highest;
        for (int round = 0; round < 50 && low < high; ++round) {
            const double middle = 0.5 * (low + high);
            double slope = 0;
            for (const double target : targets) slope += loss.derivative(middle - target);
            (slope < 0 ? low : high) = middle;
        }
        return 0.5 * (low + high);
    }
}

/// Numbers of all batches, column by column: element i of column c is row i's number c.
template <class B, class Batches, class Select>
std::vector<std::vector<double>> columns_of(const B& backend, const Batches& batches, const Select& select) {
    std::vector<std::vector<double>> columns;
    for (const auto& inputs : batches) {
        const auto& tensor = select(inputs);  // (samples, ..., columns)
        const Shape& shape = tensor.shape();
        const auto width = static_cast<std::size_t>(shape[shape.rank() - 1]);
        const std::vector<double> numbers = download(backend, tensor.view());
        columns.resize(width);
        for (std::size_t i = 0; i < numbers.size(); ++i) columns[i % width].push_back(numbers[i]);
    }
    if (columns.empty()) throw DataError("a trivial loss needs at least one image");
    return columns;
}

}  // namespace detail

/// The smallest mean over all elements of loss(c - target), where c has one number per column (the last dimension of the
/// targets: a number of a patch) and is the same for all rows (images, patches).
/// @param select  gives the targets, (samples, ..., columns), of the inputs of a batch
/// @throws DataError without any batch
template <class B, class Loss, class Batches, class Select>
[[nodiscard]] double constant_prediction_loss(const B& backend, const Loss& loss, const Batches& batches,
                                              const Select& select) {
    double sum = 0, count = 0;
    for (std::vector<double>& column : detail::columns_of(backend, batches, select)) {
        const double constant = detail::best_constant(loss, std::span(column));
        for (const double target : column) sum += loss.value(constant - target);
        count += static_cast<double>(column.size());
    }
    return sum / count;
}

/// The smallest mean over all elements of (c - t)^2 + w (c - p)^2 for targets t and p of the same shape, with one c per column:
/// var(t) + w var(p) + w / (1 + w) |mean(t) - mean(p)|^2.
/// @param select, other  give t and p of the inputs of a batch.  @param weight  w, of at least 0
template <class B, class Batches, class Select, class Other>
[[nodiscard]] double constant_prediction_loss(const B& backend, const Batches& batches, const Select& select,
                                              double weight, const Other& other) {
    auto targets = detail::columns_of(backend, batches, select),
         others = detail::columns_of(backend, batches, other);
    const functor::SquaredLoss square;
    double apart = 0;
    for (std::size_t c = 0; c < targets.size(); ++c) {
        const double difference = detail::best_constant(square, std::span(targets[c])) -
                                  detail::best_constant(square, std::span(others[c]));
        apart += difference * difference / static_cast<double>(targets.size());
    }
    return constant_prediction_loss(backend, square, batches, select) +
           weight * constant_prediction_loss(backend, square, batches, other) + weight / (1 + weight) * apart;
}

/// The entropy of the mean target distribution: the smallest mean cross entropy of a prediction that is the same for all
/// samples. @param select  gives the targets, (samples, classes), of the inputs of a batch
template <class B, class Batches, class Select>
[[nodiscard]] double constant_prediction_cross_entropy(const B& backend, const Batches& batches,
                                                       const Select& select) {
    double entropy = 0;
    for (const std::vector<double>& column : detail::columns_of(backend, batches, select)) {
        double share = 0;
        for (const double target : column) share += target / static_cast<double>(column.size());
        if (share > 0) entropy -= share * std::log(share);
    }
    return entropy;
}

}  // namespace vitscape
