// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <utility>

#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// The values of a parameter vector as a backend's model reads them: the vector's own memory or, if the
/// backend computes in another type than that of its parameters, a rounded copy owned by this object.
template <Backend B>
class Weights {
  public:
    explicit Weights(B backend) : backend_(std::move(backend)) {}

    /// Valid until `theta` or this object changes.
    typename B::Pointer of(const Vector<Master<B>>& theta) {
        if constexpr (std::same_as<Master<B>, B>) {
            return theta.data();
        } else {
            take(theta.size());
            if constexpr (FusedWeights<B>)
                backend_.round(theta.size(), theta.data(), copy_.data());
            else
                backend_.map(1, theta.size(), functor::Identity{},
                             operand::Matrix<typename B::Pointer>{copy_.data(), theta.size()},
                             detail::flat(theta));
            return copy_.data();
        }
    }

    /// The point theta + alpha delta + beta eta of a plane in one pass, rounded once; alpha and beta are stored at `position`, in
    /// the backend's memory, and read when the work runs, so that one recording serves all points.
    typename B::Pointer at(const Vector<Master<B>>& theta, const Vector<Master<B>>& delta,
                           const Vector<Master<B>>& eta, RealOf<B>* position) {
        take(theta.size());
        if constexpr (FusedWeights<B>)
            backend_.plane_point(theta.size(), theta.data(), delta.data(), eta.data(), position,
                                 copy_.data());
        else
            backend_.map(1, theta.size(), functor::PlanePointAt<RealOf<B>>{position},
                         operand::Matrix<typename B::Pointer>{copy_.data(), theta.size()},
                         detail::flat(theta), detail::flat(delta), detail::flat(eta));
        return copy_.data();
    }

    /// Allocates the memory for vectors of this size; to be called before recorded work, so that it is not part of it.
    /// @param always  also if `of` needs none, for `at`
    void reserve(Index size, bool always = false) {
        if (always || !std::same_as<Master<B>, B>) take(size);
    }

  private:
    void take(Index size) {
        if (copy_.empty() || copy_.size() != size) copy_ = Tensor<B>(backend_, Shape{size});
    }

    B backend_;
    Tensor<B> copy_;
};

}  // namespace vitscape
