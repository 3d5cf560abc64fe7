// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/study/claims.hpp>

namespace vitscape {

/// The claims of the paper (arXiv 2405.18042), and what a comparison must show for its probes to be meaningful. Claims about
/// methods that are not part of the study are skipped.
[[nodiscard]] inline std::vector<AnyClaim> paper_claims() {
    const std::string mae(MaskedAutoencoder<>::Card::name), rc_mae(RcMae<>::Card::name),
        supervised(VitClassifier::Card::name);
    const std::string paper = "arXiv 2405.18042", lee = "Lee et al. 2023, arXiv 2210.02077",
                      rc = lee + ", and " + paper;
    // A smaller slope, rise or number of epochs is better: the difference is taken in reverse. Areas are truncated by the
    // border of the plane, radii rarely are: the width of a region is tested by both.
    return {
        LargerClaim{"MAE's loss surface is smoother than the supervised one", paper,
                    "training.total_variation", supervised, mae, true},
        LargerClaim{"MAE's minimum is wider than the supervised one: the loss rises less at radius 1", paper,
                    "training.rise_1", supervised, mae, true},
        LargerClaim{"MAE's convex region is wider than the supervised one", paper, "training.convex_area",
                    mae, supervised, true},
        LargerClaim{"MAE's convex region is wider than the supervised one, by its radius", paper,
                    "training.convex_radius", mae, supervised, true},
        LargerClaim{"An EMA teacher widens the convex region of the pre-training loss", paper,
                    "training.convex_area", rc_mae, mae, true},
        LargerClaim{"An EMA teacher widens the convex region of the pre-training loss, by its radius", paper,
                    "training.convex_radius", rc_mae, mae, true},
        LargerClaim{"An EMA teacher widens the convex region of the linear-probing loss", paper,
                    "classification.convex_area", rc_mae, mae, true},
        LargerClaim{"An EMA teacher widens the convex region of the linear-probing loss, by its radius",
                    paper, "classification.convex_radius", rc_mae, mae, true},
        LargerClaim{"An EMA teacher speeds up convergence: fewer epochs to MAE's final reconstruction error",
                    rc, "convergence.reconstruction_end", mae, rc_mae, true},
        LargerClaim{"An EMA teacher improves the linear probe", lee, "accuracy.top1", rc_mae, mae, true}};
}

}  // namespace vitscape
