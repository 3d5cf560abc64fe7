// SPDX-License-Identifier: Apache-2.0
//
// A user-defined measure of the points of a surface: by how much the right class of an image wins.
// prints: at the solution: loss [0-9.]+, margin -?[0-9.]+ \+- [0-9.]+, gradient norm [0-9.]+
// prints: margin.csv: x,y,loss,standard_error,difference_standard_error,margin,margin_standard_error,gradient_norm
#include <algorithm>
#include <iostream>
#include <limits>
#include <span>
#include <vector>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

/// The logit of an image's class minus the largest other one, in the mean over the images.
struct Margin {
    static std::vector<NumberCard> numbers() {
        return {{.name = "margin",
                 .label = "margin (logits)",
                 .meaning = "mean of the logit of an image's class minus the largest other one",
                 .error = NumberError::standard_error}};
    }
    template <class Point>
    void measure(Point& point, std::span<MeasuredNumber> out) const {
        const auto labels = point.objective().labels();
        const std::vector<double>& logits = point.logits();  // (images, classes)
        const std::size_t classes = logits.size() / labels.size();
        std::vector<double> margins;
        for (std::size_t i = 0; i < labels.size(); ++i) {
            double other = -std::numeric_limits<double>::infinity();
            for (std::size_t c = 0; c < classes; ++c)
                if (static_cast<std::int64_t>(c) != labels[i])
                    other = std::max(other, logits[i * classes + c]);
            margins.push_back(logits[i * classes + static_cast<std::size_t>(labels[i])] - other);
        }
        const MeanAndError mean = mean_and_error(margins);
        out[0] = {mean.mean, mean.standard_error};
    }
};

int main() {
    const AnyDataset images = open_dataset("synthetic:400");
    const ImageTransform transform{.side = 16};
    const VitClassifier method({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}}, .classes = 10});
    const Cpu<float> backend(2);
    Trainer trainer{backend, method, AdamW{}, WarmupCosine{.peak = 3e-3, .warmup_epochs = 1}, 0};
    trainer.fit(images, {.epochs = 20, .batch = 25, .transform = transform});

    FrozenObjective loss{backend, method, load_all(images.first(100), transform)};
    static_assert(PointMeasure<Margin, MeasuredPoint<Cpu<float>, decltype(loss)>>);
    auto delta = gaussian_direction(backend, method.layout(), 1, 0);
    normalize(FilterNormalization{}, method.layout(), trainer.theta(), delta);
    const Surface surface = project(loss, Line{trainer.theta(), delta}, Grid{.from = -1, .to = 1, .steps = 5},
                                    {}, Margin{}, PointGradientNorm{});
    const SurfaceNumber &margin = surface.numbers[0], &gradient = surface.numbers[1];
    std::cout << "at the solution: loss " << surface.centre_loss << ", margin " << margin.centre.value
              << " +- " << margin.centre.error << ", gradient norm " << gradient.centre.value << '\n';
    write_surface("margin.csv", surface);
    const std::string text = read_text("margin.csv");
    std::cout << "margin.csv: " << text.substr(0, text.find('\n')) << '\n';
}
