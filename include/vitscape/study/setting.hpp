// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>

#include <vitscape/backend/concept.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/study/plan.hpp>

namespace vitscape {

/// Settings shared by all runs of a comparison.
template <Backend B>
struct ComparisonSetting {
    B backend;
    AnyDataset images, test;  ///< of the same classes, or both without labels
    ComparisonPlan plan;
    std::filesystem::path out;  ///< the comparison's folder
    std::string worker{};       ///< this process, if others work on the same comparison; empty: it is alone

    /// Whether the images have classes, which probes learn.
    [[nodiscard]] bool labelled() const { return !images.classes().empty(); }
    /// Of a classifier's head; it is not trained if the images have none.
    [[nodiscard]] Index classes() const {
        return std::max<Index>(2, static_cast<Index>(images.classes().size()));
    }
};

}  // namespace vitscape
