// SPDX-License-Identifier: Apache-2.0
//
// Methods with mask tokens in bfloat16 against the same in float. Losses are means over many numbers and keep three digits; the
// derivative of an absolute error jumps where rounding changes a sign, so the gradient keeps less than that of a square.
#include <vitscape/methods/data2vec.hpp>
#include <vitscape/methods/simmim.hpp>

#include "methods/masked_encoder.hpp"
#include "support/catch.hpp"

namespace bfloat16_masked_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

#if defined(__CUDACC__)
using Half = Cuda<bfloat16>;
#else
using Half = Cpu<bfloat16>;
#endif
using Full = Master<Half>;

template <class M>
void compare_with_float(const M& method, double gradient_tolerance) {
    const Half half{};
    const Full full = master(half);
    Batch batch;
    const xt::xtensor<double, 4> images = masked_images();
    batch.images.resize(images.shape());
    for (std::size_t i = 0; i < images.size(); ++i)
        batch.images.data()[i] = static_cast<float>(images.data()[i]);
    batch.labels.resize({3});
    batch.samples = {0, 1, 2};
    const Vector<Full> theta(full, masked_parameters(method.layout(), 1)),
        teacher(full, masked_parameters(method.layout(), 2));
    const auto objective = [&](const auto& backend) {
        using B = std::remove_cvref_t<decltype(backend)>;
        if constexpr (TaughtMethod<M, B>)
            return FrozenObjective<B, M>(backend, method, teacher, batch, {.batch = 2});
        else
            return FrozenObjective<B, M>(backend, method, batch, {.batch = 2});
    };
    auto in_half = objective(half);
    auto in_full = objective(full);
    Vector<Full> a(full, theta.size()), b(full, theta.size());
    const double loss = in_half.gradient(theta, a), expected = in_full.gradient(theta, b);
    CHECK(std::abs(loss - expected) < 2e-3 * expected);
    CHECK(loss != expected);
    CHECK(relative_difference(a.to_host(), b.to_host()) < gradient_tolerance);
}

}  // namespace

TEST_CASE("bfloat16: SimMIM's loss and gradient are float's to the expected rounding",
          "[methods][bfloat16]") {
    compare_with_float(SimMim<>({.encoder = masked_shape}), 6e-2);
}

TEST_CASE("bfloat16: data2vec's loss and gradient are float's to the expected rounding",
          "[methods][bfloat16]") {
    compare_with_float(Data2Vec<>({.encoder = masked_shape, .target_blocks = 2}), 2e-2);
}

}  // namespace bfloat16_masked_test
