// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <string>

#include <vitscape/core/progress.hpp>

#include "support/catch.hpp"

namespace progress_test {

using namespace vitscape;

namespace {

struct Screen {
    std::ostringstream stream;
    double now = 100.0;

    ProgressOutput output(bool terminal) {
        return {.stream = &stream, .terminal = terminal, .clock = [this] { return now; }};
    }
    std::string take() {
        std::string text = stream.str();
        stream.str({});
        return text;
    }
};

}  // namespace

TEST_CASE("durations read as a clock") {
    CHECK(duration_text(0.2) == "0:00");
    CHECK(duration_text(59.6) == "1:00");
    CHECK(duration_text(754.0) == "12:34");
    CHECK(duration_text(3723.0) == "1:02:03");
    CHECK(duration_text(-1.0) == "0:00");
}

TEST_CASE("a log gets a line every ten seconds and one at the end") {
    Screen screen;
    ProgressBar bar("epoch 1/2", 1000, "images", 0, screen.output(false));
    screen.now += 1.9;
    bar.update(100);
    CHECK(screen.take().empty());
    screen.now += 0.1;  // 2 s: 200 of 1000
    bar.update(200, [] { return "loss 0.5"; });
    CHECK(screen.take() == "epoch 1/2  20 %  100 images/s  0:08 left  loss 0.5\n");
    screen.now += 9.9;
    bar.update(300, [] {
        FAIL("the suffix is only asked for when a line is written");
        return "";
    });
    CHECK(screen.take().empty());
    screen.now += 8.1;  // 20 s
    bar.update(1000, [] { return "loss 0.4"; });
    CHECK(screen.take() == "epoch 1/2 100 %  50 images/s  0:20  loss 0.4\n");
    bar.update(1000);
    CHECK(screen.take().empty());
}

TEST_CASE("a terminal's line is redrawn and closed") {
    Screen screen;
    {
        ProgressBar bar("surface", 100, "points", 0, screen.output(true));
        screen.now += 4.0;
        bar.update(50);
        CHECK(screen.take() == "\rsurface [##########..........]  50 %  12 points/s  0:04 left\x1b[K");
        screen.now += 0.05;
        bar.update(51);
        CHECK(screen.take().empty());
        screen.now += 0.1;
        bar.update(52);
        CHECK_FALSE(screen.take().empty());
    }
    CHECK(screen.take() == "\n");

    ProgressBar bar("surface", 10, "points", 0, screen.output(true));
    bar.update(10);  // at once: still one line
    const auto text = screen.take();
    CHECK(text.substr(0, 31) == "\rsurface [####################]");
    CHECK(text.back() == '\n');
}

TEST_CASE("what a resumed run had done does not count for its rate") {
    Screen screen;
    ProgressBar bar("surface", 100, "points", 80, screen.output(false));
    screen.now += 5.0;
    bar.update(90);
    CHECK(screen.take() == "surface  90 %  2.00 points/s  0:05 left\n");
}

}  // namespace progress_test
