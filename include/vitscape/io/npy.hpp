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
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xnpy.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>

namespace vitscape {

/// Element types of the `.npy` files that vitscape reads and writes.
template <class T>
concept NpyElement = std::same_as<T, double> || std::same_as<T, float> || std::same_as<T, std::int64_t> ||
    std::same_as<T, std::int32_t> || std::same_as<T, std::uint8_t>;

/// Writes an xtensor array or expression as NumPy's `.npy` format 1.0 in the place of `path`, whole or not at
/// all.
/// @throws IoError as AtomicFile.
template <class E>
void write_npy(const std::filesystem::path& path, const xt::xexpression<E>& array) {
    static_assert(NpyElement<typename E::value_type>,
                  "write_npy takes double, float, int64, int32 or uint8 elements");
    if constexpr (xt::has_data_interface<E>::value) {
        write_atomically(path, xt::dump_npy(array));
    } else {
        // Evaluated here: xtensor 0.24 writes an incorrect shape for expressions.
        const xt::xarray<typename E::value_type> values = array;
        write_atomically(path, xt::dump_npy(values));
    }
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

/// Reads the header of the `.npy` file that `bytes` holds.
inline NpyHeader parse_npy_header(const std::vector<std::byte>& bytes, const std::string& name) {
    const auto refuse = [&](const auto&... parts) {
        throw IoError(message(name, " is not a .npy file that vitscape can read: ", parts...));
    };
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!text.starts_with("\x93NUMPY")) refuse("it does not begin with the format's magic string");
    if (text.size() < 12) refuse("it ends inside its header");

    const auto byte = [&](std::size_t at) { return std::to_integer<std::size_t>(bytes[at]); };
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

    // A Python literal: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
    const auto value_of = [&](std::string_view key) {
        const auto at = dictionary.find(key);
        if (at == std::string_view::npos) return std::string_view{};
        const auto begin = dictionary.find_first_not_of(": ", at + key.size());
        return begin == std::string_view::npos ? std::string_view{} : dictionary.substr(begin);
    };
    const std::string_view element = value_of("'descr'");
    if (!element.starts_with('\'') || element.find('\'', 1) == std::string_view::npos)
        refuse("the header names no element type: ", dictionary);
    header.element = element.substr(1, element.find('\'', 1) - 1);

    const std::string_view order = value_of("'fortran_order'");
    header.column_major = order.starts_with("True");
    if (!header.column_major && !order.starts_with("False"))
        refuse("the header does not say whether the order is Fortran's: ", dictionary);

    const std::string_view shape = value_of("'shape'");
    const auto shape_end = shape.find_first_not_of("(0123456789, ");
    if (!shape.starts_with('(') || shape_end == std::string_view::npos || shape[shape_end] != ')')
        refuse("the header holds no shape: ", dictionary);
    const std::string_view extents = shape.substr(1, shape_end - 1);
    for (const char *at = extents.data(), *end = at + extents.size(); at != end;) {
        std::size_t extent = 0;
        const auto result = std::from_chars(at, end, extent);
        if (result.ec == std::errc::result_out_of_range) refuse("an extent is too large: ", extents);
        if (result.ec == std::errc{}) header.shape.push_back(extent);
        at = std::find_if(result.ec == std::errc{} ? result.ptr : at + 1, end,
                          [](char c) { return c >= '0' && c <= '9'; });
    }
    return header;
}

}  // namespace detail

/// Reads a `.npy` file of elements `T`, of any shape and of C or Fortran order.
/// @throws IoError when the file cannot be read, is not of that format, holds other elements, or is shorter
/// or longer than its header says; lengths are checked before memory is taken.
template <NpyElement T>
xt::xarray<T> load_npy(const std::filesystem::path& path) {
    const auto bytes = read_bytes(path);
    const auto header = detail::parse_npy_header(bytes, path.string());
    const std::string expected = detail::npy_type_name<T>();
    if (header.element != expected)
        throw IoError(message(path.string(), " holds elements '", header.element, "', '", expected,
                              "' are needed here"));
    std::size_t count = 1;
    for (const std::size_t extent : header.shape) {
        if (extent != 0 && count > std::numeric_limits<std::size_t>::max() / sizeof(T) / extent)
            throw IoError(message(path.string(), " claims more elements than memory can hold"));
        count *= extent;
    }
    if (bytes.size() - header.data_begin != count * sizeof(T))
        throw IoError(message(path.string(), " should hold ", count * sizeof(T),
                              " bytes after its header, it holds ", bytes.size() - header.data_begin));

    std::vector<T> values(count);
    if (count != 0) std::memcpy(values.data(), bytes.data() + header.data_begin, count * sizeof(T));
    xt::xarray<T> array;
    if (header.column_major) {
        array = xt::adapt<xt::layout_type::column_major>(values, header.shape);
    } else {
        array = xt::adapt<xt::layout_type::row_major>(values, header.shape);
    }
    return array;
}

}  // namespace vitscape
