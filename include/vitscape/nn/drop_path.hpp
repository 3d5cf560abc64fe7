// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/core/range.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Stochastic depth (Huang et al. 2016, arXiv 1603.09382), per sample and residual branch: during training a
/// sample skips a branch with a probability that grows linearly from 0 in the first block to `rate` in the
/// last; the remaining branches are scaled by 1 / (1 - probability), so that evaluation needs no correction.
struct DropPath {
    double rate = 0;  ///< in [0, 1), of the last block; 0 disables it

    static constexpr Range rates = Range::share_below_all().said("the drop path rate lies in [0, 1)");

    /// @throws ConfigError for a rate outside [0, 1).
    void check() const { require_in("drop path rate", rate, rates); }

    /// The probability in block `block` of `depth`; 0 for a single block.
    [[nodiscard]] double of_block(Index block, Index depth) const {
        return depth < 2 ? 0.0 : rate * static_cast<double>(block) / static_cast<double>(depth - 1);
    }

    /// Writes the weights of the branches (2 depth, samples) to `scales`: attention of block b in row 2 b, its MLP in
    /// row 2 b + 1; each is 0 or 1 / (1 - probability).
    /// @param samples  dataset indices; a weight is a function of (seed, epoch, sample, branch).
    void draw(Index depth, std::uint64_t seed, std::uint32_t epoch, std::span<const std::uint32_t> samples,
              std::vector<double>& scales) const {
        scales.resize(static_cast<std::size_t>(2 * depth) * samples.size());
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const RandomKey key{seed, Purpose::drop_path, epoch, samples[i]};
            for (Index branch = 0; branch < 2 * depth; ++branch) {
                const double probability = of_block(branch / 2, depth);
                const bool kept = random_uniform(key, static_cast<std::uint64_t>(branch)) >= probability;
                scales[static_cast<std::size_t>(branch) * samples.size() + i] =
                    kept ? 1 / (1 - probability) : 0.0;
            }
        }
    }
};

}  // namespace vitscape
