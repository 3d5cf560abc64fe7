// SPDX-License-Identifier: Apache-2.0
//
// A tar archive of images.
#include <vitscape/data/tar_images.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    vitscape::ImageFilesOptions options;
    options.max_pixels = 1 << 16;
    options.broken_limit = 0.9;
    options.threads = 1;
    options.log = [](const std::string&) {};
    options.cache_bytes = bytes.size() % 2 == 0 ? 0 : std::size_t{1} << 20;
    const vitscape::TarImages images(fuzz::file_of(bytes).string(), options);
    for (std::size_t i = 0; i < images.size(); ++i) {
        (void)images.load(i);
        if (const int label = images.label(i); label >= 0)
            (void)images.classes().at(static_cast<std::size_t>(label));
    }
}
