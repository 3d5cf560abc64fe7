// SPDX-License-Identifier: Apache-2.0
//
// What work costs against its size: images, points of a surface, parameters, threads. In float on a processor; models and images as
// in benchmarks/support. Prints a table of comma-separated values, which scripts/performance.sh draws.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/methods/frozen_objective.hpp>

#include "support/autoencoder_sizes.hpp"
#include "support/model_step.hpp"

using namespace vitscape;

namespace {

using B = Cpu<float>;
using Objective = FrozenObjective<B, MaskedAutoencoder<>>;

/// Width 96 is the small model of 32 pixels.
MaskedAutoencoder<> model_of_width(Index width) {
    MaskedAutoencoderConfig<> config = benchmarks::autoencoder_named("small32");
    config.encoder.transformer.width = width;
    config.decoder.width = width * 2 / 3;
    return MaskedAutoencoder<>(config);
}

/// A loss on random images with what its derivatives need.
struct Loss {
    Objective objective;
    Vector<B> theta, delta, eta, out;
    std::vector<double> losses;
    std::array<Vector<B>, 4> products;
    std::vector<PlaneJet<double>> jets;

    Loss(const MaskedAutoencoder<>& model, std::size_t images, int threads)
        : objective(B(threads), model, benchmarks::random_images(images, model.grid().image)),
          theta(objective.backend(), initial_values(objective.layout(), 0)),
          delta(gaussian_direction(objective.backend(), objective.layout(), 1, 0)),
          eta(gaussian_direction(objective.backend(), objective.layout(), 1, 1)),
          out(theta),
          losses(images),
          products{theta, theta, theta, theta},
          jets(images) {}
};

/// Work of one size, and the seconds that it took in each round.
struct Case {
    std::string work, against;
    double size;
    std::function<void()> run;
    std::vector<double> seconds{};
};

class Cases {
  public:
    void add_loss(const std::string& against, double size, const MaskedAutoencoder<>& model,
                  std::size_t images, int threads) {
        const auto loss = std::make_shared<Loss>(model, images, threads);
        add("loss", against, size, [loss] { loss->objective.sample_losses(loss->theta, loss->losses); });
        add("gradient", against, size, [loss] { loss->objective.gradient(loss->theta, loss->out); });
        add("Hessian product", against, size,
            [loss] { loss->objective.hessian_vector(loss->theta, loss->delta, loss->out); });
        add("four Hessian products", against, size, [loss] {
            const std::array<const Vector<B>*, 4> v{&loss->delta, &loss->eta, &loss->theta, &loss->delta};
            std::array<Vector<B>*, 4> products;
            for (std::size_t i = 0; i < 4; ++i) products[i] = &loss->products[i];
            loss->objective.hessian_vectors(loss->theta, v, products);
        });
        add("derivatives on a plane", against, size,
            [loss] { loss->objective.sample_jets(loss->theta, loss->delta, loss->eta, loss->jets); });
    }
    void add_step(const std::string& against, double size, const MaskedAutoencoder<>& model,
                  std::size_t batch, int threads) {
        using Step = benchmarks::ModelStep<B, MaskedAutoencoder<>>;
        const auto step =
            std::make_shared<Step>(B(threads), model, benchmarks::random_images(batch, model.grid().image),
                                   benchmarks::Work::training, benchmarks::Images::from_host);
        add("training step", against, size, [step] { step->run(); });
    }
    void add_surface(Index side, std::size_t images) {
        const auto loss = std::make_shared<Loss>(model_of_width(96), images, 1);
        add("surface", "points", static_cast<double>(side * side), [loss, side] {
            const Grid grid{-1, 1, side};
            (void)project(loss->objective, Plane<B>(loss->theta, loss->delta, loss->eta),
                          PlaneGrid(grid, grid));
        });
    }
    /// Every case once to warm up, then all in turn, so that a change of the machine's speed meets all alike.
    void measure(int rounds) {
        for (int round = 0; round <= rounds; ++round) {
            std::cerr << (round == 0 ? "warming up" : "round ") << (round == 0 ? "" : std::to_string(round))
                      << '\n';
            for (Case& one : cases_) {
                const auto start = std::chrono::steady_clock::now();
                one.run();
                const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
                if (round > 0) one.seconds.push_back(spent.count());
            }
        }
    }
    void print() {
        std::printf("work,against,size,median,least,greatest\n");
        for (Case& one : cases_) {
            std::sort(one.seconds.begin(), one.seconds.end());
            std::printf("%s,%s,%.0f,%.6g,%.6g,%.6g\n", one.work.c_str(), one.against.c_str(), one.size,
                        one.seconds[one.seconds.size() / 2], one.seconds.front(), one.seconds.back());
        }
    }

  private:
    void add(std::string work, std::string against, double size, std::function<void()> run) {
        cases_.push_back({std::move(work), std::move(against), size, std::move(run)});
    }

    std::vector<Case> cases_;
};

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Seconds of work against its size, as comma-separated values.", "cost"};
    app.option_defaults()->always_capture_default();
    int rounds = 5, threads = available_threads();
    app.add_option("--rounds", rounds, "measurements of each work; the median counts")
        ->check(CLI::Range(1, 1000));
    app.add_option("--threads", threads, "most processor threads; all else is measured on one")
        ->check(CLI::Range(1, 1024));
    CLI11_PARSE(app, argc, argv);

    Cases cases;
    const MaskedAutoencoder<> small = model_of_width(96);
    for (std::size_t images = 32; images <= 512; images *= 2)
        cases.add_loss("images", static_cast<double>(images), small, images, 1);
    for (const Index side : {3, 5, 9, 15}) cases.add_surface(side, 64);
    for (const Index width : {48, 96, 192, 384}) {
        const MaskedAutoencoder<> model = model_of_width(width);
        const auto parameters = static_cast<double>(model.layout().size());
        cases.add_loss("parameters", parameters, model, 64, 1);
        cases.add_step("parameters", parameters, model, 64, 1);
    }
    for (int count = 1; count <= threads;
         count = count < threads ? std::min(2 * count, threads) : count + 1) {
        cases.add_loss("threads", count, small, 512, count);
        cases.add_step("threads", count, small, 128, count);
    }
    cases.measure(rounds);
    cases.print();
    return 0;
}
