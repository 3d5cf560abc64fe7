// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/name_text.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/io/checksum.hpp>
#include <vitscape/io/hdf5.hpp>

namespace vitscape {

#if defined(VITSCAPE_HAS_HDF5) && VITSCAPE_HAS_HDF5

/// Collects datasets and writes them as an HDF5 file that any version of the library reads. The file is built in memory and
/// then replaced as a whole, its checksum (io/checksum.hpp) behind the end that its header states: other programs do not see
/// it, and one that changes the file cuts it off. The bytes depend only on what was added. Not for two threads at once
/// (io/hdf5.hpp).
///
///     Hdf5Writer writer;
///     writer.add<double>("xcoordinates", {51}, x);
///     writer.add<float>("xdirection/0", {96, 3, 4, 4}, values);   // makes the group
///     writer.write("surface.h5");
class Hdf5Writer {
  public:
    /// @throws IoError where the library gets no memory
    Hdf5Writer() : file_(create(), H5Fclose), links_(H5Pcreate(H5P_LINK_CREATE), H5Pclose) {
        require(file_.valid() && H5Pset_create_intermediate_group(links_.get(), 1) >= 0, "begin a file");
    }

    /// Adds a dataset of row-major `values`; the shape {} is a single number.
    /// @throws ShapeError where the number of values is not that of the shape; IoError for a name that is there already
    template <class T>
    void add(const std::string& name, const Shape& shape, std::span<const T> values) {
        if (static_cast<Index>(values.size()) != shape.size())
            throw ShapeError(message("dataset ", name, " of shape ", shape, " needs ", shape.size(),
                                     " values, ", values.size(), " were given"));
        const std::vector<hsize_t> extents(shape.extents().begin(), shape.extents().end());
        const detail::Hdf5Id space(
            extents.empty() ? H5Screate(H5S_SCALAR)
                            : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
            H5Sclose);
        add(name, detail::hdf5_type<T>(), space, values.data());
    }

    /// Adds a text in UTF-8, as one string of fixed length.
    void add_text(const std::string& name, const std::string& text) {
        const std::string valid = name_text(text);
        const detail::Hdf5Id type(H5Tcopy(H5T_C_S1), H5Tclose), space(H5Screate(H5S_SCALAR), H5Sclose);
        H5Tset_size(type.get(), std::max<std::size_t>(1, valid.size()));  // there is no length of 0
        H5Tset_cset(type.get(), H5T_CSET_UTF8);
        H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
        add(name, type.get(), space, valid.c_str());
    }

    /// Replaces the file `path` atomically.
    /// @throws IoError as AtomicFile, and where there is not enough memory for the file
    void write(const std::filesystem::path& path) const {
        require(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL) >= 0, "finish a file");
        const auto size = H5Fget_file_image(file_.get(), nullptr, 0);
        require(size > 0, "finish a file");
        std::vector<std::byte> bytes(static_cast<std::size_t>(size));
        require(H5Fget_file_image(file_.get(), bytes.data(), bytes.size()) == size, "finish a file");
        AtomicFile file(path);
        file.write(bytes);
        file.write(checksum_mark);
        file.write(Checksum().update(bytes).update(blank_checksum()).digits());
        file.commit();
    }

  private:
    static void require(bool done, const std::string& what) {
        if (!done) throw IoError(message("cannot ", what, " in HDF5's format", detail::hdf5_reason()));
    }
    /// A file in memory. The library looks for open files of the same name, so each has another.
    static hid_t create() {
        static std::atomic<unsigned> number{0};
        const detail::Hdf5Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
        constexpr std::size_t grows_by = 1 << 20;
        if (H5Pset_fapl_core(access.get(), grows_by, false) < 0) return -1;
        return H5Fcreate(message("/vitscape in memory/", number++).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT,
                         access.get());
    }
    void add(const std::string& name, hid_t type, const detail::Hdf5Id& space, const void* values) {
        const std::string what = message("add the dataset ", name);
        const detail::Hdf5Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
        H5Pset_obj_track_times(creation.get(),
                               false);  // they would make two files of the same content differ
        const detail::Hdf5Id dataset(H5Dcreate2(file_.get(), name.c_str(), type, space.get(), links_.get(),
                                                creation.get(), H5P_DEFAULT),
                                     H5Dclose);
        require(dataset.valid(), what);
        require(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0, what);
    }

    detail::Hdf5Silence silence_;
    detail::Hdf5Id file_, links_;
};

#else

class Hdf5Writer {
  public:
    /// @throws ConfigError: this build has no HDF5
    Hdf5Writer() { require_hdf5(); }
    template <class T>
    void add(const std::string&, const Shape&, std::span<const T>) {}
    void add_text(const std::string&, const std::string&) {}
    void write(const std::filesystem::path&) const {}
};

#endif

}  // namespace vitscape
