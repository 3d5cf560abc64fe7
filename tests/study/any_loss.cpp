// SPDX-License-Identifier: Apache-2.0
//
// A loss of any type is the loss that it holds: each call arrives where it should, with its arguments.
#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/study/any_loss.hpp>

#include "support/catch.hpp"

namespace any_loss_test {

using namespace vitscape;

namespace {

using B = Cpu<double>;
using Numbers = std::vector<double>;

/// Two samples with losses (3 + i) x^2 + y^3, whose products are told apart by their factors.
struct TwoSamples {
    ParameterLayout names;
    std::vector<Numbers> started{Numbers(2), Numbers(2)};

    TwoSamples() { names.add("point", Shape{2}, ParameterKind::weight, Initializer::zeros()); }

    static B backend() { return B(1); }
    [[nodiscard]] const ParameterLayout& layout() const { return names; }
    static Index samples() { return 2; }
    static std::size_t max_in_flight() { return 2; }
    void sample_losses(const Vector<B>& theta, std::span<double> out) const {
        const Numbers at = theta.to_host();
        for (std::size_t i = 0; i < 2; ++i)
            out[i] = (3 + static_cast<double>(i)) * at[0] * at[0] + std::pow(at[1], 3);
    }
    void start_losses(const Vector<B>& theta, std::size_t slot) { sample_losses(theta, started.at(slot)); }
    void finish_losses(std::size_t slot, std::span<double> out) {
        std::copy(started.at(slot).begin(), started.at(slot).end(), out.begin());
    }
    [[nodiscard]] double value(const Vector<B>& theta) const {
        Numbers each(2);
        sample_losses(theta, each);
        return (each[0] + each[1]) / 2;
    }
    double gradient(const Vector<B>& theta, Vector<B>& out) const {
        const Numbers at = theta.to_host();
        out = Vector<B>(backend(), Numbers{7 * at[0], 3 * at[1] * at[1]});
        return value(theta);
    }
    static void hessian_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out) {
        out = Vector<B>(backend(), Numbers{7 * v.to_host()[0], 6 * theta.to_host()[1] * v.to_host()[1]});
    }
    static void gauss_newton_vector(const Vector<B>& /*theta*/, const Vector<B>& v, Vector<B>& out) {
        out = Vector<B>(backend(), Numbers{7 * v.to_host()[0], 0.0});
    }
    static void sample_jets(const Vector<B>& theta, const Vector<B>& delta, const Vector<B>& eta,
                            std::span<PlaneJet<double>> out) {
        out[0] = {theta.to_host()[0], delta.to_host()[0], eta.to_host()[0], 4, 5, 6};
        out[1] = {theta.to_host()[1], delta.to_host()[1], eta.to_host()[1], 7, 8, 9};
    }
};
struct WithMasks : TwoSamples {
    struct Input {
        int order = 0;
    };
    std::vector<Input> read{Input{}};
    [[nodiscard]] const std::vector<Input>& inputs() const { return read; }
    static double trivial_loss() { return 42; }
};

static_assert(DeferredObjective<AnyLoss<B>, B> && TwiceDifferentiable<AnyLoss<B>, B> &&
              PlaneDifferentiable<AnyLoss<B>, B> && HasGaussNewton<AnyLoss<B>, B>);

}  // namespace

TEST_CASE("a loss of any type forwards to the one that it holds") {
    AnyLoss<B> loss([] { return TwoSamples(); });
    const Vector<B> theta(B(1), Numbers{1, 2}), v(B(1), Numbers{3, 5}), other(B(1), Numbers{-1, -2});
    Vector<B> out = theta;
    Numbers each(2);

    CHECK(loss.layout().size() == 2);
    CHECK(loss.backend().threads() == 1);
    CHECK(loss.samples() == 2);
    CHECK(loss.max_in_flight() == 2);
    CHECK(loss.value(theta) == 11.5);
    CHECK(loss.gradient(theta, out) == 11.5);
    CHECK(out.to_host() == Numbers{7, 12});
    loss.hessian_vector(theta, v, out);
    CHECK(out.to_host() == Numbers{21, 60});
    loss.gauss_newton_vector(theta, v, out);
    CHECK(out.to_host() == Numbers{21, 0});
    loss.sample_losses(theta, each);
    CHECK(each == Numbers{11, 12});
    loss.start_losses(theta, 1);
    loss.start_losses(other, 0);
    loss.finish_losses(1, each);
    CHECK(each == Numbers{11, 12});
    loss.finish_losses(0, each);
    CHECK(each == Numbers{-5, -4});
    std::array<PlaneJet<double>, 2> jets;
    loss.sample_jets(theta, v, other, jets);
    CHECK(jets[1].value == 2);
    CHECK(jets[1].x == 5);
    CHECK(jets[1].y == -2);
    CHECK(jets[0].yy == 6);
}

TEST_CASE("a loss of any type says what the one that it holds knows of itself") {
    const AnyLoss<B> plain([] { return TwoSamples(); });
    CHECK(std::isnan(plain.trivial_loss()));
    CHECK_FALSE(plain.masked());
    AnyLoss<B> masked([] { return WithMasks(); });
    CHECK(masked.trivial_loss() == 42);
    CHECK(masked.masked());
    const AnyLoss<B> moved = std::move(masked);
    CHECK(moved.trivial_loss() == 42);
}

}  // namespace any_loss_test
