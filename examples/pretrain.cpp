// SPDX-License-Identifier: Apache-2.0
//
// Trains a Vision Transformer by one of the methods in methods/all.hpp and writes checkpoints and a log.
#include <iostream>
#include <optional>
#include <string>

#include <vitscape/core/output_lock.hpp>
#include <vitscape/train/checkpointing.hpp>
#include <vitscape/train/reproducible_pass.hpp>
#include <vitscape/train/shared_state.hpp>
#include <vitscape/train/tensorboard_log.hpp>

#include "support/backend.hpp"
#include "support/files.hpp"
#include "support/model_options.hpp"
#include "support/processes.hpp"
#include "support/program.hpp"
#include "support/recipe_options.hpp"

using namespace vitscape;

namespace {

struct Options {
    program::DataOptions data;
    program::BackendOptions backend;
    program::ModelOptions model;
    program::TrainingOptions training;
    program::RecipeOptions recipe;
    program::StartOptions start;
    std::string method = "mae", test_data, out;
    std::uint32_t save_epochs = 1, keep_epochs = 0, test_every = 1;
    double save_minutes = 10;
    std::size_t reproducible = 0;
    std::uint64_t seed = 0;
    bool resume = false, checkpoint_blocks = false, tensorboard = false;
};

void add_options(CLI::App& app, Options& o) {
    using namespace program;
    add_choice(app, "--method", o.method, program::method_names(), "what to train");
    o.data.add(app);
    add_name(app, "--test-data", o.test_data, "DATA",
             "images to evaluate on, as --data; cifar10, cifar100 and idx take their test part", true);
    add_number(app, "--test-every", o.test_every, Range::epochs(),
               "epochs between evaluations on --test-data");

    o.model.add(app);
    o.training.add(app);
    o.recipe.add(app);
    o.start.add(app);
    add_number(app, "--seed", o.seed, Range::seed(), "of weights, order, augmentation and masks");
    o.backend.add(app);

    add_name(app, "--out", o.out, "FOLDER",
             "folder for checkpoint.safetensors, checkpoint.json and log.jsonl")
        ->required();
    add_number(app, "--save-every", o.save_epochs, Range::epochs(), "epochs between checkpoints");
    add_number(app, "--save-minutes", o.save_minutes, Range::minutes(),
               "minutes between checkpoints inside a long epoch");
    add_number(
        app, "--keep-every", o.keep_epochs, Range::epochs().or_else(0),
        "also keep the state at the start, after every Nth epoch and at the end, in epochs/ of --out, for "
        "landscape --trajectory; 0: none");
    app.add_flag("--checkpoint-blocks", o.checkpoint_blocks,
                 "keep only the input of each Transformer block for the backward pass and compute the block "
                 "again: the same results with less memory, in about a quarter more time")
        ->always_capture_default(false);
    add_number(
        app, "--reproducible", o.reproducible, Range::count(0, 65536),
        "divide each batch into so many parts, a multiple of the number of processes, whose gradients are "
        "added in a "
        "fixed order: the same bytes for any number of processes, in more time; 0: sums are rounded as "
        "they come");
    app.add_flag("--resume", o.resume,
                 "go on from the checkpoint in --out, bit-exactly, with the same options and number of "
                 "processes; with --reproducible, with any number of them")
        ->always_capture_default(false);
    app.add_flag("--tensorboard", o.tensorboard,
                 "write what log.jsonl says as curves for TensorBoard, too, into --out")
        ->always_capture_default(false);
}

template <class B, class M>
void train(const B& backend, M method, const Options& o, const AnyDataset& images,
           const std::optional<AnyDataset>& test, const std::optional<Checkpoint>& start,
           program::Processes& processes) {
    TrainOptions options = o.training.train_options(method.grid().image);
    options.parts = o.reproducible;
    options.checkpoint_blocks = o.checkpoint_blocks;
    if (start) start->give_fixed_tensors(method, true);
    Trainer trainer{
        backend, method, o.training.optimizer(), o.training.schedule(), o.seed, processes.communicator()};

    nlohmann::json training = describe_training(trainer, options, images.size());
    if (const nlohmann::json start = o.start.describe(); !start.is_null()) training["start"] = start;
    const nlohmann::json data = {{"source", o.data.source},
                                 {"limit_per_class", o.data.limit_per_class},
                                 {"classes", images.classes()}};
    const std::filesystem::path folder(o.out), file = folder / "checkpoint.safetensors";
    processes.together([&] {
        if (!processes.first()) return;
        if (o.resume && std::filesystem::exists(file)) {
            resume_training(file, trainer, training);
            std::cerr << "resuming after " << trainer.state().epoch << " epochs and " << trainer.state().batch
                      << " batches\n";
        } else if (std::filesystem::exists(file)) {
            throw ConfigError(
                message(file.string(), " exists; give --resume to go on from it, or another --out"));
        } else if (start) {
            std::vector<double> values = trainer.theta().to_host();
            const TransferRecord record = transfer(*start, o.start.prefix(*start), method.layout(), values);
            trainer.state().theta = {trainer.theta().backend(), values};
            if (trainer.teacher().size() > 0) trainer.state().teacher = trainer.state().theta;
            std::cerr << "starting with " << record.taken.size() << " of "
                      << method.layout().parameters().size() << " parameters from " << o.start.checkpoint
                      << '\n';
        }
    });
    processes.together([&] { trainer.check(images, options); });
    share_state(trainer);
    std::cerr << o.method << " with " << method.layout().size() << " parameters on " << images.size()
              << " images, " << o.backend.describe(backend);
    if (processes.size() > 1) std::cerr << " in each of " << processes.size() << " processes";
    std::cerr << '\n';

    KeepEvery keep(o.keep_epochs, folder, training, data);
    SaveEvery save(folder, training, data, {.epochs = o.save_epochs, .minutes = o.save_minutes});
    EvaluateEvery evaluation(test ? o.test_every : 0, test.value_or(images), options.transform,
                             o.training.batch);
    TensorBoardLog curves(o.tensorboard ? folder : "");
    trainer.fit(images, options, evaluation, Progress{}, JsonLog{folder}, curves, keep, save);
    std::cout << "wrote " << save.path().string() << ", " << (folder / "checkpoint.json").string() << " and "
              << (folder / "log.jsonl").string() << '\n';
    if (o.tensorboard) std::cout << "wrote " << curves.path().string() << '\n';
    if (o.keep_epochs > 0)
        std::cout << "kept the states of every " << o.keep_epochs << " epochs in "
                  << (folder / "epochs").string() << '\n';
}

/// Checks all that can be checked before images are read, and opens the start of the training.
/// @param resumes  then --init is not read again
void prepare(Options& o, bool resumes, const program::Processes& processes,
             std::optional<Checkpoint>& start) {
    o.model.fields.check({o.method});
    o.recipe.check({o.method});
    const auto size = static_cast<std::size_t>(processes.size());
    const std::size_t at_once =
        o.reproducible > 0 ? o.training.batch / o.reproducible : o.training.batch / size;
    o.model.require_memory(o.method, o.training.batch, o.backend,
                           {.images = std::max<std::size_t>(1, at_once),
                            .vectors = reproducible_vectors(o.reproducible, size),
                            .checkpoint_blocks = &o.checkpoint_blocks});
    AnyMethod checked = o.model.make_method(o.method, 2);
    std::visit(
        [&](const auto& method) {
            program::check_shares(method, o.training.batch, o.reproducible,
                                  o.recipe.mixup != 0 || o.recipe.cutmix != 0, processes.size());
        },
        checked);
    const auto file = std::filesystem::path(o.out) / "checkpoint.safetensors";
    if (!o.start.checkpoint.empty()) {
        program::require_input_file("--init", o.start.checkpoint, resumes);
        if (resumes) {
            start = Checkpoint::load(file);
        } else {
            OpenedCheckpoint opened = o.start.open(o.model.size());
            if (!opened.note.empty()) std::cerr << opened.note << '\n';
            start = std::move(opened.checkpoint);
        }
        o.model.adopt(start->described().at("model").at("encoder"));
        checked = o.model.make_method(o.method, 2);
        if (!resumes)
            std::visit(
                [&](auto& method) {
                    std::vector<double> values(static_cast<std::size_t>(method.layout().size()));
                    (void)transfer(*start, o.start.prefix(*start), method.layout(), values);
                    start->give_fixed_tensors(method, true);
                },
                checked);
    }
    program::require_distinct(
        {program::checkpoint_files("--init", o.start.checkpoint),
         program::image_files("--data", o.data.source), program::image_files("--test-data", o.test_data)},
        {{"--out", file},
         {"--out", std::filesystem::path(o.out) / "checkpoint.json"},
         {"--out", std::filesystem::path(o.out) / "log.jsonl"}});
}

/// Opens the images to train on and those to test on.
void open_images(const Options& o, std::optional<AnyDataset>& images, std::optional<AnyDataset>& test) {
    const Index side = o.model.encoder_shape().image;
    images = o.data.open(side);
    o.training.check_batches(images->size());
    const bool classifies = std::visit(
        [](const auto& method) {
            return ClassifyingMethod<std::remove_cvref_t<decltype(method)>, Cpu<float>>;
        },
        o.model.make_method(o.method, 2));
    if (classifies && images->classes().size() < 2)
        throw DataError(message("supervised training needs images of at least 2 classes, ", o.data.source,
                                " has ", images->classes().size(),
                                "; put each class into a folder of its own"));
    if (!o.test_data.empty()) test = o.data.open(o.test_data, side, true, 0);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Trains a Vision Transformer: " + AllMethods::names() + ".", "pretrain"};
    Options o;
    add_options(app, o);
    const std::string lost = "The last checkpoint in --out is complete; --resume goes on from it";
    const auto begin = [&](const ProcessPlace& place) {
        program::take_device(o.backend, place);
        o.backend.dispatch(argv);
    };
    return program::run_launched(app, argc, argv, lost, begin, [&](program::Processes& processes) {
        std::optional<Checkpoint> start;
        std::optional<OutputLock> lock;
        std::optional<AnyDataset> images, test;
        const auto file = std::filesystem::path(o.out) / "checkpoint.safetensors";
        const bool resumes = processes.as_first(o.resume && std::filesystem::exists(file));
        processes.share_processors(o.backend);
        processes.together([&] {
            prepare(o, resumes, processes, start);
            if (processes.first()) {
                lock.emplace(OutputLock::of_folder(o.out));
                require_writable_folder(o.out);
            }
            open_images(o, images, test);
        });
        processes.require_same("--data " + o.data.source, images->size());
        if (test) processes.require_same("--test-data " + o.test_data, test->size());
        processes.use_device(o.backend);
        program::for_each_method({o.method}, images->classes().size(), o.model, o.recipe,
                                 [&](const std::string&, const std::string&, const auto& method) {
                                     o.backend.with_backend([&](const auto& backend) {
                                         train(backend, method, o, *images, test, start, processes);
                                     });
                                 });
    });
}
