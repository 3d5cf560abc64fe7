// SPDX-License-Identifier: Apache-2.0
//
// The context's matrix products on the host, with a device that only the tests have.
#if __has_include(<cuda_runtime_api.h>) && __has_include(<cublasLt.h>) && !defined(__CUDACC__)

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/backend/cuda/matrix_product.hpp>
#include <vitscape/backend/cuda/product_choices.hpp>

#include "context_fixture.hpp"
#include "fake_products.hpp"
#include "support/error_text.hpp"

namespace products_test {

using namespace vitscape;
using test::Array;
using test::error_text;
using test::Fixture;
using test::numbers;

TEMPLATE_TEST_CASE("products: row-major, with every extra, as written down", "[cuda]",
                   (std::pair<double, double>), (std::pair<float, float>), (std::pair<bfloat16, bfloat16>),
                   (std::pair<bfloat16, float>)) {
    using In = typename TestType::first_type;
    using Out = typename TestType::second_type;
    const Fixture fixture;
    const auto context = gpu::Context::create();
    gpu::MatrixProducts products(context);
    // Small integers: exact in every type.
    const auto make = [](auto zero, std::size_t count, int seed) {
        std::vector<decltype(zero)> result(count);
        for (auto& x : result) x = decltype(zero)(static_cast<float>((seed = (seed * 7 + 3) % 11) - 5));
        return result;
    };
    for (const bool transpose_a : {false, true})
        for (const bool transpose_b : {false, true}) {
            const Index m = 3, n = 5, k = 4;
            MatrixProduct p{.transpose_a = transpose_a,
                            .transpose_b = transpose_b,
                            .m = m,
                            .n = n,
                            .k = k,
                            .stride_a = (transpose_a ? m : k) + 1,
                            .stride_b = (transpose_b ? k : n) + 2,
                            .stride_c = n + 3,
                            .alpha = 2};
            const auto a = make(In(0.0f), 40, 1), b = make(In(0.0f), 40, 2);
            const auto c = make(Out(0.0f), 40, 3), d = make(Out(0.0f), 40, 4), bias = make(Out(0.0f), 6, 5);
            const Array<In> a_array(context, a), b_array(context, b);
            Array<Out> c_array(context, c), d_array(context, d), bias_array(context, bias), sums(context, 8);
            const auto at_a = [&](Index i, Index l) {
                return static_cast<double>(
                    a[static_cast<std::size_t>(transpose_a ? l * p.stride_a + i : i * p.stride_a + l)]);
            };
            const auto at_b = [&](Index l, Index j) {
                return static_cast<double>(
                    b[static_cast<std::size_t>(transpose_b ? j * p.stride_b + l : l * p.stride_b + j)]);
            };
            /// c where nothing is written, else beta addend + 2 A B + bias.
            const auto expect = [&](double beta, const std::vector<Out>& addend, bool with_bias) {
                std::vector<Out> result = c;
                for (Index i = 0; i < m; ++i)
                    for (Index j = 0; j < n; ++j) {
                        double sum = 0;
                        for (Index l = 0; l < k; ++l) sum += at_a(i, l) * at_b(l, j);
                        const auto at = static_cast<std::size_t>(i * p.stride_c + j);
                        result[at] =
                            Out(2 * sum + beta * static_cast<double>(addend[at]) +
                                (with_bias ? static_cast<double>(bias[static_cast<std::size_t>(j) + 1]) : 0));
                    }
                return result;
            };
            const auto same = [](const std::vector<Out>& x, const std::vector<Out>& y) {
                bool equal = x.size() == y.size();
                for (std::size_t i = 0; equal && i < x.size(); ++i)
                    equal = static_cast<double>(x[i]) == static_cast<double>(y[i]);
                return equal;
            };
            const auto renew = [&] { context->upload_bytes(c.data(), c_array.data, c.size() * sizeof(Out)); };

            products.multiply(p, a_array.data, b_array.data, c_array.data);
            CHECK(same(c_array.read(), expect(0, c, false)));
            renew();
            p.beta = 1;
            products.multiply(p, a_array.data, b_array.data, c_array.data);
            CHECK(same(c_array.read(), expect(1, c, false)));
            renew();
            // The bias is at an address of low alignment, as parameters of a flat vector are.
            CHECK(products.try_multiply(p, a_array.data, b_array.data, c_array.data,
                                        {.addend = d_array.data, .bias = bias_array.data + 1}));
            CHECK(same(c_array.read(), expect(1, d, true)));
            renew();
            CHECK(
                products.try_multiply(p, a_array.data, b_array.data, c_array.data, {.sums_of_a = sums.data}));
            CHECK(same(c_array.read(), expect(1, c, false)));
            for (Index i = 0; i < m; ++i) {
                double sum = 0;
                for (Index l = 0; l < k; ++l) sum += at_a(i, l);
                CHECK(static_cast<double>(sums.read()[static_cast<std::size_t>(i)]) == sum);
            }
            CHECK_THROWS_AS(products.try_multiply(p, a_array.data, b_array.data, c_array.data,
                                                  {.bias = bias_array.data, .sums_of_a = sums.data}),
                            ConfigError);
        }
}

TEST_CASE("products: batches of samples and heads, each form of product is planned once", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    gpu::MatrixProducts products(context);
    // (sample, token, head, width) times its transpose per head, as attention does it.
    const Index samples = 3, tokens = 4, heads = 2, width = 5;
    std::vector<float> x(static_cast<std::size_t>(samples * tokens * heads * width));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * i % 13) - 6;
    const Array<float> input(context, x);
    Array<float> scores(context, static_cast<std::size_t>(samples * heads * tokens * tokens));
    const MatrixProduct p{.transpose_b = true,
                          .m = tokens,
                          .n = tokens,
                          .k = width,
                          .stride_a = heads * width,
                          .stride_b = heads * width,
                          .stride_c = tokens};
    const ProductBatch batch{.outer = samples,
                             .inner = heads,
                             .outer_a = tokens * heads * width,
                             .inner_a = width,
                             .outer_b = tokens * heads * width,
                             .inner_b = width,
                             .outer_c = heads * tokens * tokens,
                             .inner_c = tokens * tokens};
    for (int round = 0; round < 3; ++round) {
        context->fill_bytes(scores.data, 0xFF, scores.count * 4);
        products.multiply_batch(p, batch, input.data, input.data, scores.data);
    }
    const auto found = scores.read();
    bool equal = true;
    for (Index s = 0; s < samples; ++s)
        for (Index h = 0; h < heads; ++h)
            for (Index i = 0; i < tokens; ++i)
                for (Index j = 0; j < tokens; ++j) {
                    float sum = 0;
                    for (Index w = 0; w < width; ++w)
                        sum += x[static_cast<std::size_t>(((s * tokens + i) * heads + h) * width + w)] *
                               x[static_cast<std::size_t>(((s * tokens + j) * heads + h) * width + w)];
                    equal =
                        equal &&
                        found[static_cast<std::size_t>(((s * heads + h) * tokens + i) * tokens + j)] == sum;
                }
    CHECK(equal);
    // Two calls, one per head, whose first operands are aligned differently.
    CHECK(products.plans() == 2);
    CHECK(fake::device.heuristics == 2);
}

