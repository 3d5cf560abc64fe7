// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/io/checksum.hpp>
#include <vitscape/io/hdf5.hpp>

namespace vitscape {

/// A dataset of an HDF5 file: row-major, of any of the number types that are read.
struct Hdf5Numbers {
    Shape shape;
    std::vector<double> values;
};

#if defined(VITSCAPE_HAS_HDF5) && VITSCAPE_HAS_HDF5

/// Reads numbers and texts from an HDF5 file. What is read lies in the file itself, in one piece and uncompressed, as HDF5
/// and h5py write it unless told otherwise; so no dataset can claim more memory than the file has bytes. Links, external
/// storage, compression and types of other programs' own are refused. Not for two threads at once (io/hdf5.hpp).
class Hdf5Reader {
  public:
    /// Opens a file whose bytes, where it carries a checksum (io/hdf5_writer.hpp), give it.
    /// @throws IoError when it cannot be read, is damaged or is no HDF5 file
    [[nodiscard]] static Hdf5Reader load(const std::filesystem::path& path) {
        const std::vector<std::byte> bytes = read_bytes(path);
        const auto all = std::span<const std::byte>(bytes);
        const std::size_t seal = std::min(bytes.size(), blank_checksum().size());
        const bool checked = verify_checksum(all, all.last(seal), path.string());
        if (!checked) require_heaps(bytes, path.string());
        return Hdf5Reader(path, bytes.size(), checked);
    }

    /// Whether the file holds something of that name, with a '/' between a group and what is in it.
    /// @throws IoError where it is a link to elsewhere
    [[nodiscard]] bool contains(const std::string& name) const {
        for (std::size_t end = 0; end < name.size();) {
            end = std::min(name.find('/', end + 1), name.size());
            const std::string part = name.substr(0, end);
            const htri_t exists = H5Lexists(file_.get(), part.c_str(), H5P_DEFAULT);
            if (exists < 0) refuse("'", part, "' cannot be looked up", detail::hdf5_reason());
            if (exists == 0) return false;
            H5L_info_t link{};
            if (H5Lget_info(file_.get(), part.c_str(), &link, H5P_DEFAULT) < 0)
                refuse("'", part, "' cannot be looked up", detail::hdf5_reason());
            if (link.type != H5L_TYPE_HARD) refuse("'", part, "' is a link, which is not followed");
        }
        return true;
    }

    /// The numbers of a dataset. @throws IoError where there is none of that name, or it holds anything else
    [[nodiscard]] Hdf5Numbers numbers(const std::string& name) const {
        const detail::Hdf5Id dataset = open(name), type(H5Dget_type(dataset.get()), H5Tclose);
        const auto known = {H5T_IEEE_F64LE, H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_IEEE_F32BE,
                            H5T_STD_I64LE,  H5T_STD_U64LE,  H5T_STD_I32LE,  H5T_STD_U32LE,
                            H5T_STD_I16LE,  H5T_STD_U16LE,  H5T_STD_I8LE,   H5T_STD_U8LE};
        if (std::none_of(known.begin(), known.end(),
                         [&](hid_t one) { return H5Tequal(type.get(), one) > 0; }))
            refuse("'", name,
                   "' holds no numbers of a type that is read; these are float32, float64 and "
                   "integers of up to 64 bits");
        Hdf5Numbers numbers;
        numbers.shape = shape_of(dataset, name, H5Tget_size(type.get()));
        numbers.values.resize(static_cast<std::size_t>(numbers.shape.size()));
        read(dataset, name, H5T_NATIVE_DOUBLE, numbers.values.data());
        return numbers;
    }

    /// As above, of a list. @throws IoError also where it has no or several axes, or no numbers
    [[nodiscard]] std::vector<double> list(const std::string& name) const {
        Hdf5Numbers found = numbers(name);
        if (found.shape.rank() != 1 || found.values.empty())
            refuse("'", name, "' has shape ", found.shape, ", a list of numbers is needed");
        return std::move(found.values);
    }

    /// A text of fixed length, as `Hdf5Writer::add_text` writes it; no other program's are needed.
    /// @throws IoError where there is none of that name, or it holds anything else
    [[nodiscard]] std::string text(const std::string& name) const {
        const detail::Hdf5Id dataset = open(name), type(H5Dget_type(dataset.get()), H5Tclose);
        if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0)
            refuse("'", name, "' is no text of fixed length");
        const std::size_t length = H5Tget_size(type.get());
        if (const Shape shape = shape_of(dataset, name, length); shape.rank() != 0)
            refuse("'", name, "' has shape ", shape, ", a single text is needed");
        std::string text(length, '\0');
        read(dataset, name, type.get(), text.data());
        text.resize(std::min(text.size(), text.find('\0')));
        return text;
    }

    /// The name of the file, for errors.
    [[nodiscard]] const std::string& origin() const { return origin_; }

