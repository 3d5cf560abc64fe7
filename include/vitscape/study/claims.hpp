// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/statistics.hpp>

namespace vitscape {

/// A claim and the number that tests it: it holds where the 95 % interval of mean(better) - mean(worse), over seeds (Welch),
/// lies above zero, does not hold where it lies below, and is undecided where it contains zero.
struct Claim {
    std::string text, source, measure, better, worse;
};

/// What the paper says (arXiv 2405.18042), and what a comparison must show for its probes to mean anything.
inline std::vector<Claim> paper_claims() {
    const std::string paper = "arXiv 2405.18042",
                      rc = "Lee et al. 2023, arXiv 2210.02077, and arXiv 2405.18042";
    // A smaller slope, rise or number of epochs is the better one: the difference is taken the other way round. Areas are cut
    // off by the plane's border, radii seldom are: a region's width is judged by both.
    return {{"MAE's loss surface is smoother than the supervised one", paper, "training.total_variation",
             "supervised", "mae"},
            {"MAE's minimum is wider than the supervised one: the loss rises less at radius 1", paper,
             "training.rise_1", "supervised", "mae"},
            {"MAE's convex region is wider than the supervised one", paper, "training.convex_area", "mae",
             "supervised"},
            {"MAE's convex region is wider than the supervised one, by its radius", paper,
             "training.convex_radius", "mae", "supervised"},
            {"An EMA teacher widens the convex region of the pre-training loss", paper,
             "training.convex_area", "rc-mae", "mae"},
            {"An EMA teacher widens the convex region of the pre-training loss, by its radius", paper,
             "training.convex_radius", "rc-mae", "mae"},
            {"An EMA teacher widens the convex region of the linear-probing loss", paper,
             "classification.convex_area", "rc-mae", "mae"},
            {"An EMA teacher widens the convex region of the linear-probing loss, by its radius", paper,
             "classification.convex_radius", "rc-mae", "mae"},
            {"An EMA teacher speeds up convergence: fewer epochs to MAE's final reconstruction error", rc,
             "convergence.reconstruction_end", "mae", "rc-mae"},
            {"An EMA teacher improves the linear probe", "Lee et al. 2023, arXiv 2210.02077", "accuracy.top1",
             "rc-mae", "mae"}};
}

/// @param values  of a measure by method: one number for each seed; NaN where it was not reached
/// @param name    of a measure
inline nlohmann::json judge(
    const std::vector<Claim>& claims,
    const std::function<std::vector<double>(const std::string&, const std::string&)>& values,
    const std::function<std::string(const std::string&)>& name) {
    nlohmann::json list = nlohmann::json::array();
    for (const Claim& claim : claims) {
        const auto finite = [](std::vector<double> numbers) {
            std::erase_if(numbers, [](double x) { return !std::isfinite(x); });
            return numbers;
        };
        const std::vector<double> all_better = values(claim.measure, claim.better),
                                  all_worse = values(claim.measure, claim.worse);
        if (all_better.empty() || all_worse.empty()) continue;  // a method that does not take part
        const std::vector<double> better = finite(all_better), worse = finite(all_worse);
        nlohmann::json entry = {{"claim", claim.text},
                                {"source", claim.source},
                                {"test", name(claim.measure) + ": " + claim.better + " minus " + claim.worse},
                                {"difference", nullptr},
                                {"interval", {nullptr, nullptr}},
                                {"verdict", "undecided"},
                                {"note", ""}};
        if (better.size() < all_better.size() || worse.size() < all_worse.size())
            entry["note"] = "some runs did not get there, so the difference says nothing";
        else if (better.size() < 2 || worse.size() < 2)
            entry["note"] = "one seed alone has no interval";
        else {
            const MeanDifference d = welch_difference(better, worse);
            entry["difference"] = d.difference;
            if (std::isfinite(d.interval.low) && std::isfinite(d.interval.high)) {
                entry["interval"] = {d.interval.low, d.interval.high};
                if (d.interval.low > 0) entry["verdict"] = "holds";
                if (d.interval.high < 0) entry["verdict"] = "does not hold";
            }
        }
        list.push_back(entry);
    }
    return list;
}

}  // namespace vitscape
