// SPDX-License-Identifier: Apache-2.0
//
// A user-defined normalization: each parameter of the direction is scaled to the mean absolute value of the weights.
// prints: largest mean size of the direction over that of the weights: 1
#include <algorithm>
#include <cmath>
#include <iostream>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

namespace functor {
struct Absolute {  // |x|, on every backend
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S x) const {
        return x < S(0) ? -x : x;
    }
};
}  // namespace functor

struct MeanSizeNormalization {
    template <Backend B>
    void operator()(ParameterPair<B> pair) const {
        const Tensor<B> sums(pair.backend, Shape{2, pair.filters});
        pair.backend.reduce_rows(pair.filters, pair.width, ::functor::Absolute{}, sums.data(),
                                 pair.weights());
        pair.backend.reduce_rows(pair.filters, pair.width, ::functor::Absolute{}, sums.data() + pair.filters,
                                 pair.directions());
        const auto host = download(pair.backend, sums.view());  // (2, filters)
        double weights = 0, directions = 0;
        for (std::size_t i = 0; i < host.size(); ++i) (i < host.size() / 2 ? weights : directions) += host[i];
        if (directions > 0) pair.scale(weights / directions);
    }
};
static_assert(NormalizationPolicy<MeanSizeNormalization, Cpu<float>>);

int main() {
    const Cpu<float> backend;
    const MaskedAutoencoder<> method({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                                      .decoder = {.width = 8, .depth = 1, .heads = 2}});
    const Vector<Cpu<float>> theta(backend, initial_values(method.layout(), 0));
    auto direction = gaussian_direction(backend, method.layout(), 1, 0);
    normalize(MeanSizeNormalization{}, method.layout(), theta, direction);

    double largest = 0;
    for (const ParameterInfo& parameter : method.layout().parameters()) {
        if (!moves(parameter)) continue;
        double weights = 0, directions = 0;
        for (Index i = parameter.slot.offset; i < parameter.slot.offset + parameter.size(); ++i) {
            weights += std::abs(theta.data()[i]);
            directions += std::abs(direction.data()[i]);
        }
        largest = std::max(largest, directions / weights);
    }
    std::cout << "largest mean size of the direction over that of the weights: "
              << std::round(largest * 1e4) / 1e4 << '\n';
}
