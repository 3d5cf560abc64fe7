// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__CUDACC__)  // empty without a CUDA compiler

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/backend/cuda/adamw.hpp>
#include <vitscape/backend/cuda/attention.hpp>
#include <vitscape/backend/cuda/kernels/cast.hpp>
#include <vitscape/backend/cuda/kernels/cross_entropy.hpp>
#include <vitscape/backend/cuda/kernels/element_loss.hpp>
#include <vitscape/backend/cuda/kernels/map.hpp>
#include <vitscape/backend/cuda/kernels/plane_point.hpp>
#include <vitscape/backend/cuda/layer_norm.hpp>
#include <vitscape/backend/cuda/linear.hpp>
#include <vitscape/backend/thrust/primitives.hpp>

namespace vitscape {

template <class System, class T>
class Thrust;

/// The primitives on a device, and the refinements that overlap with the host's work: deferred downloads and
/// replayed graphs (tensor/host_numbers.hpp, tensor/replay.hpp).
template <class T>
class DevicePrimitives : public ThrustPrimitives<system::cuda, T> {
    using Base = ThrustPrimitives<system::cuda, T>;

  public:
    using Base::Base;
    /// @param device  number of the GPU
    explicit DevicePrimitives(int device = 0) : Base(device) {}
    /// With non-default settings, as in `Cuda<float>({.device = 1, .graphs = false})`.
    explicit DevicePrimitives(const gpu::ContextOptions& options)
        : Base(detail::Execution<system::cuda>(options)) {}
    using Graph = gpu::Graph;
    /// Tokens of a batch that keeps a device busy (`FilledByTokens`): a product then has 256 blocks of 128 rows, about two for each
    /// multiprocessor, and takes longer than its start.
    static constexpr Index tokens_to_fill = 32768;
    /// Of the device, in use or not.
    [[nodiscard]] double memory_bytes() const {
        return static_cast<double>(this->execution().context().properties().memory);
    }

    template <class F, class Out, class... In>
    void map(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        kernels::Map<F, Out, In...> kernel(rows, columns, f, out, in...);
        do detail::run(this->execution(), kernel);
        while (kernel.next());
    }

    /// Pinned memory for asynchronous downloads.
    class HostBuffer {
      public:
        explicit HostBuffer(const DevicePrimitives& backend)
            : context_(backend.execution().shared_context()) {}
        /// Waits for the latest transfer and converts its numbers.
        void wait(std::vector<double>& host) const {
            if (!buffer_) return;
            buffer_->wait();
            host.resize(count_);
            for (std::size_t i = 0; i < count_; ++i)
                host[i] = of_double_ ? buffer_->as<double>()[i] : static_cast<double>(buffer_->as<T>()[i]);
        }

      private:
        friend class DevicePrimitives;
        template <class U>
        void start(Index n, const U* from) {
            count_ = static_cast<std::size_t>(n);
            of_double_ = std::is_same_v<U, double>;
            if (!buffer_ || buffer_->bytes() < count_ * sizeof(U))
                buffer_.emplace(context_, count_ * sizeof(U));
            buffer_->start(from, count_ * sizeof(U));
        }
        std::shared_ptr<gpu::Context> context_;
        std::optional<gpu::HostBuffer> buffer_;
        std::size_t count_ = 0;
        bool of_double_ = false;
    };
    void copy_later(Index n, const T* from, HostBuffer& to) { to.start(n, from); }
    void dot_later(Index n, const T* x, const T* y, HostBuffer& to) {
        const detail::DeviceScratch<double> sum(this->execution(), 1);
        this->execution().sum_into(n, detail::Product<T>{x, y}, sum.data());
        to.start(1, sum.data());
    }

    /// The algorithms of the matrix products that were computed so far, as lines of text: what a later run must use for the same results
    /// to the bit.
    [[nodiscard]] std::vector<std::string> product_choices() const {
        return gpu::product_choice_lines(machine(), this->execution().products().choices());
    }
    /// Uses the choices of an earlier run, if it was on such a device with the same cuBLASLt.
    /// @throws ConfigError if they are not such lines
    void use_product_choices(std::span<const std::string> lines) {
        this->execution().products().use(gpu::product_choices_of(lines, machine()));
    }

    /// @throws any exception of `body`
    template <class Body>
    void run(Graph& graph, std::uint64_t signature, const Body& body) {
        this->execution().context().run(graph, signature, body);
    }

