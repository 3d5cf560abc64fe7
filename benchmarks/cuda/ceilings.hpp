// SPDX-License-Identifier: Apache-2.0
//
// What a device can do at most: the rates that others are shares of.
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <vitscape/backend/thrust/thrust.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape::benchmarks {

/// Seconds that each of `repeats` runs of `work` took on a device, by its own clock, after some that are not counted.
template <class Work>
std::vector<double> device_seconds(gpu::Context& context, int repeats, const Work& work) {
    for (int i = 0; i < 5; ++i) work();
    std::vector<gpu::detail::Event> events;
    for (int i = 0; i <= repeats; ++i) events.push_back(gpu::detail::make_event(cudaEventDefault));
    gpu::check(cudaEventRecord(events[0].get(), context.stream()), "measuring time on the GPU");
    for (std::size_t i = 1; i < events.size(); ++i) {
        work();
        gpu::check(cudaEventRecord(events[i].get(), context.stream()), "measuring time on the GPU");
    }
    context.synchronize();
    std::vector<double> seconds;
    for (std::size_t i = 1; i < events.size(); ++i) {
        float milliseconds = 0;
        gpu::check(cudaEventElapsedTime(&milliseconds, events[i - 1].get(), events[i].get()),
                   "measuring time on the GPU");
        seconds.push_back(static_cast<double>(milliseconds) * 1e-3);
    }
    return seconds;
}

/// Bytes read and written per second by a copy of 1 GiB from device memory to device memory.
inline double copy_ceiling(int device) {
    Cuda<float> backend(device);
    const Index count = Index{1} << 28;
    const Vector<Cuda<float>> to(backend, count);
    Vector<Cuda<float>> from(backend, count);
    backend.fill_normal(RandomKey{}, count, from.data());
    gpu::Context& context = backend.execution().context();
    const double bytes = 2.0 * static_cast<double>(count) * sizeof(float);
    return bytes / median(device_seconds(context, 30, [&] { backend.copy(count, from.data(), to.data()); }));
}

/// Operations per second of large products of random matrices: the best of some sizes and both orders of the second
/// matrix, each with the fastest of cuBLASLt's algorithms for it. Float is full float, not TF32.
template <class T>
double product_ceiling(int device) {
    Cuda<T> backend(gpu::ContextOptions{.device = device, .tune_products = true});
    gpu::MatrixProducts& products = backend.execution().products();
    constexpr std::array<std::array<Index, 3>, 3> sizes{
        {{8192, 8192, 8192}, {16384, 8192, 4096}, {4096, 4096, 8192}}};
    double best = 0;
    for (const auto& [m, n, k] : sizes) {
        const Tensor<Cuda<T>> a(backend, Shape{m, k}), b(backend, Shape{k, n}), c(backend, Shape{m, n});
        backend.fill_normal(RandomKey{.sample = 0}, m * k, a.data());
        backend.fill_normal(RandomKey{.sample = 1}, k * n, b.data());
        for (const bool transposed : {false, true}) {
            const MatrixProduct product{.transpose_b = transposed,
                                        .m = m,
                                        .n = n,
                                        .k = k,
                                        .stride_a = k,
                                        .stride_b = transposed ? k : n,
                                        .stride_c = n};
            const double operations =
                2 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
            const auto seconds = device_seconds(backend.execution().context(), 30, [&] {
                products.multiply<T, T>(product, a.data(), b.data(), c.data());
            });
            best = std::max(best, operations / median(seconds));
        }
    }
    return best;
}

}  // namespace vitscape::benchmarks
