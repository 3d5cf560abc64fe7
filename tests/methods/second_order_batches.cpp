// SPDX-License-Identifier: Apache-2.0
//
// Second derivatives are computed of other numbers of images at once than losses, which changes nothing but rounding.
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"

namespace second_order_batches_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("second derivatives do not depend on the number of images at once") {
    using B = Cpu<double>;
    const MaskedAutoencoder<> model(
        {.encoder = {16, 4, {8, 1, 2}}, .decoder = {.width = 8, .depth = 1, .heads = 2}});
    const Batch images = load_all(Synthetic(75, 16), {.side = 16});  // 32, 32 and 11 at once
    STATIC_REQUIRE(B::tokens_in_cache == 1024);                      // of 16 tokens an image
    struct Derivatives {
        std::vector<double> product, jets;
    };
    const auto derivatives = [&](std::size_t batch) {
        FrozenObjective<B, MaskedAutoencoder<>> objective(B(2), model, images,
                                                          {.batch = batch, .mask_seed = 3});
        // losses are computed of others at once: of as many as asked for and, of these, 64
        CHECK(objective.inputs().size() == (batch < 64 ? (75 + batch - 1) / batch : 2));
        const Vector<B> theta(objective.backend(), initial_values(model.layout(), 1));
        const Vector<B> delta = gaussian_direction(objective.backend(), model.layout(), 2, 0),
                        eta = gaussian_direction(objective.backend(), model.layout(), 2, 1);
        Vector<B> out(objective.backend(), theta.size());
        objective.hessian_vector(theta, delta, out);
        std::vector<PlaneJet<double>> jets(75);
        objective.sample_jets(theta, delta, eta, jets);
        Derivatives result{out.to_host(), {}};
        for (PlaneJet<double>& jet : jets)
            for (int part = 0; part < PlaneJetPointer<double>::parts; ++part)
                result.jets.push_back(jet.part(part));
        return result;
    };
    const Derivatives few = derivatives(7), all = derivatives(75);
    CHECK(distance(all.product, few.product) < 1e-12);
    CHECK(distance(all.jets, few.jets) < 1e-12);
}

}  // namespace second_order_batches_test
