// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(VITSCAPE_HAS_ONEDNN)  // empty without it

#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <tuple>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/eigen/bfloat16/rows.hpp>
#include <vitscape/backend/eigen/thread_scratch.hpp>
#include <vitscape/core/bfloat16.hpp>
#include <vitscape/core/error.hpp>

#include <dnnl.h>

namespace vitscape::detail {

template <auto destroy>
struct OneDnnDelete {
    template <class Object>
    void operator()(Object* object) const {
        destroy(object);
    }
};
template <class Object, auto destroy>
using OneDnnHandle = std::unique_ptr<Object, OneDnnDelete<destroy>>;
using OneDnnEngine = OneDnnHandle<dnnl_engine, dnnl_engine_destroy>;
using OneDnnStream = OneDnnHandle<dnnl_stream, dnnl_stream_destroy>;
using OneDnnMemory = OneDnnHandle<dnnl_memory, dnnl_memory_destroy>;

inline void require_onednn(dnnl_status_t status, const char* call) {
    if (status != dnnl_success) throw Error(message("oneDNN's ", call, " failed with status ", status));
}

/// What distinguishes primitives: `problems` products of one form, whose matrices lie one behind the other without gaps.
struct OneDnnShape {
    bool transpose_a, transpose_b;
    Index problems, m, n, k;
    float beta;
    [[nodiscard]] auto key() const { return std::tuple(transpose_a, transpose_b, problems, m, n, k, beta); }
    friend bool operator<(const OneDnnShape& a, const OneDnnShape& b) { return a.key() < b.key(); }
};

/// Products as a primitive of oneDNN with its memory objects: matrices of bfloat16, sums and C in float. Belongs to the thread that
/// made it.
class OneDnnProduct {
  public:
    /// @throws Error if oneDNN has no such product
    OneDnnProduct(dnnl_engine_t engine, const OneDnnShape& p) {
        const Description a = describe(p.problems, p.m, p.k, p.transpose_a, dnnl_bf16);
        const Description b = describe(p.problems, p.k, p.n, p.transpose_b, dnnl_bf16);
        const Description c = describe(p.problems, p.m, p.n, false, dnnl_f32);
        dnnl_primitive_attr_t raw_attributes = nullptr;
        require_onednn(dnnl_primitive_attr_create(&raw_attributes), "dnnl_primitive_attr_create");
        const OneDnnHandle<dnnl_primitive_attr, dnnl_primitive_attr_destroy> attributes(raw_attributes);
        if (p.beta != 0) add_to_result(raw_attributes, p.beta);
        dnnl_primitive_desc_t raw = nullptr;
#if DNNL_VERSION_MAJOR >= 3
        require_onednn(dnnl_matmul_primitive_desc_create(&raw, engine, a.get(), b.get(), nullptr, c.get(),
                                                         raw_attributes),
                       "dnnl_matmul_primitive_desc_create");
#else
        dnnl_matmul_desc_t matmul;
        require_onednn(dnnl_matmul_desc_init(&matmul, a.get(), b.get(), nullptr, c.get()),
                       "dnnl_matmul_desc_init");
        require_onednn(dnnl_primitive_desc_create(&raw, &matmul, raw_attributes, engine, nullptr),
                       "dnnl_primitive_desc_create");
#endif
        const OneDnnHandle<dnnl_primitive_desc, dnnl_primitive_desc_destroy> description(raw);
        dnnl_primitive_t primitive = nullptr;
        require_onednn(dnnl_primitive_create(&primitive, raw), "dnnl_primitive_create");
        primitive_.reset(primitive);
        a_ = memory(a, engine);
        b_ = memory(b, engine);
        c_ = memory(c, engine);
    }

    void run(dnnl_stream_t stream, const bfloat16* a, const bfloat16* b, float* c) const {
        // oneDNN does not write to its arguments of these two kinds.
        dnnl_memory_set_data_handle(a_.get(), const_cast<bfloat16*>(a));
        dnnl_memory_set_data_handle(b_.get(), const_cast<bfloat16*>(b));
        dnnl_memory_set_data_handle(c_.get(), c);
        const std::array<dnnl_exec_arg_t, 3> arguments{
            {{DNNL_ARG_SRC, a_.get()}, {DNNL_ARG_WEIGHTS, b_.get()}, {DNNL_ARG_DST, c_.get()}}};
        require_onednn(dnnl_primitive_execute(primitive_.get(), stream, 3, arguments.data()),
                       "dnnl_primitive_execute");
    }

