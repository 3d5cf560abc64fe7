// SPDX-License-Identifier: Apache-2.0
//
// A tar archive of images. The checksums of its headers are set right, so that changed headers are read.
#include <numeric>
#include <vector>

#include <vitscape/data/tar_images.hpp>

#include "fuzz.hpp"

/// Headers have "ustar" at 257 and at 148 the sum of their bytes, in which the sum itself counts as eight spaces.
void mend_checksums(std::vector<std::uint8_t>& bytes) {
    for (std::size_t at = 0; at + 512 <= bytes.size(); at += 512) {
        const std::span<std::uint8_t> header = std::span(bytes).subspan(at, 512);
        if (fuzz::text_of(header).substr(257, 5) != "ustar") continue;
        std::fill_n(header.begin() + 148, 8, std::uint8_t{' '});
        unsigned sum = std::accumulate(header.begin(), header.end(), 0U);
        for (auto digit = header.begin() + 153; digit >= header.begin() + 148; --digit, sum /= 8)
            *digit = static_cast<std::uint8_t>('0' + sum % 8);
    }
}

void read_input(std::span<const std::uint8_t> bytes) {
    std::vector<std::uint8_t> archive(bytes.begin(), bytes.end());
    mend_checksums(archive);
    vitscape::ImageFilesOptions options;
    options.max_pixels = 1 << 16;
    options.broken_limit = 0.9;
    options.threads = 1;
    options.log = [](const std::string&) {};
    options.cache_bytes = bytes.size() % 2 == 0 ? 0 : std::size_t{1} << 20;
    const vitscape::TarImages images(fuzz::file_of(archive).string(), options);
    for (std::size_t i = 0; i < images.size(); ++i) {
        (void)images.load(i);
        if (const int label = images.label(i); label >= 0)
            (void)images.classes().at(static_cast<std::size_t>(label));
    }
}
