// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace vitscape {

/// Root of every exception that vitscape throws. The text names what was given, what was expected and the
/// remedy.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Two tensors, or a tensor and a model, do not fit; the text holds both shapes.
struct ShapeError : Error {
    using Error::Error;
};

/// An option or a combination of options that cannot work (mask ratio outside (0, 1), heads that do not
/// divide the width).
struct ConfigError : Error {
    using Error::Error;
};

/// Images or labels that cannot be used (empty folder, class without images, too many broken files).
struct DataError : Error {
    using Error::Error;
};

/// A file that cannot be read, written or understood.
struct IoError : Error {
    using Error::Error;
};

/// A loss or gradient that is not finite.
struct NumericError : Error {
    using Error::Error;
};

/// The user asked to stop (Ctrl-C); what was done so far has been saved.
struct Interrupted : Error {
    using Error::Error;
};

/// Streams all parts into one string: `message("width ", 96, " is not divisible by ", 5, " heads")`.
template <class... Parts>
std::string message(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    return text.str();
}

}  // namespace vitscape
