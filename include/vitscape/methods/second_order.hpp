// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include <vitscape/autograd/summed_gradient.hpp>
#include <vitscape/backend/dual.hpp>
#include <vitscape/methods/frozen_batches.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Products of the second derivatives of a method's mean loss on fixed images with K vectors at once: the gradient code run on dual
/// numbers with K tangents, exact up to rounding.
/// @tparam P  backend of the parameters
template <Backend P, class M, int K>
class SecondOrder {
    using D = Dual<P, K>;

  public:
    /// @param teacher  empty if the method has none; does not move with the parameters.  @param largest  images at once, at most
    SecondOrder(const P& backend, const M& method, const FrozenBatches& images, const Vector<P>& teacher,
                std::size_t largest)
        : values_(backend, method.layout().size()) {
        typename D::Pointer still;
        still.part(0) = teacher.data();
        for (int i = 1; i <= K; ++i) still.part(i) = values_.data();  // zeros, until products are computed
        Eval<D> eval(D(backend), still);
        parts_ = images.prepared(method, eval, largest);
    }

    /// Writes the Hessian, or the Gauss-Newton matrix, times *v[i] to *out[i]. @param weight  1 / images
    void multiply(ThreadBackends<P>& backends, const M& method, const Vector<P>& theta,
                  const std::array<const Vector<P>*, K>& v, bool gauss_newton, double weight,
                  const std::array<Vector<P>*, K>& out) {
        typename D::Pointer point;
        std::array<Vector<P>*, K + 1> into{&values_};
        point.part(0) = theta.data();
        for (std::size_t i = 0; i < K; ++i) {
            point.part(static_cast<int>(i) + 1) = v[i]->data();
            into[i + 1] = out[i];
        }
        gradient_.sum(backends, parts_.size(), into, [&](Tape<D>& tape, const auto& sums, Index part) {
            typename Master<D>::Pointer sum;
            for (std::size_t i = 0; i <= K; ++i) sum.part(static_cast<int>(i)) = sums[i];
            sum.zeros = 1;  // products of matrices may leave out the gradient itself
            tape.want_gauss_newton(gauss_newton);
            tape.bind(point, sum);
            tape.backward(method.losses(tape, parts_.inputs[static_cast<std::size_t>(part)]), weight);
        });
    }

  private:
    Vector<P> values_;  // of the dual gradient: what is computed beside the products
    SummedGradient<P, D, K + 1> gradient_;
    FrozenParts<typename M::template Inputs<D>> parts_;
};

}  // namespace vitscape
