// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <Eigen/Core>

#include <vitscape/autograd/parameter.hpp>

namespace vitscape {

template <class T>
using RowMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A parameter in a model's flat vector on the host as a matrix, with one row per element of its first axis.
template <class T>
[[nodiscard]] Eigen::Map<const RowMatrix<T>> matrix_of(const std::vector<T>& values,
                                                       const ParameterSlot& slot) {
    return {values.data() + slot.offset, slot.shape[0], slot.shape.size() / slot.shape[0]};
}
template <class T>
[[nodiscard]] Eigen::Map<RowMatrix<T>> matrix_of(std::vector<T>& values, const ParameterSlot& slot) {
    return {values.data() + slot.offset, slot.shape[0], slot.shape.size() / slot.shape[0]};
}

}  // namespace vitscape
