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
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// One loss of a contestant around its trained solution: the input of a measure of losses. `O` is the
/// loss as an objective (autograd/objective.hpp) on the backend `B`.
template <Backend B, class O>
class LossAround {
  public:
    using Progress = std::function<void(std::int64_t done, std::int64_t all, const char* unit)>;

    /// @param make      creates the loss over the given number of training images, with fixed masks
    /// @param folder    for files of this run
    /// @param progress  called with the progress of a measure; may throw to stop it
    LossAround(std::string name, Vector<B> theta, std::function<O(std::size_t)> make,
               std::filesystem::path folder, Progress progress)
        : name_(std::move(name)),
          theta_(std::move(theta)),
          make_(std::move(make)),
          folder_(std::move(folder)),
          progress_(std::move(progress)) {}

    [[nodiscard]] const std::string& name() const { return name_; }  ///< "training" or "classification"
    [[nodiscard]] const Vector<B>& theta() const { return theta_; }  ///< (layout().size())
    /// The loss over `images` training images; created once per number.
    [[nodiscard]] O& loss(std::size_t images) {
        auto& made = losses_[images];
        if (!made) made.reset(new O(make_(images)));
        return *made;
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
    std::function<O(std::size_t)> make_;
    std::filesystem::path folder_;
    Progress progress_;
    std::map<std::size_t, std::unique_ptr<O>> losses_;
};

}  // namespace vitscape
