// SPDX-License-Identifier: Apache-2.0
//
// Checks a computation's gradient and Hessian-vector product against finite differences.
#pragma once

#include <vector>

#include <vitscape/autograd/ops/losses.hpp>
#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"

namespace vitscape::test {

/// Hands out consecutive places of a flat vector.
class Slots {
  public:
    ParameterSlot add(const Shape& shape) {
        const ParameterSlot slot{size_, shape};
        size_ += shape.size();
        return slot;
    }
    [[nodiscard]] Index size() const { return size_; }

  private:
    Index size_ = 0;
};

/// Part of the flat vector as a differentiable tensor, so that an op's inputs are checked as its parameters
/// are.
template <Recorder R, class B = typename R::BackendType>
Variable<B> input(R& recorder, const ParameterSlot& slot) {
    Tensor<B> value = recorder.allocate(slot.shape);
    recorder.backend().copy(value.size(), recorder.parameter(slot).data, value.data());
    return recorder.record(std::move(value), [slot](Tape<B>& tape, const Tensor<B>& gradient) {
        using M = operand::Matrix<typename B::Pointer>;
        const M sum{tape.parameter_gradient(slot).data, gradient.size()};
        tape.backend().map(1, gradient.size(), functor::Add{}, sum, sum, M{gradient.data(), gradient.size()});
    });
}

/// The squared distance of a tensor to random numbers: a loss that weighs every number differently and has a
/// second derivative.
template <Recorder R, class B = typename R::BackendType>
Variable<B> loss_of(R& recorder, const Variable<B>& y) {
    return squared_error(recorder, y,
                         upload(recorder.backend(), y.shape(), random_numbers(y.value.size(), 500)));
}

inline double sum_of(const std::vector<double>& numbers) {
    double sum = 0;
    for (const double number : numbers) sum += number;
    return sum;
}

/// Sum of the losses that `function` gives, and its gradient, on a backend with recorder `Tape`.
template <class B, class F>
std::pair<double, std::vector<double>> value_and_gradient(B backend, const F& function,
                                                          const std::vector<double>& theta) {
    const Vector<B> parameters(backend, theta);
    Vector<B> gradient(backend, parameters.size());
    Tape<B> tape(backend, parameters.data(), gradient.data());
    const Variable<B> losses = function(tape);
    const double value = sum_of(download(backend, losses.value.view()));
    tape.backward(losses);
    return {value, gradient.to_host()};
}

/// Value, gradient (primitives and fused) and Hessian-vector product of `function(recorder)`, which gives one
/// loss per sample from `size` numbers. Central differences with this step are off by some 1e-10 of a
/// third derivative of order 1, and by rounding of about 1e-11.
template <class F>
void check_derivatives(const F& function, Index size) {
    using P = CpuPrimitives<double>;
    constexpr double step = 1e-5, tolerance = 1e-7;
    const P primitives(1);
    const Cpu<double> fused(1);
    std::vector<double> theta = random_numbers(size, 600);
    const auto value_at = [&](const std::vector<double>& point) {
        const Vector<P> parameters(primitives, point);
        Eval<P> eval(primitives, parameters.data());
        return sum_of(download(primitives, function(eval).value.view()));
    };
    const auto [value, gradient] = value_and_gradient(primitives, function, theta);
    const auto [fused_value, fused_gradient] = value_and_gradient(fused, function, theta);
    CHECK(value == value_at(theta));
    CHECK(fused_value == Approx(value).epsilon(1e-12));
    CHECK(distance(fused_gradient, gradient) < 1e-12);

    std::vector<double> differences;
    for (double& number : theta) {
        const double centre = number;
        number = centre + step;
        const double above = value_at(theta);
        number = centre - step;
        const double below = value_at(theta);
        number = centre;
        differences.push_back((above - below) / (2 * step));
    }
    CHECK(distance(gradient, differences) < tolerance);

    const std::vector<double> direction = random_numbers(size, 700);
    std::vector<double> above = theta, below = theta;
    for (std::size_t i = 0; i < theta.size(); ++i) {
        above[i] += step * direction[i];
        below[i] -= step * direction[i];
    }
    std::vector<double> slope = value_and_gradient(primitives, function, above).second;
    const std::vector<double> other = value_and_gradient(primitives, function, below).second;
    for (std::size_t i = 0; i < slope.size(); ++i) slope[i] = (slope[i] - other[i]) / (2 * step);

    using D = Dual<P>;
    P base(1);
    const Vector<P> parameters(base, theta), tangent(base, direction);
    const Vector<P> dual_gradient(base, size), product(base, size);
    Tape<D> tape(D(base), {{parameters.data(), tangent.data()}}, {{dual_gradient.data(), product.data()}});
    const Variable<D> losses = function(tape);
    tape.backward(losses);
    CHECK(distance(dual_gradient.to_host(), gradient) < 1e-13);
    CHECK(distance(product.to_host(), slope) < tolerance);
}

}  // namespace vitscape::test
