// SPDX-License-Identifier: Apache-2.0
//
// A study of images without classes: losses, surfaces and costs are measured, whatever needs classes is left out.
#include <cmath>
#include <string>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/study/comparison.hpp>

#include "support/catch.hpp"
#include "support/english_text.hpp"
#include "support/temporary_folder.hpp"

namespace unlabelled_test {

using namespace vitscape;

namespace {

/// Synthetic images whose classes are not told.
class Unlabelled : public DatasetViews<Unlabelled> {
  public:
    explicit Unlabelled(std::size_t count, std::uint64_t seed) : images_(count, 16, seed) {}
    [[nodiscard]] std::size_t size() const { return images_.size(); }
    [[nodiscard]] Image load(std::size_t i) const { return images_.load(i); }
    [[nodiscard]] int label(std::size_t) const { return -1; }
    [[nodiscard]] const std::vector<std::string>& classes() const {
        static const std::vector<std::string> none;
        return none;
    }
    [[nodiscard]] std::string name(std::size_t i) const { return images_.name(i); }

  private:
    Synthetic images_;
};

using Measures = std::tuple<AccuracyMeasure, ConvergenceMeasure, TraceMeasure, HalfGainMeasure,
                            RobustnessMeasure, InferenceMeasure, TrainingCostMeasure>;

}  // namespace

TEST_CASE("a study of images without classes leaves out what needs them, and says so", "[compare]") {
    const test::TemporaryFolder folder;
    const VitShape encoder{16, 4, {.width = 16, .depth = 1, .heads = 2}};
    ComparisonPlan plan{.seeds = {3, 4}, .schedule = {.peak = 5e-3, .warmup_epochs = 2}};
    plan.training = {.epochs = 40, .batch = 20, .transform = {.side = 16}};
    Comparison study{Cpu<float>{},
                     Unlabelled(80, 1),
                     Unlabelled(30, 2),
                     plan,
                     {.out = folder.path() / "study", .figures = false, .language = Language::japanese},
                     Measures{{},
                              {},
                              {.images = 8, .samples = 2},
                              {.images = 16, .rays = 3, .masks = 1},
                              {.images = 20, .noise = {0.1}, .blur = {1}},
                              {.batch = 8},
                              {}}};
    CHECK_THROWS_AS(study.add("supervised", "Supervised", VitClassifier({.encoder = encoder})), DataError);
    const TransformerShape decoder{.width = 8, .depth = 1, .heads = 2};
    study.add("mae", "MAE",
              MaskedAutoencoder<>({.encoder = encoder, .decoder = decoder, .pixel_loss = PixelLoss::plain}));
    study.add("rc-mae", "RC-MAE",
              RcMae<>({.encoder = encoder, .decoder = decoder, .pixel_loss = PixelLoss::plain}));
    const auto report = study.run().report;
    std::vector<std::string> keys;
    for (const auto& row : report.at("measures")) {
        const std::string key = row.at("key");
        keys.push_back(key);
        CHECK(row.at("group") != "accuracy");
        CHECK(key.find("top1") == key.npos);
        CHECK(key.find("classification.") == key.npos);
        for (const char* method : {"mae", "rc-mae"})
            CHECK(row.at("summary").at(method).at("count").get<int>() == 2);
    }
    for (const char* key :
         {"training.half_gain_radius", "total.half_gain_radius", "training.trace",
          "convergence.reconstruction_area", "robustness.loss_noise_0.1", "cost.parameters"}) {
        INFO(key);
        CHECK(std::count(keys.begin(), keys.end(), key) == 1);
    }
    CHECK(report.at("baselines").empty());
    CHECK_FALSE(report.at("data").contains("chance"));
    CHECK(json_text(report.at("notes")).find("have no classes") != std::string::npos);
    for (const auto& method : report.at("methods")) CHECK(method.at("learning").at("learned") == true);
    for (const auto& claim : report.at("claims")) {
        INFO(json_text(claim));
        CHECK(claim.at("verdict") != "not judged");
    }
    const std::string page = read_text(folder.path() / "study" / "report.html");
    CHECK(page.size() > 1000);
    CHECK(test::english_texts(test::page_texts(page), {"synthetic", "image"}) == std::vector<std::string>{});
}

TEST_CASE("images that are both training and held-out images are refused", "[compare]") {
    const test::TemporaryFolder folder;
    std::filesystem::create_directories(folder.path() / "a");
    for (const char* name : {"a/1.png", "a/2.png"})
        write_atomically(folder.path() / name, std::string_view("x"));
    std::filesystem::create_symlink(folder.path() / "a", folder.path() / "b");
    struct Named : DatasetViews<Named> {
        std::vector<std::string> names;
        explicit Named(std::vector<std::string> all) : names(std::move(all)) {}
        [[nodiscard]] std::size_t size() const { return names.size(); }
        [[nodiscard]] Image load(std::size_t) const { return {}; }
        [[nodiscard]] int label(std::size_t) const { return -1; }
        [[nodiscard]] const std::vector<std::string>& classes() const {
            static const std::vector<std::string> none;
            return none;
        }
        [[nodiscard]] std::string name(std::size_t i) const { return names[i]; }
    };
    const auto at = [&](const char* name) { return (folder.path() / name).string(); };
    CHECK(shared_image(Named({at("a/1.png")}), Named({at("b/1.png")})) == at("b/1.png"));
    CHECK_FALSE(shared_image(Named({at("a/1.png")}), Named({at("b/2.png")})));
    CHECK_FALSE(shared_image(Named({"image 1"}), Named({"image 1"})));  // not files
    // in archives
    CHECK(shared_image(Named({at("a/1.png/in/x.jpg")}), Named({at("b/1.png/in/x.jpg")})) ==
          at("b/1.png/in/x.jpg"));
    CHECK_FALSE(shared_image(Named({at("a/1.png/in/x.jpg")}), Named({at("b/1.png/in/y.jpg")})));
    CHECK_FALSE(shared_image(Named({at("a/none/x.jpg")}), Named({at("a/none/x.jpg")})));
}

}  // namespace unlabelled_test
