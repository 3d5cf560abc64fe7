// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <utility>

#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// The numbers of a parameter vector as a backend's model reads them: the vector's own memory, or, where the
/// backend computes in another type than its parameters have, a rounded copy that this object owns.
template <Backend B>
class Weights {
  public:
    explicit Weights(B backend) : backend_(std::move(backend)) {}

    /// Valid until `theta` or this object changes.
    typename B::Pointer of(const Vector<Master<B>>& theta) {
        if constexpr (std::same_as<Master<B>, B>) {
            return theta.data();
        } else {
            if (copy_.empty() || copy_.size() != theta.size())
                copy_ = Tensor<B>(backend_, Shape{theta.size()});
            backend_.map(1, theta.size(), functor::Identity{},
                         operand::Matrix<typename B::Pointer>{copy_.data(), theta.size()},
                         detail::flat(theta));
            return copy_.data();
        }
    }

    /// Takes the memory for vectors of this size; before work that is replayed, so that it does not belong to that.
    void reserve(Index size) {
        if constexpr (!std::same_as<Master<B>, B>)
            if (copy_.empty() || copy_.size() != size) copy_ = Tensor<B>(backend_, Shape{size});
    }

  private:
    B backend_;
    Tensor<B> copy_;
};

}  // namespace vitscape
