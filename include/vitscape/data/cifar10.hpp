// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/image.hpp>

namespace vitscape {

/// CIFAR-10 (Krizhevsky 2009) from its binary files: `data_batch_1.bin` … `data_batch_5.bin` (50,000 images
/// for training) or `test_batch.bin` (10,000). A record is one label byte, then 32 x 32 red, green and blue
/// values. All pixels are kept in memory (154 MB for training).
class Cifar10 : public DatasetViews<Cifar10> {
  public:
    enum class Part { train, test };
    static constexpr Index side = 32;  ///< pixels

    /// @param folder  contains the files, or a folder `cifar-10-batches-bin` with them
    /// @throws DataError for missing files, sizes that are not a multiple of 3073 bytes and labels above 9
    explicit Cifar10(const std::filesystem::path& folder, Part part = Part::train)
        : state_(std::make_shared<State>()) {
        std::vector<std::string> names{"test_batch.bin"};
        if (part == Part::train) {
            names.clear();
            for (int i = 1; i <= 5; ++i) names.push_back(message("data_batch_", i, ".bin"));
        }
        std::error_code error;
        const std::filesystem::path nested = folder / "cifar-10-batches-bin";
        const bool is_nested = std::filesystem::is_directory(nested, error);
        std::vector<std::filesystem::path> paths;
        std::size_t images = 0;
        for (const std::string& name : names) {
            paths.push_back((is_nested ? nested : folder) / name);
            images += record_count(paths.back());
        }
        state_->pixels.reserve(images * pixel_bytes);
        state_->labels.reserve(images);
        for (const auto& path : paths) read(path);
    }

    [[nodiscard]] std::size_t size() const { return state_->labels.size(); }
    [[nodiscard]] int label(std::size_t i) const { return state_->labels[i]; }
    [[nodiscard]] const std::vector<std::string>& classes() const {
        static const std::vector<std::string> names{"airplane", "automobile", "bird",  "cat",  "deer",
                                                    "dog",      "frog",       "horse", "ship", "truck"};
        return names;
    }
    [[nodiscard]] std::string name(std::size_t i) const { return message("CIFAR-10 image ", i); }
    [[nodiscard]] Image load(std::size_t i) const {
        Image image;
        image.width = image.height = side;
        const auto begin = state_->pixels.begin() + static_cast<std::ptrdiff_t>(i * pixel_bytes);
        image.pixels.assign(begin, begin + pixel_bytes);
        return image;
    }

  private:
    static constexpr std::size_t pixel_bytes = 3072;
    static constexpr std::size_t record_bytes = 1 + pixel_bytes;

    struct State {
        std::vector<std::uint8_t> pixels{};  // (images, 32, 32, 3)
        std::vector<std::uint8_t> labels{};
    };

    static std::size_t record_count(const std::filesystem::path& path) {
        std::error_code error;
        const auto size = std::filesystem::file_size(path, error);
        if (error)
            throw DataError(message("CIFAR-10 file ", path.string(), " cannot be read (", error.message(),
                                    "); give the folder with the binary version's files"));
        if (size == 0 || size % record_bytes != 0)
            throw DataError(message(
                "CIFAR-10 file ", path.string(), " has ", size,
                " bytes, which is not a multiple of 3073; it is truncated or not the binary version"));
        return static_cast<std::size_t>(size / record_bytes);
    }

    void read(const std::filesystem::path& path) {
        const std::size_t count = record_count(path);  // before it is opened: a pipe would be waited for
        std::ifstream file(path, std::ios::binary);
        std::vector<std::uint8_t> record(record_bytes);
        for (std::size_t i = 0; i < count; ++i) {
            if (!file.read(reinterpret_cast<char*>(record.data()),
                           static_cast<std::streamsize>(record_bytes)))
                throw DataError(message("CIFAR-10 file ", path.string(), " cannot be read beyond image ", i));
            if (record[0] > 9)
                throw DataError(message("CIFAR-10 file ", path.string(), ": image ", i, " has label ",
                                        int{record[0]}, ", labels are 0 to 9"));
            state_->labels.push_back(record[0]);
            for (std::size_t pixel = 0; pixel < pixel_bytes / 3; ++pixel)
                for (std::size_t c = 0; c < 3; ++c)
                    state_->pixels.push_back(record[1 + c * (pixel_bytes / 3) + pixel]);
        }
    }

    std::shared_ptr<State> state_;
};

}  // namespace vitscape
