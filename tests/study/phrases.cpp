// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include <vitscape/study/page/language.hpp>
#include <vitscape/study/page/phrases.hpp>
#include <vitscape/study/page/translated_html.hpp>

#include "support/catch.hpp"

namespace phrases_test {

using namespace vitscape;

namespace {

constexpr detail::Phrase words[] = {{"loss", "損失"},
                                    {"the trace", "トレース"},
                                    {"{} of {t}", "{2}の{1}"},
                                    {"both: {l}.", "{1}の両方"},
                                    {"{n} runs", "{1} 回"}};

}  // namespace

TEST_CASE("phrases: places, lists, names, and what is not known stays", "[compare]") {
    detail::Phrases phrases{words};
    CHECK(phrases("loss") == "損失");
    CHECK(phrases("Loss") == "損失");
    CHECK(phrases("12 runs") == "12 回");
    CHECK(phrases("−1.5 × 10<sup>−3</sup> runs") == "−1.5 × 10<sup>−3</sup> 回");
    CHECK(phrases("many runs") == "many runs");
    CHECK(phrases("scale of loss") == "損失のscale");
    CHECK(phrases("scale of mine") == "scale of mine");
    CHECK(phrases("both: loss, 3 runs and the trace.") == "損失、3 回、トレースの両方");
    CHECK(phrases("both: loss and mine.") == "both: loss and mine.");
    CHECK(phrases("the trace of loss of loss") == "損失の損失のトレース");  // the first that leaves nothing
    phrases.add_name("Mine of loss, own");
    CHECK(phrases("Mine of loss, own of loss") == "損失のMine of loss, own");
    CHECK(phrases("both: loss, Mine of loss, own and the trace.") ==
          "損失、Mine of loss, own、トレースの両方");
    CHECK(phrases(std::string(100000, ',')) == std::string(100000, ','));
    CHECK(detail::Phrases()("loss") == "loss");
}

TEST_CASE("HTML is translated text by text: tags stay, and so does what is marked", "[compare]") {
    detail::Phrases phrases{words};
    const auto translated = [&](std::string_view html) { return detail::HtmlTranslation(phrases)(html); };
    CHECK(translated("<p class=\"loss\">\nloss </p>the trace") == "<p class=\"loss\">\n損失 </p>トレース");
    CHECK(translated("<img alt=\"loss\"><td data-label=\"loss of loss\">x</td>") ==
          "<img alt=\"損失\"><td data-label=\"損失の損失\">x</td>");
    CHECK(translated("<style>loss</style><dd translate=\"no\">loss</dd><dd>loss</dd>") ==
          "<style>loss</style><dd translate=\"no\">loss</dd><dd>損失</dd>");
    CHECK(translated("<b>&lt;x&gt; &amp; y of loss</b>") == "<b>損失の&lt;x&gt; &amp; y</b>");
    CHECK(translated("<td title=\"loss\" aria-label=\"&quot;a&quot; of loss\">") ==
          "<td title=\"loss\" aria-label=\"損失の&quot;a&quot;\">");
}

TEST_CASE("the language of a page by its name", "[compare]") {
    CHECK(parse_language("ja") == Language::japanese);
    CHECK(name_of(parse_language("en")) == "en");
    CHECK_THROWS_WITH(parse_language("fr"), "a page is written in en or ja; 'fr' was given");
}

}  // namespace phrases_test
