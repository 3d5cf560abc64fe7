// SPDX-License-Identifier: Apache-2.0
#include "concepts/archetypes.hpp"

#include <cmath>

#include <vitscape/curvature/block.hpp>
#include <vitscape/curvature/gauss_newton.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/spectral_density.hpp>
#include <vitscape/curvature/trace.hpp>
#include <vitscape/landscape/adaptive_sharpness.hpp>
#include <vitscape/landscape/convex_region.hpp>
#include <vitscape/landscape/critical_sharpness.hpp>
#include <vitscape/landscape/flatness.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/weight_noise.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/recipe.hpp>
#include <vitscape/probe/evaluate.hpp>
#include <vitscape/train/trainer.hpp>

#include "support/catch.hpp"

using namespace vitscape;
using test::ArchetypeBackend;
using test::ArchetypeMethod;

namespace {

using V = Vector<ArchetypeBackend>;

struct OneOfEach {
    int *starts, *steps, *epochs;
    template <class T>
    void on_start(T&, const TrainOptions&) {
        ++*starts;
    }
    template <class T>
    void on_step(T&, const StepRecord&) {
        ++*steps;
    }
    template <class T>
    void on_epoch(T&, EpochRecord& record) {
        ++*epochs;
        record.metrics.emplace_back("epochs", *epochs);
    }
};
/// A hook may take less than all, be final, and be overloaded.
struct FinalHook final {
    std::vector<double>* metrics;
    void on_epoch(auto&, const EpochRecord& record) { metrics->push_back(record.metrics.at(0).second); }
};

auto archetype_trainer() {
    return Trainer{ArchetypeBackend{}, ArchetypeMethod{}, test::ArchetypeOptimizer{},
                   test::ArchetypeSchedule{}, 3};
}

/// Halves a direction.
struct ArchetypeNormalization {
    template <Backend B>
    void operator()(ParameterPair<B> pair) const {
        pair.scale(0.5);
    }
};
static_assert(NormalizationPolicy<ArchetypeNormalization, ArchetypeBackend>);

/// Keeps the first patch.
struct ArchetypeMasking {
    Index visible(const PatchGrid&) const { return 1; }
    void operator()(std::span<std::int32_t>, const PatchGrid&, RandomSequence&) const {}
};
struct ArchetypeMomentum {
    double at(const StepCount&) const { return 0.5; }
};
struct ArchetypeTeacher {
    ArchetypeMomentum momentum{};
    void check() const {}
};
struct ArchetypePolicy {
    void check() const {}
    void operator()(SoftBatch& batch, const BatchRandom&) const { batch.images(0, 0, 0, 0) = 0; }
};

/// An `Objective` at each step of the ladder: x . x, whose Hessian is twice the identity.
struct ArchetypeEvaluable {
    ParameterLayout parameters;
    ArchetypeEvaluable() { parameters.add("p", {3, 2}, ParameterKind::weight, Initializer::zeros()); }
    ArchetypeBackend backend() const { return {}; }
    const ParameterLayout& layout() const { return parameters; }
    double value(const V& theta) const { return dot(theta, theta); }
};
struct ArchetypeObjective : ArchetypeEvaluable {
    double gradient(const V& theta, V& out) const {
        axpby(2, theta, 0, out);
        return value(theta);
    }
};
struct ArchetypeTwiceDifferentiable : ArchetypeObjective {
    void hessian_vector(const V&, const V& v, V& out) const { axpby(2, v, 0, out); }
};
struct ArchetypeGaussNewton : ArchetypeObjective {
    void gauss_newton_vector(const V&, const V& v, V& out) const { axpby(2, v, 0, out); }
};
static_assert(HasGaussNewton<ArchetypeGaussNewton, ArchetypeBackend> &&
              !HasGaussNewton<ArchetypeTwiceDifferentiable, ArchetypeBackend>);
static_assert(Evaluable<ArchetypeEvaluable, ArchetypeBackend> &&
              !Objective<ArchetypeEvaluable, ArchetypeBackend>);
static_assert(Objective<ArchetypeObjective, ArchetypeBackend> &&
              !TwiceDifferentiable<ArchetypeObjective, ArchetypeBackend>);

V one_to_six() { return V(ArchetypeBackend{}, std::vector<double>{1, 2, 3, 4, 5, 6}); }

}  // namespace

