// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/number_text.hpp>

namespace vitscape {

/// A table for spreadsheets and plotting programs (RFC 4180): a header, then rows of numbers and strings,
/// separated by commas. Numbers are written such that they are read back exactly.
///
///     CsvTable table{"x", "y", "loss"};
///     table.add_row(-1.0, 0.5, 2.31);
///     table.write("surface.csv");
class CsvTable {
  public:
    CsvTable(std::initializer_list<std::string_view> columns) : columns_(columns.size()) {
        add_line(columns);
    }
    explicit CsvTable(const std::vector<std::string>& columns) : columns_(columns.size()) {
        add_line(columns);
    }

    /// @throws ShapeError when the number of cells is not the number of columns.
    template <class... Cells>
    void add_row(const Cells&... cells) {
        if (sizeof...(cells) != columns_)
            throw ShapeError(message("a row of ", sizeof...(cells), " cells does not fit a table of ",
                                     columns_, " columns"));
        std::string_view separator;
        ((text_ += separator, append(cells), separator = ","), ...);
        text_ += '\n';
    }

    /// As `add_row`, of numbers alone. @throws ShapeError as that
    void add_numbers(std::span<const double> numbers) {
        if (numbers.size() != columns_)
            throw ShapeError(message("a row of ", numbers.size(), " cells does not fit a table of ", columns_,
                                     " columns"));
        add_line(numbers);
    }

    /// The table as it is written to a file.
    [[nodiscard]] const std::string& text() const { return text_; }

    /// Replaces the file `path` atomically.
    /// @throws IoError as AtomicFile.
    void write(const std::filesystem::path& path) const { write_atomically(path, text_); }

  private:
    template <class Cells>
    void add_line(const Cells& cells) {
        std::string_view separator;
        for (const auto& cell : cells) {
            text_ += separator;
            append(cell);
            separator = ",";
        }
        text_ += '\n';
    }
    template <class Number>
    requires std::integral<Number> || std::floating_point<Number>
    void append(Number value) { text_ += number_text(value); }
    void append(std::string_view cell) {
        if (cell.find_first_of(",\"\r\n") == std::string_view::npos) {
            text_ += cell;
            return;
        }
        text_ += '"';
        for (const char character : cell)
            text_ += character == '"' ? std::string("\"\"") : std::string(1, character);
        text_ += '"';
    }

    std::size_t columns_;
    std::string text_;
};

}  // namespace vitscape
