// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/cifar10.hpp>
#include <vitscape/data/cifar100.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/idx.hpp>
#include <vitscape/data/image_folder.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/data/tar_archives.hpp>
#include <vitscape/data/tar_images.hpp>

namespace vitscape {

/// Options of `open_dataset` besides the name of the source.
struct OpenOptions {
    bool test = false;  ///< the test set: that of the files, or synthetic images of another seed
    std::size_t limit_per_class = 0;  ///< maximum number of images per class, in name order; 0: all
    Index side = 32;                  ///< pixels of synthetic images
    ImageFilesOptions folder{};       ///< of folder: and tar:; its limit is replaced by `limit_per_class`
};

namespace detail {

/// A dataset's name on the command line: "cifar10:DIR" is the kind "cifar10" and the rest "DIR".
struct DatasetName {
    std::string kind{}, rest{};

    explicit DatasetName(const std::string& source) {
        const std::size_t colon = source.find(':');
        kind = source.substr(0, colon);
        if (colon != std::string::npos) rest = source.substr(colon + 1);
    }
};

}  // namespace detail

/// Whether the set that `open_dataset` opens by this name has images for testing of its own (`OpenOptions::test`).
inline bool has_test_part(const std::string& source) {
    const std::string kind = detail::DatasetName(source).kind;
    return kind == "synthetic" || kind == "cifar10" || kind == "cifar100" || kind == "cifar100-coarse" ||
           kind == "idx";
}

/// The folder or files that `open_dataset` reads by this name; none for images that are built in.
/// @throws DataError or ConfigError for tar archives that are not there
inline std::vector<std::filesystem::path> dataset_files(const std::string& source) {
    const detail::DatasetName name(source);
    if (name.kind == "synthetic" || name.rest.empty()) return {};
    if (name.kind == "tar") return find_tar_archives(name.rest).files;
    return {name.rest};
}

/// Opens a dataset by its name on the command line: "synthetic" (10,000 images), "synthetic:N", "folder:DIR", "tar:FILES",
/// "cifar10:DIR", "cifar100:DIR", "cifar100-coarse:DIR" (its 20 coarse classes) or "idx:DIR".
/// @throws ConfigError for any other name; DataError as the datasets' constructors.
inline AnyDataset open_dataset(const std::string& source, const OpenOptions& options = {}) {
    const auto [kind, rest] = detail::DatasetName(source);
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
    if ((kind == "folder" || kind == "tar") && !rest.empty()) {
        ImageFilesOptions files = options.folder;
        files.limit_per_class = options.limit_per_class;
        return kind == "tar" ? AnyDataset(TarImages(rest, files)) : AnyDataset(ImageFolder(rest, files));
    }
    if (kind == "cifar10" && !rest.empty())
        return limited(Cifar10(rest, options.test ? Cifar10::Part::test : Cifar10::Part::train));
    if ((kind == "cifar100" || kind == "cifar100-coarse") && !rest.empty())
        return limited(Cifar100(rest, options.test ? Cifar100::Part::test : Cifar100::Part::train,
                                kind == "cifar100" ? Cifar100::Labels::fine : Cifar100::Labels::coarse));
    if (kind == "idx" && !rest.empty())
        return limited(IdxImages(rest, options.test ? IdxImages::Part::test : IdxImages::Part::train,
                                 options.folder.max_pixels));
    throw ConfigError(message(
        "'", source,
        "' is not a dataset; write synthetic, synthetic:N, folder:DIR, tar:FILES, cifar10:DIR, cifar100:DIR, "
        "cifar100-coarse:DIR or idx:DIR"));
}

}  // namespace vitscape
