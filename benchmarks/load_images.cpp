// SPDX-License-Identifier: Apache-2.0
//
// Images per second that one thread loads from a folder or from tar archives for training: reading, decoding, random crop, resizing, mirroring and
// normalization. The time is that of the processor, so other programs disturb it little. One line of JSON, the same as
// load_images_peer.py prints; compare_loading.sh runs both turn by turn.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/data/loader.hpp>
#include <vitscape/data/open_dataset.hpp>

namespace {

struct Options {
    std::string folder;
    vitscape::Index side = 224;
    int epochs = 3;
    std::uint32_t first_epoch = 0;
    bool reduced = false;
};

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void measure(const Options& o) {
    using namespace vitscape;
    ImageFilesOptions from_files;
    from_files.cache_bytes = 0;
    from_files.threads = 1;
    const Loader loader(
        open_dataset(o.folder.starts_with("tar:") ? o.folder : "folder:" + o.folder, {.folder = from_files}),
        {.batch = 16,
         .workers = 0,
         .transform = {
             .side = o.side, .crop = Crop::random_resized, .flip = true, .reduced_decoding = o.reduced}});
    std::vector<double> rates;
    for (int epoch = 0; epoch <= o.epochs; ++epoch) {
        const double before = processor_seconds();
        std::size_t images = 0;
        for (const Batch& batch : loader.epoch(o.first_epoch + static_cast<std::uint32_t>(epoch)))
            images += batch.size();
        if (epoch > 0) rates.push_back(static_cast<double>(images) / (processor_seconds() - before));
    }
    std::sort(rates.begin(), rates.end());
    std::printf(
        "{\"program\": \"%s\", \"side\": %d, \"images_per_second\": %.2f, \"min\": %.2f, \"max\": %.2f}\n",
        o.reduced ? "vitscape, reduced" : "vitscape", static_cast<int>(o.side), rates[rates.size() / 2],
        rates.front(), rates.back());
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Images per second loaded from a folder or from tar archives by one thread.", "load_images"};
    app.option_defaults()->always_capture_default();
    Options o;
    app.add_option("folder", o.folder,
                   "JPEG and PNG files, or a folder of them per class; tar:FILES for archives")
        ->required();
    app.add_option("--side", o.side, "of the inputs, pixels")->check(CLI::PositiveNumber);
    app.add_option("--epochs", o.epochs, "to measure, after one of warm-up")->check(CLI::PositiveNumber);
    app.add_option("--first-epoch", o.first_epoch, "other random crops");
    app.add_flag("--reduced", o.reduced, "decode large JPEG files at a reduced size")
        ->always_capture_default(false);
    CLI11_PARSE(app, argc, argv);
    try {
        measure(o);
    } catch (const vitscape::Error& error) {
        std::fprintf(stderr, "load_images: %s\n", error.what());
        return 1;
    }
    return 0;
}
