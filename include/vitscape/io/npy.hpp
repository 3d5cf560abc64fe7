// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xnpy.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/name_text.hpp>
#include <vitscape/io/checksum.hpp>

namespace vitscape {

/// Element types of the `.npy` files that vitscape reads and writes.
template <class T>
concept NpyElement = std::same_as<T, double> || std::same_as<T, float> || std::same_as<T, std::int64_t> ||
    std::same_as<T, std::int32_t> || std::same_as<T, std::uint8_t>;

namespace detail {

/// What stands behind the data: a second array, of one string of 24 characters, the file's checksum. NumPy reads the first
/// array and leaves the rest; `numpy.load` of the open file reads the second.
inline std::string npy_checksum() {
    std::string text("\x93NUMPY\x01\0\x76\0", 10);
    text += "{'descr': '|S24', 'fortran_order': False, 'shape': (), }";
    text.resize(127, ' ');
    return text + '\n' + blank_checksum();
}

}  // namespace detail

/// Writes an xtensor array or expression as NumPy's `.npy` format 1.0 in the place of `path`, whole or not at
/// all, and its checksum behind it (io/checksum.hpp).
/// @throws IoError as AtomicFile.
template <class E>
void write_npy(const std::filesystem::path& path, const xt::xexpression<E>& array) {
    static_assert(NpyElement<typename E::value_type>,
                  "write_npy takes double, float, int64, int32 or uint8 elements");
    std::string text;
    if constexpr (xt::has_data_interface<E>::value) {
        text = xt::dump_npy(array);
    } else {
        // Evaluated here: xtensor 0.24 writes an incorrect shape for expressions.
        const xt::xarray<typename E::value_type> values = array;
        text = xt::dump_npy(values);
    }
    text += detail::npy_checksum();
    fill_checksum(text);
    write_atomically(path, text);
}

namespace detail {

/// NumPy's name of the type, "<f8"; files are little-endian, like the machines that vitscape supports.
template <NpyElement T>
std::string npy_type_name() {
    if constexpr (sizeof(T) == 1) return "|u1";
    return message('<', std::floating_point<T> ? 'f' : 'i', sizeof(T));
}

struct NpyHeader {
    std::string element;  // "<f8"
    bool column_major = false;
    std::vector<std::size_t> shape;
    std::size_t data_begin = 0;
};

/// Reads the header's Python literal: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
class NpyDictionary {
  public:
    explicit NpyDictionary(std::string_view text) : text_(text) {}

    /// @returns what is wrong; empty where nothing is.
    [[nodiscard]] std::string read(NpyHeader& header) {
        if (!take('{')) return "it does not begin with a brace";
        bool element = false, order = false, shape = false;
        while (!take('}')) {
            const auto key = quoted();
            if (!key || !take(':')) return "a key and a colon are missing";
            bool& seen = *key == "descr" ? element : *key == "fortran_order" ? order : shape;
            if (seen || (&seen == &shape && *key != "shape"))
                return message("it should not hold '", *key, "' here");
            seen = true;
            if (&seen == &element) {
                const auto name = quoted();
                if (!name) return "it names no element type";
                header.element = *name;
            } else if (&seen == &order) {
                header.column_major = take("True");
                if (!header.column_major && !take("False"))
                    return "it does not say whether the order is Fortran's";
            } else if (std::string fault = read_shape(header.shape); !fault.empty()) {
                return fault;
            }
            if (!take(',') && peek() != '}') return "a comma is missing";
        }
        if (!element) return "it names no element type";
        if (!order) return "it does not say whether the order is Fortran's";
        if (!shape) return "it holds no shape";
        return peek() == '\0' && at_ == text_.size() ? "" : "something follows it";
    }

