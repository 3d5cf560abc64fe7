// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>

namespace vitscape {

/// A curved grid of columns x rows x layers points (a sheet, if there is one layer) with numbers on each, as VTK's XML file of a structured grid (.vts), which
/// ParaView and VTK open: https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html. The numbers stand behind
/// the XML as they are in memory, each array behind its length in bytes (UInt64).
///
///     VtkGrid grid(columns, rows, layers, points);   // x, y, z of each point; the columns of a row follow each other
///     grid.add<double>("loss", loss);
///     grid.write("surface.vts");
class VtkGrid {
  public:
    /// @throws ShapeError where there are not three coordinates of each point
    VtkGrid(std::size_t columns, std::size_t rows, std::size_t layers, std::span<const double> points)
        : columns_(columns), rows_(rows), layers_(layers) {
        points_ = array<double>("Points", 3, points);
    }

    /// Adds an array of a number for each point; of the name vtkGhostType, uint8, it hides points where it is `hidden`.
    /// @throws ShapeError where there is not one for each point
    template <class T>
    requires std::same_as<T, double> || std::same_as<T, std::uint8_t>
    void add(std::string_view name, std::span<const T> values) {
        numbers_ += array(name, 1, values);
        if (first_.empty()) first_ = name;
    }
    /// VTK's flag of a point that does not exist; what touches it is not drawn.
    static constexpr std::uint8_t hidden = 2;

    /// Replaces the file `path` atomically. @throws IoError as AtomicFile
    void write(const std::filesystem::path& path) const {
        const std::string extent = message("0 ", columns_ - 1, " 0 ", rows_ - 1, " 0 ", layers_ - 1);
        AtomicFile file(path);
        file.write(
            message("<?xml version=\"1.0\"?>\n<VTKFile type=\"StructuredGrid\" version=\"1.0\" "
                    "byte_order=\"LittleEndian\" header_type=\"UInt64\">\n <StructuredGrid WholeExtent=\"",
                    extent, "\">\n  <Piece Extent=\"", extent, "\">\n   <Points>\n", points_,
                    "   </Points>\n   <PointData Scalars=\"", first_, "\">\n", numbers_,
                    "   </PointData>\n  </Piece>\n </StructuredGrid>\n <AppendedData encoding=\"raw\">\n_"));
        file.write(data_);
        file.write("\n </AppendedData>\n</VTKFile>\n");
        file.commit();
    }

  private:
    /// Appends the numbers, and gives the element that describes them.
    template <class T>
    std::string array(std::string_view name, std::size_t components, std::span<const T> values) {
        const std::size_t needed = components * columns_ * rows_ * layers_;
        if (values.size() != needed)
            throw ShapeError(message("the array ", name, " of ", columns_, " x ", rows_, " x ", layers_,
                                     " points needs ", needed, " numbers, ", values.size(), " were given"));
        const std::size_t offset = data_.size();
        const std::uint64_t bytes = values.size_bytes();
        data_.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
        data_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
        return message("    <DataArray type=\"", std::same_as<T, double> ? "Float64" : "UInt8", "\" Name=\"",
                       name, "\" NumberOfComponents=\"", components, "\" format=\"appended\" offset=\"",
                       offset, "\"/>\n");
    }

    std::size_t columns_, rows_, layers_;
    std::string points_, numbers_, first_, data_;
};

}  // namespace vitscape
