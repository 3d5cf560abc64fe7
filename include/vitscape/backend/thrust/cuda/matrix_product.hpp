// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/thrust/cuda/context.hpp>
#include <vitscape/backend/thrust/cuda/product_layout.hpp>
#include <vitscape/core/bfloat16.hpp>

#include <cublasLt.h>

namespace vitscape::cuda {

/// What a product does beside C = alpha op(A) op(B) + beta C. At most one of `bias` and the sums is given.
template <class Out>
struct ProductExtras {
    const Out* addend = nullptr;  ///< Stands for C on the right-hand side; strides as C.
    const Out* bias = nullptr;    ///< n numbers, added to each row of C.
    Out* sums_of_a = nullptr;     ///< m numbers, overwritten: sums of the rows of op(A) (over k).
    Out* sums_of_b = nullptr;     ///< n numbers, overwritten: sums of the columns of op(B) (over k).
};

/// Row-major matrix products by cuBLASLt on a context's compute stream. Operands are double, float (multiplied as
/// full floats, not TF32) or bfloat16 (sums in float), results the same, or float for bfloat16.
///
/// The algorithm of each product (shapes, types, epilogue, alignment) is chosen once and kept. Only algorithms
/// whose partial sums are in the compute type are taken, so results do not depend on how a sum was split beyond
/// its rounding, and are the same from run to run.
class MatrixProducts {
  public:
    struct Options {
        /// Above 1, that many of the heuristic's candidates are timed at a product's first use, unless that is
        /// in a captured step. Off by default: two runs may then choose differently and round differently, and a
        /// resumed run would not be the same to the bit.
        int candidates = 1;
    };

    explicit MatrixProducts(std::shared_ptr<Context> context)
        : MatrixProducts(std::move(context), Options{}) {}
    MatrixProducts(std::shared_ptr<Context> context, const Options& options)
        : context_(std::move(context)), candidates_(std::clamp(options.candidates, 1, most_candidates)) {}
    MatrixProducts(const MatrixProducts&) = delete;
    MatrixProducts& operator=(const MatrixProducts&) = delete;

