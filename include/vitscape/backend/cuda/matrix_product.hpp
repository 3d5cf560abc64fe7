// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/cuda/context.hpp>
#include <vitscape/backend/cuda/product_layout.hpp>
#include <vitscape/backend/cuda/product_plan.hpp>
#include <vitscape/core/bfloat16.hpp>

namespace vitscape::gpu {

/// Fused operations of a product besides C = alpha op(A) op(B) + beta C. At most one of `bias` and `sums_of_a` is set.
template <class Out>
struct ProductExtras {
    const Out* addend = nullptr;  ///< replaces C on the right-hand side; strides as C
    const Out* bias = nullptr;    ///< n numbers, added to each row of C
    Out* sums_of_a = nullptr;     ///< m numbers, overwritten: sums of the rows of op(A) (over k)
};

/// Row-major matrix products by cuBLASLt on a context's compute stream. Operands are double, float (multiplied as
/// full floats, not TF32) or bfloat16 (sums in float), results the same, or float for bfloat16.
///
/// The algorithm of each product (shapes, types, epilogue, alignment) is chosen once and cached; `choices` can be kept, so that a later
/// run makes the same. Only algorithms that keep partial sums in the compute type are used, so a product in bfloat16 is rounded once, at the end; with beta
/// the kernels round it before adding beta C, and round the sum again. Results are reproducible from run to run.
class MatrixProducts {
  public:
    explicit MatrixProducts(std::shared_ptr<Context> context) : context_(std::move(context)) {}
    MatrixProducts(const MatrixProducts&) = delete;
    MatrixProducts& operator=(const MatrixProducts&) = delete;

    /// @throws DeviceError if cuBLASLt offers no algorithm.
    template <class In, class Out>
    void multiply(const MatrixProduct& p, const In* a, const In* b, Out* c) {
        multiply_batch(p, ProductBatch{}, a, b, c);
    }

    template <class In, class Out>
    void multiply_batch(const MatrixProduct& p, const ProductBatch& batch, const In* a, const In* b, Out* c) {
        const StridedBatches calls = strided_batches(batch);
        if (calls.count == 0) return;
        for (Index i = 0; i < calls.calls; ++i) {
            const bool done =
                run<In, Out>(p, calls, a + i * calls.call_a, b + i * calls.call_b, c + i * calls.call_c, {});
            if (!done)
                throw DeviceError(
                    message("cuBLASLt has no algorithm for a product of ", p.m, " x ", p.k, " and ", p.k,
                            " x ", p.n, " with row strides ", p.stride_a, ", ", p.stride_b, ", ", p.stride_c,
                            ": strides must be at least the row lengths, and sizes below 2^31"));
        }
    }

    /// A product with extras; returns false, without any work, if cuBLASLt has no algorithm for it: the caller then
    /// uses another method.
    /// @throws ConfigError for more than one epilogue.
    template <class In, class Out>
    [[nodiscard]] bool try_multiply(const MatrixProduct& p, const In* a, const In* b, Out* c,
                                    const std::type_identity_t<ProductExtras<Out>>& extras) {
        if (extras.bias != nullptr && extras.sums_of_a != nullptr)
            throw ConfigError("a matrix product has one epilogue: a bias or sums of A");
        return run<In, Out>(p, StridedBatches{}, a, b, c, extras);
    }

    /// Number of products planned so far.
    [[nodiscard]] std::size_t plans() const { return plans_.size(); }

    /// The algorithms in use.
    [[nodiscard]] ProductChoices choices() const {
        ProductChoices all;
        for (const auto& [product, plan] : plans_)
            if (plan.usable()) all.emplace(product, plan.algorithm());
        return all;
    }
    /// Products that are planned from now on use these algorithms if cuBLASLt accepts them.
    void use(ProductChoices earlier) { earlier_ = std::move(earlier); }

