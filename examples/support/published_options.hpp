// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints of other programs: what the user says of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/io/published/checkpoint.hpp>
#include <vitscape/nn/vit.hpp>

#include "options.hpp"

namespace program {

/// Options that say of a published file what its names and shapes do not.
struct PublishedOptions {
    vitscape::PublishedOptions model;
    std::string classes;

    void add(CLI::App& app) {
        using vitscape::Range, vitscape::TransformerShape;
        std::vector<std::string> families;
        for (const vitscape::PublishedFamily& family : vitscape::published_families)
            families.emplace_back(family.name);
        add_choice(app, "--family", model.family, families,
                   "of a published file: whose model it is; without it, by names and shapes");
        const Range heads = Range::count(0, TransformerShape::widths.most);
        add_number(
            app, "--heads", model.heads, heads,
            "of a published file: attention heads; 0: by config.json beside it, or the usual of the width");
        add_number(app, "--decoder-heads", model.decoder_heads, heads, "the same of the decoder");
        add_number(app, "--image", model.image, Range::count(0, vitscape::VitShape::sides.most),
                   "of a published file: image side in pixels; 0: the file's; positions are interpolated");
        add_input_file(
            app, "--classes", classes,
            "of a published classifier: file with the name of a class on each line, in the order of its "
            "outputs; --data names the same ones");
    }

    /// Opens a checkpoint and shows what a published one was taken for. @throws IoError, ShapeError, ConfigError
    [[nodiscard]] vitscape::Checkpoint open(const std::string& path) const {
        vitscape::OpenedCheckpoint opened = vitscape::open_checkpoint(path, model);
        if (!opened.note.empty()) {
            std::cerr << opened.note << '\n';
            return std::move(opened.checkpoint);
        }
        for (const auto& [given, option] :
             {std::pair{!model.family.empty(), "--family"}, std::pair{model.heads > 0, "--heads"},
              std::pair{model.decoder_heads > 0, "--decoder-heads"}, std::pair{model.image > 0, "--image"},
              std::pair{!classes.empty(), "--classes"}})
            if (given)
                throw vitscape::ConfigError(
                    vitscape::message(option, " is for published files; ", path, " says itself what it is"));
        return std::move(opened.checkpoint);
    }

    /// Which output of a classifier belongs to each class of the images.
    /// @param count  outputs of the classifier.  @param source  of the images, for sentences
    /// @throws DataError if the classes do not fit
    [[nodiscard]] std::vector<std::int64_t> outputs_of(const vitscape::Checkpoint& checkpoint,
                                                       const std::vector<std::string>& of_images,
                                                       vitscape::Index count,
                                                       const std::string& source) const {
        using vitscape::DataError, vitscape::message;
        const std::string& origin = checkpoint.tensors().origin();
        const vitscape::JsonValue described = checkpoint.described().at("data").at("classes");
        const bool named = !described.json().is_null();
        std::vector<std::string> names;
        if (!classes.empty())
            names = read_classes();
        else if (named)
            names = described.to<std::vector<std::string>>();
        std::vector<std::int64_t> outputs(of_images.size());
        for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = static_cast<std::int64_t>(i);
        if (names == of_images) return outputs;
        if (names.empty()) {
            if (static_cast<vitscape::Index>(of_images.size()) == count)
                return outputs;  // in the order of their names
            throw DataError(message(origin, " has ", count, " classes without names, ", source, " has ",
                                    of_images.size(), "; name its classes by --classes"));
        }
        if (static_cast<vitscape::Index>(names.size()) != count)
            throw DataError(message(classes.empty() ? origin : classes, " names ", names.size(),
                                    " classes, the head of ", origin, " has ", count));
        if (!checkpoint.description().contains("published"))
            throw DataError(message("the classes of ", source, " are not those that ", origin,
                                    " was trained on (", names.size(), " classes)"));
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            const auto found = std::find(names.begin(), names.end(), of_images[i]);
            if (found == names.end())
                throw DataError(message(source, " has the class '", of_images[i],
                                        "', which is not among the ", names.size(), " of ",
                                        classes.empty() ? origin : classes));
            outputs[i] = found - names.begin();
        }
        return outputs;
    }

  private:
    [[nodiscard]] std::vector<std::string> read_classes() const {
        std::ifstream file(classes);
        if (!file) throw vitscape::IoError(vitscape::message("cannot read ", classes));
        std::vector<std::string> names;
        for (std::string line; std::getline(file, line);) {
            if (line.ends_with('\r')) line.pop_back();
            if (!line.empty()) names.push_back(line);
        }
        return names;
    }
};

/// @throws vitscape::ConfigError if the checkpoint holds an encoder alone
inline void require_loss(const vitscape::Checkpoint& checkpoint) {
    if (checkpoint.described().at("model").at("method").to<std::string>() == vitscape::detail::encoder_alone)
        throw vitscape::ConfigError(vitscape::message(
            checkpoint.tensors().origin(),
            " holds an encoder without decoder and head, which has no loss of its own; take the "
            "file with the decoder (MAE: ..._full.pth), or train a head on it by "
            "pretrain --method supervised --init"));
}

}  // namespace program