  private:
    /// The next character that is no space; 0 at the end.
    char peek() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool take(char wanted) {
        if (peek() != wanted) return false;
        ++at_;
        return true;
    }
    bool take(std::string_view word) {
        peek();
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    std::optional<std::string_view> quoted() {
        const char quote = peek();
        const std::size_t end = text_.find(quote, at_ + 1);
        if ((quote != '\'' && quote != '"') || end == std::string_view::npos) return std::nullopt;
        const std::string_view text = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return text;
    }
    /// (), (3,), (3, 4) or (3, 4, )
    std::string read_shape(std::vector<std::size_t>& shape) {
        if (!take('(')) return "it holds no shape";
        while (!take(')')) {
            peek();
            std::size_t extent = 0;
            const auto [end, error] =
                std::from_chars(text_.data() + at_, text_.data() + text_.size(), extent);
            if (error == std::errc::result_out_of_range) return "an extent is too large";
            if (error != std::errc{}) return "it holds no shape of whole numbers";
            at_ = static_cast<std::size_t>(end - text_.data());
            shape.push_back(extent);
            if (shape.size() > 32) return "it has more than 32 axes";
            if (!take(',') && (peek() != ')' || shape.size() == 1)) return "its shape is not a tuple";
        }
        return "";
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// Reads the header of the `.npy` file that `text` holds.
inline NpyHeader parse_npy_header(std::string_view text, const std::string& name) {
    const auto refuse = [&](const auto&... parts) {
        throw IoError(message(name, " is not a .npy file that vitscape can read: ", parts...));
    };
    if (!text.starts_with("\x93NUMPY")) refuse("it does not begin with the format's magic string");
    if (text.size() < 12) refuse("it ends inside its header");

    const auto byte = [&](std::size_t at) -> std::size_t { return static_cast<unsigned char>(text[at]); };
    const std::size_t version = byte(6);
    if (version < 1 || version > 3) refuse("format version ", version, " is unknown");
    NpyHeader header;
    std::size_t length = byte(8) | byte(9) << 8;
    header.data_begin = 10;
    if (version > 1) {
        length |= byte(10) << 16 | byte(11) << 24;
        header.data_begin = 12;
    }
    if (length > text.size() - header.data_begin)
        refuse("the header should be ", length, " bytes long, the file holds ", text.size());
    if (length > 65536) refuse("a header of ", length, " bytes is not plausible");
    const std::string_view dictionary = text.substr(header.data_begin, length);
    header.data_begin += length;
    if (const std::string fault = NpyDictionary(dictionary).read(header); !fault.empty())
        refuse("the header is wrong, ", fault, ": ", name_text(dictionary));
    return header;
}

/// Bytes of the array that a header describes.
/// @throws IoError where no memory could hold its shape, whether or not an extent is zero.
inline std::size_t npy_data_size(const NpyHeader& header, std::size_t element_size, const std::string& name) {
    std::size_t size = element_size;
    bool empty = false;
    for (const std::size_t extent : header.shape) {
        empty = empty || extent == 0;
        if (extent == 0) continue;
        if (extent > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / size)
            throw IoError(message(name, " claims more elements than memory can hold"));
        size *= extent;
    }
    return empty ? 0 : size;
}

}  // namespace detail

/// Reads a `.npy` file of elements `T`, of any shape and of C or Fortran order.
/// @throws IoError when the file cannot be read, is not of that format, holds other elements, is shorter
/// or longer than its header says, or does not give its checksum; lengths are checked before memory is taken.
template <NpyElement T>
xt::xarray<T> load_npy(const std::filesystem::path& path) {
    const std::string text = read_text(path), name = path.string();
    const std::string seal = detail::npy_checksum();
    const std::size_t seal_begin = text.size() - std::min(text.size(), seal.size());
    // Either of the two shows that there was a checksum, whatever else was damaged.
    const bool sealed =
        (seal_begin > 0 && std::string_view(text).substr(seal_begin).starts_with("\x93NUMPY")) ||
        text.find(checksum_mark, seal_begin) != std::string::npos;
    if (sealed && !verify_checksum(bytes_of(text), bytes_of(text).subspan(seal_begin), name))
        detail::throw_damaged(name);
    if (!sealed) detail::note_missing_checksum(name);

    const std::string_view content = std::string_view(text).substr(0, sealed ? seal_begin : text.size());
    const auto header = detail::parse_npy_header(content, name);
    const std::string expected = detail::npy_type_name<T>();
    if (header.element != expected)
        throw IoError(message(name, " holds elements '", name_text(header.element), "', '", expected,
                              "' are needed here"));
    const std::size_t size = detail::npy_data_size(header, sizeof(T), name);
    if (content.size() - header.data_begin != size)
        throw IoError(message(name, " should hold ", size, " bytes after its header, it holds ",
                              content.size() - header.data_begin));

    std::vector<T> values(size / sizeof(T));
    if (size != 0) std::memcpy(values.data(), content.data() + header.data_begin, size);
    xt::xarray<T> array;
    if (header.column_major) {
        array = xt::adapt<xt::layout_type::column_major>(values, header.shape);
    } else {
        array = xt::adapt<xt::layout_type::row_major>(values, header.shape);
    }
    return array;
}

}  // namespace vitscape
