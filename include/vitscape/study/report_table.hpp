// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <vitscape/io/json.hpp>
#include <vitscape/study/rows.hpp>

namespace vitscape {

/// A table of a report with one column for each method, at the top of the page or below its measures: for numbers that belong to a
/// method as a whole, not to one run, which are rows of measures (`Rows`).
class ReportTable {
  public:
    /// @param caption  what its numbers have in common
    ReportTable(std::string name, std::string title, std::string caption, bool top = true)
        : table_{{"name", std::move(name)},
                 {"title", std::move(title)},
                 {"caption", std::move(caption)},
                 {"top", top},
                 {"rows", nlohmann::json::array()}} {}

    /// Adds a row. @param unit  as of a `Row`  @param quality  what a better value is: "flatter", "cheaper"
    void row(std::string name, std::string meaning, std::string unit, Better better,
             std::string_view quality = "better") {
        table_["rows"].push_back({{"name", std::move(name)},
                                  {"meaning", std::move(meaning)},
                                  {"unit", std::move(unit)},
                                  {"better", std::string(name_of(better))},
                                  {"direction", direction_text(better, quality)},
                                  {"values", nlohmann::json::object()}});
    }
    /// A method's number in the last row. @param note  what the reader should know of it, such as "at least"
    void value(const std::string& method, double number, std::string note = "") {
        table_["rows"].back()["values"][method] = {{"value", json_number(number)}, {"note", std::move(note)}};
    }
    /// Appends the table to those of a report, without rows that have neither a number nor a note.
    void put_into(nlohmann::json& report) {
        auto& rows = table_["rows"];
        for (std::size_t i = rows.size(); i-- > 0;) {
            bool any = false;
            for (const auto& [method, entry] : rows[i]["values"].items())
                any =
                    any || !entry["value"].is_null() || !entry["note"].get_ref<const std::string&>().empty();
            if (!any) rows.erase(i);
        }
        if (!rows.empty()) report["tables"].push_back(table_);
    }

  private:
    nlohmann::json table_;
};

}  // namespace vitscape
