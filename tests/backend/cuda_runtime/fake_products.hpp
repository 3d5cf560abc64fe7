// SPDX-License-Identifier: Apache-2.0
//
// What cuBLASLt's handles stand for on the fake device, and its product, element by element.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>

#include <vitscape/core/bfloat16.hpp>

#include "fake_device.hpp"

#include <cublasLt.h>

namespace fake {

struct Description {
    std::map<int, std::uint64_t> attributes;
    cublasComputeType_t compute;
    cudaDataType_t scale;
    [[nodiscard]] std::uint64_t get(int name, std::uint64_t otherwise) const {
        const auto found = attributes.find(name);
        return found == attributes.end() ? otherwise : found->second;
    }
};
struct Layout {
    cudaDataType_t type;
    std::int64_t rows, columns, leading, count = 1, stride = 0;
};
struct Preference {
    std::map<int, std::uint64_t> attributes;
};

/// Algorithms that the heuristic gives, beside one that is none.
inline constexpr int offered = 3;

/// Whether cuBLASLt's documentation lists these types for column-major matrices: of the sums, of A and B, of C, and of an epilogue's
/// vector.
inline bool documented(const Description& d, const Layout& a, const Layout& b, const Layout& c) {
    const bool wide = a.type == CUDA_R_64F;
    if (a.type != b.type || d.compute != (wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F) ||
        d.scale != (wide ? CUDA_R_64F : CUDA_R_32F))
        return false;
    if (c.type != a.type && !(a.type == CUDA_R_16BF && c.type == CUDA_R_32F)) return false;
    if (d.attributes.count(CUBLASLT_MATMUL_DESC_EPILOGUE) == 0) return true;
    return d.get(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, static_cast<std::uint64_t>(c.type)) ==
           static_cast<std::uint64_t>(c.type);
}

inline double load(cudaDataType_t type, const void* data, std::int64_t i) {
    if (type == CUDA_R_64F) return static_cast<const double*>(data)[i];
    if (type == CUDA_R_32F) return static_cast<double>(static_cast<const float*>(data)[i]);
    return static_cast<double>(static_cast<float>(static_cast<const vitscape::bfloat16*>(data)[i]));
}
inline void store(cudaDataType_t type, void* data, std::int64_t i, double x) {
    if (type == CUDA_R_64F)
        static_cast<double*>(data)[i] = x;
    else if (type == CUDA_R_32F)
        static_cast<float*>(data)[i] = static_cast<float>(x);
    else
        static_cast<vitscape::bfloat16*>(data)[i] = vitscape::bfloat16(x);
}
inline std::size_t element_bytes(cudaDataType_t type) {
    return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : 2;
}
inline std::size_t extent(const Layout& l) {
    return element_bytes(l.type) *
           static_cast<std::size_t>((l.count - 1) * l.stride + (l.columns - 1) * l.leading + l.rows);
}

/// D = alpha op(A) op(B) + beta C as cuBLASLt's descriptors say, column-major.
struct Product {
    Description description;
    Layout a, b, c;
    const void *first, *second, *addend;
    void *result, *vector;
    double alpha, beta;

    [[nodiscard]] bool transposed(int name) const {
        return description.get(name, CUBLAS_OP_N) == static_cast<std::uint64_t>(CUBLAS_OP_T);
    }
    void check() const {
        const bool ta = transposed(CUBLASLT_MATMUL_DESC_TRANSA), tb = transposed(CUBLASLT_MATMUL_DESC_TRANSB);
        if ((ta ? a.columns : a.rows) != c.rows || (tb ? b.rows : b.columns) != c.columns ||
            (ta ? a.rows : a.columns) != (tb ? b.columns : b.rows))
            device.fault("a product's matrices do not fit");
        for (const Layout* l : {&a, &b, &c})
            if (l->leading < l->rows || l->count != c.count) device.fault("a matrix's layout is impossible");
        if (!on_device(first, extent(a)) || !on_device(second, extent(b)) || !on_device(result, extent(c)) ||
            (beta != 0 && !on_device(addend, extent(c))))
            device.fault("a product reaches beyond its operands' memory");
        if (!documented(description, a, b, c)) device.fault("a product of types that do not go together");
    }
    void run() const {
        check();
        const bool ta = transposed(CUBLASLT_MATMUL_DESC_TRANSA), tb = transposed(CUBLASLT_MATMUL_DESC_TRANSB);
        const auto epilogue = description.get(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_DEFAULT);
        const std::int64_t inner = ta ? a.rows : a.columns;
        const auto at_a = [&](std::int64_t i, std::int64_t r, std::int64_t k) {
            return load(a.type, first, i * a.stride + (ta ? r * a.leading + k : k * a.leading + r));
        };
        const auto at_b = [&](std::int64_t i, std::int64_t k, std::int64_t n) {
            return load(b.type, second, i * b.stride + (tb ? k * b.leading + n : n * b.leading + k));
        };
        for (std::int64_t i = 0; i < c.count; ++i)
            for (std::int64_t n = 0; n < c.columns; ++n)
                for (std::int64_t r = 0; r < c.rows; ++r) {
                    double sum = 0;
                    for (std::int64_t k = 0; k < inner; ++k) sum += at_a(i, r, k) * at_b(i, k, n);
                    const std::int64_t at = i * c.stride + n * c.leading + r;
                    double x = alpha * sum;
                    if (beta != 0) x += beta * load(c.type, addend, at);
                    if (epilogue == CUBLASLT_EPILOGUE_BIAS) x += load(c.type, vector, r);
                    store(c.type, result, at, x);
                }
        if (epilogue == CUBLASLT_EPILOGUE_BGRADB)
            for (std::int64_t n = 0; n < c.columns; ++n) {
                double sum = 0;
                for (std::int64_t k = 0; k < inner; ++k) sum += at_b(0, k, n);
                store(c.type, vector, n, sum);
            }
    }
};

inline void put(std::map<int, std::uint64_t>& attributes, int name, const void* value, std::size_t bytes) {
    std::uint64_t number = 0;
    std::memcpy(&number, value, std::min<std::size_t>(bytes, 8));
    attributes[name] = number;
}

}  // namespace fake
