// SPDX-License-Identifier: Apache-2.0
//
// Images per second of a whole masked autoencoder: the training step (images already decoded: patches, masks,
// forward, backward, AdamW) or the evaluation of the loss, and the memory that it takes: parameters, optimizer, images and all.
// One line of JSON, the same as pytorch_peer.py prints.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "support/autoencoder_step.hpp"
#include "support/resident_memory.hpp"

namespace {

struct Options {
    std::string size = "tiny32", mode = "train", precision = "float";
    std::size_t batch = 100;
    int threads = 0;
    double seconds = 5;
    bool checkpoint_blocks = false;
};

template <class T>
void measure(const Options& o) {
    using Clock = std::chrono::steady_clock;
    const double before_all = vitscape::benchmarks::most_resident_megabytes();
    vitscape::benchmarks::AutoencoderStep<T> step(o.size, o.batch, o.threads, o.mode == "train",
                                                  o.checkpoint_blocks);
    std::vector<double> times;
    step.run();
    step.run();
    const auto start = Clock::now();
    while (times.size() < 3 || std::chrono::duration<double>(Clock::now() - start).count() < o.seconds) {
        const auto before = Clock::now();
        step.run();
        times.push_back(std::chrono::duration<double>(Clock::now() - before).count());
    }
    std::sort(times.begin(), times.end());
    const double images_in_step = static_cast<double>(o.batch);
    std::printf(
        "{\"size\": \"%s\", \"mode\": \"%s\", \"precision\": \"%s\", \"batch\": %zu, \"threads\": %d, "
        "\"images_per_second\": %.2f, \"min\": %.2f, \"max\": %.2f, \"megabytes\": %.1f, "
        "\"checkpoint_blocks\": %s}\n",
        o.size.c_str(), o.mode.c_str(), o.precision.c_str(), o.batch, step.threads(),
        images_in_step / times[times.size() / 2], images_in_step / times.back(),
        images_in_step / times.front(), vitscape::benchmarks::most_resident_megabytes() - before_all,
        o.checkpoint_blocks ? "true" : "false");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Images per second of a masked autoencoder.", "mae_step"};
    app.option_defaults()->always_capture_default();
    Options o;
    app.add_option("--size", o.size, "model")->check(CLI::IsMember({"small32", "tiny32", "base224"}));
    app.add_option("--mode", o.mode, "train: a whole step; eval: the loss")
        ->check(CLI::IsMember({"train", "eval"}));
    app.add_option("--precision", o.precision, "of activations; bf16 keeps parameters and sums in float")
        ->check(CLI::IsMember({"float", "bf16"}));
    app.add_option("--batch", o.batch, "images in a step");
    app.add_option("--threads", o.threads, "processor threads; 0: all");
    app.add_option("--seconds", o.seconds, "time to measure for, after two steps of warm-up");
    app.add_flag("--checkpoint-blocks", o.checkpoint_blocks,
                 "keep the input of each block only, and compute it again")
        ->always_capture_default(false);
    CLI11_PARSE(app, argc, argv);
    if (o.precision == "bf16")
        measure<vitscape::bfloat16>(o);
    else
        measure<float>(o);
    return 0;
}
