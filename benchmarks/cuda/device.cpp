// SPDX-License-Identifier: Apache-2.0
//
// What a CUDA device does: its ceilings, whole steps of a method, a surface. Lines of JSON; scripts/gpu_check.sh makes a
// table of them.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/backend/thrust/thrust.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/methods/frozen_objective.hpp>

#include "cuda/ceilings.hpp"
#include "support/autoencoder_sizes.hpp"
#include "support/model_step.hpp"

using namespace vitscape;

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Options {
    std::string measure = "train", method = "mae", size = "base224", precision = "bf16", inputs = "resident";
    std::size_t batch = 0, images = 1024;
    double seconds = 2;
    Index points = 51;
    int device = 0;
    bool turns = false;
};

/// The methods that are measured, with their usual policies, in the sizes of `benchmarks::autoencoder_named`.
using Methods = MethodList<MaskedAutoencoder<>, RcMae<>>;

[[nodiscard]] std::vector<std::string> method_names() {
    std::vector<std::string> names;
    Methods::for_each([&]<class M>() { names.emplace_back(M::Card::name); });
    return names;
}
/// Calls `work(method, operations)` for the method of that name.
template <class Work>
void with_method(const Options& o, const Work& work) {
    Methods::for_each([&]<class M>() {
        if (o.method != M::Card::name) return;
        const auto sizes = benchmarks::autoencoder_named(o.size);
        typename M::Config config{.encoder = sizes.encoder};
        if constexpr (requires { config.decoder; }) config.decoder = sizes.decoder;
        work(M(config), operation_count(config));
    });
}

void print_ceilings(const Options& o) {
    std::printf("{\"part\": \"ceiling\", \"what\": \"copy\", \"bytes_per_second\": %.4e}\n",
                benchmarks::copy_ceiling(o.device));
    std::fflush(stdout);
    const auto product = [](const char* precision, double rate) {
        std::printf(
            "{\"part\": \"ceiling\", \"what\": \"product\", \"precision\": \"%s\", "
            "\"operations_per_second\": %.4e}\n",
            precision, rate);
        std::fflush(stdout);
    };
    product("bf16", benchmarks::product_ceiling<bfloat16>(o.device));
    product("float", benchmarks::product_ceiling<float>(o.device));
}

/// Images per second of whole steps: the median, least and greatest of single steps by the host's clock.
template <class B>
void measure_steps(const Options& o) {
    with_method(o, [&](const auto& method, const OperationCount& count) {
        using M = std::remove_cvref_t<decltype(method)>;
        const bool train = o.measure == "train";
        const std::size_t batch = o.batch > 0 ? o.batch : o.size == "base224" ? 256 : 2048;
        benchmarks::ModelStep<B, M> step(
            B(o.device), method, benchmarks::random_images(batch, method.grid().image),
            train ? benchmarks::Work::training : benchmarks::Work::evaluation,
            o.inputs == "host" ? benchmarks::Images::from_host : benchmarks::Images::resident);
        for (int i = 0; i < 5; ++i) step.run();  // memory, algorithms, the graph
        const auto turn = [&] {
            for (int i = 0; i < 2; ++i) step.run();  // the device may have rested
            std::vector<double> times;
            auto before = Clock::now();
            const auto start = before;
            while (times.size() < 10 || since(start) < o.seconds) {
                step.run();
                const auto now = Clock::now();
                times.push_back(std::chrono::duration<double>(now - before).count());
                before = now;
            }
            if (!std::isfinite(step.loss()))
                throw NumericError(message("the loss became ", step.loss(), ": nothing was measured"));
            const auto [least, most] = std::minmax_element(times.begin(), times.end());
            const auto images = static_cast<double>(batch);
            std::printf(
                "{\"part\": \"speed\", \"method\": \"%s\", \"mode\": \"%s\", \"size\": \"%s\", "
                "\"precision\": \"%s\", \"batch\": %zu, \"inputs\": \"%s\", \"images_per_second\": %.2f, "
                "\"min\": %.2f, \"max\": %.2f, \"steps\": %zu, \"loss\": %.6g, "
                "\"operations_per_image\": %.6e}\n",
                o.method.c_str(), o.measure.c_str(), o.size.c_str(), o.precision.c_str(), batch,
                o.inputs.c_str(), images / median(times), images / *most, images / *least, times.size(),
                step.loss(), train ? count.training : count.forward);
            std::fflush(stdout);
        };
        if (!o.turns) return turn();
        std::printf("{\"ready\": true}\n");
        std::fflush(stdout);
        for (std::string line; std::getline(std::cin, line);) turn();
    });
}

/// The loss of random images whose surface is measured; a teacher, where there is one, has the initial values.
template <class B, class M>
FrozenObjective<B, M> frozen_objective(const Options& o, const M& method) {
    B backend(o.device);
    Batch images = benchmarks::random_images(o.images, method.grid().image);
    const FrozenOptions options{.batch = o.batch > 0 ? o.batch : 256};
    if constexpr (TaughtMethod<M, B>) {
        const Vector<Master<B>> teacher(master(backend), initial_values(method.layout(), 0));
        return FrozenObjective<B, M>(backend, method, teacher, std::move(images), options);
    } else {
        return FrozenObjective<B, M>(backend, method, std::move(images), options);
    }
}

