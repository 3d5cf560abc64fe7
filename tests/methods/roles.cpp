// SPDX-License-Identifier: Apache-2.0
//
// Which method can do what, asked of the method and not of its name.
#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/recipe.hpp>

#include "support/catch.hpp"

namespace roles_test {

using namespace vitscape;

namespace {

using B = Cpu<float>;
using Mae = MaskedAutoencoder<>;
using Taught = RcMae<>;
using Untaught = RcMae<RandomMasking, NoTeacher>;
using Recipe = Regularized<RandomErasing>;

static_assert(EncodingMethod<Mae> && EncodingMethod<Taught> && EncodingMethod<VitClassifier> &&
              EncodingMethod<Recipe>);
static_assert(ReconstructingMethod<Mae, B> && ReconstructingMethod<Taught, B> &&
              ReconstructingMethod<Untaught, B>);
static_assert(!ReconstructingMethod<VitClassifier, B> && !ReconstructingMethod<Recipe, B>);
static_assert(ClassifyingMethod<VitClassifier, B> && ClassifyingMethod<Recipe, B>);
static_assert(!ClassifyingMethod<Mae, B> && !ClassifyingMethod<Taught, B>);
static_assert(TaughtMethod<Taught, B> && !TaughtMethod<Untaught, B> && !TaughtMethod<Mae, B>);
static_assert(ReconstructingMethod<Mae, Dual<Cpu<double>>> &&
              ClassifyingMethod<VitClassifier, Dual<Cpu<double>>>);

}  // namespace

TEST_CASE("roles: the plain reconstruction of a method with a teacher is its student", "[methods]") {
    const Taught taught({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                         .decoder = {.width = 8, .depth = 1, .heads = 2}});
    CHECK(&taught.reconstruction() == &taught.student());
    CHECK(taught.reconstruction().layout().size() == taught.layout().size());
    const Mae plain({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                     .decoder = {.width = 8, .depth = 1, .heads = 2}});
    CHECK(&plain.reconstruction() == &plain);
}

}  // namespace roles_test