TEST_CASE("products: the epilogue's vector may lie elsewhere at each call, and less aligned", "[cuda]") {
    const Fixture fixture;
    const auto context = gpu::Context::create();
    gpu::MatrixProducts products(context);
    const Array<float> a(context, numbers(1, 1)), b(context, numbers(1, 1)), bias(context, numbers(200, 1));
    Array<float> c(context, 1);
    const MatrixProduct p{.m = 1, .n = 1, .k = 1, .stride_a = 1, .stride_b = 1, .stride_c = 1};
    for (const std::size_t at : {0u, 64u, 128u, 1u, 3u, 4u}) {
        CHECK(products.try_multiply(p, a.data, b.data, c.data, {.bias = bias.data + at}));
        CHECK(c.read()[0] == static_cast<float>(at) + 2);
    }
    CHECK(products.plans() == 3);  // aligned to 256, to 4 and to 16 bytes
}

TEST_CASE("products: an algorithm that is refused after all gives way to the next one", "[cuda]") {
    const Fixture fixture;
    fake::device.refused = 2;  // of the algorithms that the heuristic gives
    const auto context = gpu::Context::create();
    gpu::MatrixProducts products(context);
    const Array<float> a(context, numbers(1, 2)), b(context, numbers(1, 3));
    Array<float> c(context, 1);
    const MatrixProduct p{.m = 1, .n = 1, .k = 1, .stride_a = 1, .stride_b = 1, .stride_c = 1};
    for (int round = 0; round < 2; ++round) {
        products.multiply(p, a.data, b.data, c.data);
        CHECK(c.read()[0] == 6);
    }
    CHECK(fake::device.heuristics == 1);
    CHECK(fake::device.refusals == 2);  // none in the second round
    CHECK(products.choices().begin()->second[6] == 3);
    fake::device.refused = fake::offered;
    gpu::MatrixProducts others(context);
    CHECK(error_text<gpu::DeviceError>([&] {
              others.multiply(p, a.data, b.data, c.data);
          }).find("no algorithm for a product of 1 x 1 and 1 x 1") != std::string::npos);
    CHECK(!others.try_multiply(p, a.data, b.data, c.data, {}));
    CHECK(others.choices().empty());
    fake::device.matmul_status = CUBLAS_STATUS_EXECUTION_FAILED;  // nothing to do with the algorithm
    gpu::MatrixProducts unlucky(context);
    CHECK(error_text<gpu::DeviceError>([&] {
              unlucky.multiply(p, a.data, b.data, c.data);
          }).find("cuBLASLt failed in a matrix product") != std::string::npos);
}

