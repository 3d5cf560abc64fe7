// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/affine_space.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/volume.hpp>
#include <vitscape/landscape/volume_grid.hpp>

namespace vitscape {

/// Options of the evaluation of a volume; all are optional, and as those of a surface (`ProjectionOptions`).
struct VolumeProjectionOptions {
    const Volume* resume = nullptr;
    std::function<void(const Volume&, Index)> after_centre = {};
    std::function<void(const Volume&)> after_row = {};
    WorkControl work = {};
};

namespace detail {

inline Volume start_volume(const VolumeGrid& grid, const MeanAndError& centre, Index samples,
                           const VolumeGeometry& geometry, const std::vector<NumberCard>& cards,
                           const Volume* resume) {
    require_finite_centre(centre);
    Volume volume(grid.x.coordinates(), grid.y.coordinates(), grid.z.coordinates());
    for (const NumberCard& card : cards) volume.numbers.push_back(VolumeNumber::of(card, volume.loss));
    if (resume != nullptr && resume->computed_points() > 0) {
        if (resume->x != volume.x || resume->y != volume.y || resume->z != volume.z)
            throw ConfigError(message("the volume to resume has ", resume->z.size(), " x ", resume->y.size(),
                                      " x ", resume->x.size(), " points, the requested grid has ",
                                      volume.z.size(), " x ", volume.y.size(), " x ", volume.x.size(),
                                      ", or other coordinates; request the same grid or start again"));
        require_same_origin(*resume, centre, samples, geometry);
        require_same_numbers(*resume, cards);
        volume = *resume;
    }
    volume.centre_loss = centre.mean;
    volume.centre_standard_error = centre.standard_error;
    volume.samples = samples;
    volume.geometry = geometry;
    return volume;
}

}  // namespace detail

/// Evaluates an objective on a grid in three directions, layer by layer (z outermost, x innermost). The layer at gamma = 0 has
/// the bytes of the `Surface` of the same objective, directions and coordinates. No parameter vector is allocated in the steady
/// state.
/// @param measures  as those of `project` of a surface; `Volume::numbers` has their numbers
/// @throws as `project` of a surface
template <Backend B, class O, class... Ms>
[[nodiscard]] Volume project(O&& objective, const AffineSpace<B>& space, const VolumeGrid& grid,
                             const VolumeProjectionOptions& options = {}, Ms&&... measures) {
    static_assert(require_evaluable<O, B>());
    if constexpr (Evaluable<O, B>) {
        for (const Grid* axis : {&grid.x, &grid.y, &grid.z}) axis->check();
        detail::require_fitting<B>(objective, space);
        detail::PointEvaluator<B, std::remove_reference_t<O>> evaluator(objective, space.theta());
        auto numbers = detail::point_numbers<B>(objective, options.work, detail::present(measures)...);
        Volume volume = detail::start_volume(grid, evaluator.centre(), evaluator.samples(), space.geometry(),
                                             numbers.cards(), options.resume);
        Vector<B> base(space.theta().backend(), space.size()), point(space.theta().backend(), space.size());
        Index done = volume.computed_points();
        const auto total = static_cast<Index>(volume.loss.size());
        if (!numbers.empty() && done < total) {
            const auto centre = numbers.at(space.theta(), volume.centre_loss);
            for (std::size_t i = 0; i < centre.size(); ++i) volume.numbers[i].centre = centre[i];
        }
        if (options.after_centre) options.after_centre(volume, total - done);
        for (std::size_t k = 0; k < volume.z.size(); ++k) {
            Surface layer = volume.slice(k);
            if (layer.complete()) continue;
            detail::evaluate_rows(evaluator, numbers, space.layer(volume.z[k], base), layer, point,
                                  options.work, done, total, [&](const Surface& rows) {
                                      volume.set_slice(k, rows);
                                      if (options.after_row) options.after_row(volume);
                                  });
        }
        return volume;
    }
}

}  // namespace vitscape
