// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <vitscape/study/contestant.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/plan.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// Expected seconds of the pieces of a run of one method from one seed.
template <Backend B, class M>
class ExpectedRun {
  public:
    static constexpr std::size_t solution_images = 256;  ///< that the loss at the solution is the mean over

    /// Plan and contestant must outlive it. @param images, test_images  their numbers.
    /// @param labelled  whether the images have classes
    /// @param taken  whether training and its losses come from another run
    ExpectedRun(const ComparisonPlan& plan, const Contestant<M>& contestant, const MethodSpeed& speed,
                std::size_t images, std::size_t test_images, bool labelled, bool taken = false)
        : plan_(plan),
          contestant_(contestant),
          taken_(taken),
          speed_{.method = speed,
                 .images = images,
                 .test_images = test_images,
                 .probe_images = std::min(images, plan.probe_images),
                 .training = contestant.origin == Origin::trained
                                 ? plan.training.epochs * static_cast<double>(images) * speed.training
                                 : 0,
                 .labelled = labelled,
                 .classifies = ClassifyingMethod<M, B>} {}

    /// For measures of runs.
    [[nodiscard]] const RunSpeed& speed() const { return speed_; }
    /// The epochs, and the evaluations of probe and neighbours between them.
    [[nodiscard]] double training() const {
        if (taken_ || contestant_.origin != Origin::trained) return 0;
        const double looks =
            !speed_.labelled ? 0 : std::ceil(static_cast<double>(plan_.training.epochs) / plan_.probe_every);
        return speed_.training + looks * 1.5 * static_cast<double>(speed_.probe_images + speed_.test_images) *
                                     speed_.method.encoding;
    }
    [[nodiscard]] double probe() const {
        if (!speed_.labelled) return 0;
        const double all = static_cast<double>(speed_.images + speed_.test_images);
        // training a probe on features takes about as long as encoding a tenth of them
        return all * speed_.method.encoding * (TaughtMethod<Evaluated<M>, B> ? 2.2 : 1.2);
    }
    [[nodiscard]] double solution() const {
        return taken_ ? 0
                      : 8 * speed_.method.loss.value *
                            static_cast<double>(std::min(solution_images, speed_.images));
    }
    /// With the measures.
    template <class Measures>
    [[nodiscard]] ExpectedTime all(const Measures& measures) const {
        RunSpeed without = speed_;
        without.training = 0;
        ExpectedTime time{training(), probe() + solution()};
        const auto add = [&](double seconds, double seconds_without) {
            time.measures += seconds;
            time.per_training += seconds - seconds_without;
        };
        for_each_measure(measures, [&]<class T>(const T& measure) {
            if constexpr (MeasuresLosses<T>) {
                double parts = 1;
                if constexpr (MeasuresParts<T>) parts = measure.parts();
                if (!taken_)
                    time.measures += parts * measure.seconds(speed_.method.loss) *
                                     (has_total_loss<B>(contestant_.method) ? 2 : 1);
                if (!has_one_loss<B>(contestant_.method) && speed_.labelled)
                    time.measures += parts * measure.seconds(speed_.method.classification);
            } else if constexpr (MeasuresRunParts<T>) {
                for (std::uint32_t part = 0; part < measure.parts(); ++part)
                    add(measure.seconds(speed_, part), measure.seconds(without, part));
            } else if constexpr (MeasuresRuns<T>) {
                add(measure.seconds(speed_), measure.seconds(without));
            }
        });
        return time;
    }

  private:
    const ComparisonPlan& plan_;
    const Contestant<M>& contestant_;
    bool taken_;
    RunSpeed speed_;
};

}  // namespace vitscape
