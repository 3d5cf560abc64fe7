// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/normalization.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"

namespace normalization_test {

using namespace vitscape;

namespace {

/// The layout of the reference's tensors `gaussian0.*`; what each parameter is does not matter beyond its
/// rank.
ParameterLayout golden_layout(const SafeTensors& file) {
    ParameterLayout layout;
    const std::string prefix = "gaussian0.";
    for (const std::string& name : file.names())
        if (name.starts_with(prefix)) {
            const Shape shape = file.at(name).shape;
            layout.add(name.substr(prefix.size()), shape,
                       shape.rank() >= 2 ? ParameterKind::weight : ParameterKind::bias, Initializer::zeros());
        }
    return layout;
}

std::vector<double> golden_vector(const SafeTensors& file, const ParameterLayout& layout,
                                  const std::string& prefix) {
    std::vector<double> values;
    for (const ParameterInfo& parameter : layout.parameters()) {
        const auto part = file.at(prefix + "." + parameter.name).to<double>();
        values.insert(values.end(), part.begin(), part.end());
    }
    return values;
}

double norm_of(const std::vector<double>& values, std::size_t begin, std::size_t count,
               std::size_t stride = 1) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += values[begin + i * stride] * values[begin + i * stride];
    return std::sqrt(sum);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("normalized directions of the reference", "", test::Plain) {
    using B = TestType;
    const B cpu = test::make_backend<B>(2);
    const double tolerance = std::is_same_v<typename B::Storage, float> ? 1e-4 : 1e-9;
    const SafeTensors file = test::golden_tensors("landscape");
    const ParameterLayout layout = golden_layout(file);
    REQUIRE(layout.parameters().size() > 20);
    const Vector<B> theta(cpu, golden_vector(file, layout, "param"));
    const std::pair<const char*, Normalization> modes[] = {{"filter", Normalization::filter},
                                                           {"layer", Normalization::layer},
                                                           {"weight", Normalization::weight},
                                                           {"park", Normalization::park}};
    for (const std::string number : {"0", "1"})
        for (const auto& [name, mode] : modes) {
            INFO(name << number);
            Vector<B> direction(cpu, golden_vector(file, layout, "gaussian" + number));
            normalize(mode, layout, theta, direction);
            const auto computed = direction.to_host();
            const auto expected = golden_vector(file, layout, name + number);
            double worst = 0;
            for (std::size_t i = 0; i < expected.size(); ++i)
                worst = std::max(worst,
                                 std::abs(computed[i] - expected[i]) / std::max(1e-3, std::abs(expected[i])));
            CHECK(worst < tolerance);
        }
}

TEST_CASE("each normalization has the norms that it promises") {
    using B = CpuPrimitives<double>;
    const B cpu{2};
    ParameterLayout layout;
    layout.add("bias", Shape{6}, ParameterKind::bias, Initializer::zeros());
    layout.add("weight", Shape{6, 5}, ParameterKind::weight, Initializer::zeros());
    layout.add("positions", Shape{1, 4, 5}, ParameterKind::position, Initializer::zeros());
    layout.add("norm", Shape{5}, ParameterKind::norm, Initializer::zeros());
    const auto theta = gaussian_direction(cpu, layout, 1, 9);
    const auto weights = theta.to_host();

    const auto normalized = [&](Normalization mode) {
        auto direction = gaussian_direction(cpu, layout, 2, 0);
        normalize(mode, layout, theta, direction);
        const auto host = direction.to_host();
        for (std::size_t i = 0; i < host.size(); ++i)
            if (i < 6 || i >= 36) CHECK(host[i] == 0);  // all but the weight stands still
        return host;
    };
    const auto filter = normalized(Normalization::filter), dfilter = normalized(Normalization::dfilter),
               park = normalized(Normalization::park), layer = normalized(Normalization::layer),
               dlayer = normalized(Normalization::dlayer), weight = normalized(Normalization::weight);
    const auto gaussian = gaussian_direction(cpu, layout, 2, 0).to_host();
    for (std::size_t row = 0; row < 6; ++row) {
        CHECK(norm_of(filter, 6 + 5 * row, 5) == Approx(norm_of(weights, 6 + 5 * row, 5)).epsilon(1e-9));
        CHECK(norm_of(dfilter, 6 + 5 * row, 5) == Approx(1).epsilon(1e-9));
    }
    for (std::size_t column = 0; column < 5; ++column)
        CHECK(norm_of(park, 6 + column, 6, 5) == Approx(norm_of(weights, 6 + column, 6, 5)).epsilon(1e-6));
    CHECK(norm_of(layer, 6, 30) == Approx(norm_of(weights, 6, 30)).epsilon(1e-12));
    CHECK(norm_of(dlayer, 6, 30) == Approx(1).epsilon(1e-12));
    for (std::size_t i = 6; i < 36; ++i) CHECK(weight[i] == Approx(gaussian[i] * weights[i]));
}

TEST_CASE("a zero filter of the weights or of the direction is no division by zero") {
    using B = CpuPrimitives<double>;
    const B cpu{1};
    ParameterLayout layout;
    layout.add("weight", Shape{2, 2}, ParameterKind::weight, Initializer::zeros());
    const Vector<B> theta(cpu, std::vector<double>{0, 0, 3, 4});
    for (const std::string_view name : normalization_names) {
        INFO(name);
        Vector<B> direction(cpu, std::vector<double>{1, 2, 0, 0}), zero(cpu, 4);
        normalize(parse_normalization(name), layout, theta, direction);
        normalize(parse_normalization(name), layout, theta, zero);
        CHECK(std::isfinite(norm(direction)));
        CHECK(norm(zero) == 0);
    }
}

TEST_CASE("a user's own normalization") {
    using B = CpuPrimitives<double>;
    const B cpu{1};
    ParameterLayout layout;
    layout.add("weight", Shape{1, 2}, ParameterKind::weight, Initializer::zeros());
    const Vector<B> theta(cpu, 2);
    Vector<B> direction(cpu, std::vector<double>{1, 2});
    normalize([](auto parameter) { parameter.scale(3); }, layout, theta, direction);
    CHECK(direction.to_host() == std::vector<double>{3, 6});
}

TEST_CASE("normalization names and sizes") {
    for (const std::string_view name : normalization_names)
        CHECK(to_string(parse_normalization(name)) == name);
    CHECK_THROWS_AS(parse_normalization("Filter"), ConfigError);
    using B = CpuPrimitives<double>;
    const B cpu{1};
    ParameterLayout layout;
    layout.add("weight", Shape{1, 2}, ParameterKind::weight, Initializer::zeros());
    const Vector<B> theta(cpu, 2);
    Vector<B> direction(cpu, 3);
    CHECK_THROWS_AS(normalize(Normalization::filter, layout, theta, direction), ShapeError);
}

}  // namespace normalization_test
