// SPDX-License-Identifier: Apache-2.0
//
// Rewritings of a model that leave its function as it is: which numbers stay, and which do not. docs/concepts.md has the table.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/trace.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/landscape/adaptive_sharpness.hpp>
#include <vitscape/landscape/critical_sharpness.hpp>
#include <vitscape/landscape/flatness.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/quotient_sharpness.hpp>
#include <vitscape/landscape/weight_noise.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>

#include "landscape/block_slices.hpp"
#include "support/catch.hpp"
#include "support/model.hpp"

namespace symmetry_test {

using namespace vitscape;

namespace {

using B = Cpu<double>;
using Host = std::vector<double>;
constexpr Index heads = 2;

const MaskedAutoencoder<>& model() {
    static const MaskedAutoencoder<> method({.encoder = {8, 4, {.width = 8, .depth = 2, .heads = heads}},
                                             .decoder = {.width = 8, .depth = 1, .heads = heads},
                                             .masking = {0.5}});
    return method;
}
const ParameterLayout& layout() { return model().layout(); }

FrozenObjective<B, MaskedAutoencoder<>> make_loss() {
    return {B{1}, model(), load_all(Synthetic(6, 8), {.side = 8}), {.mask_seed = 7}};
}
/// Initial values, and noise so that no bias is zero.
Vector<B> make_theta() {
    Vector<B> theta(B{1}, initial_values(layout(), 1));
    axpby(0.1, gaussian_direction(B{1}, layout(), 5, 40), 1, theta);
    return theta;
}
Host on_host(const Vector<B>& vector) { return vector.to_host(); }
Vector<B> stored(const Host& values) { return {B{1}, values}; }

/// What a rewriting does: reorders parameters, multiplies whole filters, or also elements within a filter by different factors, or mixes
/// the coordinates of a head.
enum class Kind { permutation, filters, elements, coordinates };

/// A linear map of the parameters under which the loss does not change.
struct Rewriting {
    std::string name;
    Kind kind;
    std::function<void(Host&)> apply;

    [[nodiscard]] Vector<B> operator()(const Vector<B>& vector) const {
        Host host = on_host(vector);
        apply(host);
        return stored(host);
    }
};

std::vector<Rewriting> rewritings() {
    const auto in_all_blocks = [](const auto& change) {
        return [change](Host& values) {
            for (const std::string& block : test::transformer_blocks(layout())) change(block, values);
        };
    };
    const auto heads_permuted = [](const std::string& block, Host& values) {
        test::reorder(test::head_slices(layout(), block, heads), {1, 0}, values);
    };
    const auto units_permuted = [](const std::string& block, Host& values) {
        const auto units = test::unit_slices(layout(), block);
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < units.size(); ++i) order.push_back((5 * i + 3) % units.size());
        test::reorder(units, order, values);  // 32 of them, so that each comes once
    };
    // in each head: one part of (query, key, value) by s, and another part, or the output projection (3), by 1 / s; in the
    // second head s is another one, if that is asked for
    const auto scaling = [](std::size_t part, std::size_t other, double second) {
        return [part, other, second](const std::string& block, Host& values) {
            double s = 3;
            for (const auto& slices : test::head_slices(layout(), block, heads)) {
                for (const std::size_t bias : {0u, 1u}) {
                    slices[2 * part + bias].scale(s, values);
                    if (other < 3) slices[2 * other + bias].scale(1 / s, values);
                }
                if (other == 3) slices[6].scale(1 / s, values);
                s = second;
            }
        };
    };
    const auto coordinates_changed = [](const std::string& block, Host& values) {
        RandomSequence random({.seed = 8, .purpose = Purpose::test});
        for (Index head = 0; head < heads; ++head) {
            Eigen::MatrixXd matrices[2];
            for (Eigen::MatrixXd& one : matrices) {
                one = 1.5 * Eigen::MatrixXd::Identity(4, 4);
                for (double& number : one.reshaped()) number += 0.5 * random.normal();
            }
            test::change_coordinates(layout(), block, heads, head, matrices[0], matrices[1], values);
        }
    };
    return {
        {"heads permuted", Kind::permutation, in_all_blocks(heads_permuted)},
        {"hidden units permuted", Kind::permutation, in_all_blocks(units_permuted)},
        {"query by s, key by 1/s", Kind::filters, in_all_blocks(scaling(0, 1, 0.5))},
        {"value by s, projection by 1/s", Kind::filters, in_all_blocks(scaling(2, 3, 3))},
        {"value by s, projection by 1/s, s of each head", Kind::elements, in_all_blocks(scaling(2, 3, 0.5))},
        {"coordinates of heads by invertible matrices", Kind::coordinates,
         in_all_blocks(coordinates_changed)}};
}

double difference(double a, double b) { return std::abs(a - b) / std::abs(b); }

}  // namespace

