// SPDX-License-Identifier: Apache-2.0
//
// A good file of PyTorch to begin with, and why a changed one is refused.
#pragma once

#include <string>
#include <vector>

#include <vitscape/io/pth.hpp>

#include "support/error_text.hpp"
#include "support/torch_file.hpp"

namespace vitscape::test {

inline PthFile parse_pth(const std::vector<ZipEntry>& entries) {
    return PthFile::parse(bytes_of(zip_of(entries)), "evil");
}
inline std::string refusal(const std::vector<ZipEntry>& entries) {
    return error_text<Error>([&] { (void)parse_pth(entries); });
}

inline std::vector<ZipEntry> good_entries() {
    PickleText pickle;
    pickle.raw("}(").text("a").tensor("FloatStorage", "0", 4, 0, {2, 2}, {1, 2});
    pickle.text("b").tensor("LongStorage", "1", 1, 0, {1}, {1}).text("epoch").integer(3).raw("u");
    return torch_entries(pickle.stop(), {std::string(16, '\x01'), std::string(8, '\x02')});
}

}  // namespace vitscape::test