  private:
    [[nodiscard]] std::string machine() const {
        return message(this->execution().context().properties().name, ", cuBLASLt ", cublasLtGetVersion());
    }
};

/// The backend on a CUDA device; double has only the primitives.
template <>
class Thrust<system::cuda, double> : public DevicePrimitives<double> {
  public:
    using DevicePrimitives<double>::DevicePrimitives;
};

/// The backend on a CUDA device for float and bfloat16: tensor-core products, fused kernels. The arguments are
/// documented in concept.hpp; sums are float.
template <class T>
requires(std::is_same_v<T, float> || std::is_same_v<T, bfloat16>) class Thrust<system::cuda, T>
    : public DevicePrimitives<T> {
  public:
    /// @param device  number of the GPU
    explicit Thrust(int device = 0) : Thrust(gpu::ContextOptions{.device = device}) {}
    /// With non-default settings, as in `Cuda<float>({.device = 1, .graphs = false})`.
    explicit Thrust(const gpu::ContextOptions& options)
        : DevicePrimitives<T>(options), table_(std::make_shared<detail::AdamWTable>(this->execution())) {}
    using MasterBackend = Thrust<system::cuda, float>;
    /// The float counterpart of a bfloat16 backend, on the same memory and stream; a copy of itself otherwise.
    [[nodiscard]] MasterBackend master() const { return MasterBackend(this->execution(), table_); }

    void linear(Index rows, Index out, Index in, const T* x, const T* weight, const T* bias,
                const T* residual, T* y) {
        if (detail::linear_with_bias(this->execution(), rows, out, in, x, weight, bias, residual, y)) return;
        const operand::Matrix<T*> result{y, out};
        const operand::PerColumn<const T*> per_column{bias};
        if (residual == nullptr)
            this->map(rows, out, functor::Identity{}, result, per_column);
        else
            this->map(rows, out, functor::Add{}, result, operand::Matrix<const T*>{residual, out},
                      per_column);
        this->multiply(detail::linear_product(rows, out, in, 1), x, weight, y);
    }
    void linear_gelu(Index rows, Index out, Index in, const T* x, const T* weight, const T* bias, T* y,
                     T* h) {
        T* const before = h == nullptr ? y : h;
        linear(rows, out, in, x, weight, bias, nullptr, before);
        detail::run(this->execution(), kernels::Gelu<T>{rows * out, before, y});
    }
    void gelu_and_derivative(Index n, T* h, T* y) {
        detail::run(this->execution(), kernels::GeluAndDerivative<T>{n, h, y});
    }
    void linear_gradient(Index rows, Index out, Index in, const T* x, const T* dy, float* dweight,
                         float* dbias) {
        detail::linear_gradient(this->execution(), rows, out, in, x, dy, dweight, dbias);
    }

    void layer_norm(Index rows, Index columns, double epsilon, const T* x, const T* gamma, const T* beta,
                    T* y, float* mean, float* inverse_deviation) {
        detail::layer_norm_forward(this->execution(), rows, columns, epsilon, x, gamma, beta, y, mean,
                                   inverse_deviation);
    }
    void layer_norm_backward(Index rows, Index columns, const T* x, const T* gamma, const float* mean,
                             const float* inverse_deviation, const T* dy, double beta, T* dx, float* dgamma,
                             float* dbeta) {
        detail::layer_norm_gradient(this->execution(), rows, columns, x, gamma, mean, inverse_deviation, dy,
                                    beta, dx, dgamma, dbeta);
    }

    [[nodiscard]] bool attention_supported(const AttentionShape& shape) const {
        return vitscape::attention_supported<T>(shape, detail::attention_device(this->execution().context()));
    }
    /// The log-sum-exps are saved.
    [[nodiscard]] Index attention_saved(const AttentionShape& shape) const {
        return vitscape::attention_saved(shape);
    }
    void attention(const AttentionShape& shape, const T* qkv, T* out, float* log_sum) {
        detail::attention_forward(this->execution(), shape, qkv, out, log_sum);
    }
    void attention_backward(const AttentionShape& shape, const T* qkv, const T* out, const float* log_sum,
                            const T* dout, T* dqkv) {
        detail::attention_gradient(this->execution(), shape, qkv, out, log_sum, dout, dqkv);
    }

    template <class Loss>
    void element_loss(const Loss& loss, Index samples, Index count, const T* prediction, const T* target,
                      float* losses) {
        detail::run(this->execution(),
                    kernels::ElementLoss<T, Loss>{loss, samples, count, prediction, target, losses});
    }
    template <class Loss>
    void element_loss_backward(const Loss& loss, Index samples, Index count, const float* upstream,
                               const T* prediction, const T* target, T* gradient) {
        detail::run(this->execution(), kernels::ElementLossBackward<T, Loss>{loss, samples, count, upstream,
                                                                             prediction, target, gradient});
    }
    void cross_entropy(Index samples, Index classes, const T* logits, const T* targets, float* losses,
                       float* log_sums) {
        detail::run(this->execution(),
                    kernels::CrossEntropy<T>{samples, classes, logits, targets, losses, log_sums});
    }
    void cross_entropy_backward(Index samples, Index classes, const float* upstream, const T* logits,
                                const T* targets, const float* log_sums, T* gradient) {
        detail::run(this->execution(), kernels::CrossEntropyBackward<T>{samples, classes, upstream, logits,
                                                                        targets, log_sums, gradient});
    }

    void round(Index n, const float* from, T* to) {
        detail::run(this->execution(), kernels::Cast<float, T>{n, from, to});
    }
    void plane_point(Index n, const float* theta, const float* delta, const float* eta, const float* position,
                     T* to) {
        detail::run(this->execution(), kernels::PlanePointTo<T>{n, theta, delta, eta, position, to});
    }

    void adamw(std::span<const ParameterGroup> groups, const AdamWStep& step, float* theta,
               const float* gradient, float* first, float* second, float* teacher = nullptr,
               double momentum = 1) requires std::is_same_v<T, float> {
        detail::adamw_step(this->execution(), *table_, groups, step, theta, gradient, first, second, teacher,
                           momentum);
    }

  private:
    template <class System, class U>
    friend class Thrust;
    Thrust(typename DevicePrimitives<T>::Execution execution, std::shared_ptr<detail::AdamWTable> table)
        : DevicePrimitives<T>(std::move(execution)), table_(std::move(table)) {}

    std::shared_ptr<detail::AdamWTable> table_;
};

/// The backend on a CUDA device: `Cuda<bfloat16>` trains, `Cuda<float>` is exact to single precision.
template <class T>
using Cuda = Thrust<system::cuda, T>;

}  // namespace vitscape

#endif
