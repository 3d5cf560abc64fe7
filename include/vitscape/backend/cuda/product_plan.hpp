// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <vitscape/backend/cuda/context.hpp>
#include <vitscape/backend/cuda/handles.hpp>
#include <vitscape/backend/cuda/product_choices.hpp>
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

/// The cuBLASLt description of a product and the algorithms that can compute it, the one in use first.
class ProductPlan {
  public:
    /// Algorithms that cuBLASLt is asked for.
    static constexpr int most_candidates = 8;

    /// @param call     has addresses of the alignment given in `key`
    /// @param earlier  the algorithm of an earlier run, to be used again if it still can be; null: the first of cuBLASLt's
    ///                 heuristic or, with `ContextOptions::tune_products` and outside of a captured step, the fastest of them
    ProductPlan(Context& context, const ProductKey& key, const ProductCall& call,
                const ProductAlgorithm* earlier = nullptr) {
        const bool wide = key.input == ElementType::float64;
        cublasLtMatmulDesc_t description = nullptr;
        check(cublasLtMatmulDescCreate(&description, wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                                       wide ? CUDA_R_64F : CUDA_R_32F),
              "describing a matrix product");
        description_ = detail::ProductDescription(description);
        set(CUBLASLT_MATMUL_DESC_TRANSA, operation(key.product.transpose_first));
        set(CUBLASLT_MATMUL_DESC_TRANSB, operation(key.product.transpose_second));
        if (key.epilogue != Epilogue::none) {
            set(CUBLASLT_MATMUL_DESC_EPILOGUE,
                key.epilogue == Epilogue::bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_BGRADB);
            set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, cuda_type(key.output));
            // The heuristic reads the address for its alignment.
            set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, call.vector);
        }
        first_ = layout(key.product.first, key.input, key.count, key.stride_first);
        second_ = layout(key.product.second, key.input, key.count, key.stride_second);
        result_ = layout(key.product.result, key.output, key.count, key.stride_result);
        find_algorithms(context, key);
        if (earlier != nullptr)
            prefer(context, *earlier);
        else if (context.tunes_products() && !context.capturing() && algorithms_.size() > 1)
            put_fastest_first(context, key, call);
    }

    /// Whether there is an algorithm.
    [[nodiscard]] bool usable() const { return !algorithms_.empty(); }
    /// The one in use.
    [[nodiscard]] const ProductAlgorithm& algorithm() const { return algorithms_.front(); }

    /// Enqueues the product on the context's compute stream. An algorithm that cuBLASLt refuses after all is not used any more, and
    /// the next one is tried; returns false, without any work, if none is left.
    /// @throws DeviceError for errors of another kind
    [[nodiscard]] bool run(const Context& context, const ProductCall& call) {
        if (call.vector != nullptr) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, call.vector);
        while (!algorithms_.empty()) {
            const cublasStatus_t status = multiply(context, algorithms_.front(), call, call.result);
            if (status == CUBLAS_STATUS_SUCCESS) return true;
            if (!refused(status)) check(status, "a matrix product");
            algorithms_.erase(algorithms_.begin());
        }
        return false;
    }

  private:
    static bool refused(cublasStatus_t status) {
        return status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE ||
               status == CUBLAS_STATUS_ARCH_MISMATCH;
    }
    cublasStatus_t multiply(const Context& context, const ProductAlgorithm& chosen, const ProductCall& call,
                            void* result) const {
        const auto algorithm = std::bit_cast<cublasLtMatmulAlgo_t>(chosen);
        return cublasLtMatmul(context.blas(), description_.get(), call.alpha, call.first, first_.get(),
                              call.second, second_.get(), call.beta, call.addend, result_.get(), result,
                              result_.get(), &algorithm, context.workspace(), context.workspace_bytes(),
                              context.stream());
    }

    void find_algorithms(const Context& context, const ProductKey& key) {
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
        if (refused(status)) return;
        check(status, "choosing the algorithm of a matrix product");
        for (int i = 0; i < count; ++i)
            if (fits(context, results[static_cast<std::size_t>(i)]))
                algorithms_.push_back(
                    std::bit_cast<ProductAlgorithm>(results[static_cast<std::size_t>(i)].algo));
    }
    static bool fits(const Context& context, const cublasLtMatmulHeuristicResult_t& result) {
        return result.state == CUBLAS_STATUS_SUCCESS && result.workspaceSize <= context.workspace_bytes();
    }
    void prefer(const Context& context, const ProductAlgorithm& earlier) {
        const auto algorithm = std::bit_cast<cublasLtMatmulAlgo_t>(earlier);
        cublasLtMatmulHeuristicResult_t result{};
        if (cublasLtMatmulAlgoCheck(context.blas(), description_.get(), first_.get(), second_.get(),
                                    result_.get(), result_.get(), &algorithm,
                                    &result) == CUBLAS_STATUS_SUCCESS &&
            fits(context, result))
            algorithms_.insert(algorithms_.begin(), earlier);
    }

    /// By the least time of three runs each, into scratch memory.
    void put_fastest_first(Context& context, const ProductKey& key, const ProductCall& call) {
        const Index element = key.output == ElementType::float64   ? 8
                              : key.output == ElementType::float32 ? 4
                                                                   : 2;
        const ColumnMatrix& d = key.product.result;
        const auto bytes = static_cast<std::size_t>(
            element * ((key.count - 1) * key.stride_result + d.leading * (d.columns - 1) + d.rows));
        const detail::Event begin = detail::make_event(cudaEventDefault),
                            end = detail::make_event(cudaEventDefault);
        void* const scratch = context.allocate(bytes);
        std::size_t best = 0;
        float least = std::numeric_limits<float>::infinity();
        for (std::size_t i = 0; i < algorithms_.size(); ++i) {
            for (int round = 0; round < 4; ++round) {
                static_cast<void>(cudaEventRecord(begin.get(), context.stream()));
                if (multiply(context, algorithms_[i], call, scratch) != CUBLAS_STATUS_SUCCESS) break;
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
        std::swap(algorithms_.front(), algorithms_[best]);
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
    std::vector<ProductAlgorithm> algorithms_;
};

}  // namespace vitscape::gpu
