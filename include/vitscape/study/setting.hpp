// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include <vitscape/backend/concept.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/study/plan.hpp>

namespace vitscape {

/// Settings shared by all runs of a comparison.
template <Backend B>
struct ComparisonSetting {
    B backend;
    AnyDataset images, test;  ///< of the same classes
    ComparisonPlan plan;
    std::filesystem::path out;  ///< the comparison's folder

    [[nodiscard]] Index classes() const { return static_cast<Index>(images.classes().size()); }
};

}  // namespace vitscape
