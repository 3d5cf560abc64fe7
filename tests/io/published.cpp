// SPDX-License-Identifier: Apache-2.0
//
// Published models: their names, what is recognized, and what is refused. programs/published.sh compares losses with PyTorch's.
#include <fstream>
#include <map>

#include <vitscape/io/published/checkpoint.hpp>
#include <vitscape/io/published/export.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace published_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Names and shapes of a file that is to be written.
struct Tensors {
    std::map<std::string, Shape> shapes;
    void add_block(const std::string& start, Index width, Index hidden) {
        for (const char* norm : {"norm1", "norm2"}) add_pair(start + norm, {width}, width);
        add_pair(start + "attn.qkv", {3 * width, width}, 3 * width);
        add_pair(start + "attn.proj", {width, width}, width);
        add_pair(start + "mlp.fc1", {hidden, width}, hidden);
        add_pair(start + "mlp.fc2", {width, hidden}, width);
    }
    void add_pair(const std::string& name, const Shape& weight, Index bias) {
        shapes[name + ".weight"] = weight;
        shapes[name + ".bias"] = {bias};
    }
    /// An encoder of width 64 with two blocks, of 16 patches
    void add_encoder(const std::string& start = "") {
        shapes[start + "cls_token"] = {1, 1, 64};
        shapes[start + "pos_embed"] = {1, 17, 64};
        add_pair(start + "patch_embed.proj", {64, 3, 8, 8}, 64);
        for (const char* number : {"0.", "1."}) add_block(start + "blocks." + number, 64, 256);
        add_pair(start + "norm", {64}, 64);
    }
    void add_decoder(const std::string& start = "") {
        add_pair(start + "decoder_embed", {32, 64}, 32);
        shapes[start + "mask_token"] = {1, 1, 32};
        shapes[start + "decoder_pos_embed"] = {1, 17, 32};
        add_block(start + "decoder_blocks.0.", 32, 128);
        add_pair(start + "decoder_norm", {32}, 32);
        add_pair(start + "decoder_pred", {192, 32}, 192);
    }
    void write(const std::filesystem::path& path) const {
        SafeTensorsWriter writer;
        std::uint32_t stream = 0;
        for (const auto& [name, shape] : shapes) {
            const std::vector<double> numbers = random_numbers(shape.size(), ++stream);
            writer.add(name, shape, std::vector<float>(numbers.begin(), numbers.end()));
        }
        writer.write(path);
    }
};

OpenedCheckpoint open(const Tensors& tensors, const PublishedOptions& options = {},
                      const char* name = "model.safetensors") {
    const TemporaryFolder folder;
    tensors.write(folder / name);
    return open_checkpoint(folder / name, options);
}
std::string refusal(const Tensors& tensors, const PublishedOptions& options = {}) {
    return error_text<Error>([&] { (void)open(tensors, options); });
}
std::string family_of(const OpenedCheckpoint& opened) {
    return opened.checkpoint.description().at("published").at("family");
}

}  // namespace

TEST_CASE("published: names of Hugging Face's modules, old and new", "[io]") {
    const auto old = [](const char* name) { return published_names(name, NameStyle::hugging_face, "vit."); };
    const auto modules = [](const char* name) {
        return published_names(name, NameStyle::hugging_face_modules, "vit.");
    };
    CHECK(old("cls_token") == NameParts{"vit.embeddings.cls_token"});
    CHECK(old("patch_embed.proj.weight") == NameParts{"vit.embeddings.patch_embeddings.projection.weight"});
    CHECK(old("blocks.3.attn.qkv.bias") == NameParts{"vit.encoder.layer.3.attention.attention.query.bias",
                                                     "vit.encoder.layer.3.attention.attention.key.bias",
                                                     "vit.encoder.layer.3.attention.attention.value.bias"});
    CHECK(modules("blocks.3.attn.qkv.bias") == NameParts{"vit.layers.3.attention.q_proj.bias",
                                                         "vit.layers.3.attention.k_proj.bias",
                                                         "vit.layers.3.attention.v_proj.bias"});
    CHECK(old("blocks.11.mlp.fc2.weight") == NameParts{"vit.encoder.layer.11.output.dense.weight"});
    CHECK(modules("blocks.11.mlp.fc2.weight") == NameParts{"vit.layers.11.mlp.fc2.weight"});
    CHECK(old("decoder_blocks.0.norm1.weight") ==
          NameParts{"decoder.decoder_layers.0.layernorm_before.weight"});
    CHECK(old("mask_token") == NameParts{"decoder.mask_token"});
    CHECK(old("head.weight") == NameParts{"classifier.weight"});
    CHECK(old("norm.bias") == NameParts{"vit.layernorm.bias"});
    CHECK(old("fc_norm.bias") != old("norm.bias"));  // its presence says how tokens are pooled
    CHECK(published_names("blocks.0.ls1.gamma", NameStyle::hugging_face, "", true) ==
          NameParts{"encoder.layer.0.layer_scale1.lambda1"});
    CHECK(published_names("blocks.0.norm1.bias", NameStyle::plain) == NameParts{"blocks.0.norm1.bias"});
}

