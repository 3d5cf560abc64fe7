// SPDX-License-Identifier: Apache-2.0
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/tensor/tensor.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace tensor_test {

using namespace vitscape;
using namespace vitscape::test;
using B = CpuPrimitives<double>;

TEST_CASE("tensor: copies share memory, the last one gives it back", "[tensor]") {
    B backend(1);
    Tensor<B> first(backend, {4, 25});
    const std::size_t used = backend.memory().bytes_in_use();
    CHECK(used >= 800);
    CHECK(first.unique());
    {
        const Tensor<B> second = first;
        CHECK(second.data() == first.data());
        CHECK_FALSE(first.unique());
        CHECK(backend.memory().bytes_in_use() == used);
    }
    CHECK(first.unique());
    Tensor<B> moved = std::move(first);
    CHECK(moved.unique());
    moved = Tensor<B>();
    CHECK(moved.empty());
    CHECK(moved.data() == nullptr);
    CHECK(backend.memory().bytes_in_use() == 0);
}

TEST_CASE("tensor: assignment to itself keeps the numbers", "[tensor]") {
    const B backend(1);
    Tensor<B> tensor = upload(backend, {2}, std::vector<double>{3, 4});
    const Tensor<B>& same = tensor;
    tensor = same;
    CHECK(download(backend, tensor.view()) == std::vector<double>{3, 4});
    CHECK(tensor.unique());
}

TEST_CASE("tensor: upload and download convert, views know their rows", "[tensor]") {
    const CpuPrimitives<float> backend(1);
    const auto tensor = upload(backend, {2, 3, 4}, std::vector<int>(24, 7));
    CHECK(tensor.view().last() == 4);
    CHECK(tensor.view().rows() == 6);
    CHECK(download(backend, tensor.view()) == std::vector<double>(24, 7.0));
    const auto reshaped = tensor.reshaped({6, 4});
    CHECK(reshaped.data() == tensor.data());
    CHECK(reshaped.shape() == Shape{6, 4});
}

TEST_CASE("tensor: a wrong size is an error that names both", "[tensor]") {
    const B backend(1);
    const Tensor<B> tensor(backend, {2, 3});
    const std::string text = error_text<ShapeError>([&] { (void)tensor.reshaped({4, 2}); });
    CHECK(contains(text, "(2, 3)"));
    CHECK(contains(text, "(4, 2)"));
    const std::string given = error_text<ShapeError>([&] {
        (void)upload(backend, {2, 3}, std::vector<double>(5));
    });
    CHECK(contains(given, "(2, 3)"));
    CHECK(contains(given, "6"));
    CHECK(contains(given, "5"));
}

TEST_CASE("tensor: a loop of the same shapes takes memory from the system once", "[tensor]") {
    const B backend(1);
    std::size_t after_first = 0;
    for (int round = 0; round < 10; ++round) {
        const Tensor<B> a(backend, {10, 10}), b(backend, {100, 3});
        const IndexTensor<B> rows(backend, std::vector<std::int32_t>{1, 2, 3});
        CHECK(rows.size() == 3);
        CHECK(rows.data()[2] == 3);
        if (round == 0) after_first = backend.memory().system_allocations();
        CHECK(backend.memory().system_allocations() == after_first);
    }
    CHECK(backend.memory().bytes_in_use() == 0);
}

}  // namespace tensor_test
