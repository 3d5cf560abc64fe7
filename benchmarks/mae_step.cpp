// SPDX-License-Identifier: Apache-2.0
//
// Images per second of a whole masked autoencoder: the training step (images already decoded: patches, masks,
// forward, backward, AdamW) or the evaluation of the loss. One line of JSON, the same as pytorch_peer.py
// prints.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/mae/masked_autoencoder.hpp>
#include <vitscape/nn/parameter_groups.hpp>
#include <vitscape/optim/adamw.hpp>

using namespace vitscape;

namespace {

MaskedAutoencoderConfig<> configuration(const std::string& size) {
    if (size == "tiny32") return {.encoder = vit_tiny(32, 4), .decoder = {128, 2, 4}};
    if (size == "base224") return {.encoder = vit_base()};
    return {.encoder = {32, 4, {96, 4, 3}}, .decoder = {64, 1, 4}};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Images per second of a masked autoencoder.", "mae_step"};
    app.option_defaults()->always_capture_default();
    std::string size = "tiny32", mode = "train";
    std::size_t batch = 100;
    int threads = 0;
    double seconds = 5;
    app.add_option("--size", size, "model")->check(CLI::IsMember({"small32", "tiny32", "base224"}));
    app.add_option("--mode", mode, "train: a whole step; eval: the loss")
        ->check(CLI::IsMember({"train", "eval"}));
    app.add_option("--batch", batch, "images in a step");
    app.add_option("--threads", threads, "processor threads; 0: all");
    app.add_option("--seconds", seconds, "time to measure for, after two steps of warm-up");
    CLI11_PARSE(app, argc, argv);

    using B = Cpu<float>;
    using Clock = std::chrono::steady_clock;
    B backend(threads);
    const MaskedAutoencoder<> model(configuration(size));
    Vector<B> theta(backend, initial_values(model.layout(), 0)), gradient(backend, model.layout().size());
    Batch images;
    const auto side = static_cast<std::size_t>(model.grid().image);
    images.images.resize(std::array<std::size_t, 4>{batch, 3, side, side});
    const RandomKey key{.seed = 1};
    for (std::size_t i = 0; i < images.images.size(); ++i)
        images.images.data()[i] = static_cast<float>(random_uniform(key, i) - 0.5);
    for (std::size_t i = 0; i < batch; ++i) images.samples.push_back(static_cast<std::uint32_t>(i));

    const std::vector<ParameterGroup> groups = parameter_groups(model.layout());
    const AdamW optimizer;
    AdamW::State<B> state;
    if (mode == "train") state = optimizer.start(backend, theta.size());
    Tape<B> tape(backend, theta.data(), gradient.data());
    Eval<B> eval(backend, theta.data());
    MaskedAutoencoder<>::Inputs<B> inputs;
    std::vector<double> losses(batch), times;
    std::uint32_t step = 0;
    const auto run = [&] {
        model.prepare(backend, images, MaskKey{0, step++}, inputs);
        if (mode == "eval") {
            backend.download(static_cast<Index>(batch), model.losses(eval, inputs).data(), losses.data());
            return;
        }
        fill(0, gradient);
        const Variable<B> variable = model.losses(tape, inputs);
        backend.download(static_cast<Index>(batch), variable.data(), losses.data());
        tape.backward(variable);
        (void)norm(gradient);
        optimizer.step(state, std::span<const ParameterGroup>(groups), 1e-4, 1 / static_cast<double>(batch),
                       gradient, theta);
    };
    run();
    run();
    const auto start = Clock::now();
    while (times.size() < 3 || std::chrono::duration<double>(Clock::now() - start).count() < seconds) {
        const auto before = Clock::now();
        run();
        times.push_back(std::chrono::duration<double>(Clock::now() - before).count());
    }
    std::sort(times.begin(), times.end());
    const double images_in_step = static_cast<double>(batch);
    std::printf(
        "{\"size\": \"%s\", \"mode\": \"%s\", \"batch\": %zu, \"threads\": %d, \"images_per_second\": %.2f, "
        "\"min\": %.2f, \"max\": %.2f}\n",
        size.c_str(), mode.c_str(), batch, backend.threads(), images_in_step / times[times.size() / 2],
        images_in_step / times.back(), images_in_step / times.front());
    return 0;
}
