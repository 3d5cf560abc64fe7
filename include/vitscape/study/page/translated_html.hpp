// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <vitscape/report/html_text.hpp>
#include <vitscape/study/page/phrases.hpp>

// The page in another language: its sections are written in English, then what stands between their tags is translated, so that
// a text is translated wherever it is shown.

namespace vitscape::detail {

/// The text that `escape_html` wrote.
inline std::string unescape_html(std::string_view escaped, bool quotes_only = false) {
    constexpr std::array<std::pair<std::string_view, char>, 5> entities{
        {{"&quot;", '"'}, {"&#39;", '\''}, {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}}};
    std::string text;
    while (!escaped.empty()) {
        std::size_t length = 1;
        char character = escaped.front();
        for (const auto& [entity, stands_for] : entities)
            if (escaped.starts_with(entity) && (!quotes_only || stands_for == '"' || stands_for == '\''))
                length = entity.size(), character = stands_for;
        text += character;
        escaped.remove_prefix(length);
    }
    return text;
}

/// Translates HTML as the page's sections write it. What is translated at once is the text between two tags, where `strong` and
/// `sup` belong to the text; and the attributes that are read out or shown. Elements with translate="no" stay as they are.
class HtmlTranslation {
  public:
    explicit HtmlTranslation(Phrases& phrases) : phrases_(phrases) {}

    [[nodiscard]] std::string operator()(std::string_view html) {
        while (!html.empty()) {
            const std::size_t open = std::min(html.find('<'), html.size());
            text_ += html.substr(0, open);
            html.remove_prefix(open);
            if (html.empty()) break;
            const std::size_t end = html.find('>');
            const std::string_view tag = html.substr(0, end == html.npos ? end : end + 1);
            html.remove_prefix(tag.size());
            const std::string_view name = name_of_tag(tag);
            if (name == "strong" || name == "sup") {
                text_ += tag;
                continue;
            }
            finish_text();
            translated_ += translated_tag(tag);
            if (tag == "<style>" || tag.find(" translate=\"no\"") != tag.npos) {
                const std::size_t close = std::min(html.find(message("</", name, ">")), html.size());
                translated_ += html.substr(0, close);
                html.remove_prefix(close);
            }
        }
        finish_text();
        return std::exchange(translated_, {});
    }

  private:
    [[nodiscard]] static std::string_view name_of_tag(std::string_view tag) {
        tag.remove_prefix(tag.starts_with("</") ? 2 : 1);
        return tag.substr(0, tag.find_first_of(" >"));
    }
    /// Spaces around a text stay, those of a sentence that begins behind another one as well.
    void finish_text() {
        const std::size_t begin = std::min(text_.find_first_not_of(" \n"), text_.size());
        const std::size_t end = std::max(begin, text_.find_last_not_of(" \n") + 1);
        translated_ += text_.substr(0, begin);
        if (begin < end) translated_ += phrases_(unescape_html(text_.substr(begin, end - begin), true));
        translated_ += text_.substr(end);
        text_.clear();
    }
    [[nodiscard]] std::string translated_tag(std::string_view tag) {
        std::string changed(tag);
        for (const std::string_view name : {" alt=\"", " aria-label=\"", " data-label=\""}) {
            const std::size_t at = changed.find(name);
            if (at == changed.npos) continue;
            const std::size_t begin = at + name.size(), size = changed.find('"', begin) - begin;
            const std::string text = unescape_html(std::string_view(changed).substr(begin, size));
            changed.replace(begin, size, escape_html(phrases_(text)));
        }
        return changed;
    }

    Phrases& phrases_;
    std::string text_, translated_;
};

}  // namespace vitscape::detail
