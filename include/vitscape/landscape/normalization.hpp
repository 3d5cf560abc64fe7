// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include <vitscape/core/error.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

namespace detail {

/// d * sqrt(weight_square) / (sqrt(direction_square) + epsilon)
template <class T>
struct MatchNorm {
    T epsilon;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S d, S weight_square, S direction_square) const {
        using std::sqrt;
        return d * (sqrt(weight_square) / (sqrt(direction_square) + S(epsilon)));
    }
};
/// d / (sqrt(direction_square) + epsilon)
template <class T>
struct UnitNorm {
    T epsilon;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S d, S direction_square) const {
        using std::sqrt;
        return d / (sqrt(direction_square) + S(epsilon));
    }
};

}  // namespace detail

/// The argument of a normalization policy: one parameter of a point and the same parameter of a direction, each a row-major
/// matrix (filters, width) in the memory of `backend`. A policy reads both and writes `direction`.
template <Backend B>
struct ParameterPair {
    using Operand = operand::Matrix<typename B::Pointer>;
    B backend;
    Index filters, width;                   ///< number of rows, and elements per row
    typename B::Pointer weight, direction;  ///< (filters, width)

    [[nodiscard]] Index size() const { return filters * width; }
    /// The weights as an operand of `backend.map` and of the reductions.
    [[nodiscard]] Operand weights() const { return {weight, width}; }
    /// The direction, for reading and writing.
    [[nodiscard]] Operand directions() const { return {direction, width}; }
    /// direction = factor direction
    void scale(double factor) {
        using T = typename B::Storage;
        backend.map(filters, width, functor::Scale<T>{static_cast<T>(factor)}, directions(), directions());
    }
};

/// Ties the scale of a direction to the weights that it perturbs, so that surfaces of different networks can be compared.
/// A policy changes one parameter's part of a direction, seen as a matrix with one filter (a linear layer's output unit,
/// a convolution's output channel) per row. One-dimensional parameters (biases, layer norms) are set to zero, and so are position
/// embeddings, which are not learned in the reference; `normalize` does that.
template <class N, class B>
concept NormalizationPolicy = Backend<B> && requires(const N& policy, ParameterPair<B> pair) {
    policy(pair);
};

/// Each filter of the direction gets the norm of the weights' filter, d_i |w_i| / (|d_i| + 1e-10)
/// (Li et al. 2018, arXiv 1712.09913, section 4).
struct FilterNormalization {
    template <Backend B>
    void operator()(ParameterPair<B> pair) const {
        using T = typename B::Storage;
        const Tensor<B> norms(pair.backend, Shape{2, pair.filters});
        const auto weight_square = norms.data(), direction_square = norms.data() + pair.filters;
        pair.backend.reduce_rows(pair.filters, pair.width, functor::Square{}, weight_square, pair.weights());
        pair.backend.reduce_rows(pair.filters, pair.width, functor::Square{}, direction_square,
                                 pair.directions());
        using PerRow = operand::PerRow<typename B::Pointer>;
        pair.backend.map(pair.filters, pair.width, detail::MatchNorm<T>{static_cast<T>(1e-10)},
                         pair.directions(), pair.directions(), PerRow{weight_square},
                         PerRow{direction_square});
    }
};

/// Each parameter of the direction gets the norm of the weights' parameter, d |w| / |d| (Li et al.'s code).
struct LayerNormalization {
    template <Backend B>
    void operator()(ParameterPair<B> pair) const {
        const double square = pair.backend.dot(pair.size(), pair.direction, pair.direction);
        if (square == 0) return;
        pair.scale(std::sqrt(pair.backend.dot(pair.size(), pair.weight, pair.weight) / square));
    }
};

/// Each element of the direction is multiplied by its weight, d w (Li et al.'s code).
struct WeightNormalization {
    template <Backend B>
    void operator()(ParameterPair<B> pair) const {
        pair.backend.map(pair.filters, pair.width, functor::Multiply{}, pair.directions(), pair.directions(),
                         pair.weights());
    }
};

/// Each filter of the direction gets norm 1, d_i / (|d_i| + 1e-10), whatever the weights (Li et al.'s code).
struct UnitFilterNormalization {
    template <Backend B>
    void operator()(ParameterPair<B> pair) const {
        using T = typename B::Storage;
        const Tensor<B> direction_square(pair.backend, Shape{pair.filters});
        pair.backend.reduce_rows(pair.filters, pair.width, functor::Square{}, direction_square.data(),
                                 pair.directions());
        pair.backend.map(pair.filters, pair.width, detail::UnitNorm<T>{static_cast<T>(1e-10)},
                         pair.directions(), pair.directions(),
                         operand::PerRow<typename B::Pointer>{direction_square.data()});
    }
};

