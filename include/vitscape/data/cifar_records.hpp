// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/memory.hpp>
#include <vitscape/data/image.hpp>

namespace vitscape::detail {

/// What tells the binary versions of the CIFAR sets apart.
struct CifarFormat {
    std::string_view set;       ///< "CIFAR-10"
    std::size_t label_bytes;    ///< of a record, in front of its pixels
    std::size_t label_at;       ///< which of them is the label
    std::size_t classes;        ///< labels are below
    std::string_view unpacked;  ///< the folder that the published archive makes
};

/// `folder`, or the folder of the published archive in it.
inline std::filesystem::path cifar_folder(const std::filesystem::path& folder, const CifarFormat& format) {
    std::error_code error;
    const std::filesystem::path nested = folder / format.unpacked;
    return std::filesystem::is_directory(nested, error) ? nested : folder;
}

/// The images of one or more binary files, in memory. A record is its label bytes, then 32 x 32 red, green and blue values.
class CifarRecords {
  public:
    static constexpr Index side = 32;  ///< pixels

    /// @throws DataError for missing files, sizes that are not a multiple of a record's and labels without a class; ConfigError
    ///         where the images do not fit into the memory
    CifarRecords(const std::vector<std::filesystem::path>& files, const CifarFormat& format)
        : format_(format) {
        std::size_t images = 0;
        for (const auto& file : files) images += record_count(file);
        require_memory(message(format.set, " in ", files.front().parent_path().string()),
                       static_cast<double>(images) * static_cast<double>(pixel_bytes + 1), available_memory(),
                       "use a machine with more");
        pixels_.reserve(images * pixel_bytes);
        labels_.reserve(images);
        for (const auto& file : files) read(file);
    }

    [[nodiscard]] std::size_t size() const { return labels_.size(); }
    [[nodiscard]] int label(std::size_t i) const { return labels_[i]; }
    [[nodiscard]] Image image(std::size_t i) const {
        Image image;
        image.width = image.height = side;
        const auto begin = pixels_.begin() + static_cast<std::ptrdiff_t>(i * pixel_bytes);
        image.pixels.assign(begin, begin + pixel_bytes);
        return image;
    }

  private:
    static constexpr std::size_t pixel_bytes = 3072;

    [[nodiscard]] std::size_t record_count(const std::filesystem::path& path) const {
        const std::size_t record_bytes = format_.label_bytes + pixel_bytes;
        std::error_code error;
        const auto size = std::filesystem::file_size(path, error);
        if (error)
            throw DataError(message(format_.set, " file ", path.string(), " cannot be read (",
                                    error.message(), "); give the folder with the binary version's files"));
        if (size == 0 || size % record_bytes != 0)
            throw DataError(message(format_.set, " file ", path.string(), " has ", size,
                                    " bytes, which is not a multiple of ", record_bytes,
                                    "; it is truncated or not the binary version"));
        return static_cast<std::size_t>(size / record_bytes);
    }

    void read(const std::filesystem::path& path) {
        const std::size_t count = record_count(path);  // before it is opened: a pipe would be waited for
        std::ifstream file(path, std::ios::binary);
        std::vector<std::uint8_t> record(format_.label_bytes + pixel_bytes);
        for (std::size_t i = 0; i < count; ++i) {
            if (!file.read(reinterpret_cast<char*>(record.data()),
                           static_cast<std::streamsize>(record.size())))
                throw DataError(
                    message(format_.set, " file ", path.string(), " cannot be read beyond image ", i));
            const std::uint8_t label = record[format_.label_at];
            if (label >= format_.classes)
                throw DataError(message(format_.set, " file ", path.string(), ": image ", i, " has label ",
                                        int{label}, ", labels are 0 to ", format_.classes - 1));
            labels_.push_back(label);
            const std::uint8_t* planes = record.data() + format_.label_bytes;
            for (std::size_t pixel = 0; pixel < pixel_bytes / 3; ++pixel)
                for (std::size_t c = 0; c < 3; ++c) pixels_.push_back(planes[c * (pixel_bytes / 3) + pixel]);
        }
    }

    CifarFormat format_;
    std::vector<std::uint8_t> pixels_{};  // (images, 32, 32, 3)
    std::vector<std::uint8_t> labels_{};
};

}  // namespace vitscape::detail
