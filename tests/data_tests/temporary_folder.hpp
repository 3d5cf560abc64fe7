// SPDX-License-Identifier: Apache-2.0
//
// A folder that exists for one test, and files in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include <unistd.h>

namespace vitscape::test {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        static std::atomic<int> number{0};
        path_ = std::filesystem::temp_directory_path() /
                ("vitscape-data-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
        std::filesystem::create_directories(path_);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// Writes a file, with the folders above it.
    void write(const std::filesystem::path& name, std::span<const std::uint8_t> bytes) const {
        const auto file = path_ / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream out(file, std::ios::binary);
        out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    void write(const std::filesystem::path& name, const std::string& text) const {
        write(name, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    }

  private:
    std::filesystem::path path_;
};

}  // namespace vitscape::test