TEST_CASE("products: tuning takes the fastest, and a later run with its choices takes the same", "[cuda]") {
    const Fixture fixture;
    const auto tuned = gpu::Context::create({.tune_products = true}), plain = gpu::Context::create();
    const MatrixProduct p{.m = 1, .n = 1, .k = 1, .stride_a = 1, .stride_b = 1, .stride_c = 1};
    /// The place in the heuristic's list of the algorithm that is used, and the lines that keep the choice.
    const auto run = [&](const std::shared_ptr<gpu::Context>& context, const std::vector<std::string>& lines,
                         const std::string& machine) {
        gpu::MatrixProducts products(context);
        products.use(gpu::product_choices_of(lines, machine));
        const Array<float> a(context, numbers(1, 2)), b(context, numbers(1, 3));
        Array<float> c(context, 1);
        products.multiply(p, a.data, b.data, c.data);
        CHECK(c.read()[0] == 6);
        return std::pair(products.choices().begin()->second[6],
                         gpu::product_choice_lines(machine, products.choices()));
    };
    fake::device.fastest = 3;
    CHECK(run(plain, {}, "GPU").first == 1);
    const auto [found, lines] = run(tuned, {}, "GPU");
    CHECK(found == 3);
    fake::device.fastest = 2;
    CHECK(run(tuned, lines, "GPU").first == 3);
    CHECK(run(plain, lines, "GPU").first == 3);
    CHECK(run(plain, lines, "GPU").second == lines);
    CHECK(run(plain, lines, "another GPU").first == 1);
    fake::device.checked = CUBLAS_STATUS_NOT_SUPPORTED;  // such as in another version
    CHECK(run(plain, lines, "GPU").first == 1);
    for (const char* const bad : {"", "1 2 3", "x"})
        CHECK(error_text<ConfigError>([&] {
                  (void)run(plain, {"GPU", bad}, "GPU");
              }).find("24 integers, a colon and 8 hexadecimal numbers") != std::string::npos);
    CHECK(error_text<ConfigError>([&, &lines = lines] {
              (void)run(plain, {"GPU", lines[1] + " 1"}, "GPU");
          }).size() > 0);
}

TEST_CASE("products: without an algorithm an epilogue is refused, sums of nothing are zero", "[cuda]") {
    const Fixture fixture;
    fake::device.epilogues = false;
    const auto context = gpu::Context::create();
    gpu::MatrixProducts products(context);
    const Array<float> a(context, numbers(8, 1)), b(context, numbers(8, 2));
    Array<float> c(context, numbers(8, 3)), sums(context, numbers(4, 9));
    MatrixProduct p{.m = 2, .n = 3, .k = 2, .stride_a = 2, .stride_b = 3, .stride_c = 4};
    CHECK(!products.try_multiply(p, a.data, b.data, c.data, {.bias = b.data}));
    CHECK(!products.try_multiply(p, a.data, b.data, c.data, {.bias = b.data}));
    CHECK(fake::device.heuristics == 1);  // the answer is kept
    CHECK((c.read() == numbers(8, 3)));
    CHECK(products.try_multiply(p, a.data, b.data, c.data, {}));

    context->upload_bytes(numbers(8, 3).data(), c.data, 32);
    p.k = 0;
    p.beta = 1;
    products.multiply(p, a.data, b.data, c.data);
    CHECK((c.read() == numbers(8, 3)));
    p.beta = 0;
    CHECK(products.try_multiply(p, a.data, b.data, c.data, {.sums_of_a = sums.data}));
    CHECK((c.read() == std::vector<float>{0, 0, 0, 6, 0, 0, 0, 10}));
    CHECK((sums.read() == std::vector<float>{0, 0, 11, 12}));
    p.m = 0;
    products.multiply(p, a.data, b.data, c.data);
}

#endif

}  // namespace products_test