    /// @throws DeviceError where cuBLASLt offers no algorithm.
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
                throw DeviceError(message("cuBLASLt has no algorithm for a product of ", p.m, " x ", p.k,
                                          " and ", p.k, " x ", p.n, " with row strides ", p.stride_a, ", ",
                                          p.stride_b, ", ", p.stride_c,
                                          ": strides are at least the row lengths, and sizes below 2^31"));
        }
    }

    /// A product with extras; false, and nothing done, where cuBLASLt has no algorithm for it: the caller then
    /// takes another way.
    /// @throws ConfigError for more than one epilogue.
    template <class In, class Out>
    [[nodiscard]] bool try_multiply(const MatrixProduct& p, const In* a, const In* b, Out* c,
                                    const std::type_identity_t<ProductExtras<Out>>& extras) {
        if ((extras.bias != nullptr) + (extras.sums_of_a != nullptr) + (extras.sums_of_b != nullptr) > 1)
            throw ConfigError("a matrix product has one epilogue: a bias, sums of A or sums of B");
        return run<In, Out>(p, StridedBatches{}, a, b, c, extras);
    }

    /// How many products have been planned.
    [[nodiscard]] std::size_t plans() const { return plans_.size(); }

  private:
    static constexpr int most_candidates = 8;

    struct Plan {
        detail::ProductDescription description;
        detail::MatrixLayout first, second, result;
        cublasLtMatmulAlgo_t algorithm{};
        std::size_t workspace = 0;
        bool usable = false;
    };
    struct Call {
        const void *first, *second, *addend;
        void *result, *vector;
        const void *alpha, *beta;
    };

    template <class T>
    static constexpr ElementType element_type() {
        static_assert(std::is_same_v<T, double> || std::is_same_v<T, float> || std::is_same_v<T, bfloat16>,
                      "matrix products are of double, float or bfloat16");
        return std::is_same_v<T, double>  ? ElementType::float64
               : std::is_same_v<T, float> ? ElementType::float32
                                          : ElementType::bfloat16;
    }
    static cudaDataType_t cuda_type(ElementType type) {
        return type == ElementType::float64   ? CUDA_R_64F
               : type == ElementType::float32 ? CUDA_R_32F
                                              : CUDA_R_16BF;
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
            vector =
                const_cast<Out*>(extras.bias);  // one attribute of the description serves both directions
        } else if (extras.sums_of_a != nullptr) {
            key.epilogue = Epilogue::sums_of_second;
            vector = extras.sums_of_a;
        } else if (extras.sums_of_b != nullptr) {
            key.epilogue = Epilogue::sums_of_first;
            vector = extras.sums_of_b;
        }
        const auto in_bytes = static_cast<Index>(sizeof(In)), out_bytes = static_cast<Index>(sizeof(Out));
        key.alignment = {common_alignment(b, key.stride_first * in_bytes),
                         common_alignment(a, key.stride_second * in_bytes),
                         common_alignment(addend, key.stride_result * out_bytes),
                         common_alignment(c, key.stride_result * out_bytes), common_alignment(vector)};
        using Scale = std::conditional_t<std::is_same_v<In, double>, double, float>;
        const auto alpha = static_cast<Scale>(p.alpha), beta = static_cast<Scale>(p.beta);
        return run(key, Call{b, a, addend, c, vector, &alpha, &beta});
    }

    bool run(const ProductKey& key, const Call& call) {
        auto found = plans_.find(key);
        if (found == plans_.end()) found = plans_.emplace(key, make_plan(key, call)).first;
        const Plan& plan = found->second;
        if (!plan.usable) return false;
        if (call.vector != nullptr) set(plan.description, CUBLASLT_MATMUL_DESC_BIAS_POINTER, call.vector);
        check(multiply(plan, plan.algorithm, call, call.result), "a matrix product");
        return true;
    }

    cublasStatus_t multiply(const Plan& plan, const cublasLtMatmulAlgo_t& algorithm, const Call& call,
                            void* result) const {
        return cublasLtMatmul(context_->blas(), plan.description.get(), call.alpha, call.first,
                              plan.first.get(), call.second, plan.second.get(), call.beta, call.addend,
                              plan.result.get(), result, plan.result.get(), &algorithm, context_->workspace(),
                              context_->workspace_bytes(), context_->stream());
    }

    Plan make_plan(const ProductKey& key, const Call& call) const {
        Plan plan;
        const bool wide = key.input == ElementType::float64;
        cublasLtMatmulDesc_t description = nullptr;
        check(cublasLtMatmulDescCreate(&description, wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                                       wide ? CUDA_R_64F : CUDA_R_32F),
              "describing a matrix product");
        plan.description = detail::ProductDescription(description);
        set(plan.description, CUBLASLT_MATMUL_DESC_TRANSA, operation(key.product.transpose_first));
        set(plan.description, CUBLASLT_MATMUL_DESC_TRANSB, operation(key.product.transpose_second));
        if (key.epilogue != Epilogue::none) {
            set(plan.description, CUBLASLT_MATMUL_DESC_EPILOGUE,
                key.epilogue == Epilogue::bias            ? CUBLASLT_EPILOGUE_BIAS
                : key.epilogue == Epilogue::sums_of_first ? CUBLASLT_EPILOGUE_BGRADA
                                                          : CUBLASLT_EPILOGUE_BGRADB);
            set(plan.description, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, cuda_type(key.output));
            // The heuristic reads the address for its alignment.
            set(plan.description, CUBLASLT_MATMUL_DESC_BIAS_POINTER, call.vector);
        }
        plan.first = layout(key.product.first, key.input, key.count, key.stride_first);
        plan.second = layout(key.product.second, key.input, key.count, key.stride_second);
        plan.result = layout(key.product.result, key.output, key.count, key.stride_result);
        choose_algorithm(plan, key, call);
        return plan;
    }

    void choose_algorithm(Plan& plan, const ProductKey& key, const Call& call) const {
        cublasLtMatmulPreference_t created = nullptr;
        check(cublasLtMatmulPreferenceCreate(&created), "describing a matrix product");
        const detail::ProductPreference preference(created);
        const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
            check(cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof value),
                  "describing a matrix product");
        };
        prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{context_->workspace_bytes()});
        prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
               static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
        prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.alignment[0]);
        prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.alignment[1]);
        prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.alignment[2]);
        prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.alignment[3]);

        std::array<cublasLtMatmulHeuristicResult_t, most_candidates> results{};
        int count = 0;
        const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
            context_->blas(), plan.description.get(), plan.first.get(), plan.second.get(), plan.result.get(),
            plan.result.get(), preference.get(), most_candidates, results.data(), &count);
        if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return;
        check(status, "choosing the algorithm of a matrix product");
        const auto end = std::remove_if(results.begin(), results.begin() + count, [&](const auto& result) {
            return result.state != CUBLAS_STATUS_SUCCESS ||
                   result.workspaceSize > context_->workspace_bytes();
        });
        const auto usable = end - results.begin();
        if (usable == 0) return;
        std::ptrdiff_t best = 0;
        const auto tried = std::min<std::ptrdiff_t>(usable, candidates_);
        if (tried > 1 && !context_->capturing()) best = fastest(plan, key, call, results.data(), tried);
        plan.algorithm = results[static_cast<std::size_t>(best)].algo;
        plan.workspace = results[static_cast<std::size_t>(best)].workspaceSize;
        plan.usable = true;
    }

    /// The fastest of three runs each, into scratch memory.
    std::ptrdiff_t fastest(const Plan& plan, const ProductKey& key, const Call& call,
                           const cublasLtMatmulHeuristicResult_t* results, std::ptrdiff_t count) const {
        const Index element = key.output == ElementType::float64   ? 8
                              : key.output == ElementType::float32 ? 4
                                                                   : 2;
        const ColumnMatrix& d = key.product.result;
        const auto bytes = static_cast<std::size_t>(
            element * ((key.count - 1) * key.stride_result + d.leading * (d.columns - 1) + d.rows));
        const detail::Event begin = detail::make_event(cudaEventDefault),
                            end = detail::make_event(cudaEventDefault);
        void* const scratch = context_->allocate(bytes);
        std::ptrdiff_t best = 0;
        float least = std::numeric_limits<float>::infinity();
        for (std::ptrdiff_t i = 0; i < count; ++i) {
            for (int round = 0; round < 4; ++round) {
                static_cast<void>(cudaEventRecord(begin.get(), context_->stream()));
                if (multiply(plan, results[i].algo, call, scratch) != CUBLAS_STATUS_SUCCESS) break;
                static_cast<void>(cudaEventRecord(end.get(), context_->stream()));
                float milliseconds = 0;
                if (cudaEventSynchronize(end.get()) != cudaSuccess ||
                    cudaEventElapsedTime(&milliseconds, begin.get(), end.get()) != cudaSuccess)
                    break;
                if (round > 0 && milliseconds < least) {  // the first one loads the kernel
                    least = milliseconds;
                    best = i;
                }
            }
        }
        context_->release(scratch, bytes);
        return best;
    }

    /// C = beta addend where there is nothing to sum.
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
        if (extras.sums_of_b != nullptr)
            context_->fill_bytes(extras.sums_of_b, 0, static_cast<std::size_t>(p.n) * sizeof(Out));
        return true;
    }

    static cublasOperation_t operation(bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; }
    template <class V>
    static void set(const detail::ProductDescription& description, cublasLtMatmulDescAttributes_t attribute,
                    const V& value) {
        check(cublasLtMatmulDescSetAttribute(description.get(), attribute, &value, sizeof value),
              "describing a matrix product");
    }
    static detail::MatrixLayout layout(const ColumnMatrix& matrix, ElementType type, Index count,
                                       Index stride) {
        cublasLtMatrixLayout_t created = nullptr;
        check(cublasLtMatrixLayoutCreate(&created, cuda_type(type), static_cast<std::uint64_t>(matrix.rows),
                                         static_cast<std::uint64_t>(matrix.columns), matrix.leading),
              "describing a matrix");
        detail::MatrixLayout result(created);
        const auto batches = static_cast<std::int32_t>(count);
        const std::int64_t offset = stride;
        check(cublasLtMatrixLayoutSetAttribute(created, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batches,
                                               sizeof batches),
              "describing a matrix");
        check(cublasLtMatrixLayoutSetAttribute(created, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &offset,
                                               sizeof offset),
              "describing a matrix");
        return result;
    }

    std::shared_ptr<Context> context_;
    int candidates_;
    std::unordered_map<ProductKey, Plan, ProductKeyHash> plans_;
};

}  // namespace vitscape::cuda
