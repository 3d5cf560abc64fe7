// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/bounded_interval.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/rows.hpp>

namespace vitscape {

/// Names of the baselines of contestants that have a variant of the images, in baselines.json.
[[nodiscard]] inline std::string random_encoder_of(const DataVariant& variant) {
    return "random encoder" + variant.suffix();
}
[[nodiscard]] inline std::string raw_pixels_of(const DataVariant& variant) {
    return "raw pixels" + variant.suffix();
}

/// What the same probe reaches without pre-training.
struct BaselineAccuracies {
    std::vector<double> random_encoder;  ///< one per seed
    double raw_pixels = std::numeric_limits<double>::quiet_NaN();
};

/// Whether a contestant learned something, and whether its training had ended. Claims about contestants that learned nothing
/// are not judged: their solutions say nothing about their method. A given model may have learned elsewhere what is of no use on
/// these images; of its training nothing is known.
///
/// It *learned* if its linear probe's accuracy lies above that of a random encoder and of raw pixels, by their 95 % intervals, and its loss
/// below the trivial one in every run. Its training had *ended* if the loss of the last tenth of the epochs fell by less than
/// `settled_share` of the gain and the gradient's norm at the solution is less than `settled_gradient` of that at the start.
struct Learning {
    static constexpr double settled_share = 0.02, settled_gradient = 0.25;

    bool learned = true, ended = true;
    Origin origin = Origin::trained;                ///< only trainings are asked how they ended
    std::string why_not;                            ///< not learned: the first reason
    std::string why_not_ended;                      ///< not ended: the reasons
    Interval accuracy, random_encoder, raw_pixels;  ///< of the same linear probe: 95 % intervals
    std::optional<Interval> own_head;               ///< accuracy of a classifier's own head
    double last_fall =
        0;  ///< of the loss over the last tenth of the epochs, share of the gain: mean over runs
    double gradient_ratio = 0;  ///< of the gradient's norms at the solution and the start: mean over runs

    [[nodiscard]] nlohmann::json json() const {
        const auto pair = [](const Interval& i) {
            return nlohmann::json{json_number(i.low), json_number(i.high)};
        };
        return {{"own_head", own_head ? pair(*own_head) : nlohmann::json()},
                {"learned", learned},
                {"origin", name_of(origin)},
                {"ended", ended},
                {"why_not", why_not},
                {"why_not_ended", why_not_ended},
                {"accuracy", pair(accuracy)},
                {"random_encoder", pair(random_encoder)},
                {"raw_pixels", pair(raw_pixels)},
                {"last_fall", json_number(last_fall)},
                {"gradient_ratio", json_number(gradient_ratio)}};
    }
};

namespace detail {

/// An interval of accuracies: over seeds, or, for fewer than three of them, of their mean over the test images (Wilson).
inline Interval accuracy_interval(const std::vector<double>& values, std::size_t images) {
    const auto trials = static_cast<std::int64_t>(images);
    if (values.size() >= 3) return bounded_interval(values, ValueRange::fraction, 0.95, trials);
    return wilson_interval(std::llround(mean_and_error(values).mean * static_cast<double>(images)), trials);
}

/// The fall of a run's loss over the last tenth of its epochs: of the reconstruction error of held-out images if it has one,
/// otherwise of the training loss. NaN for fewer than two epochs.
inline double last_fall(const JsonValue& curve) {
    const std::size_t epochs = curve.at("epoch").size();
    if (epochs < 2) return std::numeric_limits<double>::quiet_NaN();
    const std::size_t tenth = std::max<std::size_t>(1, (epochs + 5) / 10);
    const auto fall = [&](const char* column) {
        return curve.at(column).at(epochs - 1 - tenth).number_or_nan() -
               curve.at(column).at(epochs - 1).number_or_nan();
    };
    const double held_out = fall("reconstruction_loss");
    return std::isfinite(held_out) ? held_out : fall("loss");
}

inline std::string percent_text(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", 100 * share);
    return text;
}
inline std::string percent_text(const Interval& interval) {
    return message(percent_text(interval.low), " to ", percent_text(interval.high), " %");
}

}  // namespace detail

/// @param test_images  that accuracies are means over
[[nodiscard]] inline Learning learning_of(const CompletedRuns& runs, const std::string& contestant,
                                          const BaselineAccuracies& baselines, std::size_t test_images) {
    Learning found;
    found.origin = runs.origin(contestant);
    const double count = static_cast<double>(runs.seeds.size());
    std::vector<double> accuracies, by_own_head;
    const auto not_learned = [&](const std::string& why) {
        if (found.learned) found.learned = false, found.why_not = why;
    };
    for (std::size_t i = 0; i < runs.seeds.size(); ++i) {
        const JsonValue run = runs.result(contestant, i), solution = run.at("solution");
        const JsonValue probe = run.at("probe");
        accuracies.push_back(probe.at("shares").back().at("top1").number_or_nan());
        if (probe.contains("own_head"))
            by_own_head.push_back(probe.at("own_head").at("top1").number_or_nan());
        const double loss = solution.at("loss").number_or_nan(),
                     trivial = solution.at("trivial_loss").number_or_nan();
        if (std::isfinite(trivial) && !(loss < trivial))
            not_learned(message("its loss, ", plain_number(loss), " with seed ", runs.seeds[i],
                                ", is not below that of the best constant prediction, ",
                                plain_number(trivial)));
        found.last_fall += detail::last_fall(run.at("training")) / (trivial - loss) / count;
        found.gradient_ratio += solution.at("gradient_norm").number_or_nan() /
                                solution.at("first_gradient_norm").number_or_nan() / count;
    }
    if (found.origin == Origin::given && !by_own_head.empty()) by_own_head.resize(1);  // all are the same
    if (!by_own_head.empty()) found.own_head = detail::accuracy_interval(by_own_head, test_images);
    if (std::all_of(accuracies.begin(), accuracies.end(), [](double x) { return std::isfinite(x); })) {
        // of a given model over images: probes of the same weights are no trainings
        found.accuracy = detail::accuracy_interval(
            found.origin == Origin::given ? std::vector{mean_and_error(accuracies).mean} : accuracies,
            test_images);
        found.random_encoder = detail::accuracy_interval(baselines.random_encoder, test_images);
        found.raw_pixels = detail::accuracy_interval({baselines.raw_pixels}, test_images);
        const auto above = [&](const Interval& other, const char* what) {
            if (!(found.accuracy.low > other.high))
                not_learned(message("its linear probe's accuracy (95 % interval ",
                                    detail::percent_text(found.accuracy), ") is not above that of ", what,
                                    " (", detail::percent_text(other), ")"));
        };
        above(found.random_encoder, "a random encoder");
        above(found.raw_pixels, "raw pixels");
    }
    if (found.origin == Origin::initial) {
        found.learned = false, found.why_not = "it was not trained, as a control";
        return found;
    }
    if (found.origin == Origin::given) return found;
    const auto not_ended = [&](const std::string& why) {
        found.ended = false;
        found.why_not_ended += (found.why_not_ended.empty() ? "" : "; ") + why;
    };
    if (!(found.last_fall < Learning::settled_share))
        not_ended(std::isnan(found.last_fall)
                      ? std::string("it is not known how its loss fell at the end")
                      : message("over the last tenth of its epochs the loss still fell by ",
                                detail::percent_text(found.last_fall), " % of the gain"));
    if (!(found.gradient_ratio < Learning::settled_gradient))
        not_ended(message("the gradient at the solution has ", detail::percent_text(found.gradient_ratio),
                          " % of its norm at the start"));
    return found;
}

}  // namespace vitscape