TEST_CASE(
    "a method, an optimizer, a schedule, a dataset and callbacks with what their concepts name are trained") {
    static_assert(Method<ArchetypeMethod, ArchetypeBackend> &&
                  !TaughtMethod<ArchetypeMethod, ArchetypeBackend>);
    static_assert(Optimizer<test::ArchetypeOptimizer, ArchetypeBackend> &&
                  !TeachingOptimizer<test::ArchetypeOptimizer, ArchetypeBackend>);
    int starts = 0, steps = 0, epochs = 0;
    std::vector<double> metrics;
    auto trainer = archetype_trainer();
    const ImageTransform transform{.side = 4};
    const double before =
        evaluate(trainer.backend(), trainer.method(), trainer.theta(), test::ArchetypeDataset{}, transform)
            .loss;
    trainer.fit(test::ArchetypeDataset{}, {.epochs = 3, .batch = 4, .transform = transform},
                OneOfEach{&starts, &steps, &epochs}, FinalHook{&metrics});
    CHECK(starts == 1);
    CHECK(steps == 9);
    CHECK(metrics == std::vector<double>{1, 2, 3});
    const double after =
        evaluate(trainer.backend(), trainer.method(), trainer.theta(), test::ArchetypeDataset{}, transform)
            .loss;
    CHECK(after < before);

    Trainer communicating{ArchetypeBackend{},
                          ArchetypeMethod{},
                          test::ArchetypeOptimizer{},
                          test::ArchetypeSchedule{},
                          3,
                          test::ArchetypeCommunicator{}};
    communicating.fit(test::ArchetypeDataset{}, {.epochs = 3, .batch = 4, .transform = transform});
    CHECK(communicating.theta().to_host() == trainer.theta().to_host());
}

TEST_CASE("a frozen objective of an archetype method has a surface, a curvature and a flatness") {
    const auto trainer = archetype_trainer();
    FrozenObjective loss{
        ArchetypeBackend{}, ArchetypeMethod{}, load_all(test::ArchetypeDataset{}, {.side = 4}), {.batch = 5}};
    const V& theta = trainer.theta();
    V delta = gaussian_direction(theta.backend(), loss.layout(), 1, 0), gradient = theta, product = theta;
    normalize(FilterNormalization{}, loss.layout(), theta, delta);

    // the loss is quadratic, so its gradient's difference along delta is its Hessian's product
    V shifted = theta, difference = theta;
    axpby(1, delta, 1, shifted);
    loss.gradient(theta, gradient);
    loss.gradient(shifted, difference);
    axpby(-1, gradient, 1, difference);
    loss.hessian_vector(theta, delta, product);
    axpby(-1, product, 1, difference);
    CHECK(norm(difference) < 1e-12 * norm(product));
    // and its model linear, so that there is nothing beyond the Gauss-Newton matrix
    hessian_residual(loss, theta).apply(delta, difference);
    CHECK(norm(difference) < 1e-12 * norm(product));

    const Surface surface = project(loss, Line{theta, delta}, Grid{.from = -1, .to = 1, .steps = 3});
    CHECK(surface.loss(0, 1) == Approx(loss.value(theta)));
    CHECK(surface.loss(0, 2) == Approx(loss.value(shifted)));
    CHECK(sam_sharpness(loss, theta, 0.1) > 0);
}

