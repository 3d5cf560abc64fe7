// SPDX-License-Identifier: Apache-2.0
//
// Models that a comparison is given and does not train: published files, and checkpoints of other trainings.
#pragma once

#include <algorithm>
#include <cctype>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/data/dataset.hpp>
#include <vitscape/io/published/checkpoint.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/study/given_model.hpp>
#include <vitscape/train/checkpointing.hpp>

#include "model_options.hpp"
#include "published_options.hpp"

namespace program {

/// A model as it was asked for, and what its file says.
struct Given {
    std::string text, name, title, file;
    PublishedOptions published{};
    bool of_others = false;      ///< a published file, no checkpoint of ours
    vitscape::AnyMethod method;  ///< with the positions that are stored
    vitscape::GivenModel model{};

    [[nodiscard]] std::string option() const { return "--given " + text; }
    [[nodiscard]] vitscape::PatchGrid grid() const {
        return std::visit([](const auto& one) { return one.grid(); }, method);
    }
};

/// Options that say which models are given.
struct GivenOptions {
    std::vector<std::string> texts;

    void add(CLI::App& app) {
        app.add_option(
               "--given", texts,
               "NAME=FILE: compares a model that is not trained here, a published file (.safetensors, .pth) "
               "or "
               "a checkpoint, of the same image size, patches, --mean and --std; of a published file also "
               "NAME=FILE,family=…,heads=N,decoder-heads=N,image=N,classes=FILE as landscape's options; may "
               "be "
               "given several times. Without --methods and --arm nothing is trained, and the first model "
               "says "
               "what images are like")
            ->delimiter('\0')
            ->allow_extra_args(false)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
            ->always_capture_default(false);
    }

    /// Opens all files and shows what they are. @throws ConfigError, IoError, ShapeError for a text or a file that is none
    [[nodiscard]] std::vector<Given> open() const {
        std::vector<Given> all;
        for (const std::string& text : texts) {
            all.push_back(opened(text));
            std::cerr << all.back().name << ": " << all.back().model.description << ", "
                      << vitscape::pixel_text(all.back().model.pixels) << '\n';
        }
        return all;
    }

