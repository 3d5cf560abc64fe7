// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/cifar_records.hpp>
#include <vitscape/data/class_names.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/image.hpp>

namespace vitscape {

/// CIFAR-100 (Krizhevsky 2009) from its binary files: `train.bin` (50,000 images) or `test.bin` (10,000). A record is a label
/// byte of 20 coarse classes, one of 100 fine classes, then 32 x 32 red, green and blue values. Classes are called as the file
/// `fine_label_names.txt` or `coarse_label_names.txt` beside them says, or by their numbers without it. All pixels are kept in
/// memory (154 MB for training).
class Cifar100 : public DatasetViews<Cifar100> {
  public:
    enum class Part { train, test };
    enum class Labels { fine, coarse };
    static constexpr Index side = detail::CifarRecords::side;  ///< pixels

    /// @param folder  contains the files, or a folder `cifar-100-binary` with them
    /// @throws DataError for missing files, sizes that are not a multiple of 3074 bytes, labels without a class, and a file of
    ///         names that has more or fewer; ConfigError where the images do not fit into the memory
    explicit Cifar100(const std::filesystem::path& folder, Part part = Part::train,
                      Labels labels = Labels::fine) {
        const bool fine = labels == Labels::fine;
        const detail::CifarFormat format{.set = set,
                                         .label_bytes = 2,
                                         .label_at = fine ? std::size_t{1} : std::size_t{0},
                                         .classes = fine ? std::size_t{100} : std::size_t{20},
                                         .unpacked = "cifar-100-binary"};
        const std::filesystem::path inside = detail::cifar_folder(folder, format);
        std::vector<std::string> classes =
            names(inside / (fine ? "fine_label_names.txt" : "coarse_label_names.txt"), format.classes);
        const std::vector<std::filesystem::path> file{inside /
                                                      (part == Part::train ? "train.bin" : "test.bin")};
        state_ = std::make_shared<const State>(detail::CifarRecords(file, format), std::move(classes));
    }

    [[nodiscard]] std::size_t size() const { return state_->records.size(); }
    [[nodiscard]] int label(std::size_t i) const { return state_->records.label(i); }
    [[nodiscard]] const std::vector<std::string>& classes() const { return state_->classes; }
    [[nodiscard]] std::string name(std::size_t i) const { return message(set, " image ", i); }
    [[nodiscard]] Image load(std::size_t i) const { return state_->records.image(i); }

  private:
    static constexpr const char* set = "CIFAR-100";

    struct State {
        State(detail::CifarRecords images, std::vector<std::string> names)
            : records(std::move(images)), classes(std::move(names)) {}
        detail::CifarRecords records;
        std::vector<std::string> classes;
    };

    static std::vector<std::string> names(const std::filesystem::path& path, std::size_t count) {
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored)) return numbered_classes(count);
        std::vector<std::string> classes = read_class_names(path, count);
        if (classes.size() != count)
            throw DataError(message("file ", path.string(), " has ", classes.size(), " names, ", set, " has ",
                                    count, " such classes; replace it by the published one or remove it"));
        return classes;
    }

    std::shared_ptr<const State> state_;
};

}  // namespace vitscape