TEST_CASE("published: a masked autoencoder is recognized by names and shapes", "[io]") {
    Tensors tensors;
    tensors.add_encoder("model.");
    tensors.add_decoder("model.");
    const OpenedCheckpoint opened = open(tensors);
    CHECK(family_of(opened) == "mae");
    CHECK(opened.note ==
          "model.safetensors: family mae (MAE: encoder, or with a decoder that predicts normalized pixels "
          "(mae_pretrain_*)), "
          "64 x 2, 1 heads, patches of 8, images of 32 pixels");
    const auto method =
        std::get<MaskedAutoencoder<AnyMasking>>(method_from(opened.checkpoint.description().at("model")));
    CHECK(method.config().decoder.heads == 1);
    CHECK(method.config().encoder.transformer.norm_epsilon == 1e-6);
    CHECK(method.config().pixel_loss == PixelLoss::normalized);
    CHECK(opened.checkpoint.vector<float>(method.layout()).size() ==
          static_cast<std::size_t>(method.layout().size()));
    CHECK(family_of(open(tensors, {}, "mae_visualize_vit_base.safetensors")) == "mae-pixels");

    PublishedOptions options{.heads = 4, .image = 48};
    const auto larger = std::get<MaskedAutoencoder<AnyMasking>>(
        method_from(open(tensors, options).checkpoint.description().at("model")));
    CHECK(larger.config().encoder.transformer.heads == 4);
    CHECK(larger.grid().count() == 36);
    options.image = 50;
    CHECK(contains(refusal(tensors, options), "images of 50 pixels are not divided by the patches of 8"));
    CHECK(contains(refusal(tensors, {.family = "resnet"}),
                   "'resnet' is no family of published models; known are mae, mae-pixels"));
}

TEST_CASE("published: student and teacher, layer scale, registers, pooling and an encoder alone", "[io]") {
    Tensors taught;
    for (const char* start : {"student.module.", "teacher.module."}) {
        taught.add_encoder(start);
        taught.add_decoder(start);
    }
    taught.shapes["optimizer.state"] = {7};
    const OpenedCheckpoint pair = open(taught);
    CHECK(family_of(pair) == "rc-mae");
    CHECK(pair.checkpoint.description().at("model").at("method") == "rc-mae");
    CHECK(pair.checkpoint.tensors().contains("teacher.blocks.1.mlp.fc2.bias"));

    Tensors scaled;
    scaled.add_encoder();
    scaled.shapes["register_tokens"] = {1, 4, 64};
    scaled.shapes["mask_token"] = {1, 64};  // of its training
    for (const char* name : {"blocks.0.ls1", "blocks.0.ls2", "blocks.1.ls1", "blocks.1.ls2"})
        scaled.shapes[std::string(name) + ".gamma"] = {64};
    const OpenedCheckpoint alone = open(scaled);
    CHECK(family_of(alone) == "dinov2");
    const nlohmann::json model = alone.checkpoint.description().at("model");
    CHECK(model.at("method") == "encoder");
    CHECK(model.at("encoder").at("registers") == 4);
    CHECK(model.at("encoder").at("layer_scale") == true);

    Tensors classifier;
    classifier.add_encoder();
    classifier.add_pair("head", {7, 64}, 7);
    const OpenedCheckpoint augreg = open(classifier);
    CHECK(family_of(augreg) == "augreg");
    CHECK(augreg.checkpoint.description().at("training").at("transform").at("mean") ==
          nlohmann::json({0.5, 0.5, 0.5}));
    classifier.shapes.erase("norm.weight");
    classifier.shapes.erase("norm.bias");
    classifier.add_pair("fc_norm", {64}, 64);
    const OpenedCheckpoint tuned = open(classifier);
    CHECK(family_of(tuned) == "deit");
    CHECK(tuned.checkpoint.description().at("model").at("pooling") == "average");
    CHECK(tuned.checkpoint.description().at("model").at("classes") == 7);
}

