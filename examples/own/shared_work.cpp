// SPDX-License-Identifier: Apache-2.0
//
// Work that several workers share through a folder: a training with each of some learning rates. One of them fails in every
// worker; it is given up after three tries and named, and the others are trained.
// prints: learning rate 1e-05: loss [0-9.]+$
// prints: learning rate 0.1: loss [0-9.]+$
// prints: learning rate 1e\+30: given up, try 3 by [^ ]+: the loss is (-?nan|inf) in step [0-9]+ of epoch 1
// prints: 6 trainings, 5 finished, 1 given up after 3 tries$
#include <array>
#include <cstdint>
#include <iostream>
#include <thread>

#include <vitscape/job/folder_files.hpp>
#include <vitscape/job/job_worker.hpp>
#include <vitscape/job/status.hpp>
#include <vitscape/vitscape.hpp>

using namespace vitscape;

constexpr std::array rates{1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e30};
const JobPlan plan{.work = {{"what", "loss of a training"}, {"learning rates", rates}},
                   .tiles = rates.size()};

nlohmann::json loss_of_training(std::int64_t tile) {
    const MaskedAutoencoder<> method({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                                      .decoder = {.width = 8, .depth = 1, .heads = 2}});
    const Synthetic images(64, 16);
    const double rate = rates.at(static_cast<std::size_t>(tile));
    Trainer trainer{Cpu<float>{1}, method, AdamW{}, ConstantRate{rate}, 0};
    trainer.fit(images, {.epochs = 2, .batch = 16, .transform = {.side = 16}});
    return evaluate(trainer.theta().backend(), method, trainer.theta(), images, {.side = 16}).loss;
}

void work() {
    const std::string name = unique_worker_name();
    FolderFiles files("sweep", name);
    join_plan(files, plan);
    JobWorker worker(files, plan, name);
    worker.compute_tiles(loss_of_training);
}

int main() {
    std::thread other(work);  // or the same program, started on any machine that sees the folder
    work();
    other.join();

    FolderFiles files("sweep", unique_worker_name());
    const JobStatus status = job_status(files, plan);
    const TilePaths paths{"tiles"};
    for (std::int64_t tile = 0; tile < plan.tiles; ++tile) {
        std::cout << "learning rate " << rates.at(static_cast<std::size_t>(tile)) << ": ";
        if (const auto why = status.given_up.find(tile); why != status.given_up.end())
            std::cout << "given up, " << why->second;
        else
            std::cout << "loss " << parse_json(files.read(paths.result(tile)).value(), "").at("result")
                      << '\n';
    }
    int tries = 0;
    while (files.exists(paths.error(plan.tiles - 1, tries + 1))) ++tries;
    std::cout << plan.tiles << " trainings, " << status.finished << " finished, " << status.given_up.size()
              << " given up after " << tries << " tries\n";
}
