// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/formats/json.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

/// Evaluates a surface in parts, each a run of points counted along its rows (y outer, x inner), in any order: several
/// processes compute one together. A point has the bits that `project` gives it.
template <Backend B, class O, class Space, class... Ms>
class SurfaceParts {
    using Numbers = decltype(detail::point_numbers<B>(std::declval<O&>(), std::declval<const WorkControl&>(),
                                                      detail::present(std::declval<Ms&>())...));

  public:
    /// @param measures  as those of `project`; they must outlive this object
    /// @throws NumericError where the loss at the centre is not finite
    SurfaceParts(O& objective, const Space& space, std::vector<double> x, std::vector<double> y,
                 Ms&... measures)
        : space_(space),
          evaluator_(objective, space.theta()),
          numbers_(detail::point_numbers<B>(objective, work_, detail::present(measures)...)),
          surface_(detail::start_surface(std::move(x), std::move(y), evaluator_.centre(),
                                         evaluator_.samples(), space.geometry(), numbers_.cards(), nullptr)),
          point_(space.theta().backend(), space.size()) {
        const auto centre = numbers_.at(space.theta(), surface_.centre_loss);
        for (std::size_t i = 0; i < centre.size(); ++i) surface_.numbers[i].centre = centre[i];
    }
    SurfaceParts(const SurfaceParts&) = delete;
    SurfaceParts& operator=(const SurfaceParts&) = delete;

    /// What has been computed here, with its centre and geometry.
    [[nodiscard]] const Surface& surface() const { return surface_; }

    /// Computes the points `first` <= i < `last`. @throws Interrupted as `work` says
    void compute(std::size_t first, std::size_t last, const WorkControl& work = {}) {
        work_ = work;
        if (!detail::evaluate_points(evaluator_, numbers_, space_, surface_, first, last, point_, work_,
                                     done_, surface_.rows() * surface_.columns()))
            throw Interrupted("stopped between two points of the surface");
    }

  private:
    const Space& space_;
    detail::PointEvaluator<B, O> evaluator_;
    WorkControl work_;  // that measures see, too
    Numbers numbers_;
    Surface surface_;
    Vector<B> point_;
    Index done_ = 0;
};

/// The points `first` <= i < `last` of a surface: a list for each of its tables. Numbers are read back exactly; NaN is null.
[[nodiscard]] inline nlohmann::json part_json(const Surface& surface, std::size_t first, std::size_t last) {
    nlohmann::json part;
    for (const auto& [name, table] : detail::surface_tables(surface)) {
        nlohmann::json& list = part[name] = nlohmann::json::array();
        for (std::size_t i = first; i < last; ++i)
            list.push_back(json_number((*table)(i / surface.x.size(), i % surface.x.size())));
    }
    return part;
}

/// Puts what `part_json` gave into a surface, beginning with point `first`.
/// @throws IoError where it has not the numbers of `first` <= i < `last`
inline void set_part(Surface& surface, std::size_t first, std::size_t last, const JsonValue& part) {
    for (const auto& [name, table] : detail::surface_tables(surface)) {
        const JsonValue list = part.at(name);
        if (list.size() != last - first)
            list.refuse("has ", list.size(), " numbers, needed are ", last - first);
        for (std::size_t i = first; i < last; ++i)
            (*table)(i / surface.x.size(), i % surface.x.size()) = list.at(i - first).number_or_nan();
    }
    for (std::size_t i = first; i < last; ++i)
        surface.computed(i / surface.x.size(), i % surface.x.size()) = 1;
}

}  // namespace vitscape
