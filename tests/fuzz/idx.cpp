// SPDX-License-Identifier: Apache-2.0
//
// A folder of MNIST's format, plain or packed: the first two bytes of the input say how many of the following are the file of
// labels, the others are the file of images.
#include <algorithm>
#include <cstdlib>

#include <vitscape/data/idx.hpp>

#include "fuzz.hpp"

/// A folder whose two files lead to files in memory.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "vitscape-fuzz-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) vitscape::detail::throw_io_error("create", name);
        path_ = name;
        std::filesystem::create_symlink(labels_.hold({}), path_ / "train-labels-idx1-ubyte");
        std::filesystem::create_symlink(images_.hold({}), path_ / "train-images-idx3-ubyte");
    }
    Folder(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    void hold(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> images) {
        (void)labels_.hold(labels);
        (void)images_.hold(images);
    }

  private:
    fuzz::MemoryFile labels_, images_;
    std::filesystem::path path_;
};

void read_input(std::span<const std::uint8_t> bytes) {
    static Folder folder;
    if (bytes.size() < 2) return;
    const auto files = bytes.subspan(2);
    const std::size_t size = std::min<std::size_t>(files.size(), std::size_t{bytes[0]} << 8 | bytes[1]);
    folder.hold(files.first(size), files.subspan(size));
    const vitscape::IdxImages images(folder.path());
    for (std::size_t i = 0; i < std::min<std::size_t>(images.size(), 100); ++i) (void)images.load(i);
    const std::size_t last = images.size() - 1;
    (void)images.load(last);
    (void)images.classes().at(static_cast<std::size_t>(images.label(last)));
}
