// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/catch.hpp"

namespace final_gradients_test {

using namespace vitscape;

TEST_CASE("gradients that the backward pass calls final do not change any more", "[mae]") {
    using B = Cpu<double>;
    const B backend(1);
    const MaskedAutoencoder<> model({.encoder = {16, 4, {16, 2, 2}}, .decoder = {8, 2, 2}});
    Batch batch;
    batch.images.resize(std::array<std::size_t, 4>{3, 3, 16, 16});
    for (std::size_t i = 0; i < batch.images.size(); ++i)
        batch.images.data()[i] = static_cast<float>(random_normal({.seed = 2}, i));
    batch.samples = {0, 1, 2};
    MaskedAutoencoder<>::Inputs<B> inputs;
    model.prepare(backend, batch, MaskKey{}, inputs);
    const Vector<B> theta(backend, initial_values(model.layout(), 1));
    Vector<B> gradient(backend, theta.size());
    Tape<B> tape(backend, theta.data(), gradient.data());

    std::vector<std::pair<Index, std::vector<double>>> said;
    tape.backward(model.losses(tape, inputs), 1,
                  [&](Index offset) { said.emplace_back(offset, gradient.to_host()); });
    const std::vector<double> last = gradient.to_host();
    REQUIRE(said.size() > 20);
    CHECK(said.back().first == 0);
    Index before = theta.size();
    std::size_t steps = 0;
    for (const auto& [offset, numbers] : said) {
        CHECK(offset <= before);
        if (offset < before) ++steps;
        before = offset;
        CHECK(bool(std::equal(numbers.begin() + offset, numbers.end(), last.begin() + offset)));
    }
    CHECK(steps > 20);  // layer by layer
}

}  // namespace final_gradients_test
