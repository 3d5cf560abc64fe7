// SPDX-License-Identifier: Apache-2.0
//
// How much of oneDNN's own rate in bfloat16 the evaluation of a masked autoencoder reaches: operations of its matrix products over the
// time of the whole evaluation, against those of its linear layers alone over the time that oneDNN's primitives take for these, one
// after the other on the same threads, with weights packed as oneDNN likes best. Both take turns. One line of JSON a round, then one
// with the median, the least and the greatest share.
#include <cstdio>

#if defined(VITSCAPE_HAS_ONEDNN)

#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

#include <CLI/CLI.hpp>

#include "support/autoencoder_step.hpp"

#include <dnnl.hpp>
#if defined(_OPENMP)
#include <omp.h>
#endif

namespace {

using namespace vitscape;
using Clock = std::chrono::steady_clock;

/// Y = X W^T: X (rows, in), W (out, in).
struct Layer {
    Index rows, out, in;
};

/// The linear layers of one evaluation of `samples` images.
std::vector<Layer> layers_of(const MaskedAutoencoderConfig<>& config, Index samples) {
    const Index patches = config.encoder.grid().count(), values = config.encoder.grid().size();
    const Index visible = config.masking.visible(config.encoder.grid());
    std::vector<Layer> layers;
    const auto blocks = [&](const TransformerShape& shape, Index rows) {
        for (Index i = 0; i < shape.depth; ++i) {
            layers.push_back({rows, 3 * shape.width, shape.width});
            layers.push_back({rows, shape.width, shape.width});
            layers.push_back({rows, shape.hidden(), shape.width});
            layers.push_back({rows, shape.width, shape.hidden()});
        }
    };
    const TransformerShape &encoder = config.encoder.transformer, &decoder = config.decoder;
    layers.push_back({samples * visible, encoder.width, values});
    blocks(encoder, samples * (1 + visible));
    layers.push_back({samples * (1 + visible), decoder.width, encoder.width});
    blocks(decoder, samples * (1 + patches));
    layers.push_back({samples * (patches - visible), values, decoder.width});
    return layers;
}

/// A linear layer by oneDNN alone: bfloat16 in and out, its weights in the order that the primitive asks for.
class OneDnnLayer {
  public:
    OneDnnLayer(const dnnl::engine& engine, const Layer& layer)
        : operations_(2.0 * static_cast<double>(layer.rows * layer.out * layer.in)) {
        using dnnl::memory;
        constexpr auto bf16 = memory::data_type::bf16;
        const memory::desc x({layer.rows, layer.in}, bf16, memory::format_tag::ab);
        const memory::desc w({layer.in, layer.out}, bf16, memory::format_tag::any);
        const memory::desc y({layer.rows, layer.out}, bf16, memory::format_tag::ab);
#if DNNL_VERSION_MAJOR >= 3
        const dnnl::matmul::primitive_desc description(engine, x, w, y);
#else
        const dnnl::matmul::primitive_desc description({x, w, y}, engine);
#endif
        product_ = dnnl::matmul(description);
        for (const auto& [argument, form] : {std::pair{DNNL_ARG_SRC, x},
                                             {DNNL_ARG_WEIGHTS, description.weights_desc()},
                                             {DNNL_ARG_DST, y}}) {
            memory object(form, engine);
            std::fill_n(static_cast<bfloat16*>(object.get_data_handle()), form.get_size() / sizeof(bfloat16),
                        bfloat16(0.01F));
            arguments_.emplace(argument, std::move(object));
        }
    }
    [[nodiscard]] double operations() const { return operations_; }
    void run(dnnl::stream& stream) { product_.execute(stream, arguments_); }

  private:
    double operations_;
    dnnl::matmul product_;
    std::unordered_map<int, dnnl::memory> arguments_;
};

/// The least seconds of a few calls: each measurement's own; rounds show the machine's noise.
template <class Run>
double seconds_of(const Run& run, double budget) {
    double least = 1e300, spent = 0;
    for (int calls = 0; calls < 3 || spent < budget; ++calls) {
        const auto before = Clock::now();
        run();
        const double one = std::chrono::duration<double>(Clock::now() - before).count();
        least = std::min(least, one);
        spent += one;
    }
    return least;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Share of oneDNN's rate in bfloat16 that the evaluation of a masked autoencoder reaches.",
                 "product_rate"};
    app.option_defaults()->always_capture_default();
    std::string size = "base224";
    std::size_t batch = 16;
    int threads = 0, rounds = 5;
    double budget = 2;
    app.add_option("--size", size, "model")->check(CLI::IsMember({"small32", "tiny32", "base224"}));
    app.add_option("--batch", batch, "images of an evaluation")->check(CLI::Range(1, 4096));
    app.add_option("--threads", threads, "processor threads; 0: all")->check(CLI::Range(0, 1024));
    app.add_option("--rounds", rounds, "turns")->check(CLI::Range(1, 1000));
    app.add_option("--seconds", budget, "time to measure for, of each in each turn");
    CLI11_PARSE(app, argc, argv);

    const auto config = benchmarks::autoencoder_named(size);
    benchmarks::AutoencoderStep<bfloat16> step(size, batch, threads, false);
#if defined(_OPENMP)
    omp_set_num_threads(step.threads());  // oneDNN's own threads
#endif
    const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    dnnl::stream stream(engine);
    std::vector<OneDnnLayer> layers;
    double layer_operations = 0;
    for (const Layer& layer : layers_of(config, static_cast<Index>(batch))) {
        layers.emplace_back(engine, layer);
        layer_operations += layers.back().operations();
    }
    const double step_operations = operation_count(config).forward * static_cast<double>(batch);
    const auto run_layers = [&] {
        for (OneDnnLayer& layer : layers) layer.run(stream);
        stream.wait();
    };
    step.run();
    run_layers();
    std::vector<double> shares;
    for (int round = 0; round < rounds; ++round) {
        const double evaluation = step_operations / seconds_of([&] { step.run(); }, budget);
        const double products = layer_operations / seconds_of(run_layers, budget);
        shares.push_back(evaluation / products);
        std::printf(
            "{\"size\": \"%s\", \"batch\": %zu, \"threads\": %d, \"evaluation_gigaflops\": %.1f, "
            "\"onednn_gigaflops\": %.1f, \"share\": %.3f}\n",
            size.c_str(), batch, step.threads(), 1e-9 * evaluation, 1e-9 * products, shares.back());
        std::fflush(stdout);
    }
    std::sort(shares.begin(), shares.end());
    std::printf("{\"share\": %.3f, \"least\": %.3f, \"greatest\": %.3f}\n", shares[shares.size() / 2],
                shares.front(), shares.back());
    return 0;
}

#else

int main() {
    std::fputs(
        "product_rate: built without oneDNN, which it measures; configure with -DVITSCAPE_ENABLE_ONEDNN=ON\n",
        stderr);
    return 1;
}

#endif