TEST_CASE("objectives with what their concepts name go through landscape and curvature") {
    ArchetypeTwiceDifferentiable bowl;
    const V theta = one_to_six();
    V delta = one_to_six();
    scale(0.1, delta);
    V eta(ArchetypeBackend{}, std::vector<double>{0, 0.1, 0, 0, 0, -0.1});
    const Plane plane{theta, delta, eta};
    const PlaneGrid grid{{.from = -1, .to = 1, .steps = 3}, {.from = -1, .to = 1, .steps = 3}};
    const Surface surface = project(ArchetypeEvaluable{}, plane, grid);
    CHECK(surface.loss(1, 1) == Approx(91));
    CHECK(surface.loss(1, 2) == Approx(91 * 1.21));
    const std::vector<double> radii{0.5};
    CHECK(radial_rises(ArchetypeEvaluable{}, plane, radii, 4).front().worst > 0);
    CHECK(weight_noise(ArchetypeEvaluable{}, bowl.layout(), theta, radii, 2, 7).front().rises.size() == 2);
    CHECK(sam_sharpness(ArchetypeObjective{}, theta, 0.5) == Approx(std::sqrt(91.0) + 0.25));
    CHECK(convex_region(bowl, plane, {.rays = 2}).open_share() == 1);
    CHECK(trace(hessian(bowl, theta), {.samples = 2}).value == Approx(12));
    CHECK(lanczos(hessian(bowl, theta), {.largest = 1, .smallest = 0}).largest.front().value == Approx(2));

    CHECK(worst_case_adaptive_sharpness(ArchetypeObjective{}, theta, 0.5, {.steps = 2}).rise > 0);
    CHECK(average_case_adaptive_sharpness(ArchetypeEvaluable{}, theta, 0.5, {.draws = 2}).rises.size() == 2);
    CHECK(critical_sharpness(ArchetypeObjective{}, theta).sharpness == Approx(2).epsilon(1e-3));
    CHECK(spectral_density(hessian(bowl, theta), {.probes = 2}).moment(1).mean == Approx(2));
    CHECK(trace(block(hessian(bowl, theta), ParameterRange{1, 3}), {.samples = 2}).value == Approx(6));
    ArchetypeGaussNewton convex;
    CHECK(trace(gauss_newton(convex, theta), {.samples = 2}).value == Approx(12));

    V direction = one_to_six();
    normalize(ArchetypeNormalization{}, bowl.layout(), theta, direction);
    CHECK(direction.to_host() == std::vector<double>{0.5, 1, 1.5, 2, 2.5, 3});
}

TEST_CASE("a masking policy, a teacher and a batch policy with what their concepts name are trained") {
    const VitShape encoder{4, 2, {.width = 8, .depth = 1, .heads = 2}};
    const TrainOptions options{.epochs = 1, .batch = 6, .transform = {.side = 4}};
    using Method = RcMae<ArchetypeMasking, ArchetypeTeacher>;
    Trainer taught{ArchetypeBackend{},
                   Method({.encoder = encoder, .decoder = {.width = 8, .depth = 1, .heads = 2}}),
                   test::ArchetypeOptimizer{}, test::ArchetypeSchedule{}, 0};
    const std::vector<double> start = taught.theta().to_host();
    taught.fit(test::ArchetypeDataset{}, options);
    CHECK(taught.state().optimizer.steps == 2);
    CHECK(taught.teacher().to_host() != taught.theta().to_host());
    CHECK(taught.teacher().to_host() != start);

    static_assert(BatchPolicy<ArchetypePolicy>);
    struct Labelled : test::ArchetypeDataset {
        std::vector<std::string> both{"a", "b"};
        int label(std::size_t i) const { return static_cast<int>(i % 2); }
        const std::vector<std::string>& classes() const { return both; }
    };
    Trainer supervised{ArchetypeBackend{},
                       Regularized(VitClassifier({.encoder = encoder, .classes = 2}), {}, ArchetypePolicy{}),
                       test::ArchetypeOptimizer{}, test::ArchetypeSchedule{}, 0};
    supervised.fit(Labelled{}, options);
    CHECK(supervised.state().optimizer.steps == 2);
}
