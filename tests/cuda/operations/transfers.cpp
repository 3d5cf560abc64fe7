// SPDX-License-Identifier: Apache-2.0
//
// Transfers between host and device, and random numbers, which are the processor's to the last bit.
#include <numeric>

#include "../device_test.hpp"

namespace transfers_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// 0, 1, 2, ... below 256, which every type holds.
template <class U>
std::vector<U> count_up(Index n) {
    std::vector<U> numbers(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<U>(static_cast<float>(i % 251));
    return numbers;
}

/// There and back, as host numbers of type U.
template <class U, class T>
bool returns(Cuda<T>& backend, Index n) {
    const auto host = count_up<U>(n);
    const Tensor<Cuda<T>> device(backend, {n}), copy(backend, {n});
    backend.upload(n, host.data(), device.data());
    backend.copy(n, device.data(), copy.data());
    std::vector<U> back(host.size());
    backend.download(n, copy.data(), back.data());
    for (std::size_t i = 0; i < host.size(); ++i)
        if (!(static_cast<float>(back[i]) == static_cast<float>(host[i]))) return false;
    return true;
}

}  // namespace

TEMPLATE_TEST_CASE("device transfers: of every host type, of any size", "[cuda]", double, float, bfloat16) {
    Cuda<TestType> backend;
    // 2.5 million doubles are more than one staging buffer
    for (const Index n : {0, 1, 3, 1000, 2500000}) {
        INFO(n << " numbers");
        CHECK(returns<double>(backend, n));
        CHECK(returns<float>(backend, n));
        CHECK(returns<bfloat16>(backend, n));
        CHECK(returns<std::int32_t>(backend, n));
        CHECK(returns<std::uint8_t>(backend, n));
    }
}

TEMPLATE_TEST_CASE("device transfers: what is uploaded is rounded to the nearest", "[cuda]", float,
                   bfloat16) {
    const Cuda<TestType> backend;
    const auto numbers = random_numbers(10000, 1);
    CHECK(bool(read(on(backend, numbers), backend) == rounded<TestType>(numbers)));
}

TEST_CASE("device transfers: the host's memory is free when an upload returns", "[cuda]") {
    Cuda<float> backend;
    const Index n = 1 << 20;
    std::vector<float> host(static_cast<std::size_t>(n));
    std::vector<Tensor<Cuda<float>>> tensors;
    for (int i = 0; i < 40; ++i) {
        std::fill(host.begin(), host.end(), static_cast<float>(i));
        tensors.push_back(upload(backend, {n}, host));
    }
    for (int i = 0; i < 40; ++i) {
        const auto numbers = read(tensors[static_cast<std::size_t>(i)], backend);
        CHECK(bool(numbers == std::vector<double>(numbers.size(), i)));
    }
}

TEST_CASE("device transfers: row numbers", "[cuda]") {
    Cuda<float> backend;
    std::vector<std::int32_t> rows(1000);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int32_t>(i * 7 % 1000);
    IndexTensor<Cuda<float>> index(backend, rows);
    std::vector<double> table(1000), expected;
    std::iota(table.begin(), table.end(), 0);
    for (const int round : {0, 1}) {
        const auto from = on(backend, table), to = unwritten(backend, 1000);
        backend.map(1000, 1, functor::Identity{}, operand::Matrix<float*>{to.data(), 1},
                    operand::Gathered<float*>{from.data(), index.data(), 1});
        CHECK(bool(read(to, backend) == std::vector<double>(rows.begin(), rows.end())));
        std::reverse(rows.begin(), rows.end());
        if (round == 0) index.assign(backend, rows);
    }
}

TEMPLATE_TEST_CASE("device random numbers: the processor's to the last bit", "[cuda]", double, float) {
    Cuda<TestType> backend;
    CpuPrimitives<TestType> cpu(1);
    for (const Index n : {1, 3, 100003}) {
        const RandomKey key{.seed = 77, .purpose = Purpose::direction, .epoch = 1, .sample = 5};
        const Tensor<Cuda<TestType>> device(backend, {n});
        const Tensor<CpuPrimitives<TestType>> host(cpu, {n});
        backend.fill_uniform(key, n, device.data());
        cpu.fill_uniform(key, n, host.data());
        CHECK(bool(read(device, backend) == read(host, cpu)));
        backend.fill_normal(key, n, device.data());
        cpu.fill_normal(key, n, host.data());
        CHECK(bool(read(device, backend) == read(host, cpu)));
    }
}

}  // namespace transfers_test
