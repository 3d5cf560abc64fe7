// SPDX-License-Identifier: Apache-2.0
//
// cuBLASLt of the fake device.
#if __has_include(<cuda_runtime_api.h>) && __has_include(<cublasLt.h>) && !defined(__CUDACC__)

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fake_products.hpp"

namespace fake_cublaslt_test {

// NOLINTBEGIN: the names and signatures are CUDA's.
extern "C" {

const char* cublasLtGetStatusString(cublasStatus_t) { return "words"; }
cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
    *handle = reinterpret_cast<cublasLtHandle_t>(new int);
    return ++fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
    delete reinterpret_cast<int*>(handle);
    return --fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* description, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
    *description = reinterpret_cast<cublasLtMatmulDesc_t>(new fake::Description{{}, compute, scale});
    return ++fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description) {
    delete reinterpret_cast<fake::Description*>(description);
    return --fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t description,
                                              cublasLtMatmulDescAttributes_t name, const void* value,
                                              size_t bytes) {
    fake::put(reinterpret_cast<fake::Description*>(description)->attributes, name, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
    *layout = reinterpret_cast<cublasLtMatrixLayout_t>(
        new fake::Layout{type, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), leading});
    return ++fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
    delete reinterpret_cast<fake::Layout*>(layout);
    return --fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t name, const void* value,
                                                size_t) {
    auto& made = *reinterpret_cast<fake::Layout*>(layout);
    if (name == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) made.count = *static_cast<const std::int32_t*>(value);
    if (name == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET)
        made.stride = *static_cast<const std::int64_t*>(value);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
    *preference = reinterpret_cast<cublasLtMatmulPreference_t>(new fake::Preference);
    return ++fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
    delete reinterpret_cast<fake::Preference*>(preference);
    return --fake::device.handles, CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t name,
                                                    const void* value, size_t bytes) {
    fake::put(reinterpret_cast<fake::Preference*>(preference)->attributes, name, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t description,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t results[], int* count) {
    ++fake::device.heuristics;
    const auto& made = *reinterpret_cast<fake::Description*>(description);
    const auto& wishes = reinterpret_cast<fake::Preference*>(preference)->attributes;
    *count = 0;
    if (!fake::device.epilogues && made.attributes.count(CUBLASLT_MATMUL_DESC_EPILOGUE) != 0)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (!fake::documented(made, *reinterpret_cast<fake::Layout*>(a), *reinterpret_cast<fake::Layout*>(b),
                          *reinterpret_cast<fake::Layout*>(c)))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    *count = std::min(wanted, fake::offered + 1);
    for (int i = 0; i < *count; ++i) {
        results[i] = {};
        results[i].state =
            i == 0 ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;  // the first one is to be left out
        results[i].algo.data[0] = i == 0 ? 0 : 77;
        results[i].algo.data[1] = wishes.at(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
        results[i].algo.data[2] = wishes.at(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
        results[i].algo.data[3] = wishes.at(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
        results[i].algo.data[4] = wishes.at(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
        const std::uint64_t vector = made.get(CUBLASLT_MATMUL_DESC_BIAS_POINTER, 0) | 256;
        results[i].algo.data[5] = vector & (~vector + 1);
        results[i].algo.data[6] = static_cast<std::uint64_t>(i);
    }
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t,
                                       cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                       const cublasLtMatmulAlgo_t*, cublasLtMatmulHeuristicResult_t* result) {
    *result = {};
    result->state = CUBLAS_STATUS_SUCCESS;
    return static_cast<cublasStatus_t>(fake::device.checked);
}
cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t description, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t layout_a, const void* b,
                              cublasLtMatrixLayout_t layout_b, const void* beta, const void* c,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t layout_d,
                              const cublasLtMatmulAlgo_t* algorithm, void*, size_t, cudaStream_t stream) {
    fake::Product p{*reinterpret_cast<fake::Description*>(description),
                    *reinterpret_cast<fake::Layout*>(layout_a),
                    *reinterpret_cast<fake::Layout*>(layout_b),
                    *reinterpret_cast<fake::Layout*>(layout_d),
                    a,
                    b,
                    c,
                    d,
                    nullptr,
                    0,
                    0};
    p.vector = reinterpret_cast<void*>(p.description.get(CUBLASLT_MATMUL_DESC_BIAS_POINTER, 0));
    p.alpha = fake::load(p.description.scale, alpha, 0);
    p.beta = fake::load(p.description.scale, beta, 0);
    if (algorithm->data[0] != 77) fake::device.fault("an algorithm that was not offered");
    fake::device.latest = algorithm->data[6];
    if (fake::device.matmul_status != 0) return static_cast<cublasStatus_t>(fake::device.matmul_status);
    if (fake::device.latest <= fake::device.refused) {
        ++fake::device.refusals;
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    const void* const operands[] = {a, b, c, d, p.vector};
    for (int i = 0; i < 5; ++i)
        if (reinterpret_cast<std::uintptr_t>(operands[i]) % algorithm->data[i + 1] != 0)
            fake::device.fault("an operand is less aligned than its algorithm needs");
    fake::queue(fake::stream_of(stream), [p] { p.run(); });
    return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
// NOLINTEND

#endif

}  // namespace fake_cublaslt_test