TEST_CASE("rewritings change the parameters and not the loss of any image") {
    auto loss = make_loss();
    const Vector<B> theta = make_theta();
    Host before(6), after(6);
    loss.sample_losses(theta, before);
    for (const Rewriting& rewrite : rewritings()) {
        INFO(rewrite.name);
        const Vector<B> other = rewrite(theta);
        CHECK(test::relative_difference(on_host(other), on_host(theta)) > 0.1);
        loss.sample_losses(other, after);
        CHECK(test::relative_difference(after, before) < 1e-12);
        Vector<B> step = gaussian_direction(B{1}, layout(), 2, 3);  // it holds everywhere, not at theta alone
        axpby(1, theta, 0.1, step);
        CHECK(difference(loss.value(rewrite(step)), loss.value(step)) < 1e-12);
    }
}

TEST_CASE("which normalized directions follow a rewriting, so that the surface stays") {
    const Vector<B> theta = make_theta();
    const Vector<B> gaussian = gaussian_direction(B{1}, layout(), 3, 0);
    for (const Rewriting& rewrite : rewritings())
        for (const std::string_view name : normalization_names) {
            INFO(rewrite.name << ", " << name);
            const Normalization how = parse_normalization(name);
            Vector<B> direction = gaussian;
            normalize(how, layout(), theta, direction);
            // a permuted model gets the permuted numbers; one that is scaled gets the same ones
            Vector<B> anew = rewrite.kind == Kind::permutation ? rewrite(gaussian) : gaussian;
            normalize(how, layout(), rewrite(theta), anew);
            const double apart = test::relative_difference(on_host(anew), on_host(rewrite(direction)));
            const bool stays = rewrite.kind == Kind::permutation ||
                               (how == Normalization::weight && rewrite.kind != Kind::coordinates) ||
                               (rewrite.kind == Kind::filters && how == Normalization::filter);
            if (stays)
                CHECK(apart < 1e-8);  // the 1e-10 in the denominator of a filter's norm
            else
                CHECK(apart > 0.05);
        }
}

TEST_CASE("which measures stay under a rewriting") {
    auto loss = make_loss();
    const Vector<B> theta = make_theta();
    struct Measure {
        std::string name;
        std::vector<Kind> under;  ///< these it stays
        std::function<double(const Vector<B>&)> of;
    };
    const auto end = [&](const Vector<B>& at, bool largest) {
        const auto ends =
            lanczos(hessian(loss, at), {.largest = largest, .smallest = !largest, .tolerance = 1e-9});
        REQUIRE(ends.converged());
        return (largest ? ends.largest : ends.smallest).front().value;
    };
    const std::vector<Measure> measures = {
        {"largest eigenvalue", {Kind::permutation}, [&](const Vector<B>& at) { return end(at, true); }},
        {"smallest eigenvalue", {Kind::permutation}, [&](const Vector<B>& at) { return end(at, false); }},
        {"norm of the gradient",
         {Kind::permutation},
         [&](const Vector<B>& at) {
             Vector<B> gradient(at.backend(), at.size());
             (void)loss.gradient(at, gradient);
             return norm(gradient);
         }},
        {"SAM sharpness",
         {Kind::permutation},
         [&](const Vector<B>& at) { return sam_sharpness(loss, at, 0.05); }},
        {"critical sharpness",
         {Kind::permutation},
         [&](const Vector<B>& at) {
             return critical_sharpness(loss, at, {.first_step = 0.1, .tolerance = 1e-6}).sharpness;
         }},
        {"worst-case adaptive sharpness from the centre",
         {Kind::permutation, Kind::filters, Kind::elements},
         [&](const Vector<B>& at) {
             return worst_case_adaptive_sharpness(loss, at, 0.1, {.steps = 5, .restarts = 0}).rise;
         }},
        {"quotient sharpness from the centre",
         {Kind::permutation, Kind::filters, Kind::elements, Kind::coordinates},
         [&](const Vector<B>& at) {
             return quotient_sharpness(loss, at, 0.1, {.steps = 5, .restarts = 0}).rise;
         }},
        // random numbers belong to places: those of a permuted model are other draws of the same distribution
        {"average-case adaptive sharpness",
         {Kind::filters, Kind::elements},
         [&](const Vector<B>& at) {
             return average_case_adaptive_sharpness(loss, at, 0.1, {.draws = 3}).mean;
         }},
        {"weight noise",
         {Kind::filters},
         [&](const Vector<B>& at) {
             return weight_noise(loss, layout(), at, std::vector<double>{0.1}, 3, 0).front().mean;
         }},
        {"trace by Hutchinson's vectors",
         {},
         [&](const Vector<B>& at) { return trace(hessian(loss, at), {.samples = 4}).value; }},
    };
    for (const Measure& measure : measures) {
        const double before = measure.of(theta);
        for (const Rewriting& rewrite : rewritings()) {
            const double apart = difference(measure.of(rewrite(theta)), before);
            INFO(measure.name << ", " << rewrite.name << ": " << apart);
            if (std::count(measure.under.begin(), measure.under.end(), rewrite.kind) == 1)
                CHECK(apart < 1e-5);
            else
                CHECK(apart > 1e-4);
        }
    }
}

}  // namespace symmetry_test
