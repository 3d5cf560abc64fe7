// SPDX-License-Identifier: Apache-2.0
//
// Batches of CIFAR-10: a test_batch.bin of these bytes.
#include <cstdlib>

#include <vitscape/data/cifar10.hpp>

#include "fuzz.hpp"

/// A folder whose test_batch.bin leads to a file in memory.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "vitscape-fuzz-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) vitscape::detail::throw_io_error("create", name);
        path_ = name;
        std::filesystem::create_symlink(fuzz::file_of({}), path_ / "test_batch.bin");
    }
    Folder(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    void hold(std::span<const std::uint8_t> bytes) const { (void)fuzz::file_of(bytes); }

  private:
    std::filesystem::path path_;
};

void read_input(std::span<const std::uint8_t> bytes) {
    static const Folder folder;
    folder.hold(bytes);
    const vitscape::Cifar10 images(folder.path(), vitscape::Cifar10::Part::test);
    for (std::size_t i = 0; i < images.size(); ++i) (void)images.load(i);
}
