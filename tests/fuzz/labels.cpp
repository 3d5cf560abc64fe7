// SPDX-License-Identifier: Apache-2.0
//
// What says of which class an image is: names of classes, EMNIST's table, .cls and .json files; and ranges of archives.
#include <vitscape/data/class_names.hpp>
#include <vitscape/data/idx_labels.hpp>
#include <vitscape/data/tar_archives.hpp>
#include <vitscape/data/tar_index.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) return;
    const std::span<const std::uint8_t> rest = bytes.subspan(1);
    const std::string text(fuzz::text_of(rest));
    switch (bytes[0] % 5) {
        case 0:
            (void)vitscape::read_class_names(fuzz::file_of(rest), 256);
            break;
        case 1: {
            const auto labels = vitscape::detail::read_idx_mapping(fuzz::file_of(rest));
            for (const int index : labels.class_of)
                if (index >= 0) (void)labels.classes.at(static_cast<std::size_t>(index));
            break;
        }
        case 2:
            (void)vitscape::detail::label_of_cls(text, "1.cls");
            break;
        case 3:
            (void)vitscape::detail::label_of_json(text, "1.json");
            break;
        default:
            if (vitscape::detail::expand_ranges(text).empty()) __builtin_trap();
    }
}
