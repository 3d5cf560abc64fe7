// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/io/pth.hpp>
#include <vitscape/io/safetensors.hpp>

namespace vitscape {

/// Named tensors of a file, as safetensors or as PyTorch's .pth, which its first bytes tell apart.
class TensorFile {
  public:
    /// @throws IoError if the file cannot be read or is neither
    static TensorFile load(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        std::string start(2, '\0');
        file.read(start.data(), 2);
        // a zip, or a bare pickle of an old PyTorch, which gets a sentence
        if (start == "PK" || start.starts_with('\x80')) return TensorFile(PthFile::load(path));
        return TensorFile(SafeTensors::load(path));
    }
    explicit TensorFile(SafeTensors file) : file_(std::move(file)) {}
    explicit TensorFile(PthFile file) : file_(std::move(file)) {}

    [[nodiscard]] const std::vector<std::string>& names() const {
        return std::visit(
            [](const auto& file) -> const auto& { return file.names(); }, file_);
    }
    [[nodiscard]] bool contains(std::string_view name) const {
        return std::visit([&](const auto& file) { return file.contains(name); }, file_);
    }
    /// A view, valid as long as this. @throws IoError if there is no such tensor, with the nearest names
    [[nodiscard]] SafeTensor at(std::string_view name) const {
        return std::visit([&](const auto& file) { return file.at(name); }, file_);
    }
    [[nodiscard]] const std::string& origin() const {
        return std::visit([](const auto& file) -> const std::string& { return file.origin(); }, file_);
    }
    /// The file as safetensors; null if it is none.
    [[nodiscard]] SafeTensors* safetensors() { return std::get_if<SafeTensors>(&file_); }

  private:
    std::variant<SafeTensors, PthFile> file_;
};

}  // namespace vitscape
