// SPDX-License-Identifier: Apache-2.0
//
// Numbers for typed tests of backends: made on the host, handed to any backend, read back and compared with
// a tolerance that belongs to the scalar type.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/backend/dual.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/tensor/tensor.hpp>

namespace vitscape::test {

/// Largest relative difference (in the norm) between two orders of the same sums.
template <class T>
constexpr double rounding_tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-12;

/// n standard normal numbers; another `stream`, other numbers.
inline std::vector<double> random_numbers(Index n, std::uint32_t stream) {
    std::vector<double> numbers(static_cast<std::size_t>(n));
    const RandomKey key{.seed = 2024, .purpose = Purpose::test, .sample = stream};
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = random_normal(key, i);
    return numbers;
}

template <class S>
constexpr bool is_dual = false;
template <class T>
constexpr bool is_dual<DualNumber<T, 1>> = true;

/// n normal numbers of a backend's scalar type; dual ones have a random tangent too.
template <class S>
std::vector<S> random_scalars(Index n, std::uint32_t stream) {
    const std::vector<double> value = random_numbers(n, stream), tangent = random_numbers(n, stream + 100000);
    std::vector<S> scalars(value.size());
    for (std::size_t i = 0; i < value.size(); ++i)
        if constexpr (is_dual<S>)
            scalars[i] = S(value[i], tangent[i]);
        else
            scalars[i] = static_cast<S>(value[i]);
    return scalars;
}

/// n times a number that spoils every sum it enters.
template <class S>
std::vector<S> not_a_number(Index n) {
    S number = S(std::numeric_limits<double>::quiet_NaN());
    if constexpr (is_dual<S>) number.tangent[0] = number.value;
    return std::vector<S>(static_cast<std::size_t>(n), number);
}

/// Memory of a backend with numbers from the host. Where the scalar type is dual, values and tangents.
template <class B>
class Numbers {
  public:
    using S = typename B::Scalar;

    Numbers(const B& backend, const std::vector<S>& host)
        : backend_(backend), memory_(backend, Shape{static_cast<Index>(host.size())}) {
        if constexpr (is_dual<S>) {
            std::vector<double> values(host.size()), tangents(host.size());
            for (std::size_t i = 0; i < host.size(); ++i)
                values[i] = host[i].value, tangents[i] = host[i].tangent[0];
            backend_.base().upload(memory_.size(), values.data(), memory_.data().part(0));
            backend_.base().upload(memory_.size(), tangents.data(), memory_.data().part(1));
        } else {
            backend_.upload(memory_.size(), host.data(), memory_.data());
        }
    }
    [[nodiscard]] typename B::Pointer data() const { return memory_.data(); }
    [[nodiscard]] std::vector<S> host() const {
        std::vector<S> host(static_cast<std::size_t>(memory_.size()));
        if constexpr (is_dual<S>) {
            std::vector<double> values(host.size()), tangents(host.size());
            backend_.base().download(memory_.size(), memory_.data().part(0), values.data());
            backend_.base().download(memory_.size(), memory_.data().part(1), tangents.data());
            for (std::size_t i = 0; i < host.size(); ++i) host[i] = S(values[i], tangents[i]);
        } else {
            backend_.download(memory_.size(), memory_.data(), host.data());
        }
        return host;
    }

  private:
    mutable B backend_;  // a handle
    Tensor<B> memory_;
};

/// |a - b| / |b| in the Euclidean norm over all numbers; tangents count like values. Infinite for different
/// sizes and for anything that is not a number.
template <class S>
double distance(const std::vector<S>& a, const std::vector<S>& b) {
    if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
    double difference = 0, norm = 0;
    const auto add = [&](double x, double y) {
        difference += (x - y) * (x - y);
        norm += y * y;
    };
    for (std::size_t i = 0; i < a.size(); ++i)
        if constexpr (is_dual<S>) {
            add(a[i].value, b[i].value);
            add(a[i].tangent[0], b[i].tangent[0]);
        } else {
            add(static_cast<double>(a[i]), static_cast<double>(b[i]));
        }
    const double result = std::sqrt(norm > 0 ? difference / norm : difference);
    return std::isfinite(result) ? result : std::numeric_limits<double>::infinity();
}

/// Whether two vectors hold the same numbers to the last bit.
template <class S>
bool identical(const std::vector<S>& a, const std::vector<S>& b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const S& x, const S& y) {
               if constexpr (is_dual<S>)
                   return x.value == y.value && x.tangent[0] == y.tangent[0];
               else
                   return x == y;
           });
}

/// A backend for `threads` threads, `Dual` or not; a device's has no such number.
template <class B>
struct MakeBackend {
    static B with(int threads) {
        if constexpr (requires(B b) { b.execution().context(); })
            return B();
        else
            return B(threads);
    }
};
template <class B>
struct MakeBackend<Dual<B>> {
    static Dual<B> with(int threads) { return Dual<B>(MakeBackend<B>::with(threads)); }
};
template <class B>
B make_backend(int threads) {
    return MakeBackend<B>::with(threads);
}

}  // namespace vitscape::test
