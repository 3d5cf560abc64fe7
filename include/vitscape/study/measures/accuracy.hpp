// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <vitscape/study/learning.hpp>
#include <vitscape/study/rows.hpp>

namespace vitscape {

/// Quality of features: held-out accuracy of linear probes from fractions of the labels, of nearest neighbours, of the
/// teacher's features and of a classifier's own head. Every study computes these while probing.
struct AccuracyMeasure {
    static constexpr std::string_view key = "probe";
    template <class Self, class Visitor>
    static void fields(Self&, Visitor&) {}
    void check() const {}
    void rows(Rows& rows) const {
        const auto add = [&](const std::string& row, const std::string& name, const auto& of,
                             bool outcome = false) {
            rows.add({.key = row,
                      .group = "accuracy",
                      .name = name,
                      .unit = "fraction",
                      .better = Better::higher,
                      .headline = outcome,
                      .outcome = outcome},
                     of);
        };
        add(
            "top1", "held-out top-1: linear probe, or the classifier's own head",
            [](const JsonValue& probe) { return MeasuredValue{.value = held_out_accuracy(probe)}; }, true);
        add("training_top1", "top-1 on the training images, by the same head",
            [](const JsonValue& probe) { return number_of(probe.at("training_top1")); });
        rows.add({.key = "generalization_gap",
                  .group = "accuracy",
                  .name = "generalization gap: top-1 on training images minus held-out images",
                  .unit = "fraction",
                  .better = Better::lower,
                  .range = ValueRange::real,
                  .outcome = true},
                 [](const JsonValue& probe) {
                     return MeasuredValue{.value = probe.at("training_top1").number_or_nan() -
                                                   held_out_accuracy(probe)};
                 });
        for (std::size_t i = 0; i < rows.plan().probe_shares.size(); ++i) {
            const std::string percent = plain_number(100 * rows.plan().probe_shares[i]);
            add(message("probe_", percent), message("linear probe from ", percent, " % of the labels, top-1"),
                [i](const JsonValue& probe) { return number_of(probe.at("shares").at(i).at("top1")); });
        }
        add("probe_top5", "linear probe, top-5",
            [](const JsonValue& probe) { return number_of(probe.at("shares").back().at("top5")); });
        add("knn", "20 nearest neighbours, top-1",
            [](const JsonValue& probe) { return number_of(probe.at("knn")); });
        add("teacher", "linear probe of the teacher, top-1",
            [](const JsonValue& probe) { return number_of(probe.value("teacher")); });
    }
};

}  // namespace vitscape