/// Each parameter of the direction gets norm 1, d / |d|, whatever the weights (Li et al.'s code).
struct UnitLayerNormalization {
    template <Backend B>
    void operator()(ParameterPair<B> pair) const {
        const double square = pair.backend.dot(pair.size(), pair.direction, pair.direction);
        if (square > 0) pair.scale(1 / std::sqrt(square));
    }
};

/// Norms are taken along the first axis, across filters: d_:j |w_:j| / (|d_:j| + 1e-7) for each input j (Park & Kim
/// 2022, "How do vision transformers work?", arXiv 2202.06709, in the form of its code).
struct ParkKimNormalization {
    template <Backend B>
    void operator()(ParameterPair<B> pair) const {
        using T = typename B::Storage;
        const Tensor<B> norms(pair.backend, Shape{2, pair.width});
        const auto weight_square = norms.data(), direction_square = norms.data() + pair.width;
        pair.backend.reduce_columns(pair.filters, pair.width, functor::Square{}, 0, weight_square,
                                    pair.weights());
        pair.backend.reduce_columns(pair.filters, pair.width, functor::Square{}, 0, direction_square,
                                    pair.directions());
        using PerColumn = operand::PerColumn<typename B::Pointer>;
        pair.backend.map(pair.filters, pair.width, detail::MatchNorm<T>{static_cast<T>(1e-7)},
                         pair.directions(), pair.directions(), PerColumn{weight_square},
                         PerColumn{direction_square});
    }
};

/// Whether a normalized direction perturbs this parameter.
inline bool moves(const ParameterInfo& parameter) {
    return parameter.filters() > 0 && parameter.kind != ParameterKind::position;
}

/// Normalizes `direction` at the point `theta` by one of the types above or a user-defined policy.
/// @throws ShapeError if the vectors do not have the size of the layout.
template <class Policy, Backend B>
void normalize(const Policy& policy, const ParameterLayout& layout, const Vector<B>& theta,
               Vector<B>& direction) {
    static_assert(NormalizationPolicy<Policy, B>,
                  "a normalization policy lacks operator()(ParameterPair<B>) const, which changes a "
                  "parameter's direction");
    if (theta.size() != layout.size() || direction.size() != layout.size())
        throw ShapeError(message("the model has ", layout.size(), " parameters, the point has ", theta.size(),
                                 " and the direction ", direction.size()));
    B& backend = direction.backend();
    for (const ParameterInfo& parameter : layout.parameters()) {
        const Index offset = parameter.slot.offset;
        if (!moves(parameter))
            backend.fill(parameter.size(), 0, direction.data() + offset);
        else if constexpr (NormalizationPolicy<Policy, B>) {
            if (parameter.size() > 0)
                policy(ParameterPair<B>{backend, parameter.filters(), parameter.size() / parameter.filters(),
                                        theta.data() + offset, direction.data() + offset});
        }
    }
}

/// The same choice at run time.
enum class Normalization { filter, layer, weight, dfilter, dlayer, park };

/// Names on the command line, in the order of `Normalization`.
inline constexpr std::array<std::string_view, 6> normalization_names = {"filter",  "layer",  "weight",
                                                                        "dfilter", "dlayer", "park"};

[[nodiscard]] inline std::string to_string(Normalization normalization) {
    return std::string(normalization_names[static_cast<std::size_t>(normalization)]);
}

/// @throws ConfigError for a name that is not in `normalization_names`.
[[nodiscard]] inline Normalization parse_normalization(std::string_view name) {
    for (std::size_t i = 0; i < normalization_names.size(); ++i)
        if (name == normalization_names[i]) return static_cast<Normalization>(i);
    throw ConfigError(
        message("'", name,
                "' is not a normalization; choose filter, layer, weight, dfilter, dlayer (Li et "
                "al.) or park (Park & Kim)"));
}

template <Backend B>
void normalize(Normalization normalization, const ParameterLayout& layout, const Vector<B>& theta,
               Vector<B>& direction) {
    switch (normalization) {
        case Normalization::filter:
            return normalize(FilterNormalization{}, layout, theta, direction);
        case Normalization::layer:
            return normalize(LayerNormalization{}, layout, theta, direction);
        case Normalization::weight:
            return normalize(WeightNormalization{}, layout, theta, direction);
        case Normalization::dfilter:
            return normalize(UnitFilterNormalization{}, layout, theta, direction);
        case Normalization::dlayer:
            return normalize(UnitLayerNormalization{}, layout, theta, direction);
        case Normalization::park:
            return normalize(ParkKimNormalization{}, layout, theta, direction);
    }
}

}  // namespace vitscape
