// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace vitscape {

/// Base class of every exception that vitscape throws. The message names what was given, what was expected and the
/// remedy.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The shapes of two tensors, or of a tensor and a model, do not match; the message contains both.
struct ShapeError : Error {
    using Error::Error;
};

/// An invalid option or combination of options (mask ratio outside (0, 1), heads that do not
/// divide the width).
struct ConfigError : Error {
    using Error::Error;
};

/// Images or labels that cannot be used (empty folder, class without images, too many broken files).
struct DataError : Error {
    using Error::Error;
};

/// A file that cannot be read, written or parsed.
struct IoError : Error {
    using Error::Error;
};

/// A loss or gradient that is not finite.
struct NumericError : Error {
    using Error::Error;
};

/// The user asked to stop (Ctrl-C); the work done so far has been saved.
struct Interrupted : Error {
    using Error::Error;
};

namespace detail {

/// A type-erased part of a message, so that one function formats all messages: a stream for every combination of
/// parts would take a tenth of a user's compile time.
class MessagePart {
  public:
    template <class T>
    explicit MessagePart(const T& part)
        : part_(&part),
          write_([](std::ostream& text, const void* given) { text << *static_cast<const T*>(given); }) {}
    template <std::size_t Size>
    explicit MessagePart(const char (&part)[Size])
        : part_(part),
          write_([](std::ostream& text, const void* given) { text << static_cast<const char*>(given); }) {}

    friend std::ostream& operator<<(std::ostream& text, const MessagePart& part) {
        part.write_(text, part.part_);
        return text;
    }

  private:
    const void* part_;
    void (*write_)(std::ostream&, const void*);
};

[[gnu::noinline]] inline std::string join(std::initializer_list<MessagePart> parts) {
    std::ostringstream text;
    for (const MessagePart& part : parts) text << part;
    return text.str();
}

}  // namespace detail

/// Streams all parts into one string: `message("width ", 96, " is not divisible by ", 5, " heads")`.
template <class... Parts>
std::string message(const Parts&... parts) {
    return detail::join({detail::MessagePart(parts)...});
}

}  // namespace vitscape
