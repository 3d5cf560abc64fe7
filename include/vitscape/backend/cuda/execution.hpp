// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__CUDACC__)  // empty without a CUDA compiler

#include <algorithm>
#include <memory>
#include <type_traits>
#include <vector>

#include <cub/device/device_reduce.cuh>
#include <cub/device/device_segmented_reduce.cuh>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/system/cuda/execution_policy.h>

#include <vitscape/backend/cuda/context.hpp>
#include <vitscape/backend/cuda/matrix_product.hpp>
#include <vitscape/backend/thrust/host.hpp>

namespace vitscape::detail {

/// element(i / columns, i % columns): adapts a function of (row, column) to a flat index.
template <class Element>
struct OfFlatIndex {
    Element element;
    Index columns;
    VITSCAPE_HOST_DEVICE auto operator()(Index i) const { return element(i / columns, i % columns); }
};
struct Times {
    Index factor;
    VITSCAPE_HOST_DEVICE Index operator()(Index i) const { return i * factor; }
};
template <class S, class Store>
struct StoreElement {
    const S* from;
    Store store;
    VITSCAPE_HOST_DEVICE void operator()(Index i) const { store(i, from[i]); }
};

/// The operations of a device that `Thrust<system::cuda, T>` needs, the counterpart of `Execution` in host.hpp. Copies share
/// the device's context: its stream, memory and plans.
template <>
class Execution<system::cuda> {
    struct Shared {
        std::shared_ptr<gpu::Context> context;
        gpu::MatrixProducts products;
        std::vector<std::byte> staging;  // host memory for type conversion
    };

  public:
    /// @param device  number of the GPU. @throws DeviceError if it cannot be used.
    explicit Execution(int device = 0) : Execution(gpu::ContextOptions{.device = device}) {}
    explicit Execution(const gpu::ContextOptions& options) {
        gpu::require_device_with_code(options.device);
        auto context = gpu::Context::create(options);
        shared_ = std::shared_ptr<Shared>(new Shared{context, gpu::MatrixProducts(context), {}});
    }

    [[nodiscard]] gpu::Context& context() const { return *shared_->context; }
    [[nodiscard]] std::shared_ptr<gpu::Context> shared_context() const { return shared_->context; }
    [[nodiscard]] gpu::MatrixProducts& products() { return shared_->products; }
    [[nodiscard]] cudaStream_t stream() const { return context().stream(); }
    [[nodiscard]] static int threads() { return available_threads(); }
    [[nodiscard]] gpu::MemoryFigures memory() const { return {context().pools().statistics()}; }
    void forget_peak_memory() const { context().pools().forget_peak(); }

    void* allocate(std::size_t bytes) { return context().allocate(bytes); }
    void release(void* memory, std::size_t bytes) { context().release(memory, bytes); }
    void copy(std::size_t bytes, const void* from, void* to) { context().copy(from, to, bytes); }
    template <class U, class T>
    void upload(Index n, const U* host, T* to) {
        const auto count = static_cast<std::size_t>(n);
        if constexpr (std::is_same_v<U, T>) {
            context().upload_bytes(host, to, count * sizeof(T));
        } else {
            T* const staged = staging<T>(count);
            for (std::size_t i = 0; i < count; ++i) staged[i] = static_cast<T>(host[i]);
            context().upload_bytes(staged, to, count * sizeof(T));
        }
    }
    template <class T, class U>
    void download(Index n, const T* from, U* host) const {
        const auto count = static_cast<std::size_t>(n);
        if constexpr (std::is_same_v<U, T>) {
            context().download_bytes(from, host, count * sizeof(T));
        } else {
            T* const staged = staging<T>(count);
            context().download_bytes(from, staged, count * sizeof(T));
            for (std::size_t i = 0; i < count; ++i) host[i] = static_cast<U>(staged[i]);
        }
    }
    void synchronize() { context().synchronize(); }

  private:
    [[nodiscard]] auto policy() const { return thrust::cuda::par_nosync.on(stream()); }
    [[nodiscard]] static thrust::counting_iterator<Index> counting() {
        return thrust::counting_iterator<Index>(0);
    }

  public:
    /// element(r, c) for all r < rows, c < columns, in any order.
    template <class Element>
    void for_each(Index rows, Index columns, const Element& element) {
        if (rows <= 0 || columns <= 0) return;
        thrust::for_each_n(policy(), counting(), rows * columns, OfFlatIndex<Element>{element, columns});
    }
    /// store(r, combine(... combine(initial, term(r, 0)) ..., term(r, columns - 1))) for all rows.
    template <class S, class Term, class Combine, class Store>
    void reduce_rows(Index rows, Index columns, const Term& term, const Combine& combine, S initial,
                     const Store& store) {
        if (rows <= 0) return;
        const auto terms =
            thrust::make_transform_iterator(counting(), OfFlatIndex<Term>{term, std::max<Index>(columns, 1)});
        const auto begins = thrust::make_transform_iterator(counting(), Times{columns});
        const auto bytes = static_cast<std::size_t>(rows) * sizeof(S);
        S* const reduced = static_cast<S*>(allocate(bytes));
        with_scratch([&](void* scratch, std::size_t& size) {
            return cub::DeviceSegmentedReduce::Reduce(scratch, size, terms, reduced, rows, begins, begins + 1,
                                                      combine, initial, stream());
        });
        thrust::for_each_n(policy(), counting(), rows, StoreElement<S, Store>{reduced, store});
        release(reduced, bytes);
    }
    /// The sum of term(i) for all i < n.
    template <class Term>
    [[nodiscard]] double sum(Index n, const Term& term) const {
        Execution self = *this;
        auto* const device = static_cast<double*>(self.allocate(sizeof(double)));
        self.sum_into(n, term, device);
        double result = 0;
        context().download_bytes(device, &result, sizeof result);
        self.release(device, sizeof(double));
        return result;
    }
    /// The same, with the result on the device.
    template <class Term>
    void sum_into(Index n, const Term& term, double* out) {
        const auto terms = thrust::make_transform_iterator(counting(), term);
        with_scratch([&](void* scratch, std::size_t& size) {
            return cub::DeviceReduce::Reduce(scratch, size, terms, out, n, functor::Add{}, 0.0, stream());
        });
    }

    /// C may have the type of the sums.
    template <class T, class C>
    void multiply(const MatrixProduct& p, const T* a, const T* b, C* c) {
        products().multiply(p, a, b, c);
    }
    template <class T, class C>
    void multiply_batch(const MatrixProduct& p, const ProductBatch& batch, const T* a, const T* b, C* c) {
        products().multiply_batch(p, batch, a, b, c);
    }

  private:
    /// Runs a CUB algorithm, which first returns its scratch size.
    template <class Algorithm>
    void with_scratch(const Algorithm& algorithm) {
        std::size_t size = 0;
        gpu::check(algorithm(nullptr, size), "a sum on the GPU");
        void* const scratch = allocate(std::max<std::size_t>(size, 1));
        gpu::check(algorithm(scratch, size), "a sum on the GPU");
        release(scratch, std::max<std::size_t>(size, 1));
    }
    template <class T>
    T* staging(std::size_t count) const {
        shared_->staging.resize(std::max(shared_->staging.size(), count * sizeof(T)));
        return reinterpret_cast<T*>(shared_->staging.data());
    }

    std::shared_ptr<Shared> shared_;
};

}  // namespace vitscape::detail

#endif
