// SPDX-License-Identifier: Apache-2.0
//
// Attention in bfloat16 on a CUDA device: our own kernels and, where the build found it, cuDNN's, in turn. Lines of JSON;
// scripts/gpu_check.sh makes a table of them. A program of its own, since cuDNN's frontend takes long to compile.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#if defined(VITSCAPE_HAS_CUDNN_FRONTEND)
#include <vitscape/backend/cuda/cudnn.hpp>
#endif
#include <vitscape/tensor/tensor.hpp>

#include "cuda/ceilings.hpp"

using namespace vitscape;

namespace {

struct Options {
    std::vector<Index> tokens{50, 197, 257};
    Index samples = 256, heads = 12, head_width = 64;
    int rounds = 3, repeats = 50, device = 0;
};

/// Both passes of an attention on a backend, with the same random numbers for each backend.
template <class B>
class Attention {
  public:
    Attention(B backend, const AttentionShape& shape)
        : backend_(std::move(backend)),
          shape_(shape),
          qkv_(backend_, {shape.samples, shape.tokens, 3 * shape.width()}),
          dqkv_(backend_, qkv_.shape()),
          out_(backend_, {shape.samples, shape.queries, shape.width()}),
          dout_(backend_, out_.shape()),
          saved_(master(backend_), {backend_.attention_saved(shape)}) {
        if (!backend_.attention_supported(shape))
            throw ShapeError(message("there is no kernel for head width ", shape.head_width));
        backend_.fill_normal(RandomKey{.sample = 0}, qkv_.size(), qkv_.data());
        backend_.fill_normal(RandomKey{.sample = 1}, dout_.size(), dout_.data());
    }

    void forward() { backend_.attention(shape_, qkv_.data(), out_.data(), saved_.data()); }
    void backward() {
        backend_.attention_backward(shape_, qkv_.data(), out_.data(), saved_.data(), dout_.data(),
                                    dqkv_.data());
    }
    /// The output, then the gradient.
    [[nodiscard]] std::vector<double> results() {
        forward();
        backward();
        std::vector<double> all(static_cast<std::size_t>(out_.size() + dqkv_.size()));
        backend_.download(out_.size(), out_.data(), all.data());
        backend_.download(dqkv_.size(), dqkv_.data(), all.data() + out_.size());
        return all;
    }
    void measure(const Options& o, const char* kernels) {
        gpu::Context& context = backend_.execution().context();
        const double forward_seconds =
                         median(benchmarks::device_seconds(context, o.repeats, [&] { forward(); })),
                     backward_seconds =
                         median(benchmarks::device_seconds(context, o.repeats, [&] { backward(); }));
        std::printf(
            "{\"part\": \"attention\", \"kernels\": \"%s\", \"tokens\": %lld, \"samples\": %lld, \"heads\": "
            "%lld, "
            "\"head_width\": %lld, \"forward_microseconds\": %.2f, \"backward_microseconds\": %.2f}\n",
            kernels, static_cast<long long>(shape_.tokens), static_cast<long long>(shape_.samples),
            static_cast<long long>(shape_.heads), static_cast<long long>(shape_.head_width),
            forward_seconds * 1e6, backward_seconds * 1e6);
        std::fflush(stdout);
    }

  private:
    B backend_;
    AttentionShape shape_;
    Tensor<B> qkv_, dqkv_, out_, dout_;
    Tensor<Master<B>> saved_;
};

#if defined(VITSCAPE_HAS_CUDNN_FRONTEND)
/// |x - y| / |y| of numbers `first` to `last` - 1, in Euclidean norms.
double distance(const std::vector<double>& x, const std::vector<double>& y, std::size_t first,
                std::size_t last) {
    double difference = 0, norm = 0;
    for (std::size_t i = first; i < last; ++i) {
        difference += (x[i] - y[i]) * (x[i] - y[i]);
        norm += y[i] * y[i];
    }
    return std::sqrt(difference / norm);
}
/// Kernels that are compared give the same, but for the rounding to bfloat16 on the way: 2^-9 at most, some times.
void check_results(const std::vector<double>& x, const std::vector<double>& y, Index out_size) {
    const auto out = static_cast<std::size_t>(out_size);
    const double worst = std::max(distance(x, y, 0, out), distance(x, y, out, x.size()));
    if (!(worst < 0x1p-6))
        throw NumericError(message("the results differ by ", worst, ": nothing was measured"));
}
#endif

void measure(const Options& o, const AttentionShape& shape) {
    Attention<Cuda<bfloat16>> own(Cuda<bfloat16>(o.device), shape);
#if defined(VITSCAPE_HAS_CUDNN_FRONTEND)
    Attention<CudaWithCudnn<bfloat16>> cudnn(CudaWithCudnn<bfloat16>(o.device), shape);
    check_results(cudnn.results(), own.results(), shape.samples * shape.queries * shape.width());
#endif
    for (int round = 0; round < o.rounds; ++round) {
        own.measure(o, "own");
#if defined(VITSCAPE_HAS_CUDNN_FRONTEND)
        cudnn.measure(o, "cudnn");
#endif
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Attention in bfloat16 on a CUDA device: our own kernels and cuDNN's, in turn.",
                 "benchmark_attention_cuda"};
    app.option_defaults()->always_capture_default();
    Options o;
    const CLI::Range positive{Index{1}, Index{1} << 20};
    app.add_option("--tokens", o.tokens, "tokens of a sample, all of them queries")->check(positive);
    app.add_option("--samples", o.samples, "samples at once")->check(positive);
    app.add_option("--heads", o.heads, "heads")->check(positive);
    app.add_option("--head-width", o.head_width, "numbers in a head: 32 or 64")->check(positive);
    app.add_option("--rounds", o.rounds, "turns of each")->check(CLI::Range(1, 1000));
    app.add_option("--repeats", o.repeats, "runs of each pass in a turn, of which the median is taken")
        ->check(CLI::Range(1, 100000));
    app.add_option("--device", o.device, "number of the CUDA device");
    CLI11_PARSE(app, argc, argv);
    try {
        for (const Index tokens : o.tokens)
            measure(o, {.samples = o.samples,
                        .tokens = tokens,
                        .heads = o.heads,
                        .head_width = o.head_width,
                        .first_query = 0,
                        .queries = tokens});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "benchmark_attention_cuda: %s\n", error.what());
        return 1;
    }
    return 0;
}
