// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/statistics.hpp>

namespace vitscape {

/// A number of one run with its standard error, NaN where there is none.
struct MeasuredValue {
    double value = std::numeric_limits<double>::quiet_NaN(),
           standard_error = std::numeric_limits<double>::quiet_NaN();
};

/// A number that every run of a comparison is measured by.
struct Measure {
    std::string key, group, name, unit, loss;                ///< loss: "training", "classification" or empty
    bool headline = false;                                   ///< belongs to the report's first table
    bool flatness = false;                                   ///< is set against the held-out accuracy
    std::function<MeasuredValue(const nlohmann::json&)> of;  ///< from a run's results
};

namespace detail {

inline double number_or_nothing(const nlohmann::json& value) {
    return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}
/// The results of a loss; a classifier's only loss serves as both.
inline std::string loss_prefix(const nlohmann::json& results, const std::string& loss) {
    return results.contains(loss + ".plane-0") ? loss : "training";
}
/// The mean over a run's planes and its standard error.
template <class F>
MeasuredValue over_planes(const nlohmann::json& results, const std::string& loss, const F& number) {
    std::vector<double> values;
    const std::string prefix = loss_prefix(results, loss);
    for (int pair = 0; results.contains(message(prefix, ".plane-", pair)); ++pair)
        values.push_back(number(results.at(message(prefix, ".plane-", pair))));
    const MeanAndError found = mean_and_error(values);
    return {found.mean, values.size() > 1 ? found.standard_error : std::numeric_limits<double>::quiet_NaN()};
}
/// Epochs until a curve gets to a level, linear between epochs; NaN where it does not.
inline double epochs_until(const nlohmann::json& curve, const std::string& name, double level, bool falling) {
    double before = std::numeric_limits<double>::quiet_NaN(), epoch_before = 0;
    if (!curve.contains(name)) return before;
    for (std::size_t i = 0; i < curve.at("epoch").size(); ++i) {
        const double value = number_or_nothing(curve.at(name).at(i)), epoch = curve.at("epoch").at(i);
        if (std::isnan(value)) continue;
        if (falling ? value <= level : value >= level)
            return std::isnan(before)
                       ? epoch
                       : epoch_before + (epoch - epoch_before) * (level - before) / (value - before);
        before = value, epoch_before = epoch;
    }
    return std::numeric_limits<double>::quiet_NaN();
}
/// A radius or strength as it is part of a key or a name.
inline std::string plain_number(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", number);
    return text;
}

}  // namespace detail

/// What accuracy and reconstruction error the speeds of convergence are measured to.
struct ConvergenceLevels {
    double reconstruction_half = 0, reconstruction_end = 0, probe = 0;
};

/// All measures of a comparison, in the order of the report. `example` are the results of any complete run.
inline std::vector<Measure> measures_of(const nlohmann::json& example, const ConvergenceLevels& levels) {
    using Json = nlohmann::json;
    std::vector<Measure> all;
    const auto plain = [&](std::string key, std::string group, std::string name, std::string unit,
                           std::function<double(const Json&)> of) -> Measure& {
        all.push_back({std::move(key), std::move(group), std::move(name), std::move(unit), "", false, false,
                       [of = std::move(of)](const Json& r) {
                           return MeasuredValue{of(r), std::nan("")};
                       }});
        return all.back();
    };
    const auto number = detail::number_or_nothing;
    const auto missing = std::numeric_limits<double>::quiet_NaN();

    plain("accuracy.top1", "accuracy", "held-out top-1: linear probe, or the classifier's own head",
          "fraction",
          [=](const Json& r) {
              const Json& probe = r.at("probe");
              return number(probe.contains("own_head") ? probe.at("own_head")
                                                       : probe.at("shares").back().at("top1"));
          })
        .headline = true;
    for (std::size_t i = 0; i < example.at("probe").at("shares").size(); ++i) {
        const double share = example.at("probe").at("shares").at(i).at("share");
        const std::string percent = detail::plain_number(100 * share);
        plain("accuracy.probe_" + percent, "accuracy",
              "linear probe from " + percent + " % of the labels, top-1", "fraction",
              [=](const Json& r) { return number(r.at("probe").at("shares").at(i).at("top1")); });
    }
    plain("accuracy.probe_top5", "accuracy", "linear probe, top-5", "fraction",
          [=](const Json& r) { return number(r.at("probe").at("shares").back().at("top5")); });
    plain("accuracy.knn", "accuracy", "20 nearest neighbours, top-1", "fraction",
          [=](const Json& r) { return number(r.at("probe").at("knn")); });
    plain("accuracy.teacher", "accuracy", "linear probe of the teacher, top-1", "fraction",
          [=](const Json& r) { return number(r.at("probe").value("teacher", Json())); });

    const auto epochs = [&](std::string key, std::string name, std::string curve, double level,
                            bool falling) {
        plain("convergence." + std::move(key), "convergence", std::move(name), "epochs",
              [=](const Json& r) { return detail::epochs_until(r.at("training"), curve, level, falling); });
    };
    epochs("reconstruction_half",
           "to a reconstruction error of " + detail::plain_number(levels.reconstruction_half),
           "reconstruction_loss", levels.reconstruction_half, true);
    epochs("reconstruction_end",
           "to a reconstruction error of " + detail::plain_number(levels.reconstruction_end),
           "reconstruction_loss", levels.reconstruction_end, true);
    epochs("probe", "to a probe accuracy of " + detail::plain_number(100 * levels.probe) + " %",
           "probe_accuracy", levels.probe, false);

    for (const std::string loss : {"training", "classification"}) {
        const auto of_loss = [&](std::string key, std::string group, std::string name, std::string unit,
                                 std::function<MeasuredValue(const Json&)> of) -> Measure& {
            all.push_back({loss + "." + std::move(key), std::move(group), std::move(name), std::move(unit),
                           loss, false, true, std::move(of)});
            return all.back();
        };
        const auto result = [=](const Json& r, const std::string& what) -> const Json& {
            return r.at(detail::loss_prefix(r, loss) + "." + what);
        };
        const auto planes = [&](std::string key, std::string group, std::string name, std::string unit,
                                std::function<double(const Json&)> of) -> Measure& {
            return of_loss(std::move(key), std::move(group), std::move(name), std::move(unit),
                           [=](const Json& r) { return detail::over_planes(r, loss, of); });
        };
        of_loss("largest_eigenvalue", "curvature", "largest eigenvalue of the Hessian", "",
                [=](const Json& r) {
                    const Json& e = result(r, "eigenvalues");
                    return MeasuredValue{number(e.at("largest")), number(e.at("largest_residual"))};
                })
            .headline = true;
        of_loss("smallest_eigenvalue", "curvature", "smallest eigenvalue of the Hessian", "",
                [=](const Json& r) {
                    const Json& e = result(r, "eigenvalues");
                    return MeasuredValue{number(e.at("smallest")), number(e.at("smallest_residual"))};
                });
        of_loss("eigenvalue_ratio", "curvature", "|smallest / largest| eigenvalue", "", [=](const Json& r) {
            const Json& e = result(r, "eigenvalues");
            return MeasuredValue{std::abs(number(e.at("smallest")) / number(e.at("largest"))), missing};
        });
        of_loss("trace", "curvature", "trace of the Hessian", "", [=](const Json& r) {
            return MeasuredValue{number(result(r, "trace").at("value")),
                                 number(result(r, "trace").at("standard_error"))};
        });
        planes("convex_area", "convex region", "area of the convex region", "", [=](const Json& p) {
            return number(p.at("convex_area"));
        }).headline = true;
        planes("convex_radius", "convex region", "radius of the convex region", "",
               [=](const Json& p) { return number(p.at("convex_radius")); });
        planes("convex_at_border", "convex region", "planes whose convex region reaches the border",
               "fraction",
               [=](const Json& p) { return p.at("convex_reaches_border").get<bool>() ? 1.0 : 0.0; })
            .flatness = false;
        planes("area_below_twice", "flatness", "area where the loss is below twice the centre's", "",
               [=](const Json& p) { return number(p.at("area_below_twice")); });
        const Json& rises = example.at("training.plane-0").at("rises");
        for (std::size_t i = 0; i < rises.size(); ++i) {
            const std::string radius = detail::plain_number(rises.at(i).at("radius"));
            planes("rise_" + radius, "flatness", "mean rise at radius " + radius + ", relative to the loss",
                   "",
                   [=](const Json& p) {
                       return number(p.at("rises").at(i).at("mean")) / number(p.at("centre_loss"));
                   })
                .headline = i + 1 == rises.size();
            planes("worst_rise_" + radius, "flatness", "worst rise at radius " + radius + ", relative", "",
                   [=](const Json& p) {
                       return number(p.at("rises").at(i).at("worst")) / number(p.at("centre_loss"));
                   });
            planes("absolute_rise_" + radius, "flatness",
                   "mean rise at radius " + radius + ", in units of the loss", "",
                   [=](const Json& p) { return number(p.at("rises").at(i).at("mean")); });
        }
        of_loss(
            "sharpness", "flatness", "sharpness: rise along the gradient, relative", "", [=](const Json& r) {
                return MeasuredValue{
                    number(result(r, "sharpness")) / number(result(r, "plane-0").at("centre_loss")), missing};
            });
        planes("total_variation", "smoothness", "mean slope on the plane, relative to the loss", "",
               [=](const Json& p) { return number(p.at("total_variation")) / number(p.at("centre_loss")); });
        planes("local_minima", "smoothness", "local minima on the plane", "",
               [=](const Json& p) { return number(p.at("local_minima")); });
        const Json& noises = example.at("training.weight noise").at("rises");
        for (std::size_t i = 0; i < noises.size(); ++i) {
            const std::string deviation = detail::plain_number(noises.at(i).at("deviation"));
            of_loss("weight_noise_" + deviation, "robustness",
                    "rise under weight noise of " + deviation + ", relative", "", [=](const Json& r) {
                        const Json& n = result(r, "weight noise");
                        const double centre = number(n.at("centre_loss"));
                        return MeasuredValue{number(n.at("rises").at(i).at("mean")) / centre,
                                             number(n.at("rises").at(i).at("standard_error")) / centre};
                    });
        }
    }
    for (std::size_t i = 1; i < example.at("robustness").size(); ++i) {
        const Json& entry = example.at("robustness").at(i);
        const std::string kind = entry.at("kind"), strength = detail::plain_number(entry.at("strength"));
        const std::string what =
            kind == "noise" ? "pixel noise of " + strength : "a blur of " + strength + " pixels";
        plain("robustness.top1_" + kind + "_" + strength, "robustness", "top-1 under " + what, "fraction",
              [=](const Json& r) { return number(r.at("robustness").at(i).at("top1")); });
        plain("robustness.loss_" + kind + "_" + strength, "robustness",
              "training loss under " + what + ", over that of clean images", "", [=](const Json& r) {
                  return number(r.at("robustness").at(i).at("training_loss")) /
                         number(r.at("robustness").at(0).at("training_loss"));
              });
    }
    plain("cost.seconds_per_epoch", "cost", "training time per epoch", "seconds", [=](const Json& r) {
        std::vector<double> seconds;
        for (const Json& s : r.at("training").at("seconds")) seconds.push_back(number(s));
        return median(seconds);
    }).headline = true;
    const auto cost = [&](std::string key, std::string name, std::string unit) {
        plain("cost." + key, "cost", std::move(name), std::move(unit),
              [=](const Json& r) { return number(r.at("cost").value(key, Json())); });
    };
    plain("cost.inference_seconds", "cost",
          "time of classifying an image, in batches of " +
              std::to_string(example.at("inference").at("batch").get<std::size_t>()),
          "seconds", [=](const Json& r) { return number(r.at("inference").at("seconds")); });
    cost("peak_memory", "training: parameters, optimizer, teacher and activations at their peak", "bytes");
    plain("cost.inference_memory", "cost",
          "classifying such a batch: parameters and activations at their peak", "bytes",
          [=](const Json& r) { return number(r.at("inference").at("peak_memory")); });
    cost("training_operations", "floating-point operations of a training step, per image (matrix products)",
         "");
    cost("inference_operations", "floating-point operations of classifying an image (matrix products)", "");
    cost("parameters", "parameters", "");
    cost("teacher_parameters", "parameters of the teacher", "");
    return all;
}

}  // namespace vitscape
