// SPDX-License-Identifier: Apache-2.0
//
// A loss surface on a device, with several points under way, against the processor's.
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/methods/frozen_objective.hpp>

#include "training.hpp"

namespace surface_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

struct Drawn {
    Surface surface;
    int calls;
    std::vector<std::size_t> allocations;  // after each point
};

/// 7 x 3 points over 24 images in batches of 10, 10 and 4.
template <class B>
Drawn draw(const B& backend) {
    const CountingAutoencoder model;
    FrozenObjective objective(backend, model, load_all(Synthetic(24, 16), {.side = 16}),
                              {.batch = 10, .mask_seed = 4});
    using P = Master<B>;
    const P parameters = objective.backend();
    const Vector<P> theta(parameters, initial_values(objective.layout(), 1));
    Vector<P> delta = gaussian_direction(parameters, objective.layout(), 2, 0),
              eta = gaussian_direction(parameters, objective.layout(), 2, 1);
    normalize(FilterNormalization{}, objective.layout(), theta, delta);
    normalize(FilterNormalization{}, objective.layout(), theta, eta);
    std::vector<std::size_t> allocations;
    ProjectionOptions options;
    options.work.progress = [&](Index, Index) {
        allocations.push_back(backend.memory().system_allocations());
    };
    Surface surface = project(objective, Plane<P>(theta, delta, eta),
                              PlaneGrid(Grid{-1, 1, 7}, Grid{-0.5, 0.5, 3}), options);
    return {std::move(surface), *model.calls, std::move(allocations)};
}

}  // namespace

TEST_CASE("device surface: the processor's, whether its points are recorded or not", "[cuda]") {
    using Frozen = FrozenObjective<Cuda<float>, CountingAutoencoder>;
    STATIC_REQUIRE(Frozen::max_in_flight() == 2);
    const Drawn recorded = draw(Cuda<float>()), plain = draw(Cuda<float>({.graphs = false})),
                cpu = draw(Cpu<float>(2));
    REQUIRE(cpu.surface.computed_points() == 21);
    for (std::size_t row = 0; row < 3; ++row)
        for (std::size_t column = 0; column < 7; ++column) {
            INFO("row " << row << ", column " << column);
            const double loss = recorded.surface.loss(row, column);
            CHECK(std::abs(loss - cpu.surface.loss(row, column)) < 1e-4 * cpu.surface.loss(row, column));
            CHECK(recorded.surface.standard_error(row, column) ==
                  Approx(cpu.surface.standard_error(row, column)).epsilon(1e-3));
            CHECK(loss == plain.surface.loss(row, column));
        }
    CHECK(recorded.surface.loss(0, 0) != recorded.surface.loss(2, 6));
    // three batches: the centre, and each slot once directly and once recorded
    CHECK(recorded.calls == 3 * (1 + 2 + 2));
    CHECK(plain.calls == 3 * 22);
    // evaluations in flight, recorded or not, allocate no device memory
    REQUIRE(recorded.allocations.size() == 21);
    CHECK(recorded.allocations.back() == recorded.allocations[4]);
    CHECK(plain.allocations.back() == plain.allocations[4]);
}

TEST_CASE("device surface: in bfloat16 it is float's to rounding", "[cuda]") {
    const Drawn half = draw(Cuda<bfloat16>()), full = draw(Cuda<float>());
    for (std::size_t row = 0; row < 3; ++row)
        for (std::size_t column = 0; column < 7; ++column)
            CHECK(std::abs(half.surface.loss(row, column) - full.surface.loss(row, column)) <
                  4e-3 * full.surface.loss(row, column));
    CHECK(half.calls == 3 * (1 + 2 + 2));
}

}  // namespace surface_test
