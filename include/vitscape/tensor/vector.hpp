// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/tensor/tensor.hpp>

namespace vitscape {

/// A point (or direction) in parameter space: one contiguous vector that owns backend memory; copying copies the
/// values. Teachers, optimizer moments, directions, gradients and Lanczos vectors are all of this type.
template <Backend B>
class Vector {
  public:
    Vector() = default;
    /// A vector of zeros.
    Vector(B backend, Index size) : backend_(std::move(backend)), memory_(*backend_, Shape{size}) {
        backend_->fill(size, 0, data());
    }
    /// The converted values of `host`.
    template <class U>
    Vector(B backend, std::span<const U> host)
        : backend_(std::move(backend)), memory_(*backend_, Shape{static_cast<Index>(host.size())}) {
        backend_->upload(size(), host.data(), data());
    }
    template <class U>
    Vector(B backend, const std::vector<U>& host) : Vector(std::move(backend), std::span<const U>(host)) {}

    Vector(const Vector& other) : backend_(other.backend_) {
        if (other.memory_.empty()) return;
        memory_ = Tensor<B>(*backend_, other.memory_.shape());
        backend_->copy(size(), other.data(), data());
    }
    Vector(Vector&&) noexcept = default;
    /// Keeps its memory if the sizes are equal.
    Vector& operator=(const Vector& other) {
        if (this == &other) return *this;
        if (memory_.empty() || size() != other.size()) return *this = Vector(other);
        backend_->copy(size(), other.data(), data());
        return *this;
    }
    Vector& operator=(Vector&&) noexcept = default;
    ~Vector() = default;

    [[nodiscard]] Index size() const { return memory_.empty() ? 0 : memory_.size(); }
    [[nodiscard]] typename B::Pointer data() const { return memory_.data(); }
    [[nodiscard]] TensorView<B> view() const { return memory_.view(); }
    [[nodiscard]] B& backend() const { return *backend_; }
    [[nodiscard]] std::vector<double> to_host() const { return download(*backend_, view()); }

  private:
    mutable std::optional<B> backend_;  // a handle; its operations do not change the vector
    Tensor<B> memory_;
};

namespace detail {
template <Backend B>
void require_same_size(const Vector<B>& a, const Vector<B>& b) {
    if (a.size() != b.size())
        throw ShapeError(message("two vectors of the same size were expected, their sizes are ", a.size(),
                                 " and ", b.size()));
}
template <Backend B>
operand::Matrix<typename B::Pointer> flat(const Vector<B>& x) {
    return {x.data(), x.size()};
}
}  // namespace detail

/// x . y, accumulated in double.
template <Backend B>
double dot(const Vector<B>& x, const Vector<B>& y) {
    detail::require_same_size(x, y);
    return x.backend().dot(x.size(), x.data(), y.data());
}

/// Euclidean norm |x|.
template <Backend B>
double norm(const Vector<B>& x) {
    return std::sqrt(dot(x, x));
}

/// y = alpha x + beta y
template <Backend B>
void axpby(double alpha, const Vector<B>& x, double beta, Vector<B>& y) {
    detail::require_same_size(x, y);
    using T = typename B::Storage;
    y.backend().map(1, y.size(), functor::LinearCombination<T>{static_cast<T>(alpha), static_cast<T>(beta)},
                    detail::flat(y), detail::flat(x), detail::flat(y));
}

/// x = factor x
template <Backend B>
void scale(double factor, Vector<B>& x) {
    using T = typename B::Storage;
    x.backend().map(1, x.size(), functor::Scale<T>{static_cast<T>(factor)}, detail::flat(x), detail::flat(x));
}

/// x = number in every element
template <Backend B>
void fill(double number, Vector<B>& x) {
    x.backend().fill(x.size(), number, x.data());
}

/// out = theta + alpha delta: a point of the line through theta.
template <Backend B>
void line_point(const Vector<B>& theta, double alpha, const Vector<B>& delta, Vector<B>& out) {
    detail::require_same_size(theta, delta);
    detail::require_same_size(theta, out);
    using T = typename B::Storage;
    out.backend().map(1, out.size(), functor::LinearCombination<T>{T(1), static_cast<T>(alpha)},
                      detail::flat(out), detail::flat(theta), detail::flat(delta));
}

/// out = theta + alpha delta + beta eta in one pass: a point of the plane through theta.
template <Backend B>
void plane_point(const Vector<B>& theta, double alpha, const Vector<B>& delta, double beta,
                 const Vector<B>& eta, Vector<B>& out) {
    detail::require_same_size(theta, delta);
    detail::require_same_size(theta, eta);
    detail::require_same_size(theta, out);
    using T = typename B::Storage;
    out.backend().map(1, out.size(), functor::PlanePoint<T>{static_cast<T>(alpha), static_cast<T>(beta)},
                      detail::flat(out), detail::flat(theta), detail::flat(delta), detail::flat(eta));
}

}  // namespace vitscape
