// SPDX-License-Identifier: Apache-2.0
//
// Trains a masked autoencoder, with or without a teacher, or a supervised Vision Transformer and writes checkpoints and a log.
#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <optional>
#include <string>

#include <vitscape/train/checkpointing.hpp>

#include "support/backend.hpp"
#include "support/program.hpp"

using namespace vitscape;

namespace {

struct Options {
    program::DataOptions data;
    program::BackendOptions backend;
    std::string method = "mae", test_data, model, masking = "random", pixel_loss = "normalized",
                pooling = "class-token", augment = "none", out;
    Index image = 0, patch = 0, width = 96, depth = 4, heads = 3;
    Index decoder_width = 0, decoder_depth = 0, decoder_heads = 0;
    double mask_ratio = 0.75, label_smoothing = 0, consistency = 1;
    std::string momentum = "published";
    double momentum_from = 0.996, momentum_to = 1;
    bool other_mask = false;
    std::uint32_t epochs = 100, save_epochs = 1, test_every = 1;
    std::size_t batch = 256, accumulate = 1;
    double learning_rate = 0, base_learning_rate = 1.5e-4, warmup = -1, weight_decay = 0.05, clip_norm = 0;
    double save_minutes = 10, min_crop = 0.2;
    std::array<float, 3> mean{0.485F, 0.456F, 0.406F}, standard_deviation{0.229F, 0.224F, 0.225F};
    std::uint64_t seed = 0;
    bool resume = false;
};

void add_options(CLI::App& app, Options& o) {
    app.option_defaults()->always_capture_default()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    app.add_option("--method", o.method, "what to train")
        ->check(CLI::IsMember({"mae", "rc-mae", "supervised"}));
    o.data.add(app);
    app.add_option("--test-data", o.test_data,
                   "images to evaluate on, as --data; cifar10:DIR takes its test part");
    app.add_option("--test-every", o.test_every, "epochs between evaluations on --test-data");

    app.add_option("--model", o.model, "named size instead of --width, --depth, --heads and the decoder's")
        ->check(CLI::IsMember({"tiny", "small", "base", "large", "huge"}));
    app.add_option("--image", o.image, "image side in pixels; 0: 32, or 224 for a named size");
    app.add_option("--patch", o.patch, "patch side in pixels; 0: 4, or 16 for a named size (14 for huge)");
    app.add_option("--width", o.width, "encoder width, numbers per token");
    app.add_option("--depth", o.depth, "encoder blocks");
    app.add_option("--heads", o.heads, "encoder attention heads");
    app.add_option("--decoder-width", o.decoder_width, "mae: decoder width; 0: 64, or the named size's");
    app.add_option("--decoder-depth", o.decoder_depth, "mae: decoder blocks; 0: 1, or the named size's");
    app.add_option("--decoder-heads", o.decoder_heads, "mae: decoder heads; 0: 4, or the named size's");
    app.add_option("--mask-ratio", o.mask_ratio, "mae: part of the patches that is masked, between 0 and 1");
    app.add_option("--masking", o.masking,
                   "mae: masking policy; grid keeps every second patch both ways (ratio 0.75)")
        ->check(CLI::IsMember({"random", "block", "grid"}));
    app.add_option("--consistency", o.consistency, "rc-mae: weight of the consistency with the teacher");
    app.add_option(
           "--momentum", o.momentum,
           "rc-mae: the teacher's momentum, a cosine over the training, or anew in every epoch as the "
           "authors' code has it")
        ->check(CLI::IsMember({"published", "released"}));
    app.add_option("--momentum-from", o.momentum_from, "rc-mae: the teacher's momentum at the first step");
    app.add_option("--momentum-to", o.momentum_to, "rc-mae: what it goes to");
    app.add_flag("--other-mask", o.other_mask, "rc-mae: the teacher sees other patches than the student")
        ->always_capture_default(false);
    app.add_option("--pixel-loss", o.pixel_loss, "mae: predict pixels, or pixels normalized per patch")
        ->check(CLI::IsMember({"plain", "normalized"}));
    app.add_option("--pooling", o.pooling, "supervised: what the head reads")
        ->check(CLI::IsMember({"class-token", "average"}));
    app.add_option("--label-smoothing", o.label_smoothing,
                   "supervised: part of the target spread over all classes");

    app.add_option("--epochs", o.epochs, "passes over the images");
    app.add_option("--batch", o.batch, "images in one forward and backward pass");
    app.add_option("--accumulate", o.accumulate, "batches in one optimizer step");
    auto* lr = app.add_option("--lr", o.learning_rate, "peak learning rate; 0: from --base-lr");
    app.add_option("--base-lr", o.base_learning_rate, "peak learning rate per 256 images of a step")
        ->excludes(lr);
    app.add_option("--warmup", o.warmup, "epochs of linear warm-up; -1: a tenth of the epochs, at most 40");
    app.add_option("--weight-decay", o.weight_decay,
                   "AdamW's weight decay, for parameters of two or more dimensions");
    app.add_option("--clip-norm", o.clip_norm, "largest norm of the gradient; 0: not clipped");
    app.add_option("--augment", o.augment, "crop-flip: random resized crop and horizontal flip")
        ->check(CLI::IsMember({"none", "crop-flip"}));
    app.add_option("--min-crop", o.min_crop, "crop-flip: smallest part of the image's area");
    app.add_option("--mean", o.mean, "mean of red, green, blue, for pixels in [0, 1]")->delimiter(',');
    app.add_option("--std", o.standard_deviation, "standard deviation of red, green, blue")->delimiter(',');
    app.add_option("--seed", o.seed, "of weights, order, augmentation and masks");
    o.backend.add(app);

    app.add_option("--out", o.out, "folder for checkpoint.safetensors, checkpoint.json and log.jsonl")
        ->required();
    app.add_option("--save-every", o.save_epochs, "epochs between checkpoints");
    app.add_option("--save-minutes", o.save_minutes, "minutes between checkpoints inside a long epoch");
    app.add_flag("--resume", o.resume,
                 "go on from the checkpoint in --out, bit-exactly, with the same options")
        ->always_capture_default(false);
}

VitShape encoder_shape(const Options& o) {
    if (o.model.empty()) return {o.image ? o.image : 32, o.patch ? o.patch : 4, {o.width, o.depth, o.heads}};
    const Index image = o.image ? o.image : 224, patch = o.patch ? o.patch : o.model == "huge" ? 14 : 16;
    if (o.model == "tiny") return vit_tiny(image, patch);
    if (o.model == "small") return vit_small(image, patch);
    if (o.model == "base") return vit_base(image, patch);
    return o.model == "large" ? vit_large(image, patch) : vit_huge(image, patch);
}

TransformerShape decoder_shape(const Options& o) {
    TransformerShape shape{64, 1, 4};
    if (o.model == "tiny") shape = {128, 2, 4};
    if (o.model == "small") shape = {256, 4, 8};
    if (o.model == "base" || o.model == "large" || o.model == "huge") shape = {512, 8, 16};
    if (o.decoder_width != 0) shape.width = o.decoder_width;
    if (o.decoder_depth != 0) shape.depth = o.decoder_depth;
    if (o.decoder_heads != 0) shape.heads = o.decoder_heads;
    return shape;
}

AnyMasking masking_policy(const Options& o) {
    if (o.masking == "block") return {BlockMasking{.ratio = o.mask_ratio}};
    if (o.masking == "grid") return {GridMasking{}};
    return {RandomMasking{o.mask_ratio}};
}

void check_learning_rate(const Options& o) {
    for (const double rate : {o.learning_rate, o.base_learning_rate})
        if (!(std::isfinite(rate) && rate >= 0))
            throw ConfigError(
                message("a learning rate of ", rate, " was given; it is a number of at least 0"));
    if (!(o.weight_decay >= 0))
        throw ConfigError(message("the weight decay ", o.weight_decay, " is negative"));
}

AnyMethod make_method(const Options& o, std::size_t classes) {
    const PixelLoss pixel_loss = o.pixel_loss == "plain" ? PixelLoss::plain : PixelLoss::normalized;
    if (o.method == "mae")
        return MaskedAutoencoder<AnyMasking>({.encoder = encoder_shape(o),
                                              .decoder = decoder_shape(o),
                                              .masking = masking_policy(o),
                                              .pixel_loss = pixel_loss});
    if (o.method == "rc-mae") {
        AnyMomentum momentum{PublishedMomentum{o.momentum_from, o.momentum_to}};
        if (o.momentum == "released") momentum.schedule = ReleasedMomentum{o.momentum_from, o.momentum_to};
        return RcMae<AnyMasking, EmaTeacher<AnyMomentum>>({.encoder = encoder_shape(o),
                                                           .decoder = decoder_shape(o),
                                                           .masking = masking_policy(o),
                                                           .pixel_loss = pixel_loss,
                                                           .teacher = {momentum},
                                                           .consistency = o.consistency,
                                                           .other_mask = o.other_mask});
    }
    return VitClassifier({.encoder = encoder_shape(o),
                          .classes = static_cast<Index>(classes),
                          .pooling = o.pooling == "average" ? Pooling::average : Pooling::class_token,
                          .label_smoothing = o.label_smoothing});
}

template <class B, class M>
void train(const B& backend, const M& method, const Options& o, const AnyDataset& images,
           const std::optional<AnyDataset>& test) {
    TrainOptions options{
        .epochs = o.epochs, .batch = o.batch, .accumulate = o.accumulate, .clip_norm = o.clip_norm};
    options.transform.side = method.grid().image;
    options.transform.mean = o.mean;
    options.transform.standard_deviation = o.standard_deviation;
    if (o.augment == "crop-flip") {
        options.transform.crop = Crop::random_resized;
        options.transform.min_crop = o.min_crop;
        options.transform.flip = true;
    }
    const double warmup = o.warmup >= 0 ? o.warmup : std::min(40.0, 0.1 * o.epochs);
    const double peak = o.learning_rate > 0
                            ? o.learning_rate
                            : o.base_learning_rate * static_cast<double>(o.batch * o.accumulate) / 256;
    Trainer trainer{backend, method, AdamW{.weight_decay = o.weight_decay},
                    WarmupCosine{.peak = peak, .warmup_epochs = warmup}, o.seed};

    const nlohmann::json training = describe_training(trainer, options, images.size());
    const nlohmann::json data = {{"source", o.data.source},
                                 {"limit_per_class", o.data.limit_per_class},
                                 {"classes", images.classes()}};
    const std::filesystem::path folder(o.out), file = folder / "checkpoint.safetensors";
    if (o.resume && std::filesystem::exists(file)) {
        resume_training(Checkpoint::load(file), trainer, training);
        std::cerr << "resuming after " << trainer.state().epoch << " epochs and " << trainer.state().batch
                  << " batches\n";
    } else if (std::filesystem::exists(file)) {
        throw ConfigError(
            message(file.string(), " exists; give --resume to go on from it, or another --out"));
    }
    std::cerr << o.method << " with " << method.layout().size() << " parameters on " << images.size()
              << " images, " << o.backend.describe(backend) << '\n';

    SaveEvery save(folder, training, data, {.epochs = o.save_epochs, .minutes = o.save_minutes});
    EvaluateEvery evaluation(test ? o.test_every : 0, test.value_or(images), options.transform, o.batch);
    trainer.fit(images, options, evaluation, Progress{}, JsonLog{folder}, save);
    std::cout << "wrote " << save.path().string() << ", " << (folder / "checkpoint.json").string() << " and "
              << (folder / "log.jsonl").string() << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Trains a masked autoencoder or a supervised Vision Transformer.", "pretrain"};
    Options o;
    add_options(app, o);
    return program::run(app, argc, argv, [&] {
        o.backend.settle(argv);
        const VitShape shape = encoder_shape(o);
        const AnyMethod checked =
            make_method(o, 2);  // a configuration that cannot work fails before images are read
        check_learning_rate(o);
        require_writable_folder(o.out);
        const AnyDataset images = o.data.open(shape.image);
        if (o.method == "supervised" && images.classes().size() < 2)
            throw DataError(message("supervised training needs images of at least 2 classes, ", o.data.source,
                                    " has ", images.classes().size(),
                                    "; put each class into a folder of its own"));
        std::optional<AnyDataset> test;
        if (!o.test_data.empty()) test = o.data.open(o.test_data, shape.image, true, 0);
        std::visit(
            [&](const auto& method) {
                o.backend.with_backend([&](const auto& backend) { train(backend, method, o, images, test); });
            },
            o.method != "supervised" ? checked : make_method(o, images.classes().size()));
    });
}
