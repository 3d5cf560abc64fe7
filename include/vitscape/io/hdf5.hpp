// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <vitscape/core/error.hpp>

#if defined(VITSCAPE_HAS_HDF5) && VITSCAPE_HAS_HDF5
#include <hdf5.h>
#endif

/// What io/hdf5_reader.hpp and io/hdf5_writer.hpp share. The HDF5 library that most systems bring, Debian's among them, must
/// not be called by two threads at once, not even for different files: read and write HDF5 from one thread at a time.
namespace vitscape {

/// Whether this build reads and writes HDF5.
#if defined(VITSCAPE_HAS_HDF5) && VITSCAPE_HAS_HDF5
inline constexpr bool has_hdf5 = true;
#else
inline constexpr bool has_hdf5 = false;
#endif

/// @throws ConfigError where this build has no HDF5, with what to install
inline void require_hdf5() {
    if (!has_hdf5)
        throw ConfigError(
            "this build cannot read or write HDF5 files: install the HDF5 library (Debian: "
            "libhdf5-dev) and configure again");
}

/// Whether a name's ending is that of HDF5 files.
[[nodiscard]] inline bool is_hdf5_ending(std::string_view ending) {
    return ending == ".h5" || ending == ".hdf5";
}

#if defined(VITSCAPE_HAS_HDF5) && VITSCAPE_HAS_HDF5

namespace detail {

/// Owns one of the library's identifiers.
class Hdf5Id {
  public:
    using Close = herr_t (*)(hid_t);
    Hdf5Id(hid_t id, Close close) : id_(id), close_(close) {}
    Hdf5Id(Hdf5Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
    Hdf5Id& operator=(Hdf5Id&&) = delete;
    ~Hdf5Id() {
        if (id_ >= 0) close_(id_);
    }

    [[nodiscard]] hid_t get() const { return id_; }
    [[nodiscard]] bool valid() const { return id_ >= 0; }

  private:
    hid_t id_;
    Close close_;
};

/// Keeps the library from printing its errors while it lives: exceptions say them.
class Hdf5Silence {
  public:
    Hdf5Silence() {
        H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
        H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    }
    Hdf5Silence(const Hdf5Silence&) = delete;
    Hdf5Silence& operator=(const Hdf5Silence&) = delete;
    ~Hdf5Silence() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }

  private:
    H5E_auto2_t print_ = nullptr;
    void* data_ = nullptr;
};

/// What the library says of its last failure: " (HDF5: file signature not found)", or nothing.
inline std::string hdf5_reason() {
    std::array<char, 200> text{};
    const auto innermost = [](unsigned number, const H5E_error2_t* error, void* out) -> herr_t {
        auto& found = *static_cast<std::array<char, 200>*>(out);
        if (number == 0 && error->desc != nullptr)
            std::snprintf(found.data(), found.size(), " (HDF5: %s)", error->desc);
        return 0;
    };
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, &text);
    return text.data();
}

/// The library's type for numbers in memory; files hold them in the same form, which is little-endian.
template <class T>
hid_t hdf5_type() {
    if constexpr (std::is_same_v<T, double>)
        return H5T_NATIVE_DOUBLE;
    else if constexpr (std::is_same_v<T, float>)
        return H5T_NATIVE_FLOAT;
    else {
        static_assert(std::is_same_v<T, std::uint8_t>, "HDF5 files are written of double, float or uint8");
        return H5T_NATIVE_UINT8;
    }
}

}  // namespace detail

#endif

}  // namespace vitscape
