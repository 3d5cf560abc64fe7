// SPDX-License-Identifier: Apache-2.0
//
// What the example programs share: how they run, and the options for images.
#pragma once

#include <cmath>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include <vitscape/core/interrupt.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/data/open_dataset.hpp>

namespace program {

/// Parses the command line and runs `work`; an error is one line on standard error and exit status 1, a stop
/// by the user exit status 130.
template <class Work>
int run(CLI::App& app, int argc, char** argv, const Work& work) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    }
    const vitscape::InterruptGuard guard;
    try {
        work();
        return 0;
    } catch (const vitscape::Interrupted& stop) {
        std::cerr << app.get_name() << ": " << stop.what() << '\n';
        return 130;
    } catch (const std::exception& error) {
        std::cerr << app.get_name() << ": " << error.what() << '\n';
        return 1;
    }
}

/// Options that say which images to use.
struct DataOptions {
    std::string source = "synthetic";
    std::size_t limit_per_class = 0;

    void add(CLI::App& app) {
        app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        app.add_option(
               "--data", source,
               "images: synthetic[:N] (built in, N images, 10000 unless said), folder:DIR (JPEG and PNG, one "
               "folder per class) or cifar10:DIR (the binary files)")
            ->capture_default_str();
        app.add_option("--limit-per-class", limit_per_class, "use the first N images of each class; 0: all")
            ->capture_default_str();
    }

    /// Opens `name` with progress on what takes long.
    [[nodiscard]] vitscape::AnyDataset open(const std::string& name, vitscape::Index side, bool test,
                                            std::size_t limit) const {
        auto bar = std::make_shared<std::unique_ptr<vitscape::ProgressBar>>();
        auto label = std::make_shared<std::string>();
        vitscape::ImageFolderOptions folder;
        folder.progress = [bar, label](std::string_view what, std::size_t done, std::size_t total) {
            if (*label != what) {
                *label = what;
                *bar = std::make_unique<vitscape::ProgressBar>(*label, static_cast<std::int64_t>(total),
                                                               "images");
            }
            (*bar)->update(static_cast<std::int64_t>(done));
        };
        return vitscape::open_dataset(
            name, {.test = test, .limit_per_class = limit, .side = side, .folder = std::move(folder)});
    }
    [[nodiscard]] vitscape::AnyDataset open(vitscape::Index side) const {
        return open(source, side, false, limit_per_class);
    }
};

}  // namespace program
