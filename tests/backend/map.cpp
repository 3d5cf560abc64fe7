// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"

namespace map_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

template <class B>
using Matrix = operand::Matrix<typename B::Pointer>;
template <class B>
using PerRow = operand::PerRow<typename B::Pointer>;
template <class B>
using PerColumn = operand::PerColumn<typename B::Pointer>;
template <class B>
using Grouped = operand::Grouped<typename B::Pointer>;
template <class B>
using Gathered = operand::Gathered<typename B::Pointer>;

constexpr std::pair<Index, Index> sizes[] = {{0, 0},     {0, 5},    {5, 0},    {1, 1},    {1, 3},
                                             {3, 1},     {17, 3},   {3, 17},   {100, 17}, {1, 100},
                                             {1, 30001}, {1000, 1}, {1003, 37}};

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

}  // namespace

TEMPLATE_LIST_TEST_CASE("map: matrices, numbers per row and per column", "[backend]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    for (const auto& [rows, columns] : sizes)
        for (const int threads : {1, 3}) {
            INFO(rows << " x " << columns << ", " << threads << " threads");
            B backend = make_backend<B>(threads);
            const Index stride = columns + 2, stride_out = columns + 5;
            const auto a = random_scalars<S>(rows * stride, 1), row = random_scalars<S>(rows, 2),
                       column = random_scalars<S>(columns, 3),
                       before = random_scalars<S>(rows * stride_out, 4);
            const Numbers<B> A(backend, a), R(backend, row), C(backend, column), out(backend, before);
            backend.map(rows, columns, functor::MultiplyAdd{}, Matrix<B>{out.data(), stride_out},
                        Matrix<B>{A.data(), stride}, PerRow<B>{R.data()}, PerColumn<B>{C.data()});
            auto expected = before;  // what lies between the rows stays as it was
            for (Index r = 0; r < rows; ++r)
                for (Index c = 0; c < columns; ++c)
                    expected[at(r * stride_out + c)] = a[at(r * stride + c)] * row[at(r)] + column[at(c)];
            CHECK(distance(out.host(), expected) < rounding_tolerance<typename B::Storage>);
            std::vector<S> between, between_before;
            const auto after = out.host();
            for (Index r = 0; r < rows; ++r)
                for (Index c = columns; c < stride_out; ++c) {
                    between.push_back(after[at(r * stride_out + c)]);
                    between_before.push_back(before[at(r * stride_out + c)]);
                }
            CHECK(identical(between, between_before));
        }
}

TEMPLATE_LIST_TEST_CASE("map: the output may be an input", "[backend]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    for (const auto& [rows, columns] : sizes) {
        INFO(rows << " x " << columns);
        B backend = make_backend<B>(2);
        const auto a = random_scalars<S>(rows * columns, 1), b = random_scalars<S>(rows * columns, 2);
        const Numbers<B> A(backend, a), other(backend, b), fresh(backend, not_a_number<S>(rows * columns));
        const Matrix<B> in{A.data(), columns}, second{other.data(), columns};
        backend.map(rows, columns, functor::SquaredDifference{}, Matrix<B>{fresh.data(), columns}, in,
                    second);
        backend.map(rows, columns, functor::SquaredDifference{}, in, in, second);
        CHECK(identical(A.host(), fresh.host()));
    }
}