  private:
    template <class T>
    static constexpr ElementType element_type() {
        static_assert(std::is_same_v<T, double> || std::is_same_v<T, float> || std::is_same_v<T, bfloat16>,
                      "matrix products are of double, float or bfloat16");
        return std::is_same_v<T, double>  ? ElementType::float64
               : std::is_same_v<T, float> ? ElementType::float32
                                          : ElementType::bfloat16;
    }
    template <class In, class Out>
    bool run(const MatrixProduct& p, const StridedBatches& calls, const In* a, const In* b, Out* c,
             const ProductExtras<Out>& extras) {
        static_assert(std::is_same_v<In, Out> || (std::is_same_v<In, bfloat16> && std::is_same_v<Out, float>),
                      "a product's result has its operands' type, or is float for bfloat16");
        if (p.m == 0 || p.n == 0) return true;
        const Out* const addend = extras.addend != nullptr ? extras.addend : c;
        if (p.k == 0) return empty_sum(p, calls, c, addend, extras);
        ProductKey key;
        key.product = column_product(p);
        key.count = calls.count;
        if (calls.count > 1) {
            key.stride_first = calls.stride_b;
            key.stride_second = calls.stride_a;
            key.stride_result = calls.stride_c;
        }
        key.input = element_type<In>();
        key.output = element_type<Out>();
        void* vector = nullptr;
        if (extras.bias != nullptr) {
            key.epilogue = Epilogue::bias;
            vector = const_cast<Out*>(extras.bias);  // cuBLASLt uses the same pointer for reading and writing
        } else if (extras.sums_of_a != nullptr) {
            key.epilogue = Epilogue::sums_of_second;
            vector = extras.sums_of_a;
        }
        const auto in_bytes = static_cast<Index>(sizeof(In)), out_bytes = static_cast<Index>(sizeof(Out));
        key.alignment = {common_alignment(b, key.stride_first * in_bytes),
                         common_alignment(a, key.stride_second * in_bytes),
                         common_alignment(addend, key.stride_result * out_bytes),
                         common_alignment(c, key.stride_result * out_bytes), common_alignment(vector)};
        using Scale = std::conditional_t<std::is_same_v<In, double>, double, float>;
        const auto alpha = static_cast<Scale>(p.alpha), beta = static_cast<Scale>(p.beta);
        return run(key, ProductCall{b, a, addend, c, vector, &alpha, &beta});
    }

    bool run(const ProductKey& key, const ProductCall& call) {
        const ProductKey::Numbers product = key.numbers();
        auto found = plans_.find(product);
        if (found == plans_.end()) {
            const auto earlier = earlier_.find(product);
            found = plans_
                        .emplace(product, ProductPlan(*context_, key, call,
                                                      earlier == earlier_.end() ? nullptr : &earlier->second))
                        .first;
        }
        return found->second.run(*context_, call);
    }

    /// C = beta addend if there is nothing to sum.
    template <class Out>
    bool empty_sum(const MatrixProduct& p, const StridedBatches& calls, Out* c, const Out* addend,
                   const ProductExtras<Out>& extras) {
        if (extras.bias != nullptr || (p.beta != 0 && p.beta != 1)) return false;
        if (p.beta == 1 && addend != c && p.stride_c != p.n) return false;
        const auto row = static_cast<std::size_t>(p.n) * sizeof(Out);
        for (Index i = 0; i < calls.count; ++i) {
            Out* const to = c + i * calls.stride_c;
            if (p.beta == 0)
                check(cudaMemset2DAsync(to, static_cast<std::size_t>(p.stride_c) * sizeof(Out), 0, row,
                                        static_cast<std::size_t>(p.m), context_->stream()),
                      "filling device memory");
            else if (addend != c)
                context_->copy(addend + i * calls.stride_c, to, row * static_cast<std::size_t>(p.m));
        }
        if (extras.sums_of_a != nullptr)
            context_->fill_bytes(extras.sums_of_a, 0, static_cast<std::size_t>(p.m) * sizeof(Out));
        return true;
    }

    std::shared_ptr<Context> context_;
    ProductChoices earlier_;
    std::unordered_map<ProductKey::Numbers, ProductPlan, ProductKeyHash> plans_;
};

}  // namespace vitscape::gpu
