// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <vitscape/backend/cuda/context.hpp>
#include <vitscape/backend/cuda/handles.hpp>
#include <vitscape/backend/cuda/product_layout.hpp>

#include <cublasLt.h>

namespace vitscape::gpu {

/// The operands of a product in column-major order; `vector` is the epilogue's, `alpha` and `beta` point to
/// doubles for products of doubles and to floats for others.
struct ProductCall {
    const void *first, *second, *addend;
    void *result, *vector;
    const void *alpha, *beta;
};

/// The cuBLASLt description of a product and the algorithm chosen for it.
class ProductPlan {
  public:
    static constexpr int most_candidates = 8;

    /// `call` has addresses of the alignment given in `key`. `candidates` above 1: the fastest of that many
    /// is used, unless a step is being captured.
    ProductPlan(Context& context, const ProductKey& key, const ProductCall& call, int candidates) {
        const bool wide = key.input == ElementType::float64;
        cublasLtMatmulDesc_t description = nullptr;
        check(cublasLtMatmulDescCreate(&description, wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                                       wide ? CUDA_R_64F : CUDA_R_32F),
              "describing a matrix product");
        description_ = detail::ProductDescription(description);
        set(CUBLASLT_MATMUL_DESC_TRANSA, operation(key.product.transpose_first));
        set(CUBLASLT_MATMUL_DESC_TRANSB, operation(key.product.transpose_second));
        if (key.epilogue != Epilogue::none) {
            set(CUBLASLT_MATMUL_DESC_EPILOGUE, key.epilogue == Epilogue::bias ? CUBLASLT_EPILOGUE_BIAS
                                               : key.epilogue == Epilogue::sums_of_first
                                                   ? CUBLASLT_EPILOGUE_BGRADA
                                                   : CUBLASLT_EPILOGUE_BGRADB);
            set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, cuda_type(key.output));
            // The heuristic reads the address for its alignment.
            set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, call.vector);
        }
        first_ = layout(key.product.first, key.input, key.count, key.stride_first);
        second_ = layout(key.product.second, key.input, key.count, key.stride_second);
        result_ = layout(key.product.result, key.output, key.count, key.stride_result);
        choose_algorithm(context, key, call, candidates);
    }

    /// Whether there is an algorithm.
    [[nodiscard]] bool usable() const { return usable_; }

    /// Enqueues the product on the context's compute stream.
    void run(const Context& context, const ProductCall& call) const {
        if (call.vector != nullptr) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, call.vector);
        check(multiply(context, algorithm_, call, call.result), "a matrix product");
    }

  private:
    cublasStatus_t multiply(const Context& context, const cublasLtMatmulAlgo_t& algorithm,
                            const ProductCall& call, void* result) const {
        return cublasLtMatmul(context.blas(), description_.get(), call.alpha, call.first, first_.get(),
                              call.second, second_.get(), call.beta, call.addend, result_.get(), result,
                              result_.get(), &algorithm, context.workspace(), context.workspace_bytes(),
                              context.stream());
    }

    void choose_algorithm(Context& context, const ProductKey& key, const ProductCall& call, int candidates) {
        cublasLtMatmulPreference_t created = nullptr;
        check(cublasLtMatmulPreferenceCreate(&created), "describing a matrix product");
        const detail::ProductPreference preference(created);
        const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
            check(cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof value),
                  "describing a matrix product");
        };
        prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{context.workspace_bytes()});
        prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
               static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
        prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.alignment[0]);
        prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.alignment[1]);
        prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.alignment[2]);
        prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.alignment[3]);

        std::array<cublasLtMatmulHeuristicResult_t, most_candidates> results{};
        int count = 0;
        const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
            context.blas(), description_.get(), first_.get(), second_.get(), result_.get(), result_.get(),
            preference.get(), most_candidates, results.data(), &count);
        if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return;
        check(status, "choosing the algorithm of a matrix product");
        const auto end = std::remove_if(results.begin(), results.begin() + count, [&](const auto& result) {
            return result.state != CUBLAS_STATUS_SUCCESS || result.workspaceSize > context.workspace_bytes();
        });
        const auto usable = end - results.begin();
        if (usable == 0) return;
        std::ptrdiff_t best = 0;
        const auto tried = std::min<std::ptrdiff_t>(usable, candidates);
        if (tried > 1 && !context.capturing()) best = fastest(context, key, call, results.data(), tried);
        algorithm_ = results[static_cast<std::size_t>(best)].algo;
        usable_ = true;
    }

    /// The fastest of three runs each, into scratch memory.
    std::ptrdiff_t fastest(Context& context, const ProductKey& key, const ProductCall& call,
                           const cublasLtMatmulHeuristicResult_t* results, std::ptrdiff_t count) const {
        const Index element = key.output == ElementType::float64   ? 8
                              : key.output == ElementType::float32 ? 4
                                                                   : 2;
        const ColumnMatrix& d = key.product.result;
        const auto bytes = static_cast<std::size_t>(
            element * ((key.count - 1) * key.stride_result + d.leading * (d.columns - 1) + d.rows));
        const detail::Event begin = detail::make_event(cudaEventDefault),
                            end = detail::make_event(cudaEventDefault);
        void* const scratch = context.allocate(bytes);
        std::ptrdiff_t best = 0;
        float least = std::numeric_limits<float>::infinity();
        for (std::ptrdiff_t i = 0; i < count; ++i) {
            for (int round = 0; round < 4; ++round) {
                static_cast<void>(cudaEventRecord(begin.get(), context.stream()));
                if (multiply(context, results[i].algo, call, scratch) != CUBLAS_STATUS_SUCCESS) break;
                static_cast<void>(cudaEventRecord(end.get(), context.stream()));
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
        context.release(scratch, bytes);
        return best;
    }

    static cudaDataType_t cuda_type(ElementType type) {
        return type == ElementType::float64   ? CUDA_R_64F
               : type == ElementType::float32 ? CUDA_R_32F
                                              : CUDA_R_16BF;
    }

    static cublasOperation_t operation(bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; }
    template <class V>
    void set(cublasLtMatmulDescAttributes_t attribute, const V& value) const {
        check(cublasLtMatmulDescSetAttribute(description_.get(), attribute, &value, sizeof value),
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

    detail::ProductDescription description_;
    detail::MatrixLayout first_, second_, result_;
    cublasLtMatmulAlgo_t algorithm_{};
    bool usable_ = false;
};

}  // namespace vitscape::gpu
