// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What the page says, in another language. The English text is the key.

namespace vitscape::detail {

/// A text and its translation. Parts that differ stand as places in the text:
///
/// | place | stands for |
/// | --- | --- |
/// | `{}` | any text, itself translated if it can be: the title of a method, the name of a measure |
/// | `{n}` | a number, also with its error, or a duration |
/// | `{t}` | a text that has a translation |
/// | `{l}` | texts that have translations, as "one, another and a third"; translated with "、" between them |
///
/// In the translation, `{1}` is the first of them.
struct Phrase {
    std::string_view text, translation;
};

/// Whether a text is a number as the page writes it.
inline bool is_shown_number(std::string_view text) {
    constexpr std::string_view signs = " 0123456789.+-e():";
    constexpr std::array<std::string_view, 8> others = {"−",      "±",     "×",      "–",
                                                        "\u202f", "<sup>", "</sup>", "&lt;"};
    const bool has_digit = text.find_first_of("0123456789") != text.npos || text == "–";
    while (!text.empty()) {
        std::size_t length = signs.find(text.front()) != signs.npos ? 1 : 0;
        for (const std::string_view other : others)
            if (text.starts_with(other)) length = other.size();
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return has_digit;
}

/// Translates by tables of phrases. What it does not know stays as it is: users add measures and claims of their own.
class Phrases {
  public:
    Phrases() = default;
    /// Of several patterns that fit, the first is taken; one that leaves nothing untranslated before the others.
    explicit Phrases(std::initializer_list<std::span<const Phrase>> tables) {
        for (const auto& table : tables)
            for (const Phrase& phrase : table)
                if (phrase.text.find('{') == phrase.text.npos)
                    fixed_.emplace(phrase.text, phrase.translation);
                else
                    patterns_.push_back(split(phrase));
    }
    [[nodiscard]] bool empty() const { return fixed_.empty() && patterns_.empty(); }

    /// A user's name, such as the title of a method: sentences may contain it as it is.
    void add_name(const std::string& name) { fixed_.emplace(name, (*this)(name)); }

    [[nodiscard]] std::string operator()(std::string_view text) {
        steps_ = 0;
        const std::optional<Translation> found = find(text);
        return found ? found->text : std::string(text);
    }

  private:
    /// Of a text that is compared with patterns, and steps of that: several times what the page's own sentences need.
    static constexpr std::size_t longest = 4000, most_steps = 200000;

    struct Translation {
        std::string text;
        bool whole = true;  ///< nothing in it is untranslated
    };
    struct Pattern {
        std::vector<std::string_view> between;  ///< before the first place, between places, after the last
        std::vector<std::string_view> places;
        std::string_view translation;
    };
    [[nodiscard]] static Pattern split(const Phrase& phrase) {
        Pattern pattern{{}, {}, phrase.translation};
        std::string_view rest = phrase.text;
        for (std::size_t open; (open = rest.find('{')) != rest.npos;) {
            const std::size_t close = rest.find('}', open);
            pattern.between.push_back(rest.substr(0, open));
            pattern.places.push_back(rest.substr(open + 1, close - open - 1));
            rest.remove_prefix(close + 1);
        }
        pattern.between.push_back(rest);
        return pattern;
    }

    [[nodiscard]] std::optional<Translation> find(std::string_view text) {
        // A name may stand at the beginning of a line.
        for (const std::string& form : {std::string(text), lower_first(text)})
            if (const auto known = fixed_.find(form); known != fixed_.end())
                return Translation{known->second};
        if (text.size() > longest) return {};
        if (const auto known = found_.find(text); known != found_.end()) return known->second;
        std::optional<Translation> translation = by_pattern(text, true);
        if (!translation) translation = by_pattern(text, false);
        return found_.emplace(text, translation).first->second;
    }
    [[nodiscard]] static std::string lower_first(std::string_view text) {
        std::string lower(text);
        if (!lower.empty() && lower[0] >= 'A' && lower[0] <= 'Z')
            lower[0] = static_cast<char>(lower[0] - 'A' + 'a');
        return lower;
    }
    [[nodiscard]] std::optional<Translation> by_pattern(std::string_view text, bool whole) {
        for (const Pattern& pattern : patterns_) {
            std::vector<std::string> parts;
            if (text.starts_with(pattern.between.front()) && text.ends_with(pattern.between.back()) &&
                fits(pattern, text.substr(pattern.between.front().size()), whole, parts))
                return Translation{filled(pattern.translation, parts), whole};
        }
        return {};
    }
    /// @param rest   of the text, from the next place on.  @param parts  the translations of the places before it
    [[nodiscard]] bool fits(const Pattern& pattern, std::string_view rest, bool whole,
                            std::vector<std::string>& parts) {
        const std::size_t place = parts.size();
        const std::string_view next = pattern.between[place + 1];
        const bool last = place + 1 == pattern.places.size();
        if (last && !rest.ends_with(next)) return false;
        for (std::size_t end = last ? rest.size() - next.size() : rest.find(next, 1); end != rest.npos;
             end = last ? rest.npos : rest.find(next, end + 1)) {
            const auto part = translated_part(pattern.places[place], rest.substr(0, end), whole);
            if (!part) continue;
            parts.push_back(*part);
            if (last || fits(pattern, rest.substr(end + next.size()), whole, parts)) return true;
            parts.resize(place);
        }
        return false;
    }
    [[nodiscard]] std::optional<std::string> translated_part(std::string_view kind, std::string_view text,
                                                             bool whole) {
        if (text.empty() || ++steps_ > most_steps || (kind == "n" && !is_shown_number(text))) return {};
        if (kind == "n") return std::string(text);
        if (kind == "l") {
            std::set<std::size_t> hopeless;
            return translated_list(text, hopeless);
        }
        const std::optional<Translation> found = find(text);
        if (found && (found->whole || !whole)) return found->text;
        return whole || kind == "t" ? std::optional<std::string>() : std::string(text);
    }
    /// Items end at commas and "and", which may also stand inside of them: the first that leave nothing untranslated.
    /// @param hopeless  lengths of rests of the list that are none themselves
    [[nodiscard]] std::optional<std::string> translated_list(std::string_view text,
                                                             std::set<std::size_t>& hopeless) {
        if (hopeless.contains(text.size())) return {};
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t comma = text.find(", ", begin), last = text.find(" and ", begin);
            const std::size_t end = std::min({comma, last, text.size()});
            begin = std::min(end + (end == last ? 5 : 2), text.size());
            std::optional<std::string> item = translated_part("t", text.substr(0, end), true);
            if (!item) continue;
            if (begin == text.size()) return item;
            if (const auto rest = translated_list(text.substr(begin), hopeless)) return *item + "、" + *rest;
        }
        hopeless.insert(text.size());
        return {};
    }
    /// With the parts in the places `{1}`, `{2}`, …
    [[nodiscard]] static std::string filled(std::string_view translation,
                                            const std::vector<std::string>& parts) {
        std::string text;
        for (std::size_t i = 0; i < translation.size(); ++i)
            if (translation[i] == '{') {
                text += parts.at(static_cast<std::size_t>(translation[i + 1] - '1'));
                i += 2;
            } else {
                text += translation[i];
            }
        return text;
    }

    std::size_t steps_ = 0;  ///< taken for this text
    std::map<std::string, std::string, std::less<>> fixed_;
    std::vector<Pattern> patterns_;
    std::map<std::string, std::optional<Translation>, std::less<>>
        found_;  ///< earlier answers of the patterns
};

}  // namespace vitscape::detail
