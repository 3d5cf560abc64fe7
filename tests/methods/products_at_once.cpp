// SPDX-License-Identifier: Apache-2.0
//
// Products with several vectors, which share the work on the values, against products one by one.
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/rc_mae.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"

namespace products_at_once_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// 6 products at once: a group of 4 and 2 by themselves.
template <class B, class O>
void check_products(O& objective) {
    const Vector<B> theta(objective.backend(), initial_values(objective.layout(), 1));
    std::vector<Vector<B>> directions, together;
    std::vector<const Vector<B>*> v;
    std::vector<Vector<B>*> out;
    for (std::uint32_t i = 0; i < 6; ++i) {
        directions.push_back(gaussian_direction(objective.backend(), objective.layout(), 2, i));
        together.emplace_back(objective.backend(), theta.size());
    }
    for (std::size_t i = 0; i < 6; ++i) v.push_back(&directions[i]), out.push_back(&together[i]);
    Vector<B> one(objective.backend(), theta.size());
    for (const bool gauss_newton : {false, true, false}) {  // one after another on the same tapes
        if (gauss_newton)
            gauss_newton_vectors<O, B>(objective, theta, v, out);
        else
            hessian_vectors<O, B>(objective, theta, v, out);
        for (std::size_t i = 0; i < 6; ++i) {
            INFO("vector " << i << ", Gauss-Newton " << gauss_newton);
            if (gauss_newton)
                objective.gauss_newton_vector(theta, directions[i], one);
            else
                objective.hessian_vector(theta, directions[i], one);
            CHECK(norm(one) > 0);
            CHECK(distance(together[i].to_host(), one.to_host()) < rounding_tolerance<typename B::Storage>);
        }
    }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("products of several vectors are those of each", "", Backends) {
    using B = TestType;
    const Batch images = load_all(Synthetic(19, 16), {.side = 16});
    const MaskedAutoencoder<> model({.encoder = {16, 4, {8, 1, 2}}, .decoder = {8, 1, 2}});
    FrozenObjective<B, MaskedAutoencoder<>> objective(make_backend<B>(2), model, images, {.batch = 8});
    check_products<B>(objective);
}

TEST_CASE("products of several vectors with a teacher are those of each") {
    using B = Cpu<double>;
    const Batch images = load_all(Synthetic(19, 16), {.side = 16});
    const RcMae<> model({.encoder = {16, 4, {8, 1, 2}}, .decoder = {8, 1, 2}});
    const Vector<B> teacher(B(2), initial_values(model.layout(), 5));
    FrozenObjective<B, RcMae<>> objective(B(2), model, teacher, images, {.batch = 8});
    check_products<B>(objective);
}

}  // namespace products_at_once_test
