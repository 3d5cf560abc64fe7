// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include <vitscape/core/error.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Width, depth and heads of a Transformer, and what its blocks are made of.
struct TransformerShape {
    Index width = 768, depth = 12, heads = 12;
    double mlp_ratio = 4;  ///< hidden width of the MLP divided by `width`
    double norm_epsilon =
        1e-6;  ///< of the layer normalizations; 1e-6 in MAE and timm, 1e-12 in Hugging Face's ViTs
    bool layer_scale = false;  ///< a learned factor of each channel of both residual branches, as in DINOv2

    /// So far that products of them are counted without overflow; memory ends much before.
    static constexpr Range widths = Range::count(1, 1 << 22), depths = Range::count(1, 1000);

    static constexpr std::array<std::string_view, 2> newer_fields{"norm_epsilon", "layer_scale"};
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("width", self.width, "", "numbers per token", widths);
        visit("depth", self.depth, "", "blocks", depths);
        visit("heads", self.heads, "", "attention heads", widths);
        visit("mlp_ratio", self.mlp_ratio, "", "hidden width of the MLP over the width", Range{0, 64, true});
        visit("norm_epsilon", self.norm_epsilon, "", "added to the variance in layer normalizations",
              Range{0, 1, true});
        visit("layer_scale", self.layer_scale, "", "learned factors of the residual branches");
    }

    [[nodiscard]] Index hidden() const {
        return static_cast<Index>(std::lround(static_cast<double>(width) * mlp_ratio));
    }

    /// @param what  "encoder" or "decoder", for error messages.
    /// @throws ConfigError if the heads do not divide the width, or a value is not positive.
    void check(const std::string& what) const {
        check_ranges(*this);
        if (hidden() <= 0)
            throw ConfigError(message("an ", what, " of width ", width, ", depth ", depth, ", ", heads,
                                      " heads and MLP ratio ", mlp_ratio,
                                      " was requested; all must be positive"));
        if (width % heads != 0)
            throw ConfigError(message(what, ": ", heads, " heads do not divide the width ", width,
                                      "; choose a width that is a multiple of the heads"));
        if (width % 4 != 0)
            throw ConfigError(message(what, ": the width ", width,
                                      " is not a multiple of 4, which sine-cosine positions need"));
    }
};

}  // namespace vitscape
