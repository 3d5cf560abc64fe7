// SPDX-License-Identifier: Apache-2.0
//
// Measures of one's own in a study: how far from a minimum training stopped, and how many images change their class when
// they are shifted.
// prints: ^training loss, relative slope at the solution:  MAE [0-9.e-]+ \+- [0-9.e-]+  Supervised [0-9.e-]+ \+- [0-9.e-]+$
// prints: ^classification loss, relative slope at the solution:
// prints: ^images given another class after a shift of 2 pixels:  MAE 0\.[0-9]+ \+- [0-9.e-]+  Supervised 0\.[0-9]+ \+- [0-9.e-]+$
#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <xtensor/xmanipulation.hpp>

#include <vitscape/study/comparison.hpp>
#include <vitscape/study/summary.hpp>
#include <vitscape/vitscape.hpp>

using namespace vitscape;

/// |gradient| |weights| / loss: by what share the loss would fall for each percent that the weights move along the
/// steepest descent. It is zero at a minimum; where it is not small, eigenvalues are not those of a minimum.
struct SlopeMeasure {
    static constexpr std::string_view key = "slope";  // of its result in results.json
    std::size_t images = 64;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "slope-images", "training images that the gradient is the mean over");
    }
    void check() const {
        if (images < 1) throw ConfigError("a slope needs at least 1 image");
    }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        return 3 * speed.value * static_cast<double>(images);  // forward once, backward twice as long
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        O& loss = around.loss(images);
        Vector<B> gradient(around.theta().backend(), around.theta().size());
        const double value = loss.gradient(around.theta(), gradient);
        return {{"loss", value}, {"gradient", norm(gradient)}, {"weights", norm(around.theta())}};
    }
    void rows(Rows& rows) const {
        rows.add({.key = "slope",
                  .group = "flatness",
                  .name = "relative slope at the solution",
                  .meaning = "|gradient| |weights| / loss",
                  .better = Better::lower,
                  .invariant_to = "scale of the loss",
                  .headline = true},
                 [](const JsonValue& slope) {
                     return MeasuredValue{.value = slope.at("gradient").number_or_nan() *
                                                   slope.at("weights").number_or_nan() /
                                                   slope.at("loss").number_or_nan()};
                 });
    }
};

/// The share of test images that are given another class once they are shifted, since patches cut them elsewhere then
/// (one minus the consistency of Zhang 2019, arXiv 1904.11486, section 4.1).
struct ShiftMeasure {
    static constexpr std::string_view key = "shift";
    std::size_t images = 256;  ///< test images, at most
    Index pixels = 2;          ///< what leaves at one side comes in at the other

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "shift-images", "test images that are shifted, at most");
        visit("pixels", self.pixels, "shift-pixels", "of the shift, in each of the four directions");
    }
    void check() const {
        if (images < 1 || pixels < 1) throw ConfigError("a shift needs at least 1 image and 1 pixel");
    }
    [[nodiscard]] double seconds(const RunSpeed& speed) const {
        return 5 * static_cast<double>(std::min(images, speed.test_images)) *
               speed.method.classification.value;
    }
    template <Backend B, class M>
    [[nodiscard]] nlohmann::json compute(const TrainedRun<B, M>& run) const {
        Batch batch = run.test_batch(images);
        const auto still = batch.images;  // (images, channels, rows, columns)
        const std::vector<std::size_t> before = classes(run, batch);
        double other = 0;
        for (const int axis : {2, 3})
            for (const Index by : {-pixels, pixels}) {
                batch.images = xt::roll(still, by, axis);
                const std::vector<std::size_t> after = classes(run, batch);
                for (std::size_t i = 0; i < after.size(); ++i) other += after[i] != before[i];
            }
        return {{"images", before.size()}, {"changed", other / (4 * static_cast<double>(before.size()))}};
    }
    void rows(Rows& rows) const {
        rows.add({.key = "shift",
                  .group = "robustness",
                  .name = message("images given another class after a shift of ", pixels, " pixels"),
                  .unit = "fraction",
                  .better = Better::lower,
                  .headline = true},
                 [](const JsonValue& shift) { return number_of(shift.at("changed")); });
    }

  private:
    /// Of each image, by the largest of its logits.
    template <Backend B, class M>
    static std::vector<std::size_t> classes(const TrainedRun<B, M>& run, const Batch& batch) {
        Weights<B> weights(run.backend);
        Eval<B> eval(run.backend, weights.of(run.classifier_theta));
        VitClassifier::Inputs<B> inputs;
        run.classifier.prepare_images(run.backend, batch.images, inputs);
        const std::vector<double> logits =  // (images, classes)
            download(run.backend, run.classifier.logits(eval, inputs).value.view());
        const auto width = static_cast<std::ptrdiff_t>(logits.size() / batch.size());
        std::vector<std::size_t> found;
        for (auto row = logits.begin(); row != logits.end(); row += width)
            found.push_back(static_cast<std::size_t>(std::max_element(row, row + width) - row));
        return found;
    }
};
static_assert(MeasuresLosses<SlopeMeasure> && MeasuresRuns<ShiftMeasure>);

int main() {
    const VitShape encoder{16, 4, {.width = 32, .depth = 2, .heads = 2}};
    ComparisonPlan plan{.seeds = {0, 1, 2}, .schedule = {.peak = 3e-3, .warmup_epochs = 1}};
    plan.training = {.epochs = 10, .batch = 50, .transform = {.side = 16}};
    plan.probe.epochs = 20, plan.probe.warmup_epochs = 2, plan.probe_every = 10;
    Comparison study{Cpu<float>{},
                     open_dataset("synthetic:500", {.side = 16}),
                     open_dataset("synthetic:200", {.test = true, .side = 16}),
                     plan,
                     {.out = "measure", .resume = true},
                     with(std::tuple{AccuracyMeasure{}}, SlopeMeasure{}, ShiftMeasure{.pixels = 2})};
    study.add("mae", "MAE",
              MaskedAutoencoder<>({.encoder = encoder, .decoder = {.width = 16, .depth = 1, .heads = 2}}));
    study.add("supervised", "Supervised", VitClassifier({.encoder = encoder, .classes = 10}));
    print_summary(std::cout, study.run().report);
}
