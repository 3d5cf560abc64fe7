// SPDX-License-Identifier: Apache-2.0
//
// What the harnesses share. Each is one program: libFuzzer calls `read_input` with bytes until one of them ends in a crash,
// a report of a sanitizer, an exception that is not vitscape's own, or takes more than the memory and time that
// CMakeLists.txt gives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include <sys/mman.h>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/io/checksum.hpp>

#include <unistd.h>

namespace fuzz {

/// A file in memory that has a path, for readers of files.
class MemoryFile {
  public:
    MemoryFile() : file_(::memfd_create("input", MFD_CLOEXEC)) {
        path_ = vitscape::message("/proc/self/fd/", file_.number());
    }
    const std::filesystem::path& hold(std::span<const std::uint8_t> bytes) {
        if (::ftruncate(file_.number(), 0) != 0 || ::lseek(file_.number(), 0, SEEK_SET) != 0)
            throw vitscape::IoError("the file in memory cannot be emptied");
        vitscape::detail::write_all(file_.number(), std::as_bytes(bytes), path_);
        return path_;
    }

  private:
    vitscape::detail::FileDescriptor file_;
    std::filesystem::path path_;
};

/// The path of a file in memory that holds `bytes` until the next call.
inline const std::filesystem::path& file_of(std::span<const std::uint8_t> bytes) {
    static MemoryFile file;
    return file.hold(bytes);
}

inline std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace fuzz

/// Reads one input. Defined by the harness; a vitscape::Error that it throws is how bad input is refused.
void read_input(std::span<const std::uint8_t> bytes);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Inputs carry no checksum, as files of version 0.1: a wrong one would end each reading at its beginning.
    vitscape::detail::told_of_missing_checksum = true;
    try {
        read_input({data, size});
    } catch (const vitscape::Error&) {
    }
    return 0;
}
