// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/json_value.hpp>
#include <vitscape/io/hdf5_reader.hpp>
#include <vitscape/io/hdf5_writer.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/formats/json.hpp>
#include <vitscape/landscape/surface_format.hpp>

namespace vitscape {

namespace detail {

/// The tables beside the loss.
template <class S>
auto tables_beside_loss(S& surface) {
    auto tables = surface_tables(surface);
    tables.erase(tables.begin());
    return tables;
}

}  // namespace detail

/// HDF5 in the layout of Li et al.'s program (2018, https://github.com/tomgoldstein/loss-landscape), whose scripts plot it:
/// `dir_file`, `xcoordinates`, `ycoordinates` (not of a line), `train_loss` and, of a classifier whose accuracy was measured,
/// `train_acc` in percent, both -1 where they have not been computed. Further datasets, which they do not look at, hold the rest:
/// `standard_error`, `difference_standard_error`, those of each further number, `computed` (1 or 0) and `vitscape`, a text of JSON
/// with `metadata`, `samples`, `centre`, `geometry` and `numbers`.
///
/// Tables are float64 of shape (y, x); (x, y), which that program states for grids that are not square although it fills them
/// row by row along y, is read as well. Needs the HDF5 library, and is not for two threads at once (io/hdf5.hpp).
struct Hdf5Format {
    static constexpr std::array<std::string_view, 2> endings{".h5", ".hdf5"};

    static void require() { require_hdf5(); }

    /// @throws IoError if the file cannot be written
    static void write(const std::filesystem::path& path, const Surface& surface,
                      const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
        const Shape shape =
            surface.is_line() ? Shape{surface.columns()} : Shape{surface.rows(), surface.columns()};
        Hdf5Writer writer;
        add_axes(writer, surface.x, metadata);
        if (!surface.is_line()) writer.add<double>("ycoordinates", Shape{surface.rows()}, surface.y);
        add_tables(writer, shape, surface, metadata);
        writer.write(path);
    }
    /// A volume, which the scripts of Li et al. do not know: with `zcoordinates`, and tables of shape (z, y, x). It is not read
    /// back.
    /// @throws IoError if the file cannot be written
    static void write(const std::filesystem::path& path, const Volume& volume,
                      const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
        const auto rows = static_cast<Index>(volume.y.size()), layers = static_cast<Index>(volume.z.size());
        Hdf5Writer writer;
        add_axes(writer, volume.x, metadata);
        writer.add<double>("ycoordinates", Shape{rows}, volume.y);
        writer.add<double>("zcoordinates", Shape{layers}, volume.z);
        add_tables(writer, Shape{layers, rows, static_cast<Index>(volume.x.size())}, volume, metadata);
        writer.write(path);
    }

    /// Of another program's file: the coordinates, `train_loss` and, as the number `accuracy_top1`, `train_acc`. A point counts as
    /// computed unless its loss is -1 and `computed` does not say otherwise; a loss that is not finite becomes NaN.
    /// @throws IoError if the file cannot be read or its tables do not fit its coordinates
    [[nodiscard]] static StoredSurface load(const std::filesystem::path& path) {
        const Hdf5Reader file = Hdf5Reader::load(path);
        std::vector<double> x = file.list("xcoordinates"), y{0};
        const bool line = !file.contains("ycoordinates");
        if (!line) y = file.list("ycoordinates");
        // The loss is in the file, so the tables are not larger than some times its size.
        const std::vector<double> loss = table(file, "train_loss", x, y, line);
        StoredSurface stored;
        Surface& surface = stored.surface;
        surface = Surface(std::move(x), std::move(y));
        std::vector<double> flags(loss.size(), 0);
        if (file.contains("computed")) flags = table(file, "computed", surface.x, surface.y, line);
        for (std::size_t i = 0; i < loss.size(); ++i) {
            const bool computed = loss[i] != unfinished || flags[i] == 1;
            surface.computed.data()[i] = computed ? 1 : 0;
            if (computed && std::isfinite(loss[i])) surface.loss.data()[i] = loss[i];
        }
        for (const auto& [name, numbers] : detail::tables_beside_loss(surface))
            if (file.contains(name)) {
                const std::vector<double> values = table(file, name, surface.x, surface.y, line);
                std::copy(values.begin(), values.end(), numbers->data());
            }
        if (file.contains("vitscape")) {
            const nlohmann::json content = parse(file.text("vitscape"), file.origin());
            detail::read_description(JsonValue(content, file.origin(), "vitscape"), stored);
            detail::read_numbers(surface, [&](const std::string& name, auto& numbers) {
                const std::vector<double> values = table(file, name, surface.x, surface.y, line);
                std::copy(values.begin(), values.end(), numbers.data());
            });
        } else if (file.contains("train_acc")) {
            const std::vector<double> percents = table(file, "train_acc", surface.x, surface.y, line);
            SurfaceNumber& shares =
                surface.numbers.emplace_back(SurfaceNumber::of({.name = std::string(accuracy),
                                                                .label = "accuracy (top-1)",
                                                                .meaning = "train_acc of another program",
                                                                .error = NumberError::none},
                                                               surface.loss));
            for (std::size_t i = 0; i < percents.size(); ++i)
                if (surface.computed.data()[i] != 0) shares.values.data()[i] = percents[i] / 100;
        }
        return stored;
    }

