// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vitscape::test {

/// What is shown or read out of a page: the texts between its tags and the attributes with text, without scripts, styles and
/// elements that are not to be translated.
inline std::vector<std::string> page_texts(std::string html) {
    const auto erase = [&](std::size_t at, const std::string& close) {
        const std::size_t end = html.find(close, at);
        html.erase(at, end == html.npos ? end : end + close.size() - at);
    };
    for (const std::string name : {"script", "style"})
        for (std::size_t at; (at = html.find("<" + name)) != html.npos;) erase(at, "</" + name + ">");
    for (std::size_t at; (at = html.find(" translate=\"no\"")) != html.npos;) {
        const std::size_t open = html.rfind('<', at);
        erase(open, "</" + html.substr(open + 1, html.find(' ', open) - open - 1) + ">");
    }
    for (const std::string inline_tag : {"<strong>", "</strong>", "<sup>", "</sup>"})
        for (std::size_t at; (at = html.find(inline_tag)) != html.npos;) html.erase(at, inline_tag.size());
    std::vector<std::string> texts;
    for (std::size_t at = 0; at < html.size();) {
        const std::size_t open = std::min(html.find('<', at), html.size());
        texts.push_back(html.substr(at, open - at));
        const std::size_t close = std::min(html.find('>', open), html.size());
        const std::string tag = html.substr(open, close - open);
        for (const std::string name : {" alt=\"", " aria-label=\"", " data-label=\""})
            if (const std::size_t label = tag.find(name); label != tag.npos) {
                const std::size_t begin = label + name.size();
                texts.push_back(tag.substr(begin, tag.find('"', begin) - begin));
            }
        at = close + 1;
    }
    return texts;
}

/// The texts with an English word of at least two letters that is neither a name nor a symbol of a Japanese text.
/// @param names  that the texts may hold besides
inline std::vector<std::string> english_texts(const std::vector<std::string>& texts,
                                              std::set<std::string> names = {}) {
    names.insert({"MAE",          "RC-MAE",
                  "SimMIM",       "ViT",
                  "EMA",          "ECE",
                  "MiB",          "JavaScript",
                  "vitscape",     "compare",
                  "top-1",        "top-5",
                  "bfloat16",     "arXiv",
                  "Lee",          "He",
                  "et",           "al",
                  "Student",      "Holm",
                  "Kendall",      "Spearman",
                  "Granulated",   "granulated",
                  "Gauss-Newton", "Transformer",
                  "filter",       "layer",
                  "embeddings",   "decoder",
                  "norm",         "head",
                  "blocks",       "decoder_blocks",
                  "amp",          "lt",
                  "gt",           "quot"});
    std::vector<std::string> english;
    for (const std::string& text : texts) {
        std::set<std::string> words;
        std::string word;
        for (const char c : text + " ")
            if (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                (!word.empty() && (c == '-' || c == '_'))) {
                word += c;
            } else {
                const auto letters = std::count_if(word.begin(), word.end(),
                                                   [](unsigned char l) { return std::isalpha(l) != 0; });
                if (letters > 1) words.insert(word);
                word.clear();
            }
        if (std::any_of(words.begin(), words.end(), [&](const auto& one) { return !names.contains(one); }))
            english.push_back(text);
    }
    return english;
}

}  // namespace vitscape::test
