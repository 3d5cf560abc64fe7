// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/study/page/japanese/measures.hpp>
#include <vitscape/study/page/japanese/page.hpp>
#include <vitscape/study/page/japanese/sentences.hpp>
#include <vitscape/study/page/japanese/tables.hpp>
#include <vitscape/study/page/phrases.hpp>

namespace vitscape::detail {

/// The page in Japanese. Titles come last, since their patterns fit most texts.
[[nodiscard]] inline Phrases japanese_phrases() {
    return Phrases{japanese_page, japanese_measures, japanese_tables, japanese_sentences, japanese_titles};
}

}  // namespace vitscape::detail
