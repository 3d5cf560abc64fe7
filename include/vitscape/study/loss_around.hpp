// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <vitscape/core/work_control.hpp>
#include <vitscape/methods/trivial_loss.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// One loss of a contestant around its trained solution: the input of a measure of losses. `O` is the
/// loss as an objective (autograd/objective.hpp) on the backend `B`.
template <Backend B, class O>
class LossAround {
  public:
    using Progress = std::function<void(std::int64_t done, std::int64_t all, const char* unit)>;

    /// Creates the loss over a number of training images with masks number `mask`.
    using Make = std::function<O(std::size_t images, std::uint64_t mask)>;

    /// @param make      creates a loss
    /// @param folder    for files of this run
    /// @param progress  called with the progress of a measure; may throw to stop it
    LossAround(std::string name, Vector<B> theta, Make make, std::filesystem::path folder, Progress progress)
        : name_(std::move(name)),
          theta_(std::move(theta)),
          make_(std::move(make)),
          folder_(std::move(folder)),
          progress_(std::move(progress)) {}

    [[nodiscard]] const std::string& name() const { return name_; }  ///< as in `study_losses`
    [[nodiscard]] const Vector<B>& theta() const { return theta_; }  ///< (layout().size())
    /// The loss over `images` training images; created once per number and mask.
    /// @param mask  0: the masks of all measures; others are drawn anew, for methods that mask
    [[nodiscard]] O& loss(std::size_t images, std::uint64_t mask = 0) {
        auto& made = losses_[{images, mask}];
        if (!made) made.reset(new O(make_(images, mask)));
        return *made;
    }
    /// The loss of the best constant prediction over the same images; NaN if the method does not know it.
    [[nodiscard]] double trivial_loss(std::size_t images, std::uint64_t mask = 0) {
        return trivial_loss_or_nan(loss(images, mask));
    }
    /// Whether the loss over these images depends on masks; false if it does not say.
    [[nodiscard]] bool masked(std::size_t images) {
        if constexpr (requires(O & objective) { objective.masked(); })
            return loss(images).masked();
        else
            return false;
    }
    /// Path of the file of part `part` of a measure, without extension: FOLDER/LOSS-WHAT-PART.
    [[nodiscard]] std::filesystem::path file(const std::string& what, std::uint32_t part) const {
        return folder_ / message(name_, "-", what, "-", part);
    }
    void progress(std::int64_t done, std::int64_t all, const char* unit) const {
        if (progress_) progress_(done, all, unit);
    }
    /// Shows the progress over points of a landscape.
    [[nodiscard]] WorkControl work_control() const {
        return {.progress = [this](Index done, Index all) { progress(done, all, "points"); }};
    }

  private:
    std::string name_;
    Vector<B> theta_;
    Make make_;
    std::filesystem::path folder_;
    Progress progress_;
    std::map<std::pair<std::size_t, std::uint64_t>, std::unique_ptr<O>> losses_;
};

}  // namespace vitscape
