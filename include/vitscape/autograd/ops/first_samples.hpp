// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/core/functors.hpp>

namespace vitscape {

/// The first `count` samples: (samples, ...) to (count, ...). The values stay where they are in memory.
/// @throws ShapeError if there are fewer
template <Recorder R, class B = typename R::BackendType>
Variable<B> first_samples(R& recorder, const Variable<B>& x, Index count) {
    if (x.shape().rank() > 0 && count == x.shape()[0]) return x;
    return recorder.record(x.value.first(count),
                           [node = x.node, shape = x.shape()](Tape<B>& tape, const Tensor<B>& dy) {
                               if (node < 0) return;
                               const auto dx = tape.gradient(node, shape);
                               const Index size = dy.size();
                               if (dx.beta == 0) {
                                   tape.backend().copy(size, dy.data(), dx.data);
                                   tape.backend().fill(shape.size() - size, 0, dx.data + size);
                               } else {
                                   const operand::Matrix<typename B::Pointer> sum{dx.data, size};
                                   tape.backend().map(1, size, functor::Add{}, sum, sum,
                                                      operand::Matrix<typename B::Pointer>{dy.data(), size});
                               }
                           });
}

}  // namespace vitscape