/// The time of a surface around the initial values, of which as many points are evaluated as `seconds` allow. Time before
/// the first point and time per point apart, so that a part can stand for the whole.
template <class B>
void measure_surface(const Options& o) {
    using P = Master<B>;
    with_method(o, [&](const auto& method, const OperationCount& count) {
        using M = std::remove_cvref_t<decltype(method)>;
        const auto begin = Clock::now();
        const ParameterLayout& layout = method.layout();
        FrozenObjective<B, M> objective = frozen_objective<B, M>(o, method);
        const std::size_t batch = objective.batches().front().size();
        Vector<P> theta(objective.backend(), initial_values(layout, 0));
        Vector<P> delta = gaussian_direction(objective.backend(), layout, 1, 0);
        Vector<P> eta = gaussian_direction(objective.backend(), layout, 1, 1);
        normalize(FilterNormalization{}, layout, theta, delta);
        normalize(FilterNormalization{}, layout, theta, eta);
        const Plane<P> plane(std::move(theta), std::move(delta), std::move(eta));
        const double preparation = since(begin);

        std::vector<Clock::time_point> finished;
        Clock::time_point start = Clock::now();
        ProjectionOptions options;
        options.work.progress = [&](Index, Index) { finished.push_back(Clock::now()); };
        options.work.interrupted = [&] { return finished.size() >= 20 && since(start) > o.seconds; };
        try {
            (void)project<P>(objective, plane, Grid{.steps = o.points}, options);
        } catch (const Interrupted&) {  // the time is up; what was evaluated is in `finished`
        }
        const std::size_t all = static_cast<std::size_t>(o.points * o.points), done = finished.size();
        const double whole = std::chrono::duration<double>(finished.back() - start).count();
        // the first points also take memory and capture the graph
        const std::size_t skipped = std::min<std::size_t>(5, done - 1);
        const double per_point =
            done > 1 ? std::chrono::duration<double>(finished.back() - finished[skipped]).count() /
                           static_cast<double>(done - 1 - skipped)
                     : whole;
        const double seconds = whole + static_cast<double>(all - done) * per_point;
        std::printf(
            "{\"part\": \"surface\", \"method\": \"%s\", \"size\": \"%s\", \"precision\": \"%s\", "
            "\"images\": %zu, \"batch\": %zu, \"points\": %zu, \"measured_points\": %zu, "
            "\"preparation_seconds\": %.3f, \"seconds\": %.3f, \"seconds_per_point\": %.6f, "
            "\"operations_per_point\": %.6e}\n",
            o.method.c_str(), o.size.c_str(), o.precision.c_str(), o.images, batch, all, done, preparation,
            seconds, per_point, count.point * static_cast<double>(o.images));
        std::fflush(stdout);
    });
}

template <class B>
void measure(const Options& o) {
    if (o.measure == "surface")
        measure_surface<B>(o);
    else
        measure_steps<B>(o);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"What a CUDA device does: its ceilings, whole steps, a surface.", "benchmark_device_cuda"};
    app.option_defaults()->always_capture_default();
    Options o;
    app.add_option("--measure", o.measure,
                   "ceilings: of a copy and of matrix products; train: whole steps; eval: the loss; "
                   "surface: a grid of losses")
        ->check(CLI::IsMember({"ceilings", "train", "eval", "surface"}));
    app.add_option("--method", o.method, "what is trained")->check(CLI::IsMember(method_names()));
    app.add_option("--size", o.size, "model")->check(CLI::IsMember({"small32", "tiny32", "base224"}));
    app.add_option("--precision", o.precision, "of activations")->check(CLI::IsMember({"bf16", "float"}));
    app.add_option("--batch", o.batch, "images in a step; 0: 256 at 224 pixels, 2048 at 32 pixels");
    app.add_option("--inputs", o.inputs,
                   "train, eval: images lie ready on the device, or come from the host in each step")
        ->check(CLI::IsMember({"resident", "host"}));
    app.add_option("--images", o.images, "surface: images of the loss")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20));
    app.add_option("--points", o.points, "surface: points along each side")
        ->check(CLI::Range(Index{5}, Index{1001}));
    app.add_option("--seconds", o.seconds, "time to measure for; surface: the rest is then extrapolated");
    app.add_option("--device", o.device, "number of the CUDA device");
    app.add_flag("--turns", o.turns,
                 "train, eval: get ready, say so, then measure once for each line of the standard input")
        ->always_capture_default(false);
    CLI11_PARSE(app, argc, argv);
    try {
        if (o.measure == "ceilings")
            print_ceilings(o);
        else if (o.precision == "bf16")
            measure<Cuda<bfloat16>>(o);
        else
            measure<Cuda<float>>(o);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "benchmark_device_cuda: %s\n", error.what());
        return 1;
    }
    return 0;
}
