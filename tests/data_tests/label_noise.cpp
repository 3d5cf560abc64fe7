// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <vitscape/data/balanced.hpp>
#include <vitscape/data/label_noise.hpp>

#include "support/catch.hpp"

namespace label_noise_test {

using namespace vitscape;

namespace {

/// Images without pixels, of the classes in turn; the last one has no label.
class Turns : public DatasetViews<Turns> {
  public:
    Turns(std::size_t count, std::size_t classes) : count_(count) {
        for (std::size_t c = 0; c < classes; ++c) names_.push_back(std::to_string(c));
    }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] Image load(std::size_t) const { return {}; }
    [[nodiscard]] int label(std::size_t i) const {
        return i + 1 == count_ ? -1 : static_cast<int>(i % names_.size());
    }
    [[nodiscard]] const std::vector<std::string>& classes() const { return names_; }
    [[nodiscard]] std::string name(std::size_t i) const { return "turn " + std::to_string(i); }

  private:
    std::size_t count_;
    std::vector<std::string> names_;
};
static_assert(Dataset<WithLabelNoise<Turns>>);

template <class D>
std::vector<int> labels_of(const D& data) {
    std::vector<int> labels;
    for (std::size_t i = 0; i < data.size(); ++i) labels.push_back(data.label(i));
    return labels;
}
std::vector<std::int64_t> two_classes(std::size_t count) {  // a third of them of the second
    std::vector<std::int64_t> labels;
    for (std::size_t i = 0; i < count; ++i) labels.push_back(i % 3 == 2 ? 1 : 0);
    return labels;
}

}  // namespace

TEST_CASE("label noise: the share of wrong labels, each other class as often", "[data][label_noise]") {
    const Turns clean(40001, 5);
    for (const double share : {0.1, 0.5, 0.9}) {
        INFO(share);
        const WithLabelNoise noisy(clean, share, 3);
        std::vector<double> by(5);  // by how much a wrong label is off, modulo the classes
        for (std::size_t i = 0; i < 40000; ++i)
            by[static_cast<std::size_t>((noisy.label(i) - clean.label(i) + 5) % 5)] += 1;
        // if the true class could be drawn, a fifth fewer would be wrong
        CHECK(std::abs(1 - by[0] / 40000 - share) < 4 * std::sqrt(share * (1 - share) / 40000));
        const double each = share / 4;
        for (std::size_t other = 1; other < 5; ++other)
            CHECK(std::abs(by[other] / 40000 - each) < 4 * std::sqrt(each * (1 - each) / 40000));
        CHECK(noisy.label(40000) == -1);  // what has no label gets none
    }
    const WithLabelNoise two(Turns(10001, 2), 0.999, 3);  // the other one of two classes
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < 10000; ++i) wrong += two.label(i) != static_cast<int>(i % 2) ? 1 : 0;
    CHECK(wrong > 9950);
}

TEST_CASE("label noise: a function of seed and index; a smaller share is part of a larger one",
          "[data][label_noise]") {
    const Turns clean(500, 10);
    const WithLabelNoise noisy(clean, 0.3, 7), more(clean, 0.6, 7);
    CHECK(labels_of(noisy) == labels_of(WithLabelNoise(clean, 0.3, 7)));
    CHECK(labels_of(noisy) != labels_of(WithLabelNoise(clean, 0.3, 8)));
    CHECK(labels_of(WithLabelNoise(clean, 0, 7)) == labels_of(clean));
    for (std::size_t i = 0; i < clean.size(); ++i)
        if (noisy.label(i) != clean.label(i)) CHECK(more.label(i) == noisy.label(i));
    CHECK(noisy.subset({400, 7}).label(0) == noisy.label(400));
    CHECK(noisy.size() == clean.size());
    CHECK(noisy.name(3) == clean.name(3));
    CHECK(noisy.classes() == clean.classes());
}

TEST_CASE("label noise that is no share, and of images without classes, is refused", "[data][label_noise]") {
    CHECK_THROWS_WITH(WithLabelNoise(Turns(10, 2), 1, 0),
                      "share of wrong labels: a number in [0, 1) is needed, 1 was given");
    CHECK_THROWS_AS(WithLabelNoise(Turns(10, 2), -0.1, 0), ConfigError);
    CHECK_THROWS_WITH(WithLabelNoise(Turns(10, 1), 0.1, 0),
                      "wrong labels need images of at least 2 classes, these have 1");
}

TEST_CASE("balanced images and parts of each class: a smaller choice is part of a larger one", "[data]") {
    const Turns data(60, 4);
    for (std::size_t count = 1; count < 60; ++count) {
        const auto few = balanced(data, count), more = balanced(data, count + 1);
        CHECK(std::includes(more.begin(), more.end(), few.begin(), few.end()));
    }
    const auto labels = two_classes(300);
    const std::span<const std::int64_t> all(labels);
    std::vector<std::size_t> before;
    for (const double share : {0.001, 0.01, 0.1, 0.5, 1.0}) {
        INFO(share);
        const auto chosen = part_of_each_class(all, share, 5);
        std::size_t second = 0;
        for (const std::size_t i : chosen) second += labels[i] == 1 ? 1 : 0;
        CHECK(second == std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(100 * share))));
        CHECK(chosen.size() - second ==
              std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(200 * share))));
        CHECK(std::is_sorted(chosen.begin(), chosen.end()));
        CHECK(std::includes(chosen.begin(), chosen.end(), before.begin(), before.end()));
        before = chosen;
    }
    CHECK(part_of_each_class(all, 0.1, 6) != part_of_each_class(all, 0.1, 5));
    CHECK_THROWS_AS(part_of_each_class(all, 0, 5), ConfigError);
    CHECK_THROWS_AS(part_of_each_class(all, 1.5, 5), ConfigError);
}

}  // namespace label_noise_test
