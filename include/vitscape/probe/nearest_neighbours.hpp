// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include <vitscape/probe/features.hpp>

namespace vitscape {

struct NearestNeighbours {
    std::size_t neighbours = 20;  ///< capped at the number of known images
    double temperature = 0.07;    ///< of the weights of the votes
};

/// Fraction of the `queries` images whose class wins the vote of their nearest neighbours among `known`, by cosine
/// similarity of the features; a vote has the weight exp(cosine / temperature) (Wu et al. 2018, arXiv 1805.01978). Needs no
/// training, so it can be monitored during a training. Ties go to the lower class.
/// @param communicator  of processes that all call this with the same features: each looks for the neighbours of some queries
/// @throws ShapeError if the widths of the features differ, DataError if either set is empty
template <Communicator C = SingleProcess>
double nearest_neighbour_accuracy(const Features& known, const Features& queries,
                                  const NearestNeighbours& options = {}, C communicator = {}) {
    if (known.width != queries.width)
        throw ShapeError(
            message("features of ", known.width, " and of ", queries.width, " numbers are not comparable"));
    if (known.images() == 0 || queries.images() == 0)
        throw DataError("nearest neighbours need images in both sets");
    using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto unit_rows = [](const Features& features, std::size_t first, std::size_t count) {
        Matrix rows = Eigen::Map<const Matrix>(features.row(first), static_cast<Eigen::Index>(count),
                                               static_cast<Eigen::Index>(features.width));
        for (Eigen::Index i = 0; i < rows.rows(); ++i) rows.row(i) /= std::max(rows.row(i).norm(), 1e-12F);
        return rows;
    };
    const Matrix all = unit_rows(known, 0, known.images());  // (known, width)
    const std::size_t k = std::min(options.neighbours, known.images());
    const auto classes =
        static_cast<std::size_t>(*std::max_element(known.labels.begin(), known.labels.end()) + 1);
    std::vector<std::size_t> nearest(known.images());
    std::vector<double> votes(classes);
    double right = 0;
    constexpr std::size_t block = 256;
    const Share own = share_of((queries.images() + block - 1) / block, communicator);
    for (std::size_t first = own.first * block; first < std::min(queries.images(), own.end * block);
         first += block) {
        const std::size_t count = std::min(block, queries.images() - first);
        const Matrix cosines = unit_rows(queries, first, count) * all.transpose();  // (count, known)
        for (std::size_t i = 0; i < count; ++i) {
            const float* row = cosines.data() + i * known.images();
            std::iota(nearest.begin(), nearest.end(), std::size_t{0});
            std::nth_element(nearest.begin(), nearest.begin() + static_cast<std::ptrdiff_t>(k - 1),
                             nearest.end(), [row](std::size_t a, std::size_t b) {
                                 return row[a] > row[b] || (row[a] == row[b] && a < b);
                             });
            std::sort(nearest.begin(),
                      nearest.begin() + static_cast<std::ptrdiff_t>(k));  // fixed order of summation
            std::fill(votes.begin(), votes.end(), 0.0);
            for (std::size_t j = 0; j < k; ++j) {
                const std::int64_t label = known.labels[nearest[j]];
                if (label >= 0)
                    votes[static_cast<std::size_t>(label)] +=
                        std::exp((static_cast<double>(row[nearest[j]]) - 1) / options.temperature);
            }
            const auto winner = std::max_element(votes.begin(), votes.end()) - votes.begin();
            right += winner == queries.labels[first + i] ? 1 : 0;
        }
    }
    return sum_over_processes(communicator, right) / static_cast<double>(queries.images());
}

}  // namespace vitscape