TEST_CASE("published: what the models here do not have is refused by name", "[io]") {
    const auto with = [](const char* name, const Shape& shape) {
        Tensors tensors;
        tensors.add_encoder();
        tensors.shapes[name] = shape;
        return refusal(tensors);
    };
    CHECK(contains(with("blocks.0.attn.q_norm.weight", {64}),
                   "the tensor blocks.0.attn.q_norm.weight, for which the Vision Transformers here have no "
                   "place: normalized queries"));
    CHECK(contains(with("rope_embed.periods", {4}), "rope_embed.periods, for which"));
    CHECK(contains(with("blocks.0.mlp.w12.weight", {4, 4}), "gated MLPs"));
    CHECK(contains(with("unheard_of", {4}),
                   "unheard_of, for which the Vision Transformers here have no place: something"));
    Tensors tensors;
    tensors.add_encoder();
    tensors.shapes.erase("blocks.1.attn.qkv.bias");
    CHECK(contains(refusal(tensors), "has no blocks.1.attn.qkv.bias"));
    tensors.add_encoder();
    tensors.shapes["pos_embed"] = {1, 15, 64};
    CHECK(contains(refusal(tensors), "there are 15 positions, needed are those of a square of patches"));
    tensors.shapes["pos_embed"] = {1, 17, 64};
    tensors.shapes["patch_embed.proj.weight"] = {64, 1, 8, 8};
    CHECK(contains(refusal(tensors), "the patch embedding has the shape (64, 1, 8, 8)"));
    Tensors odd;
    odd.shapes["patch_embed.proj.weight"] = {60, 3, 8, 8};
    odd.shapes["pos_embed"] = {1, 17, 60};
    CHECK(
        contains(refusal(odd), "does not say how many heads its width of 60 is divided into; give --heads"));
    Tensors clip;
    clip.shapes["visual.class_embedding"] = {64};
    CHECK(contains(refusal(clip), "is a model of CLIP"));
    Tensors other;
    other.shapes["layer1.conv.weight"] = {64};
    CHECK(contains(refusal(other), "holds no Vision Transformer that is known here"));
    CHECK(contains(refusal(other), "it begins with layer1.conv.weight"));
}

TEST_CASE("published: config.json beside a file says heads, epsilon, pixels and classes", "[io]") {
    const TemporaryFolder folder;
    Tensors tensors;
    tensors.add_encoder();
    tensors.add_pair("head", {2, 64}, 2);
    tensors.write(folder / "model.safetensors");
    const auto write = [&](const char* name, const char* text) { std::ofstream(folder / name) << text; };
    write("config.json", R"({"num_attention_heads": 8, "layer_norm_eps": 1e-5, "hidden_act": "gelu",
                             "id2label": {"0": "cat", "1": "dog"}})");
    write("preprocessor_config.json",
          R"({"image_mean": [0.25, 0.5, 0.75], "image_std": [0.5, 0.25, 0.125]})");
    const Checkpoint checkpoint = open_checkpoint(folder / "model.safetensors").checkpoint;
    const nlohmann::json& said = checkpoint.description();
    CHECK(said.at("model").at("encoder").at("heads") == 8);
    CHECK(said.at("model").at("encoder").at("norm_epsilon") == 1e-5);
    CHECK(said.at("data").at("classes") == nlohmann::json({"cat", "dog"}));
    CHECK(said.at("training").at("transform").at("standard_deviation") == nlohmann::json({0.5, 0.25, 0.125}));
    write("config.json", R"({"hidden_act": "quick_gelu"})");
    CHECK(contains(error_text<IoError>([&] { (void)open_checkpoint(folder / "model.safetensors"); }),
                   "is quick_gelu; the models here have gelu"));
}

TEST_CASE("published: a model that is exported under either name and read again has the same numbers",
          "[io]") {
    const TemporaryFolder folder;
    Tensors tensors;
    tensors.add_encoder();
    tensors.add_decoder();
    tensors.write(folder / "model.safetensors");
    const Checkpoint original = open_checkpoint(folder / "model.safetensors").checkpoint;
    const auto layout =
        std::get<MaskedAutoencoder<AnyMasking>>(method_from(original.description().at("model"))).layout();
    for (const NameStyle style : {NameStyle::plain, NameStyle::hugging_face}) {
        const auto out = folder / std::string(name_of(style));
        std::filesystem::create_directories(out);
        (void)export_model(out, original, "", style);
        const Checkpoint again = open_checkpoint(out / "model.safetensors").checkpoint;
        CHECK(again.description().at("model") == original.description().at("model"));
        CHECK(again.vector<float>(layout) == original.vector<float>(layout));
        CHECK(again.tensors().at("decoder_pos_embed").to<float>() ==
              original.tensors().at("decoder_pos_embed").to<float>());
    }
}

}  // namespace published_test
