// SPDX-License-Identifier: Apache-2.0
//
// Types with nothing but what a concept names. What goes through the library's code with these needs nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/autograd/ops/losses.hpp>
#include <vitscape/autograd/ops/model_output.hpp>
#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/distributed/communicator.hpp>
#include <vitscape/methods/masking.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/optim/optimizer.hpp>

namespace vitscape::test {

/// A `Backend`: forwards to the processor's, member by member.
class ArchetypeBackend {
    using Number = double;
    CpuPrimitives<Number> cpu_{1};

  public:
    using Scalar = Number;
    using Storage = Number;
    using Pointer = Number*;

    Pointer allocate(Index n) { return cpu_.allocate(n); }
    void release(Pointer p, Index n) { cpu_.release(p, n); }
    std::int32_t* allocate_indices(Index n) { return cpu_.allocate_indices(n); }
    void release_indices(std::int32_t* p, Index n) { cpu_.release_indices(p, n); }
    void copy(Index n, const Number* from, Number* to) { cpu_.copy(n, from, to); }
    void fill(Index n, double number, Number* to) { cpu_.fill(n, number, to); }
    template <class U>
    void upload(Index n, const U* host, Number* to) {
        cpu_.upload(n, host, to);
    }
    template <class U>
    void download(Index n, const Number* from, U* host) const {
        cpu_.download(n, from, host);
    }
    void upload_indices(Index n, const std::int32_t* host, std::int32_t* to) {
        cpu_.upload_indices(n, host, to);
    }
    template <class F, class Out, class... In>
    void map(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        cpu_.map(rows, columns, f, out, in...);
    }
    template <class F, class... In>
    void reduce_rows(Index rows, Index columns, const F& f, Pointer out, const In&... in) {
        cpu_.reduce_rows(rows, columns, f, out, in...);
    }
    template <class F, class... In>
    void reduce_columns(Index rows, Index columns, const F& f, double beta, Pointer out, const In&... in) {
        cpu_.reduce_columns(rows, columns, f, beta, out, in...);
    }
    template <class F, class Out, class... In>
    void reduce_rows_into(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        cpu_.reduce_rows_into(rows, columns, f, out, in...);
    }
    template <class F, class Out, class... In>
    void reduce_columns_into(Index rows, Index columns, const F& f, double beta, const Out& out,
                             const In&... in) {
        cpu_.reduce_columns_into(rows, columns, f, beta, out, in...);
    }
    template <class In>
    void row_maximum(Index rows, Index columns, const In& in, Pointer out) {
        cpu_.row_maximum(rows, columns, in, out);
    }
    double dot(Index n, const Number* x, const Number* y) const { return cpu_.dot(n, x, y); }
    void multiply(const MatrixProduct& p, const Number* a, const Number* b, Number* c) {
        cpu_.multiply(p, a, b, c);
    }
    void multiply_batch(const MatrixProduct& p, const ProductBatch& batch, const Number* a, const Number* b,
                        Number* c) {
        cpu_.multiply_batch(p, batch, a, b, c);
    }
    void fill_uniform(const RandomKey& key, Index n, Number* to) { cpu_.fill_uniform(key, n, to); }
    void fill_normal(const RandomKey& key, Index n, Number* to) { cpu_.fill_normal(key, n, to); }
    void synchronize() { cpu_.synchronize(); }
    const MemoryPool& memory() const { return cpu_.memory(); }
    void forget_peak_memory() const { cpu_.forget_peak_memory(); }
};
static_assert(Backend<ArchetypeBackend> && Backend<Dual<ArchetypeBackend>>);
static_assert(!FusedLinear<ArchetypeBackend> && !FusedAdamW<ArchetypeBackend> &&
              !FusedLosses<ArchetypeBackend>);

/// A `Method`: an image's patches are predicted from themselves by one linear layer.
class ArchetypeMethod {
    ParameterLayout layout_;
    LinearParameters linear_;

  public:
    template <Backend B>
    struct Inputs {
        Tensor<B> images;  // (samples, 3 * 4 * 4)
    };

    ArchetypeMethod() {
        linear_.weight = layout_.add("weight", {48, 48}, ParameterKind::weight, Initializer::normal(0.1));
        linear_.bias = layout_.add("bias", {48}, ParameterKind::bias, Initializer::zeros());
    }
    const ParameterLayout& layout() const { return layout_; }
    PatchGrid grid() const { return {4, 4, 3}; }
    std::vector<FixedTensor> fixed_tensors() const { return {}; }
    template <Backend B>
    void prepare(B backend, const Batch& batch, const MaskKey&, Inputs<B>& inputs) const {
        inputs.images = upload(backend, {static_cast<Index>(batch.size()), 48}, batch.images);
    }
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        return squared_error(
            recorder, model_output(recorder, linear(recorder, recorder.constant(inputs.images), linear_)),
            inputs.images);
    }
};

/// An `Optimizer`: plain gradient descent, which keeps nothing but the number of its steps.
struct ArchetypeOptimizer {
    template <Backend B>
    struct State {
        Index steps = 0;
        std::array<std::pair<std::string_view, Vector<B>*>, 0> vectors() { return {}; }
    };
    template <Backend B>
    State<B> start(const B&, Index) const {
        return {};
    }
    template <Backend B>
    void step(State<B>& state, std::span<const ParameterGroup>, double learning_rate, double gradient_scale,
              const Vector<B>& gradient, Vector<B>& theta) const {
        ++state.steps;
        axpby(-learning_rate * gradient_scale, gradient, 1, theta);
    }
};

struct ArchetypeSchedule {
    double at(double, double) const { return 0.05; }
};

/// A `Dataset` of 12 pictures of 4 x 4.
struct ArchetypeDataset {
    std::vector<std::string> none{};
    std::size_t size() const { return 12; }
    Image load(std::size_t i) const {
        Image image(4, 4);
        for (Index y = 0; y < 4; ++y)
            for (Index x = 0; x < 4; ++x)
                image.pixel(x, y)[0] =
                    static_cast<std::uint8_t>((static_cast<Index>(i) * 19 + x * y * 23) % 256);
        return image;
    }
    int label(std::size_t) const { return -1; }
    const std::vector<std::string>& classes() const { return none; }
    std::string name(std::size_t i) const { return std::to_string(i); }
};
static_assert(Dataset<ArchetypeDataset>);

/// A `CommunicatorFor` the archetype's memory: one process that says so only when it is asked, so that the code of several runs.
struct ArchetypeCommunicator {
    int rank() const { return 0; }
    int size() const { return 1; }
    void sum(double*, std::size_t) {}
    void barrier() {}
    void abandon() {}
    void start_sum(ArchetypeBackend&, Index, double*) {}
    void finish(ArchetypeBackend&) {}
    void broadcast(ArchetypeBackend&, Index, double*, int) {}
};
static_assert(CommunicatorFor<ArchetypeCommunicator, ArchetypeBackend> &&
              !single_process<ArchetypeCommunicator>);

}  // namespace vitscape::test
