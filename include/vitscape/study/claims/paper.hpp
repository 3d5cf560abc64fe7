// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/study/claims/larger.hpp>
#include <vitscape/study/claims/ratio.hpp>

namespace vitscape {

/// Claims about what a teacher does, a contestant with one compared with one without (arXiv 2405.18042; Lee et al. 2023, arXiv
/// 2210.02077), and what it costs. @param who  subject of the sentences
[[nodiscard]] inline std::vector<AnyClaim> teacher_claims(const std::string& who, const std::string& taught,
                                                          const std::string& alone) {
    const std::string paper = "arXiv 2405.18042", lee = "Lee et al. 2023, arXiv 2210.02077";
    const auto claim = [&](const std::string& text, const std::string& source, const std::string& row,
                           bool lower, const std::vector<std::string>& sensitivities) {
        return LargerClaim{.text = who + text,
                           .source = source,
                           .row = row,
                           .larger = lower ? alone : taught,
                           .smaller = lower ? taught : alone,
                           .optional = true,
                           .sensitivities = sensitivities};
    };
    return {
        claim(" widens the minimum of the reconstruction error", paper, "training.half_gain_radius", false,
              {"training.area_half_gain", "training.rise_1", "training.rise_over_loss_1",
               "training.weight_noise_0.25"}),
        claim(" widens the convex region of the reconstruction error", paper, "training.convex_radius", false,
              {"training.convex_area", "total.convex_radius"}),
        claim(" widens the convex region of the linear-probing loss", paper, "classification.convex_radius",
              false, {"classification.convex_area"}),
        claim(" speeds up convergence: a smaller area under the curve of the reconstruction error",
              lee + ", and " + paper, "convergence.reconstruction_area", true,
              {"convergence.reconstruction_end", "convergence.reconstruction_at_time"}),
        claim(" improves the linear probe", lee, "accuracy.probe_100", false,
              {"accuracy.knn", "convergence.probe_at_time"}),
        RatioClaim{.text = who + " makes a training step this many times as long",
                   .source = "",
                   .row = "cost.seconds_per_step",
                   .numerator = taught,
                   .denominator = alone,
                   .optional = true}};
}

/// Claims about what self-supervision does, an autoencoder compared with a supervised method (arXiv 2405.18042).
/// @param than  the supervised method in the sentences.  @param caution  what the reader should know of the comparison
[[nodiscard]] inline std::vector<AnyClaim> autoencoder_claims(const std::string& autoencoder,
                                                              const std::string& supervised,
                                                              const std::string& than,
                                                              const std::string& caution) {
    const auto claim = [&](const std::string& text, const std::string& row, bool lower,
                           const std::vector<std::string>& sensitivities) {
        return LargerClaim{.text = text + than,
                           .source = "arXiv 2405.18042",
                           .row = row,
                           .larger = lower ? supervised : autoencoder,
                           .smaller = lower ? autoencoder : supervised,
                           .optional = true,
                           .sensitivities = sensitivities,
                           .caution = caution};
    };
    return {claim("MAE's loss surface is smoother than ", "training.total_variation", true,
                  {"training.local_minima"}),
            claim("MAE's minimum is wider than ", "training.half_gain_radius", false,
                  {"training.area_half_gain", "training.rise_1", "training.rise_over_loss_1",
                   "training.weight_noise_0.25"}),
            claim("MAE's convex region is wider than ", "training.convex_radius", false,
                  {"training.convex_area"})};
}

/// The claims of the paper (arXiv 2405.18042). Claims about methods that are not part of the study are skipped.
[[nodiscard]] inline std::vector<AnyClaim> paper_claims() {
    const std::string mae(MaskedAutoencoder<>::Card::name), rc_mae(RcMae<>::Card::name),
        supervised(VitClassifier::Card::name);
    std::vector<AnyClaim> claims =
        autoencoder_claims(mae, supervised, "the supervised one",
                           "the two losses are of different kinds, a squared error and a cross entropy, so a "
                           "difference need not come from "
                           "self-supervision; a supervised method trained by a squared error is the control");
    for (const AnyClaim& one : teacher_claims("An EMA teacher", rc_mae, mae)) claims.push_back(one);
    return claims;
}

}  // namespace vitscape
