// SPDX-License-Identifier: Apache-2.0
//
// Writes a checkpoint's model under the names of timm or Hugging Face, so that PyTorch loads it.
#include <iostream>
#include <string>

#include <vitscape/core/output_lock.hpp>
#include <vitscape/io/published/export.hpp>

#include "support/files.hpp"
#include "support/options.hpp"
#include "support/program.hpp"

using namespace vitscape;

int main(int argc, char** argv) {
    CLI::App app{"Writes a checkpoint's model as PyTorch's libraries read it.", "export"};
    std::string checkpoint, part = "student", out;
    NameStyle names = NameStyle::plain;
    program::add_input_file(app, "--checkpoint", checkpoint, "file that pretrain wrote")->required();
    program::add_choice(app, "--of", part, {"student", "teacher"},
                        "whose parameters, where a model has a teacher");
    std::string style(name_of(names));
    program::add_choice(
        app, "--names", style, {"timm", "huggingface"},
        "timm: those of timm, MAE and DINO; huggingface: those of ViTMAE and ViT, with a config.json");
    program::add_name(app, "--out", out, "FOLDER", "folder for model.safetensors and config.json")
        ->required();
    return program::run(app, argc, argv, [&] {
        const std::filesystem::path folder(out), file = folder / "model.safetensors",
                                                 config = folder / "config.json";
        program::require_distinct(
            {program::checkpoint_files("--checkpoint", checkpoint)},
            {{"--out", file}, {"--out", config}, {"--out", folder / "preprocessor_config.json"}});
        const Checkpoint from = Checkpoint::load(checkpoint);
        const OutputLock lock = OutputLock::of_folder(out);
        require_writable_folder(out);
        for (const auto& [name, style_of] : enumerators(NameStyle{}))
            if (name == style) names = style_of;
        for (const std::filesystem::path& written :
             export_model(folder, from, part == "teacher" ? "teacher." : "", names))
            std::cout << "wrote " << written.string() << '\n';
    });
}
