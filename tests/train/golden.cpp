// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/trace.hpp>
#include <vitscape/landscape/projector.hpp>

#include "support/backend_types.hpp"
#include "support/catch.hpp"
#include "support/model.hpp"

namespace golden_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// The loss of a reference model on its images and masks, on the plain path.
template <Backend B>
class ReferenceObjective {
    using D = Dual<B>;

  public:
    ReferenceObjective(MaskedAutoencoder<> model, const SafeTensors& file)
        : model_(std::move(model)), gradient_(base_, model_.layout().size()) {
        inputs_.order = dual_inputs_.order = file.at("ids_shuffle").to<std::int32_t>();
        model_.prepare(base_, golden_images(file), inputs_);
        model_.prepare(D(base_), golden_images(file), dual_inputs_);
    }
    [[nodiscard]] B backend() const { return base_; }
    [[nodiscard]] const ParameterLayout& layout() const { return model_.layout(); }
    [[nodiscard]] Index samples() const { return inputs_.samples; }
    void sample_losses(const Vector<B>& theta, std::span<double> out) {
        Eval<B> eval(base_, theta.data());
        base_.download(samples(), model_.losses(eval, inputs_).data(), out.data());
    }
    double value(const Vector<B>& theta) {
        std::vector<double> losses(static_cast<std::size_t>(samples()));
        sample_losses(theta, losses);
        double mean = 0;
        for (const double loss : losses) mean += loss / static_cast<double>(samples());
        return mean;
    }
    double gradient(const Vector<B>& theta, Vector<B>& out) {
        hessian_vector(theta, theta, out);
        out = gradient_;
        return value(theta);
    }
    void hessian_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out) {
        fill(0, gradient_);
        fill(0, out);
        Tape<D> tape(D(base_), {theta.data(), v.data()}, {gradient_.data(), out.data()});
        tape.backward(model_.losses(tape, dual_inputs_), 1 / static_cast<double>(samples()));
    }

  private:
    B base_{};
    MaskedAutoencoder<> model_;
    MaskedAutoencoder<>::Inputs<B> inputs_;
    MaskedAutoencoder<>::Inputs<D> dual_inputs_;
    Vector<B> gradient_;
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("the reference's loss surface is met point by point", "", Plain) {
    using B = TestType;
    const SafeTensors file = golden_tensors("landscape");
    const nlohmann::json config = golden_json("mae").at("config");
    ReferenceObjective<TestType> objective(
        MaskedAutoencoder<>(golden_autoencoder(config.at("mae"), config.at("mask_ratio"))), file);
    const auto vector = [&](const std::string& prefix) {
        return Vector<B>(objective.backend(), golden_vector(objective.layout(), file, prefix));
    };
    const Plane<B> plane(vector("param."), vector("filter0."), vector("filter1."));
    const std::vector<double> axis = file.at("axis").to<double>(),
                              reference = file.at("surface").to<double>();
    const Surface surface =
        project(objective, plane,
                Grid{.from = axis.front(), .to = axis.back(), .steps = static_cast<Index>(axis.size())});
    REQUIRE(surface.x.size() == axis.size());
    const double tolerance = golden_tolerance<B>;
    for (std::size_t row = 0; row < axis.size(); ++row)
        for (std::size_t column = 0; column < axis.size(); ++column)
            CHECK(relative_difference(surface.loss(row, column), reference[row * axis.size() + column]) <
                  tolerance);
}

TEST_CASE("Lanczos and Hutchinson meet the reference's spectrum within their stated errors", "") {
    const SafeTensors file = golden_tensors("hessian");
    const nlohmann::json json = golden_json("hessian");
    ReferenceObjective<CpuPrimitives<double>> objective(
        MaskedAutoencoder<>(golden_autoencoder(json.at("config"), json.at("mask_ratio"))), file);
    const Vector<CpuPrimitives<double>> theta(objective.backend(),
                                              golden_vector(objective.layout(), file, "param."));
    CHECK(relative_difference(objective.value(theta), json.at("loss").get<double>()) < 1e-9);

    const std::vector<double> all = file.at("eigenvalues").to<double>();  // ascending
    REQUIRE(static_cast<Index>(all.size()) == theta.size());
    const auto operation = hessian(objective, theta);
    const auto spectrum = lanczos(operation, {.largest = 5, .smallest = 5, .steps = 400});
    CHECK(spectrum.converged());
    REQUIRE(spectrum.largest.size() == 5);
    REQUIRE(spectrum.smallest.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
        // the reference's own eigenvalues are exact to about 1e-12
        CHECK(std::abs(spectrum.largest[i].value - all[all.size() - 1 - i]) <=
              spectrum.largest[i].residual + 1e-10);
        CHECK(std::abs(spectrum.smallest[i].value - all[i]) <= spectrum.smallest[i].residual + 1e-10);
        CHECK(spectrum.largest[i].residual < 1e-4);
        CHECK(spectrum.smallest[i].residual < 1e-4);
    }

    const TraceEstimate estimate = trace(operation, {.samples = 100, .seed = 0});
    CHECK(estimate.standard_error < 3);
    CHECK(std::abs(estimate.value - json.at("trace").get<double>()) < 3.5 * estimate.standard_error);
}

}  // namespace golden_test
