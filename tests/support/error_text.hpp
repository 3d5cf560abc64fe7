// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace vitscape::test {

/// The text of the exception `E` that `action` throws, for tests of what an error says; fails the test by an
/// empty text when nothing is thrown. An exception of another type passes through and fails the test itself.
template <class E, class Action>
std::string error_text(const Action& action) {
    try {
        action();
    } catch (const E& error) {
        return error.what();
    }
    return {};
}

/// Whether `text` holds `part`.
inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace vitscape::test
