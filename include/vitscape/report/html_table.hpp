// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/report/html_text.hpp>

// What the tables of pages are made of. Where the screen is narrow, each row is a block: its head, then its cells, each beside
// the title of its column.

namespace vitscape::detail {

/// A table whose cells know the titles of their columns.
class Table {
  public:
    explicit Table(std::string_view first_column) { head_cell(first_column, ""); }
    /// @param wide  of sentences, not of numbers
    void column(const std::string& title, bool wide = false) {
        titles_.push_back(title);
        head_cell(title, wide ? "" : " class=\"number\"");
    }
    /// Begins a row; `head` is HTML.
    void row(std::string_view head) {
        end_row();
        rows_ += message("<tr><th scope=\"row\">", head, "</th>");
        next_ = 0;
    }
    /// The next cell of the row: HTML, and more of it below in small letters.
    void number(std::string_view html, std::string_view detail = "") {
        cell(html, detail.empty() ? std::string() : message("<small>", detail, "</small>"), "number");
    }
    void wide(std::string_view html) { cell(html, "", "wide"); }

    /// The box around it takes the keyboard's focus, so that it can be scrolled without a mouse where a word does not fit.
    [[nodiscard]] std::string html(std::string_view caption) {
        end_row();
        return message("<figure class=\"table\">", element("figcaption", caption),
                       "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"",
                       escape_html(caption), "\"><table><thead><tr>", head_, "</tr></thead><tbody>", rows_,
                       "</tbody></table></div></figure>\n");
    }

  private:
    void head_cell(std::string_view title, std::string_view attributes) {
        head_ += message("<th scope=\"col\"", attributes, ">", escape_html(title), "</th>");
    }
    void cell(std::string_view html, std::string_view below, std::string_view kind) {
        rows_ += message("<td class=\"", kind, "\" data-label=\"", escape_html(titles_.at(next_++)), "\">",
                         html, below, "</td>");
    }
    void end_row() {
        if (!rows_.empty() && !rows_.ends_with("</tr>\n")) rows_ += "</tr>\n";
    }

    std::vector<std::string> titles_;
    std::string head_, rows_;
    std::size_t next_ = 0;
};

/// A number to as many digits as an error of this size leaves it.
inline std::string rounded_html(double value, double error) {
    const std::string text = number_html(value, error);
    const std::size_t cut = text.find(" ± ");
    // A power of ten follows the error and belongs to both.
    return cut == text.npos || text.find("<sup>") != text.npos ? number_html(value) : text.substr(0, cut);
}

/// An object of options as a list of names and values; objects inside of it by names with a point.
template <class Json>
std::string option_list(const Json& options, const std::string& prefix = "") {
    std::string html;
    if (!options.is_object()) return html;
    for (const auto& [name, value] : options.items()) {
        if (value.is_object()) {
            html += option_list(value, prefix + name + ".");
            continue;
        }
        std::string text = value.is_string() ? value.template get<std::string>()
                           : value.is_null() ? std::string(no_number)
                                             : json_text(value);
        if (value.is_array() &&
            std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); })) {
            text.clear();
            for (const Json& item : value)
                text += (text.empty() ? "" : ", ") + item.template get<std::string>();
        }
        std::string shown = prefix + name;
        std::replace(shown.begin(), shown.end(), '_', ' ');
        html += element("dt", shown) + element("dd", text, "translate=\"no\"") + "\n";
    }
    return html;
}

}  // namespace vitscape::detail
