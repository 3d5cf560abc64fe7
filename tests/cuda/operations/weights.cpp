// SPDX-License-Identifier: Apache-2.0
//
// The parameters as a model on a device reads them: rounded, and at a point of a plane.
#include <vitscape/tensor/weights.hpp>

#include "../device_test.hpp"

namespace weights_test {

using namespace vitscape;
using namespace vitscape::test;

TEMPLATE_TEST_CASE("device weights: rounded to the nearest, of any size", "[cuda]", float, bfloat16) {
    using B = Cuda<TestType>;
    STATIC_REQUIRE(FusedWeights<B>);
    B backend;
    const auto parameters = backend.master();
    for (const Index n : {1, 7, 4096, 100001}) {
        const auto numbers = numbers_of<float>(n, 1);
        const auto from = on(parameters, numbers);
        const auto to = unwritten(backend, n);
        backend.round(n, from.data(), to.data());
        CHECK(bool(read(to, backend) == rounded<TestType>(numbers)));
    }
}

TEMPLATE_TEST_CASE("device weights: a point of a plane, read from the device and rounded once", "[cuda]",
                   float, bfloat16) {
    using B = Cuda<TestType>;
    const B backend;
    const auto parameters = backend.master();
    using P = Master<B>;
    Weights<B> weights(backend);
    const Tensor<P> position(parameters, {2});
    for (const Index n : {3, 100001}) {
        const auto t = numbers_of<float>(n, 1), d = numbers_of<float>(n, 2), e = numbers_of<float>(n, 3);
        const Vector<P> theta(parameters, t), delta(parameters, d), eta(parameters, e);
        for (const auto& [alpha, beta] : {std::pair{0.0, 0.0}, {0.5, -1.25}, {-1.0, 0.0}}) {
            INFO(n << " numbers at " << alpha << ", " << beta);
            P(parameters).upload(2, std::vector{alpha, beta}.data(), position.data());
            const TensorView<B> point{weights.at(theta, delta, eta, position.data()), Shape{n}};
            std::vector<double> expected = t;
            for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += alpha * d[i] + beta * e[i];
            CHECK(distance(download(backend, point), expected) < storage_tolerance<TestType>());
        }
    }
}

}  // namespace weights_test
