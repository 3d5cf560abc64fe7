// SPDX-License-Identifier: Apache-2.0
//
// PyTorch's files: whole archives; and, since a changed byte in one ends at its CRC-32, pickles that are put into an archive with
// two storages.
#include <vitscape/io/pth.hpp>

#include "../support/torch_file.hpp"
#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    std::string archive(fuzz::text_of(bytes));
    if (!archive.starts_with("PK"))
        archive = vitscape::test::zip_of(
            vitscape::test::torch_entries(archive, {std::string(64, '\x01'), std::string(12, '\x02')}));
    const auto file = vitscape::PthFile::parse(vitscape::bytes_of(archive), "input");
    for (const std::string& name : file.names()) {
        const vitscape::SafeTensor tensor = file.at(name);
        if (tensor.to<double>().size() != static_cast<std::size_t>(tensor.shape.size())) __builtin_trap();
    }
    (void)file.at("none");
}
