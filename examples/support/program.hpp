// SPDX-License-Identifier: Apache-2.0
//
// What the example programs share: how they run, and the options for images.
#pragma once

#include <algorithm>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/core/interrupt.hpp>
#include <vitscape/core/memory.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/data/open_dataset.hpp>

#include "options.hpp"

namespace program {

/// What is wrong with a command line, in the words of this program. CLI11 begins with the option's name.
[[nodiscard]] inline std::string usage_error(const CLI::App& app, const CLI::ParseError& error) {
    std::string text = error.what();
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
        const std::string name = text.substr(0, text.find(':'));
        if (const CLI::Option* option = app.get_option_no_throw(name))
            text = option->get_expected_min() == 0 ? name + " takes no value"
                                                   : name + " needs a value: " + option->get_description();
    } else if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
        const std::vector<std::string> extra = app.remaining();
        const auto dashed = std::find_if(extra.begin(), extra.end(),
                                         [](const std::string& word) { return word.starts_with("-"); });
        if (!extra.empty()) text = "no option is called " + (dashed != extra.end() ? *dashed : extra.front());
    }
    return text + "; --help lists all options";
}

/// Says why a program ends; its exit status.
inline int refused(const CLI::App& app, const std::string& why) {
    std::cerr << app.get_name() << ": " << why << '\n';
    return 1;
}

/// Runs `work`; an error is one line on standard error and exit status 1, a stop by the user exit status 130.
template <class Work>
int run_parsed(const CLI::App& app, const Work& work) {
    const vitscape::InterruptGuard guard;
    const vitscape::WriteErrorGuard writes;
    try {
        work();
        if (!std::cout.flush())
            throw vitscape::IoError(
                "the standard output cannot be written: it was closed, or its disk is full");
        return 0;
    } catch (const vitscape::Interrupted& stop) {
        std::cerr << app.get_name() << ": " << stop.what() << '\n';
        return 130;
    } catch (const std::bad_alloc&) {
        return refused(app, "there is not enough memory");
    } catch (const std::exception& error) {
        return refused(app, error.what());
    }
}

/// Parses the command line and runs `work` as `run_parsed`.
template <class Work>
int run(CLI::App& app, int argc, char** argv, const Work& work) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        return refused(app, usage_error(app, error));
    } catch (const vitscape::Error& error) {  // of an option's value
        return refused(app, error.what());
    }
    return run_parsed(app, work);
}

/// Options that say which images to use.
struct DataOptions {
    std::string source = "synthetic";
    std::size_t limit_per_class = 0;
    vitscape::Index max_pixels = vitscape::default_max_pixels;

    void add(CLI::App& app) {
        add_name(
            app, "--data", source, "DATA",
            "images: synthetic[:N] (built in, N images, 10000 unless said), folder:DIR (JPEG and PNG, one "
            "folder per class), tar:FILES (such images in tar archives: a file, a folder of them, "
            "shard-{000..010}.tar, or a folder inside, FILE/FOLDER), cifar10:DIR, cifar100:DIR or "
            "cifar100-coarse:DIR (the binary files) or idx:DIR (the files of MNIST, Fashion-MNIST, KMNIST or "
            "EMNIST)");
        add_number(app, "--limit-per-class", limit_per_class, vitscape::Range::count(0, 4294967295.0),
                   "use the first N images of each class; 0: all");
        add_number(app, "--max-pixels", max_pixels, vitscape::Range::count(1, 1e15),
                   "an image file with more pixels counts as damaged");
    }

    /// Opens `name` with progress on what takes long.
    [[nodiscard]] vitscape::AnyDataset open(const std::string& name, vitscape::Index side, bool test,
                                            std::size_t limit) const {
        auto bar = std::make_shared<std::unique_ptr<vitscape::ProgressBar>>();
        auto label = std::make_shared<std::string>();
        vitscape::ImageFilesOptions folder;
        folder.max_pixels = max_pixels;
        folder.progress = [bar, label](std::string_view what, std::size_t done, std::size_t total) {
            if (*label != what) {
                *label = what;
                *bar = std::make_unique<vitscape::ProgressBar>(
                    *label, static_cast<std::int64_t>(total),
                    what == "reading archives" ? "archives" : "images");
            }
            (*bar)->update(static_cast<std::int64_t>(done));
        };
        vitscape::AnyDataset images = vitscape::open_dataset(
            name, {.test = test, .limit_per_class = limit, .side = side, .folder = std::move(folder)});
        vitscape::require_memory(vitscape::message("--data ", name),
                                 16.0 * static_cast<double>(images.size()), vitscape::available_memory(),
                                 "fewer images need less");  // order and labels
        return images;
    }
    [[nodiscard]] vitscape::AnyDataset open(vitscape::Index side) const {
        return open(source, side, false, limit_per_class);
    }
};

}  // namespace program