  private:
    static constexpr double unfinished = -1;
    static constexpr std::string_view accuracy = "accuracy_top1";  // as `PointAccuracy` calls it

    /// Shares as that program has them.
    template <class Values, class Computed>
    static std::vector<double> percents(const Values& shares, const Computed& computed) {
        std::vector<double> numbers(shares.begin(), shares.end());
        for (std::size_t i = 0; i < numbers.size(); ++i)
            numbers[i] = computed.data()[i] == 0 ? unfinished : 100 * numbers[i];
        return numbers;
    }
    static void add_axes(Hdf5Writer& writer, const std::vector<double>& x,
                         const nlohmann::ordered_json& metadata) {
        const auto directions = metadata.find("directions");
        writer.add_text("dir_file", directions != metadata.end() && directions->is_string()
                                        ? directions->get<std::string>()
                                        : std::string());
        writer.add<double>("xcoordinates", Shape{static_cast<Index>(x.size())}, x);
    }
    /// @param grid  a surface or volume
    template <class G>
    static void add_tables(Hdf5Writer& writer, const Shape& shape, const G& grid,
                           const nlohmann::ordered_json& metadata) {
        std::vector<double> loss(grid.loss.begin(), grid.loss.end());
        for (std::size_t i = 0; i < loss.size(); ++i)
            if (grid.computed.data()[i] == 0) loss[i] = unfinished;
        writer.add<double>("train_loss", shape, loss);
        for (const auto& number : grid.numbers)
            if (number.card.name == accuracy)
                writer.add<double>("train_acc", shape, percents(number.values, grid.computed));
        for (const auto& [name, table] : detail::tables_beside_loss(grid))
            writer.add<double>(name, shape, std::span(table->data(), table->size()));
        writer.add<std::uint8_t>("computed", shape, std::span(grid.computed.data(), grid.computed.size()));
        writer.add_text("vitscape", json_text(detail::surface_description(grid, metadata)));
    }
    [[nodiscard]] static std::vector<double> table(const Hdf5Reader& file, const std::string& name,
                                                   const std::vector<double>& x, const std::vector<double>& y,
                                                   bool line) {
        Hdf5Numbers found = file.numbers(name);
        const auto columns = static_cast<Index>(x.size()), rows = static_cast<Index>(y.size());
        if (line ? !(found.shape == Shape{columns})
                 : !(found.shape == Shape{rows, columns}) && !(found.shape == Shape{columns, rows}))
            file.refuse("'", name, "' has shape ", found.shape, ", the coordinates need ",
                        line ? Shape{columns} : Shape{rows, columns});
        return std::move(found.values);
    }
    [[nodiscard]] static nlohmann::json parse(const std::string& text, const std::string& origin) {
        try {
            return detail::parse_shallow_json(text, origin);
        } catch (const nlohmann::json::exception& error) {
            throw IoError(message(origin, ": its text 'vitscape' is not valid JSON: ", error.what()));
        }
    }
};

}  // namespace vitscape