TEMPLATE_LIST_TEST_CASE("map: grouped rows name a token range of each sample", "[backend]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    B backend = make_backend<B>(2);
    const Index samples = 37, tokens = 9, width = 11, first = 2, count = 5;
    const auto source = random_scalars<S>(samples * tokens * width, 1),
               target = random_scalars<S>(samples * tokens * width, 2);
    const Numbers<B> from(backend, source), to(backend, target),
        dense(backend, not_a_number<S>(samples * count * width));
    const auto slice = [&](typename B::Pointer data) {
        return Grouped<B>{data + first * width, count, tokens * width, width};
    };
    backend.map(samples * count, width, functor::Identity{}, Matrix<B>{dense.data(), width},
                slice(from.data()));
    backend.map(samples * count, width, functor::Add{}, slice(to.data()), slice(to.data()),
                Matrix<B>{dense.data(), width});
    std::vector<S> expected_dense, expected = target;
    for (Index sample = 0; sample < samples; ++sample)
        for (Index token = first; token < first + count; ++token)
            for (Index c = 0; c < width; ++c) {
                const std::size_t i = at((sample * tokens + token) * width + c);
                expected_dense.push_back(source[i]);
                expected[i] = target[i] + source[i];
            }
    CHECK(identical(dense.host(), expected_dense));
    CHECK(identical(to.host(), expected));
    // a stride of 0 repeats one row for a whole group
    const Numbers<B> repeated(backend, not_a_number<S>(samples * count * width));
    backend.map(samples * count, width, functor::Identity{}, Matrix<B>{repeated.data(), width},
                Grouped<B>{from.data(), count, tokens * width, 0});
    for (Index r = 0; r < samples * count; ++r)
        for (Index c = 0; c < width; ++c)
            expected_dense[at(r * width + c)] = source[at(r / count * tokens * width + c)];
    CHECK(identical(repeated.host(), expected_dense));
}

TEMPLATE_LIST_TEST_CASE("map: gathered rows as input and as output", "[backend]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    for (const Index rows : {0, 1, 3, 17, 1000}) {
        INFO(rows << " rows");
        B backend = make_backend<B>(3);
        const Index width = 13, stride = 14;
        std::vector<std::int32_t> order(at(rows));
        std::iota(order.begin(), order.end(), 0);
        RandomSequence random(RandomKey{.seed = 3});
        random.shuffle(std::span<std::int32_t>(order));
        const IndexTensor<B> gather(backend, order);
        REQUIRE(gather.size() == rows);
        const auto table = random_scalars<S>(rows * stride, 1);
        const Numbers<B> from(backend, table), dense(backend, not_a_number<S>(rows * width)),
            back(backend, table);
        backend.map(rows, width, functor::Scale<typename B::Storage>{2}, Matrix<B>{dense.data(), width},
                    Gathered<B>{from.data(), gather.data(), stride});
        std::vector<S> expected;
        for (const std::int32_t row : order)
            for (Index c = 0; c < width; ++c) expected.push_back(S(2) * table[at(row * stride + c)]);
        CHECK(identical(dense.host(), expected));
        backend.map(rows, width, functor::Identity{}, Gathered<B>{back.data(), gather.data(), stride},
                    Matrix<B>{dense.data(), width});
        auto doubled = table;
        for (Index r = 0; r < rows; ++r)
            for (Index c = 0; c < width; ++c) doubled[at(r * stride + c)] = S(2) * table[at(r * stride + c)];
        CHECK(identical(back.host(), doubled));
    }
}

TEMPLATE_LIST_TEST_CASE("copy, fill, upload and download", "[backend]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    for (const Index n : {0, 1, 3, 17, 100, 30001}) {
        INFO(n << " numbers");
        B backend = make_backend<B>(3);
        const auto host = random_scalars<S>(n, 1);
        const Numbers<B> from(backend, host), to(backend, not_a_number<S>(n));
        backend.copy(n, from.data(), to.data());
        CHECK(identical(to.host(), host));
        backend.fill(n, -2.5, to.data());
        CHECK(identical(to.host(), std::vector<S>(at(n), S(-2.5))));  // a constant has no tangent
        std::vector<float> floats(at(n));
        std::iota(floats.begin(), floats.end(), 0.25F);
        backend.upload(n, floats.data(), to.data());
        CHECK(identical(to.host(), std::vector<S>(floats.begin(), floats.end())));
        std::vector<double> doubles(at(n));
        backend.download(n, to.data(), doubles.data());
        CHECK(doubles == std::vector<double>(floats.begin(), floats.end()));
    }
}

}  // namespace map_test
