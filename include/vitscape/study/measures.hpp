// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <vitscape/study/measure.hpp>

namespace vitscape {

/// What accuracy and reconstruction error the speeds of convergence are measured to.
struct ConvergenceLevels {
    double reconstruction_half = 0, reconstruction_end = 0, probe = 0;
};

namespace detail {

inline void add_accuracy(std::vector<Measure>& all, const nlohmann::json& example) {
    using Json = nlohmann::json;
    const RunMeasures accuracy(all, "accuracy");
    accuracy
        .add("top1", "held-out top-1: linear probe, or the classifier's own head", "fraction",
             [](const Json& r) {
                 const Json& probe = r.at("probe");
                 return number_or_nan(probe.contains("own_head") ? probe.at("own_head")
                                                                 : probe.at("shares").back().at("top1"));
             })
        .headline = true;
    for (std::size_t i = 0; i < example.at("probe").at("shares").size(); ++i) {
        const double share = example.at("probe").at("shares").at(i).at("share");
        const std::string percent = plain_number(100 * share);
        accuracy.add(
            message("probe_", percent), message("linear probe from ", percent, " % of the labels, top-1"),
            "fraction",
            [i](const Json& r) { return number_or_nan(r.at("probe").at("shares").at(i).at("top1")); });
    }
    accuracy.add("probe_top5", "linear probe, top-5", "fraction",
                 [](const Json& r) { return number_or_nan(r.at("probe").at("shares").back().at("top5")); });
    accuracy.add("knn", "20 nearest neighbours, top-1", "fraction",
                 [](const Json& r) { return number_or_nan(r.at("probe").at("knn")); });
    accuracy.add("teacher", "linear probe of the teacher, top-1", "fraction",
                 [](const Json& r) { return number_or_nan(r.at("probe").value("teacher", Json())); });
}

/// Epochs until a curve gets to a level, linear between epochs; NaN where it does not.
inline double epochs_until(const nlohmann::json& curve, const std::string& name, double level, bool falling) {
    double before = std::numeric_limits<double>::quiet_NaN(), epoch_before = 0;
    if (!curve.contains(name)) return before;
    for (std::size_t i = 0; i < curve.at("epoch").size(); ++i) {
        const double value = number_or_nan(curve.at(name).at(i)), epoch = curve.at("epoch").at(i);
        if (std::isnan(value)) continue;
        if (falling ? value <= level : value >= level)
            return std::isnan(before)
                       ? epoch
                       : epoch_before + (epoch - epoch_before) * (level - before) / (value - before);
        before = value, epoch_before = epoch;
    }
    return std::numeric_limits<double>::quiet_NaN();
}
inline void add_convergence(std::vector<Measure>& all, const ConvergenceLevels& levels) {
    const RunMeasures convergence(all, "convergence");
    const auto epochs = [&](const char* key, std::string name, const char* curve, double level,
                            bool falling) {
        convergence.add(key, std::move(name), "epochs", [=](const nlohmann::json& r) {
            return epochs_until(r.at("training"), curve, level, falling);
        });
    };
    const double half = levels.reconstruction_half, end = levels.reconstruction_end;
    epochs("reconstruction_half", message("to a reconstruction error of ", plain_number(half)),
           "reconstruction_loss", half, true);
    epochs("reconstruction_end", message("to a reconstruction error of ", plain_number(end)),
           "reconstruction_loss", end, true);
    epochs("probe", message("to a probe accuracy of ", plain_number(100 * levels.probe), " %"),
           "probe_accuracy", levels.probe, false);
}

inline void add_curvature(LossMeasures loss) {
    using Json = nlohmann::json;
    const auto end = [&](const std::string& which) -> Measure& {
        return loss.result(message(which, "_eigenvalue"), message(which, " eigenvalue of the Hessian"),
                           "eigenvalues", [which](const Json& e) {
                               return MeasuredValue{number_or_nan(e.at(which)),
                                                    number_or_nan(e.at(message(which, "_residual")))};
                           });
    };
    end("largest").headline = true;
    end("smallest");
    loss.result("eigenvalue_ratio", "|smallest / largest| eigenvalue", "eigenvalues", [](const Json& e) {
        return MeasuredValue{.value =
                                 std::abs(number_or_nan(e.at("smallest")) / number_or_nan(e.at("largest")))};
    });
    loss.result("trace", "trace of the Hessian", "trace", [](const Json& t) {
        return MeasuredValue{number_or_nan(t.at("value")), number_or_nan(t.at("standard_error"))};
    });
}

inline void add_convex_region(LossMeasures loss) {
    using Json = nlohmann::json;
    loss.planes("convex_area", "area of the convex region",
                [](const Json& p) { return number_or_nan(p.at("convex_area")); })
        .headline = true;
    loss.planes("convex_radius", "radius of the convex region",
                [](const Json& p) { return number_or_nan(p.at("convex_radius")); });
    Measure& border =
        loss.planes("convex_at_border", "planes whose convex region reaches the border",
                    [](const Json& p) { return p.at("convex_reaches_border").get<bool>() ? 1.0 : 0.0; });
    border.unit = "fraction", border.flatness = false;
}

inline void add_flatness(LossMeasures loss, const nlohmann::json& example) {
    using Json = nlohmann::json;
    loss.planes("area_below_twice", "area where the loss is below twice the centre's",
                [](const Json& p) { return number_or_nan(p.at("area_below_twice")); });
    const Json& rises = example.at("training.plane-0").at("rises");
    for (std::size_t i = 0; i < rises.size(); ++i) {
        const std::string radius = plain_number(rises.at(i).at("radius"));
        const auto rise = [i](const Json& p, const char* what) {
            return number_or_nan(p.at("rises").at(i).at(what));
        };
        const auto relative = [rise](const Json& p, const char* what) {
            return rise(p, what) / number_or_nan(p.at("centre_loss"));
        };
        loss.planes(message("rise_", radius),
                    message("mean rise at radius ", radius, ", relative to the loss"),
                    [=](const Json& p) { return relative(p, "mean"); })
            .headline = i + 1 == rises.size();
        loss.planes(message("worst_rise_", radius), message("worst rise at radius ", radius, ", relative"),
                    [=](const Json& p) { return relative(p, "worst"); });
        loss.planes(message("absolute_rise_", radius),
                    message("mean rise at radius ", radius, ", in units of the loss"),
                    [=](const Json& p) { return rise(p, "mean"); });
    }
    loss.add("sharpness", "sharpness: rise along the gradient, relative",
             [](const Json& run, const std::string& prefix) {
                 const Json& centre = run.at(message(prefix, ".plane-0")).at("centre_loss");
                 return MeasuredValue{.value = number_or_nan(run.at(message(prefix, ".sharpness"))) /
                                               number_or_nan(centre)};
             });
}

inline void add_smoothness(LossMeasures loss) {
    using Json = nlohmann::json;
    loss.planes("total_variation", "mean slope on the plane, relative to the loss", [](const Json& p) {
        return number_or_nan(p.at("total_variation")) / number_or_nan(p.at("centre_loss"));
    });
    loss.planes("local_minima", "local minima on the plane",
                [](const Json& p) { return number_or_nan(p.at("local_minima")); });
}

inline void add_weight_noise(LossMeasures loss, const nlohmann::json& example) {
    using Json = nlohmann::json;
    const Json& rises = example.at("training.weight noise").at("rises");
    for (std::size_t i = 0; i < rises.size(); ++i) {
        const std::string deviation = plain_number(rises.at(i).at("deviation"));
        loss.result(message("weight_noise_", deviation),
                    message("rise under weight noise of ", deviation, ", relative"), "weight noise",
                    [i](const Json& n) {
                        const double centre = number_or_nan(n.at("centre_loss"));
                        const Json& rise = n.at("rises").at(i);
                        return MeasuredValue{number_or_nan(rise.at("mean")) / centre,
                                             number_or_nan(rise.at("standard_error")) / centre};
                    });
    }
}

inline void add_corruption(std::vector<Measure>& all, const nlohmann::json& example) {
    using Json = nlohmann::json;
    const RunMeasures robustness(all, "robustness");
    for (std::size_t i = 1; i < example.at("robustness").size(); ++i) {
        const Json& entry = example.at("robustness").at(i);
        const std::string kind = entry.at("kind"), strength = plain_number(entry.at("strength"));
        const std::string what = kind == "noise" ? message("pixel noise of ", strength)
                                                 : message("a blur of ", strength, " pixels");
        robustness.add(message("top1_", kind, "_", strength), message("top-1 under ", what), "fraction",
                       [i](const Json& r) { return number_or_nan(r.at("robustness").at(i).at("top1")); });
        robustness.add(message("loss_", kind, "_", strength),
                       message("training loss under ", what, ", over that of clean images"), "",
                       [i](const Json& r) {
                           return number_or_nan(r.at("robustness").at(i).at("training_loss")) /
                                  number_or_nan(r.at("robustness").at(0).at("training_loss"));
                       });
    }
}

inline void add_cost(std::vector<Measure>& all, const nlohmann::json& example) {
    using Json = nlohmann::json;
    const RunMeasures costs(all, "cost");
    const auto from = [&](const char* result, const char* key, std::string stored, std::string name,
                          std::string unit) {
        costs.add(key, std::move(name), std::move(unit),
                  [=](const Json& r) { return number_or_nan(r.at(result).value(stored, Json())); });
    };
    costs
        .add("seconds_per_epoch", "training time per epoch", "seconds",
             [](const Json& r) {
                 std::vector<double> seconds;
                 for (const Json& s : r.at("training").at("seconds")) seconds.push_back(number_or_nan(s));
                 return median(seconds);
             })
        .headline = true;
    const auto batch = example.at("inference").at("batch").get<std::size_t>();
    from("inference", "inference_seconds", "seconds",
         message("time of classifying an image, in batches of ", batch), "seconds");
    from("cost", "peak_memory", "peak_memory",
         "training: parameters, optimizer, teacher and activations at their peak", "bytes");
    from("inference", "inference_memory", "peak_memory",
         "classifying such a batch: parameters and activations at their peak", "bytes");
    from("cost", "training_operations", "training_operations",
         "floating-point operations of a training step, per image (matrix products)", "");
    from("cost", "inference_operations", "inference_operations",
         "floating-point operations of classifying an image (matrix products)", "");
    from("cost", "parameters", "parameters", "parameters", "");
    from("cost", "teacher_parameters", "teacher_parameters", "parameters of the teacher", "");
}

}  // namespace detail

/// All measures of a comparison, in the order of the report. @param example  the results of any complete run
inline std::vector<Measure> measures_of(const nlohmann::json& example, const ConvergenceLevels& levels) {
    std::vector<Measure> all;
    detail::add_accuracy(all, example);
    detail::add_convergence(all, levels);
    for (const char* name : {"training", "classification"}) {
        LossMeasures loss(all, name);
        detail::add_curvature(loss.group("curvature"));
        detail::add_convex_region(loss.group("convex region"));
        detail::add_flatness(loss.group("flatness"), example);
        detail::add_smoothness(loss.group("smoothness"));
        detail::add_weight_noise(loss.group("robustness"), example);
    }
    detail::add_corruption(all, example);
    detail::add_cost(all, example);
    return all;
}

}  // namespace vitscape