  private:
    [[nodiscard]] static Given opened(const std::string& text) {
        using namespace vitscape;
        const auto fail = [&](const std::string& why) {
            return ConfigError(message("--given ", text, ": ", why, "; write NAME=FILE"));
        };
        const std::size_t equals = text.find('=');
        if (equals == text.npos || equals == 0) throw fail("it has no name");
        const std::string name = text.substr(0, equals);
        for (const char c : name)
            if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_')
                throw fail("a name has letters, digits, '-' and '_' only");
        PublishedOptions published;
        std::string file = text.substr(equals + 1);
        const bool asked = take_options(text, file, published);
        require_input_file("--given " + name, file);
        const auto open = [file, options = published.model] { return open_checkpoint(file, options); };
        const OpenedCheckpoint first = open();
        if (first.note.empty() && asked)
            throw fail(
                message("what follows a comma is for published files; ", file, " says itself what it is"));
        require_loss(first.checkpoint);
        AnyMethod method = method_from(first.checkpoint.described().at("model"));
        std::visit([&](auto& one) { first.checkpoint.give_fixed_tensors(one); }, method);
        GivenModel model = given_model(file, first.checkpoint, [open] { return open().checkpoint; });
        model.description =
            first.note.empty()
                ? message(model.file, ": a checkpoint of ",
                          first.checkpoint.described().at("model").at("method").to<std::string>())
                : first.note;
        return {text,
                name,
                name + " (given)",
                file,
                std::move(published),
                !first.note.empty(),
                std::move(method),
                std::move(model)};
    }
    /// Takes the options at the end of a file's name, which may have commas itself. @return  whether there are some
    static bool take_options(const std::string& text, std::string& file, PublishedOptions& published) {
        using namespace vitscape;
        bool any = false;
        for (std::size_t comma; (comma = file.rfind(',')) != file.npos; any = true) {
            const std::string part = file.substr(comma + 1);
            const std::size_t equals = part.find('=');
            if (equals == part.npos) break;
            const std::string key = part.substr(0, equals), value = part.substr(equals + 1);
            try {
                const auto count = [&](const Range& range) { return parse_number<Index>(key, value, range); };
                if (key == "family")
                    published.model.family = published_family(value).name;
                else if (key == "heads")
                    published.model.heads = count(Range::count(1, TransformerShape::widths.most));
                else if (key == "decoder-heads")
                    published.model.decoder_heads = count(Range::count(1, TransformerShape::widths.most));
                else if (key == "image")
                    published.model.image = count(Range::count(1, VitShape::sides.most));
                else if (key == "classes")
                    require_input_file(key, value), published.classes = value;
                else
                    break;
            } catch (const ConfigError& error) {
                throw ConfigError(message("--given ", text, ": ", error.what()));
            }
            file.resize(comma);
        }
        return any;
    }
};

/// Takes size and pixels of images from a model, where no option says them: of a study that trains nothing.
inline void take_images_of(const Given& given, const CLI::App& app, ModelOptions& model,
                           TrainingOptions& training) {
    if (model.image == 0 && model.model.empty()) model.image = given.grid().image;
    if (model.patch == 0 && model.model.empty()) model.patch = given.grid().patch;
    if (app.count("--mean") == 0) training.mean = given.model.pixels.mean;
    if (app.count("--std") == 0) training.standard_deviation = given.model.pixels.standard_deviation;
}

/// @throws ConfigError naming what differs between a model's images and the study's, and what to do
inline void require_fits(const Given& given, const vitscape::VitShape& study,
                         const vitscape::ImageTransform& transform) {
    using namespace vitscape;
    const PatchGrid grid = given.grid();
    std::string differs, needed;
    const auto number = [&](const char* what, const char* option, Index its, Index here) {
        if (its == here) return;
        differs += message(differs.empty() ? "" : ", ", what, " of ", its, " pixels, here ", here);
        needed += message(needed.empty() ? "" : " ", option, " ", its);
    };
    number("images", "--image", grid.image, study.image);
    number("patches", "--patch", grid.patch, study.patch);
    if (!same_pixel_values(given.model.pixels, transform)) {
        differs += message(differs.empty() ? "" : ", ", pixel_text(given.model.pixels), ", here ",
                           pixel_text(transform));
        const auto list = [](const std::array<float, 3>& values) {
            return joined_numbers(std::vector<float>(values.begin(), values.end()));
        };
        needed += message(needed.empty() ? "" : " ", "--mean ", list(given.model.pixels.mean), " --std ",
                          list(given.model.pixels.standard_deviation));
    }
    if (differs.empty()) return;
    throw ConfigError(message(given.option(),
                              " does not fit this study, whose contestants read the same images: ", differs,
                              "; give ", needed, ", or leave the model out",
                              given.of_others && grid.image != study.image && study.image % grid.patch == 0
                                  ? message(", or add ,image=", study.image, " to interpolate its positions")
                                  : std::string()));
}

/// Of a classifier: finds the output of its head for each class of the images. Of other methods nothing.
/// @param source  of the images, for sentences
/// @throws DataError if the classes are not those of the head
inline void settle_classes(Given& given, const std::vector<std::string>& classes, const std::string& source) {
    using namespace vitscape;
    const auto* classifier = std::get_if<VitClassifier>(&given.method);
    if (classifier == nullptr) return;
    const Index count = classifier->config().classes;
    if (classes.empty())
        throw DataError(message(given.option(), " classifies images, and ", source, " has no classes"));
    if (count != static_cast<Index>(classes.size()))
        throw DataError(message(given.option(), " has a head of ", count, " classes, ", source, " has ",
                                classes.size(), "; pretrain --method supervised --init ", given.file,
                                " trains a head of these, and its checkpoint can be given"));
    std::vector<std::int64_t> outputs =
        given.published.outputs_of(given.model.open(), classes, count, source);
    if (!std::is_sorted(outputs.begin(), outputs.end())) given.model.outputs = std::move(outputs);
}

}  // namespace program
