// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <vitscape/data/cifar10.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/idx.hpp>
#include <vitscape/data/image_folder.hpp>
#include <vitscape/data/synthetic.hpp>

namespace vitscape {

/// Options of `open_dataset` besides the name of the source.
struct OpenOptions {
    bool test = false;  ///< the test set: that of the files, or synthetic images of another seed
    std::size_t limit_per_class = 0;  ///< maximum number of images per class, in name order; 0: all
    Index side = 32;                  ///< pixels of synthetic images
    ImageFolderOptions folder{};      ///< its limit is replaced by `limit_per_class`
};

/// Opens a dataset by its name on the command line: "synthetic" (10,000 images), "synthetic:N", "folder:DIR",
/// "cifar10:DIR" or "idx:DIR".
/// @throws ConfigError for any other name; DataError as the datasets' constructors.
inline AnyDataset open_dataset(const std::string& source, const OpenOptions& options = {}) {
    const std::size_t colon = source.find(':');
    const std::string kind = source.substr(0, colon);
    const std::string rest = colon == std::string::npos ? "" : source.substr(colon + 1);
    const auto limited = [&](auto dataset) {
        return options.limit_per_class == 0 ? AnyDataset(std::move(dataset))
                                            : AnyDataset(dataset.limit_per_class(options.limit_per_class));
    };
    if (kind == "synthetic") {
        std::size_t count = 10000;
        if (!rest.empty()) {
            if (rest.find_first_not_of("0123456789") != std::string::npos || rest.size() > 10)
                throw ConfigError(message("'", source,
                                          "': the number of synthetic images must be a whole number, as in "
                                          "synthetic:10000"));
            count = std::stoull(rest);
        }
        return limited(Synthetic(count, options.side, options.test ? 1 : 0));
    }
    if (kind == "folder" && !rest.empty()) {
        ImageFolderOptions folder = options.folder;
        folder.limit_per_class = options.limit_per_class;
        return ImageFolder(rest, folder);
    }
    if (kind == "cifar10" && !rest.empty())
        return limited(Cifar10(rest, options.test ? Cifar10::Part::test : Cifar10::Part::train));
    if (kind == "idx" && !rest.empty())
        return limited(IdxImages(rest, options.test ? IdxImages::Part::test : IdxImages::Part::train,
                                 options.folder.max_pixels));
    throw ConfigError(message(
        "'", source, "' is not a dataset; write synthetic, synthetic:N, folder:DIR, cifar10:DIR or idx:DIR"));
}

}  // namespace vitscape
