// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"

namespace reduce_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

template <class B>
using Matrix = operand::Matrix<typename B::Pointer>;
template <class B>
using PerRow = operand::PerRow<typename B::Pointer>;
template <class B>
using PerColumn = operand::PerColumn<typename B::Pointer>;

constexpr std::pair<Index, Index> sizes[] = {{0, 3},     {1, 1},    {1, 3},    {3, 1},   {17, 3},
                                             {3, 17},    {5, 8},    {100, 17}, {1, 100}, {1000, 1},
                                             {1003, 37}, {4999, 7}, {2, 3001}};

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

template <class S>
DualNumber<double> widen(S x) {
    if constexpr (is_dual<S>)
        return DualNumber<double>(x);
    else
        return DualNumber<double>(static_cast<double>(x));
}
/// Sums taken in double, as the backend's scalar type.
template <class S>
S narrow(DualNumber<double> x) {
    if constexpr (is_dual<S>)
        return S(x);
    else
        return static_cast<S>(x.value);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("reduce_rows: the sum of f over a row", "[backend]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    for (const auto& [rows, columns] : sizes) {
        INFO(rows << " x " << columns);
        B backend = make_backend<B>(2);
        const auto a = random_scalars<S>(rows * columns, 1), row = random_scalars<S>(rows, 2),
                   column = random_scalars<S>(columns, 3);
        const Numbers<B> A(backend, a), R(backend, row), C(backend, column),
            out(backend, not_a_number<S>(rows));
        backend.reduce_rows(rows, columns, functor::MultiplyAdd{}, out.data(), Matrix<B>{A.data(), columns},
                            PerRow<B>{R.data()}, PerColumn<B>{C.data()});
        std::vector<S> expected;
        for (Index r = 0; r < rows; ++r) {
            DualNumber<double> sum = 0;
            for (Index c = 0; c < columns; ++c)
                sum += widen(a[at(r * columns + c)]) * widen(row[at(r)]) + widen(column[at(c)]);
            expected.push_back(narrow<S>(sum));
        }
        CHECK(distance(out.host(), expected) < rounding_tolerance<typename B::Storage>);
    }
}

TEMPLATE_LIST_TEST_CASE("reduce_rows: a row without columns sums to zero", "[backend]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    B backend = make_backend<B>(1);
    const Numbers<B> nothing(backend, {}), out(backend, not_a_number<S>(3));
    backend.reduce_rows(3, 0, functor::Identity{}, out.data(), Matrix<B>{nothing.data(), 0});
    CHECK(identical(out.host(), std::vector<S>(3, S(0))));
}

TEMPLATE_LIST_TEST_CASE("reduce_columns: beta out + the sum of f over a column", "[backend]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    for (const auto& [rows, columns] : sizes)
        for (const double beta : {0.0, 1.0, -0.5}) {
            INFO(rows << " x " << columns << ", beta " << beta);
            B backend = make_backend<B>(2);
            const auto a = random_scalars<S>(rows * columns, 1), b = random_scalars<S>(rows * columns, 2),
                       before = beta == 0 ? not_a_number<S>(columns) : random_scalars<S>(columns, 3);
            const Numbers<B> A(backend, a), other(backend, b), out(backend, before);
            backend.reduce_columns(rows, columns, functor::Multiply{}, beta, out.data(),
                                   Matrix<B>{A.data(), columns}, Matrix<B>{other.data(), columns});
            std::vector<S> expected;
            for (Index c = 0; c < columns; ++c) {
                DualNumber<double> sum = 0;
                for (Index r = 0; r < rows; ++r)
                    sum += widen(a[at(r * columns + c)]) * widen(b[at(r * columns + c)]);
                if (beta != 0) sum += DualNumber<double>(beta) * widen(before[at(c)]);
                expected.push_back(narrow<S>(sum));
            }
            CHECK(distance(out.host(), expected) < rounding_tolerance<typename B::Storage>);
        }
}

TEMPLATE_LIST_TEST_CASE("row_maximum: the largest number of a row, a constant", "[backend]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    for (const auto& [rows, columns] : sizes) {
        INFO(rows << " x " << columns);
        B backend = make_backend<B>(2);
        auto a = random_scalars<S>(rows * columns, 1);
        for (S& number : a) number = number - S(100);  // negative, so that a start from 0 would show
        const Numbers<B> A(backend, a), out(backend, not_a_number<S>(rows));
        backend.row_maximum(rows, columns, Matrix<B>{A.data(), columns}, out.data());
        std::vector<S> expected;
        for (Index r = 0; r < rows; ++r) {
            auto largest = value_of(a[at(r * columns)]);
            for (Index c = 0; c < columns; ++c) largest = std::max(largest, value_of(a[at(r * columns + c)]));
            expected.push_back(S(largest));
        }
        CHECK(identical(out.host(), expected));
    }
}

TEMPLATE_LIST_TEST_CASE("dot: the sum of products, in double", "[backend]", Plain) {
    using B = TestType;
    using S = typename B::Scalar;
    for (const Index n : {0, 1, 3, 8, 17, 100, 9973, 300007}) {
        INFO(n << " numbers");
        B backend = make_backend<B>(2);
        const auto x = random_scalars<S>(n, 1), y = random_scalars<S>(n, 2);
        const Numbers<B> X(backend, x), Y(backend, y);
        double sum = 0, size = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
            size += std::abs(static_cast<double>(x[i]) * static_cast<double>(y[i]));
        }
        CHECK(std::abs(backend.dot(n, X.data(), Y.data()) - sum) <= 1e-13 * size);
    }
}

TEST_CASE("dot: the derivative of a product", "[backend]") {
    using B = Dual<CpuPrimitives<double>>;
    B backend(CpuPrimitives<double>(2));
    const Index n = 101;
    const auto x = random_scalars<B::Scalar>(n, 1), y = random_scalars<B::Scalar>(n, 2);
    const Numbers<B> X(backend, x), Y(backend, y);
    DualNumber<double> sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
    const DualNumber<double> result = backend.dot(n, X.data(), Y.data());
    CHECK(result.value == Approx(sum.value).epsilon(1e-12));
    CHECK(result.tangent[0] == Approx(sum.tangent[0]).epsilon(1e-12));
}

TEMPLATE_LIST_TEST_CASE("sums do not depend on the number of threads", "[backend][threads]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    for (const auto& [rows, columns] :
         {std::pair<Index, Index>{4999, 7}, {1003, 37}, {33, 3001}, {1, 70001}}) {
        INFO(rows << " x " << columns);
        const auto a = random_scalars<S>(rows * columns, 1), b = random_scalars<S>(rows * columns, 2);
        std::vector<S> row_sums, column_sums, products;
        for (const int threads : {1, 2, 3, 5}) {
            B backend = make_backend<B>(threads);
            const Numbers<B> A(backend, a), other(backend, b), per_row(backend, not_a_number<S>(rows)),
                per_column(backend, not_a_number<S>(columns));
            const Matrix<B> x{A.data(), columns}, y{other.data(), columns};
            backend.reduce_rows(rows, columns, functor::Multiply{}, per_row.data(), x, y);
            backend.reduce_columns(rows, columns, functor::Multiply{}, 0, per_column.data(), x, y);
            const auto product = backend.dot(rows * columns, A.data(), other.data());
            if (threads == 1) {
                row_sums = per_row.host();
                column_sums = per_column.host();
                products = {S(product)};
            }
            INFO(threads << " threads");
            CHECK(identical(per_row.host(), row_sums));
            CHECK(identical(per_column.host(), column_sums));
            CHECK(identical({S(product)}, products));
        }
    }
}

}  // namespace reduce_test