    /// @throws IoError naming the file and `parts`, what is wrong with it
    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        throw IoError(message(origin_, " is not an HDF5 file that can be used: ", parts...));
    }

  private:
    Hdf5Reader(const std::filesystem::path& path, std::size_t size, bool checked)
        : origin_(path.string()),
          size_(size),
          file_(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose) {
        if (!file_.valid()) refuse("it cannot be opened", detail::hdf5_reason());
        if (checked) return;
        haddr_t end = 0;  // what stands behind it in our files is a checksum, be it damaged
        if (H5Fget_eoa(file_.get(), &end) >= 0 && end + blank_checksum().size() == size_)
            detail::throw_damaged(origin_);
        detail::note_missing_checksum(origin_);
    }

    /// The library (1.10.8) crashes at a group whose names, the data of a heap, lie at no address, and takes as much memory as
    /// they claim. A heap's header: HEAP, version 0, 3 bytes, size of the data, 8 bytes, their address.
    static void require_heaps(std::span<const std::byte> bytes, const std::string& origin) {
        const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        constexpr std::string_view mark("HEAP\0", 5);
        for (std::size_t at = file.find(mark); at != file.npos; at = file.find(mark, at + 1)) {
            std::uint64_t size = 0, address = 0;
            if (file.size() - at < 32) break;
            std::memcpy(&size, file.data() + at + 8, sizeof size);
            std::memcpy(&address, file.data() + at + 24, sizeof address);
            if (size > file.size() || address > file.size() - size)
                throw IoError(message(origin,
                                      " is not an HDF5 file that can be used: its names should lie at byte ",
                                      address, ", ", size, " long; it has ", file.size(), " bytes"));
        }
    }

    /// A dataset whose elements lie in the file, one behind the other.
    [[nodiscard]] detail::Hdf5Id open(const std::string& name) const {
        if (!contains(name)) refuse("it holds no '", name, "'");
        detail::Hdf5Id dataset(H5Dopen2(file_.get(), name.c_str(), H5P_DEFAULT), H5Dclose);
        if (!dataset.valid()) refuse("'", name, "' is no dataset", detail::hdf5_reason());
        const detail::Hdf5Id creation(H5Dget_create_plist(dataset.get()), H5Pclose);
        if (H5Pget_layout(creation.get()) != H5D_CONTIGUOUS || H5Pget_external_count(creation.get()) != 0)
            refuse("'", name,
                   "' is stored in chunks, compressed or in other files; h5repack -l CONTI -f NONE "
                   "writes a file without");
        return dataset;
    }

    /// @throws IoError where the dataset claims more elements than the file can hold
    [[nodiscard]] Shape shape_of(const detail::Hdf5Id& dataset, const std::string& name,
                                 std::size_t element) const {
        const detail::Hdf5Id space(H5Dget_space(dataset.get()), H5Sclose);
        const int rank = H5Sget_simple_extent_ndims(space.get());
        if (rank < 0 || H5Sget_simple_extent_type(space.get()) == H5S_NULL) refuse("'", name, "' is empty");
        if (rank > static_cast<int>(Shape::max_rank))
            refuse("'", name, "' has ", rank, " axes, at most ", Shape::max_rank, " are read");
        std::array<hsize_t, Shape::max_rank> extents{};
        H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr);
        std::vector<Index> shape;
        hsize_t size = std::max<std::size_t>(1, element);
        for (const hsize_t extent : std::span(extents).first(static_cast<std::size_t>(rank))) {
            if (extent > size_ / size) refuse("'", name, "' claims more numbers than the file can hold");
            size *= std::max<hsize_t>(1, extent);
            shape.push_back(static_cast<Index>(extent));
        }
        if (size > size_) refuse("'", name, "' claims ", size, " bytes, the file has ", size_);
        const Shape found{std::span<const Index>(shape)};
        const auto needed = static_cast<hsize_t>(found.size()) * element;
        if (const hsize_t stored = H5Dget_storage_size(dataset.get()); stored != needed)
            refuse("'", name, "' of shape ", found, " needs ", needed, " bytes, ", stored, " are stored");
        return found;
    }

    void read(const detail::Hdf5Id& dataset, const std::string& name, hid_t type, void* out) const {
        if (H5Dread(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
            refuse("'", name, "' cannot be read", detail::hdf5_reason());
    }

    std::string origin_;
    std::size_t size_;
    detail::Hdf5Silence silence_;
    detail::Hdf5Id file_;
};

#else

class Hdf5Reader {
  public:
    /// @throws ConfigError: this build has no HDF5
    [[nodiscard]] static Hdf5Reader load(const std::filesystem::path&) {
        require_hdf5();
        return {};
    }
    [[nodiscard]] bool contains(const std::string&) const { return false; }
    [[nodiscard]] Hdf5Numbers numbers(const std::string&) const { return {}; }
    [[nodiscard]] std::vector<double> list(const std::string&) const { return {}; }
    [[nodiscard]] std::string text(const std::string&) const { return {}; }
    [[nodiscard]] const std::string& origin() const { return origin_; }
    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        throw IoError(message(origin_, parts...));
    }

  private:
    std::string origin_;
};

#endif

}  // namespace vitscape