  private:
#if DNNL_VERSION_MAJOR >= 3
    using Description = OneDnnHandle<dnnl_memory_desc, dnnl_memory_desc_destroy>;
#else
    using Description = std::unique_ptr<dnnl_memory_desc_t>;
#endif
    /// `problems` matrices of rows x columns, which are stored transposed or not.
    static Description describe(Index problems, Index rows, Index columns, bool transposed,
                                dnnl_data_type_t type) {
        const dnnl_dims_t extents{problems, rows, columns};
        const dnnl_dims_t strides{rows * columns, transposed ? 1 : columns, transposed ? rows : 1};
#if DNNL_VERSION_MAJOR >= 3
        dnnl_memory_desc_t raw = nullptr;
        require_onednn(dnnl_memory_desc_create_with_strides(&raw, 3, extents, type, strides),
                       "dnnl_memory_desc_create_with_strides");
        return Description(raw);
#else
        auto description = std::make_unique<dnnl_memory_desc_t>();
        require_onednn(dnnl_memory_desc_init_by_strides(description.get(), 3, extents, type, strides),
                       "dnnl_memory_desc_init_by_strides");
        return description;
#endif
    }
    static OneDnnMemory memory(const Description& description, dnnl_engine_t engine) {
        dnnl_memory_t raw = nullptr;
        require_onednn(dnnl_memory_create(&raw, description.get(), engine, DNNL_MEMORY_NONE),
                       "dnnl_memory_create");
        return OneDnnMemory(raw);
    }

    static void add_to_result(dnnl_primitive_attr_t attributes, float beta) {
        dnnl_post_ops_t raw = nullptr;
        require_onednn(dnnl_post_ops_create(&raw), "dnnl_post_ops_create");
        const OneDnnHandle<dnnl_post_ops, dnnl_post_ops_destroy> operations(raw);
#if DNNL_VERSION_MAJOR >= 3
        require_onednn(dnnl_post_ops_append_sum(raw, beta, 0, dnnl_data_type_undef),
                       "dnnl_post_ops_append_sum");
#else
        require_onednn(dnnl_post_ops_append_sum(raw, beta), "dnnl_post_ops_append_sum");
#endif
        require_onednn(dnnl_primitive_attr_set_post_ops(attributes, raw), "dnnl_primitive_attr_set_post_ops");
    }

    OneDnnHandle<dnnl_primitive, dnnl_primitive_destroy> primitive_;
    OneDnnMemory a_, b_, c_;
};

/// Matrices one behind the other without gaps: those of a batch, copied to this thread's memory for a `Use` if they do not lie so.
template <class Use>
const bfloat16* without_gaps(Index outer, Index outer_step, Index inner, Index inner_step, Index rows,
                             Index columns, Index stride, const bfloat16* from) {
    const Index size = rows * columns;
    if ((rows == 1 || stride == columns) && (inner == 1 || inner_step == size) &&
        (outer == 1 || outer_step == inner * size))
        return from;
    bfloat16* const copy = thread_scratch<Use, bfloat16>(outer * inner * size);
    bfloat16* to = copy;
    for (Index i = 0; i < outer; ++i)
        for (Index j = 0; j < inner; ++j)
            for (Index r = 0; r < rows; ++r, to += columns)
                std::memcpy(to, from + i * outer_step + j * inner_step + r * stride,
                            static_cast<std::size_t>(columns) * sizeof(bfloat16));
    return copy;
}

/// The primitives that a thread has used, by shape: making one takes some hundred microseconds. They get matrices without gaps, since for
/// others oneDNN 2.6 has no kernel with AMX and needs three to ten times as long.
class OneDnnProducts {
  public:
    OneDnnProducts() {
        dnnl_engine_t engine = nullptr;
        require_onednn(dnnl_engine_create(&engine, dnnl_cpu, 0), "dnnl_engine_create");
        engine_.reset(engine);
        dnnl_stream_t stream = nullptr;
        require_onednn(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "dnnl_stream_create");
        stream_.reset(stream);
    }
    [[nodiscard]] static OneDnnProducts& of_this_thread() {
        thread_local OneDnnProducts products;
        return products;
    }

    /// A batch of products with alpha 1, each C without gaps between its rows.
    void run(const MatrixProduct& p, const ProductBatch& batch, const bfloat16* a, const bfloat16* b,
             float* c) {
        struct OfA;
        struct OfB;
        const OneDnnShape shape{p.transpose_a, p.transpose_b, batch.outer * batch.inner, p.m,
                                p.n,           p.k,           static_cast<float>(p.beta)};
        auto found = primitives_.find(shape);
        if (found == primitives_.end()) {
            if (primitives_.size() >= most) primitives_.clear();
            found = primitives_.try_emplace(shape, engine_.get(), shape).first;
        }
        const bfloat16* const dense_a =
            without_gaps<OfA>(batch.outer, batch.outer_a, batch.inner, batch.inner_a,
                              p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, p.stride_a, a);
        const bfloat16* const dense_b =
            without_gaps<OfB>(batch.outer, batch.outer_b, batch.inner, batch.inner_b,
                              p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, p.stride_b, b);
        found->second.run(stream_.get(), dense_a, dense_b, c);
    }

  private:
    static constexpr std::size_t most = 1024;  // shapes; a program has some dozens

    OneDnnEngine engine_;
    OneDnnStream stream_;
    std::map<OneDnnShape, OneDnnProduct> primitives_;
};

}  // namespace vitscape::detail

#endif
