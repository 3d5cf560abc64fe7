// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/cifar_records.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/image.hpp>

namespace vitscape {

/// CIFAR-10 (Krizhevsky 2009) from its binary files: `data_batch_1.bin` … `data_batch_5.bin` (50,000 images
/// for training) or `test_batch.bin` (10,000). A record is one label byte, then 32 x 32 red, green and blue
/// values. All pixels are kept in memory (154 MB for training).
class Cifar10 : public DatasetViews<Cifar10> {
  public:
    enum class Part { train, test };
    static constexpr Index side = detail::CifarRecords::side;  ///< pixels

    /// @param folder  contains the files, or a folder `cifar-10-batches-bin` with them
    /// @throws DataError for missing files, sizes that are not a multiple of 3073 bytes and labels above 9; ConfigError where
    ///         the images do not fit into the memory
    explicit Cifar10(const std::filesystem::path& folder, Part part = Part::train)
        : records_(std::make_shared<const detail::CifarRecords>(files(folder, part), format)) {}

    [[nodiscard]] std::size_t size() const { return records_->size(); }
    [[nodiscard]] int label(std::size_t i) const { return records_->label(i); }
    [[nodiscard]] const std::vector<std::string>& classes() const {
        static const std::vector<std::string> names{"airplane", "automobile", "bird",  "cat",  "deer",
                                                    "dog",      "frog",       "horse", "ship", "truck"};
        return names;
    }
    [[nodiscard]] std::string name(std::size_t i) const { return message(format.set, " image ", i); }
    [[nodiscard]] Image load(std::size_t i) const { return records_->image(i); }

  private:
    static constexpr detail::CifarFormat format{.set = "CIFAR-10",
                                                .label_bytes = 1,
                                                .label_at = 0,
                                                .classes = 10,
                                                .unpacked = "cifar-10-batches-bin"};

    static std::vector<std::filesystem::path> files(const std::filesystem::path& folder, Part part) {
        const std::filesystem::path inside = detail::cifar_folder(folder, format);
        if (part == Part::test) return {inside / "test_batch.bin"};
        std::vector<std::filesystem::path> batches;
        for (int i = 1; i <= 5; ++i) batches.push_back(inside / message("data_batch_", i, ".bin"));
        return batches;
    }

    std::shared_ptr<const detail::CifarRecords> records_;
};

}  // namespace vitscape
