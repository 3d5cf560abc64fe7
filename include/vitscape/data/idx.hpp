// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/name_text.hpp>
#include <vitscape/data/class_names.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/idx_file.hpp>
#include <vitscape/data/idx_labels.hpp>
#include <vitscape/data/image.hpp>

namespace vitscape {

/// Grey images in MNIST's format (LeCun, Cortes, Burges 1998), as MNIST, Fashion-MNIST, KMNIST and EMNIST have it: the files
/// `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, or `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte` for
/// testing, as they are or packed by gzip, then with or without `.gz` behind their names; `.idx3-ubyte` is as good as
/// `-idx3-ubyte`. They lie in the folder that is given or in `raw` in it. Of a folder with several sets, such as EMNIST's, one
/// is chosen by the beginning of its names: `FOLDER/emnist-letters` for `emnist-letters-train-images-idx3-ubyte` and
/// `emnist-letters-test-images-idx3-ubyte`.
///
/// Values become three equal channels. EMNIST's images (`emnist-…`) lie on their sides in its files and are transposed. Classes
/// are called "0" to "9"; a file `classes.txt` beside them, a name a line, says otherwise, or EMNIST's `…-mapping.txt`. All
/// pixels are kept in memory (47 MB for 60,000 images of 28 x 28).
class IdxImages : public DatasetViews<IdxImages> {
  public:
    enum class Part { train, test };

    /// @throws DataError for files that are missing, damaged or not what they should be, and for labels without a class;
    ///         IoError for files that cannot be read; ConfigError where they do not fit into the memory or need zlib
    explicit IdxImages(const std::filesystem::path& folder, Part part = Part::train,
                       Index max_pixels = default_max_pixels) {
        const std::filesystem::path image_path = find(folder, part, "images", "idx3");
        const std::filesystem::path label_path = find(folder, part, "labels", "idx1");
        auto state = std::make_shared<State>();
        const detail::IdxLabels meaning = labels_of(folder, image_path.parent_path());
        state->labels = detail::read_idx(label_path, 1, max_pixels).values;  // first: they are small
        give_classes(*state, meaning, label_path);
        state->classes = meaning.classes;
        detail::IdxFile images = detail::read_idx(image_path, 3, max_pixels);
        if (images.extents[0] != state->labels.size())
            throw DataError(message("idx file ", image_path.string(), " holds ", images.extents[0],
                                    " images, but ", label_path.string(), " holds ", state->labels.size(),
                                    " labels; expected is a label for each image"));
        state->height = static_cast<Index>(images.extents[1]);
        state->width = static_cast<Index>(images.extents[2]);
        state->transposed = image_path.filename().native().starts_with("emnist-");
        state->pixels = std::move(images.values);
        state_ = std::move(state);
    }

    [[nodiscard]] std::size_t size() const { return state_->labels.size(); }
    [[nodiscard]] int label(std::size_t i) const { return std::to_integer<int>(state_->labels[i]); }
    [[nodiscard]] const std::vector<std::string>& classes() const { return state_->classes; }
    [[nodiscard]] std::string name(std::size_t i) const { return message("idx image ", i); }
    [[nodiscard]] Image load(std::size_t i) const {
        const Index rows = state_->height, columns = state_->width;
        Image image = state_->transposed ? Image(rows, columns) : Image(columns, rows);
        const std::byte* value = state_->pixels.data() + static_cast<Index>(i) * rows * columns;
        for (Index row = 0; row < rows; ++row)
            for (Index column = 0; column < columns; ++column)
                std::fill_n(state_->transposed ? image.pixel(row, column) : image.pixel(column, row), 3,
                            std::to_integer<std::uint8_t>(*value++));
        return image;
    }

  private:
    struct State {
        Index width = 0;  // as in the file, as `height`
        Index height = 0;
        bool transposed = false;
        std::vector<std::byte> pixels{};  // (images, height, width)
        std::vector<std::byte> labels{};
        std::vector<std::string> classes{};
    };

    /// The file of a folder, or of the set whose names begin with it.
    static std::filesystem::path find(const std::filesystem::path& folder, Part part, const std::string& what,
                                      const std::string& kind) {
        const std::string start = part == Part::train ? "train-" : "t10k-";
        const std::string set = folder.native() + (part == Part::train ? "-train-" : "-test-");
        std::error_code ignored;
        std::filesystem::path other;  // some sites pack each file into a folder of its name
        for (const std::filesystem::path& beginning :
             {folder / start, folder / "raw" / start, std::filesystem::path(set)})
            for (const char* dash : {"-", "."})
                for (const char* ending : {"", ".gz"}) {
                    std::filesystem::path path = beginning;
                    path += message(what, dash, kind, "-ubyte", ending);
                    if (!std::filesystem::exists(path, ignored)) continue;
                    if (!std::filesystem::is_directory(path, ignored)) return path;
                    if (other.empty()) other = path;
                }
        if (!other.empty()) return other;
        const std::filesystem::path usual = folder / (start + what + "-" + kind + "-ubyte");
        const std::string sets = sets_in(folder);
        throw DataError(message("idx file ", usual.string(), " is missing, and so is that name with .gz; ",
                                sets.empty() ? "give the folder that holds it"
                                             : message("give one of the sets in this folder: ", sets)));
    }

    /// "DIR/emnist-letters, DIR/emnist-mnist": the sets in a folder whose files' names begin with theirs, at most ten.
    static std::string sets_in(const std::filesystem::path& folder) {
        std::set<std::string> names;
        std::error_code error;
        std::filesystem::directory_iterator entry(folder, error);
        for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
            const std::string name = entry->path().filename().native();
            const std::size_t end = name.find("-train-images");
            if (end != std::string::npos && end > 0 && names.size() < 10) names.insert(name.substr(0, end));
        }
        std::string text;
        for (const std::string& name : names)
            text += message(text.empty() ? "" : ", ", name_text((folder / name).native()));
        return text;
    }

    static detail::IdxLabels labels_of(const std::filesystem::path& folder,
                                       const std::filesystem::path& beside) {
        std::error_code ignored;
        std::filesystem::path mapping = folder;
        mapping += "-mapping.txt";
        if (std::filesystem::exists(mapping, ignored)) return detail::read_idx_mapping(mapping);
        const std::filesystem::path names = beside / "classes.txt";
        return detail::idx_labels(std::filesystem::exists(names, ignored) ? read_class_names(names, 256)
                                                                          : numbered_classes(10));
    }

    /// Replaces the labels by the indices of their classes.
    static void give_classes(State& state, const detail::IdxLabels& meaning,
                             const std::filesystem::path& path) {
        for (std::size_t i = 0; i < state.labels.size(); ++i) {
            const auto label = std::to_integer<std::size_t>(state.labels[i]);
            if (meaning.class_of[label] >= 0) {
                state.labels[i] = static_cast<std::byte>(meaning.class_of[label]);
                continue;
            }
            if (!meaning.file.empty())
                throw DataError(message("idx file ", path.string(), ": image ", i, " has label ", label,
                                        ", which ", meaning.file.string(), " does not have"));
            throw DataError(message("idx file ", path.string(), ": image ", i, " has label ", label,
                                    ", expected is 0 to ", meaning.classes.size() - 1,
                                    "; a file classes.txt beside it, a name a line, can name more classes"));
        }
    }

    std::shared_ptr<const State> state_;
};

}  // namespace vitscape
