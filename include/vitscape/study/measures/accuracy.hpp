// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <vitscape/study/heads.hpp>
#include <vitscape/study/rows.hpp>

namespace vitscape {

/// Quality of features: held-out accuracy of linear probes from shares of the labels, of nearest neighbours and of the teacher's
/// features; and of a classifier's own head. Every study computes these while probing.
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
        const auto& shares = rows.plan().probe_shares;
        const auto add_share = [&](std::size_t i) {
            const std::string percent = plain_number(100 * shares[i]);
            const bool all = shares[i] == 1;
            add(
                message("probe_", percent),
                message("linear probe from ", all ? "all" : percent + " % of the", " labels, top-1"),
                [i](const JsonValue& probe) { return number_of(probe.at("shares").at(i).at("top1")); }, all);
        };
        add_share(shares.size() - 1);
        add(
            "own_head", "own head, top-1", [](const JsonValue& probe) { return own_number(probe, "top1"); },
            true);
        for (std::size_t i = 0; i + 1 < shares.size(); ++i) add_share(i);
        add("probe_top5", "linear probe, top-5",
            [](const JsonValue& probe) { return number_of(probe.at("shares").back().at("top5")); });
        add("knn", "20 nearest neighbours, top-1",
            [](const JsonValue& probe) { return number_of(probe.at("knn")); });
        add("teacher", "linear probe of the teacher, top-1",
            [](const JsonValue& probe) { return number_of(probe.value("teacher")); });
        add_training(rows, probe_head, [](const JsonValue& probe) {
            return std::pair{number_of(probe.at("training_top1")),
                             number_of(probe.at("shares").back().at("top1"))};
        });
        add_training(rows, own_head, [](const JsonValue& probe) {
            return std::pair{own_number(probe, "training_top1"), own_number(probe, "top1")};
        });
    }

  private:
    [[nodiscard]] static MeasuredValue own_number(const JsonValue& probe, std::string_view name) {
        return probe.contains(own_head.key) ? number_of(probe.at(own_head.key).at(name)) : MeasuredValue{};
    }
    /// @param of  the accuracies on training images and on held-out images
    template <class Of>
    static void add_training(Rows& rows, const Head& head, const Of& of) {
        rows.add({.key = key_of(head, "training_top1"),
                  .group = "accuracy",
                  .name = name_of(head, "top-1 on the training images"),
                  .unit = "fraction",
                  .better = Better::higher},
                 [of](const JsonValue& probe) { return of(probe).first; });
        rows.add({.key = key_of(head, "generalization_gap"),
                  .group = "accuracy",
                  .name = name_of(head, "generalization gap"),
                  .unit = "fraction",
                  .meaning = "top-1 on training images minus held-out images",
                  .better = Better::lower,
                  .range = ValueRange::real,
                  .outcome = true},
                 [of](const JsonValue& probe) {
                     const auto [training, held_out] = of(probe);
                     return MeasuredValue{.value = training.value - held_out.value};
                 });
    }
};

}  // namespace vitscape
