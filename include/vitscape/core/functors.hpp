// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <vitscape/core/dual_number.hpp>
#include <vitscape/core/elementary.hpp>
#include <vitscape/core/host_device.hpp>

/// The functions that a backend's `map` and reductions apply to elements. They are named types, not lambdas,
/// because CUDA compilers reject generic extended lambdas; each works for plain and dual numbers.
namespace vitscape::functor {

struct Identity {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S x) const {
        return x;
    }
};
struct Add {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a, S b) const {
        return a + b;
    }
};
struct Subtract {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a, S b) const {
        return a - b;
    }
};
struct Multiply {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a, S b) const {
        return a * b;
    }
};
struct Square {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a) const {
        return a * a;
    }
};
/// (a - b)^2
struct SquaredDifference {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a, S b) const {
        return (a - b) * (a - b);
    }
};
/// factor * a
template <class T>
struct Scale {
    T factor;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a) const {
        return S(factor) * a;
    }
};
/// alpha * a + beta * b
template <class T>
struct LinearCombination {
    T alpha, beta;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a, S b) const {
        return S(alpha) * a + S(beta) * b;
    }
};
/// theta + alpha * delta + beta * eta: a point of a plane.
template <class T>
struct PlanePoint {
    T alpha, beta;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S theta, S delta, S eta) const {
        return theta + S(alpha) * delta + S(beta) * eta;
    }
};
/// The same with alpha and beta in the backend's memory, read when the work runs.
template <class T>
struct PlanePointAt {
    const T* position;  // (alpha, beta)
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S theta, S delta, S eta) const {
        return theta + S(position[0]) * delta + S(position[1]) * eta;
    }
};
/// Exact GELU: x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2 (Hendrycks & Gimpel 2016, arXiv 1606.08415).
struct Gelu {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S x) const {
        using elementary::normal_cdf;
        return x * normal_cdf(x);
    }
};
/// d GELU / dx = Phi(x) + x phi(x).
struct GeluDerivative {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S x) const {
        using elementary::normal_cdf;
        using elementary::normal_density;
        return normal_cdf(x) + x * normal_density(x);
    }
};
/// exp(x - shift)
struct ShiftedExponential {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S x, S shift) const {
        using elementary::exp;
        return exp(x - shift);
    }
};
struct Divide {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a, S b) const {
        return a / b;
    }
};
/// 1 / sqrt(sum / count + epsilon)
template <class T>
struct InverseDeviation {
    T count, epsilon;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S sum) const {
        using std::sqrt;
        return S(1) / sqrt(sum / S(count) + S(epsilon));
    }
};
/// (x - mean) * inverse_deviation
struct Standardize {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S x, S mean, S inverse_deviation) const {
        return (x - mean) * inverse_deviation;
    }
};
/// (x - shift - mean)^2: `mean` is that of x - shift, which keeps the digits in which numbers far from 0 differ.
struct SquaredDeviation {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S x, S shift, S mean) const {
        const S deviation = (x - shift) - mean;
        return deviation * deviation;
    }
};
/// (x - shift - mean) * inverse_deviation
struct StandardizeShifted {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S x, S shift, S mean, S inverse_deviation) const {
        return ((x - shift) - mean) * inverse_deviation;
    }
};
/// a * b + c
struct MultiplyAdd {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a, S b, S c) const {
        return a * b + c;
    }
};
/// sum + factor * (x - mean) * inverse_deviation
template <class T>
struct AddStandardized {
    T factor;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S sum, S x, S mean, S inverse_deviation) const {
        return sum + S(factor) * (x - mean) * inverse_deviation;
    }
};
/// Gradient of a standardized row: inverse_deviation * (g - mean(g) - x mean(g x)); the sums are passed undivided.
template <class T>
struct StandardizeGradient {
    T count;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S g, S x, S sum_g, S sum_gx, S inverse_deviation) const {
        return inverse_deviation * (g - (sum_g + x * sum_gx) / S(count));
    }
};
/// Gradient of a softmax row: probability * (g - sum(g * probability)).
struct SoftmaxGradient {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S probability, S g, S sum) const {
        return probability * (g - sum);
    }
};
/// Losses of a difference d = prediction - target: `value(d)` and its derivative with respect to d.
struct SquaredLoss {
    template <class S>
    VITSCAPE_HOST_DEVICE S value(S d) const {
        return d * d;
    }
    template <class S>
    VITSCAPE_HOST_DEVICE S derivative(S d) const {
        return S(2) * d;
    }
};
/// |d|; the derivative at 0 is 0, the second derivative 0 everywhere.
struct AbsoluteLoss {
    template <class S>
    VITSCAPE_HOST_DEVICE S value(S d) const {
        return d < S(0) ? -d : d;
    }
    template <class S>
    VITSCAPE_HOST_DEVICE S derivative(S d) const {
        return S(0) < d ? S(1) : d < S(0) ? S(-1) : S(0);
    }
};
/// d^2 / (2 beta) where |d| < beta, else |d| - beta / 2.
template <class T>
struct SmoothAbsoluteLoss {
    T beta;
    template <class S>
    VITSCAPE_HOST_DEVICE S value(S d) const {
        const S size = AbsoluteLoss{}.value(d);
        return size < S(beta) ? d * d * S(T(0.5) / beta) : size - S(T(0.5) * beta);
    }
    template <class S>
    VITSCAPE_HOST_DEVICE S derivative(S d) const {
        return AbsoluteLoss{}.value(d) < S(beta) ? d / S(beta) : AbsoluteLoss{}.derivative(d);
    }
};
/// loss(prediction - target)
template <class Loss>
struct LossOfDifference {
    Loss loss;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S prediction, S target) const {
        return loss.value(prediction - target);
    }
};
/// factor * upstream * loss'(prediction - target)
template <class Loss, class T>
struct LossGradient {
    Loss loss;
    T factor;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S upstream, S prediction, S target) const {
        return S(factor) * upstream * loss.derivative(prediction - target);
    }
};
/// The log-sum-exp term of a cross entropy: target * (log_sum + shift - logit).
struct CrossEntropyTerm {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S target, S logit, S shift, S sum_of_exponentials) const {
        using std::log;
        return target * (log(sum_of_exponentials) + shift - logit);
    }
};
/// Gradient of the cross entropy with respect to a logit: upstream * (softmax * sum(target) - target).
struct CrossEntropyGradient {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S upstream, S logit, S shift, S sum_of_exponentials, S target,
                                      S target_sum) const {
        using elementary::exp;
        return upstream * (exp(logit - shift) / sum_of_exponentials * target_sum - target);
    }
};

}  // namespace vitscape::functor
