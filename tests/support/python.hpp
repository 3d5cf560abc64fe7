// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace vitscape::test {

/// A Python 3 that has the module, or nothing where there is none; then it says so, and the test that asks is to end.
inline std::string python_with(const std::string& module) {
    for (const std::string python : {"python3", "/usr/bin/python3"})
        if (std::system((python + " -c 'import " + module + "' >/dev/null 2>&1").c_str()) == 0) return python;
    WARN("skipped: no Python has " << module);
    return {};
}

/// Runs a program of Python with an argument; whether it ended well.
inline bool run_python(const std::string& python, const std::string& program,
                       const std::filesystem::path& argument) {
    const TemporaryFolder folder;
    write_atomically(folder / "program.py", program);
    return std::system(message(python, " ", (folder / "program.py").string(), " '", argument.string(), "'")
                           .c_str()) == 0;
}

}  // namespace vitscape::test
