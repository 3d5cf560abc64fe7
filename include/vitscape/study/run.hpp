// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include <vitscape/study/contestant.hpp>
#include <vitscape/study/pace.hpp>
#include <vitscape/study/run_parts.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/store.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/study/training_folder.hpp>
#include <vitscape/study/work.hpp>

namespace vitscape {

/// One method trained from one seed, or given, then probed and measured. Every part is stored in `folder` when it is done.
template <Backend B, ComparableMethod<B> M>
class ComparisonRun {
  public:
    /// Setting and contestant must outlive the run.
    ComparisonRun(const ComparisonSetting<B>& setting, const Contestant<M>& contestant, std::uint64_t seed)
        : setting_(setting), contestant_(contestant), parts_(setting, contestant, seed) {}

    [[nodiscard]] const std::filesystem::path& folder() const { return parts_.folder(); }
    [[nodiscard]] std::filesystem::path results() const { return folder() / "results.json"; }
    [[nodiscard]] RunParts<B, M>& parts() { return parts_; }

    /// The expected time of `work`.
    template <class Measures>
    [[nodiscard]] ExpectedTime expected(const MethodSpeed& speed, const Measures& measures) const {
        return parts_.pieces(speed).all(measures);
    }

    [[nodiscard]] bool has_pace() const { return ResultStore(results()).has("pace"); }
    /// The result of a timing (`measure_pace`), as results.json has it.
    [[nodiscard]] nlohmann::json pace_entry(const Pace& pace) const {
        const std::size_t batch = setting_.plan.training.batch;
        nlohmann::json kept = {{"training", nullptr},
                               {"tuning", pace.tuning},
                               {"classifying", pace.classifying},
                               {"epoch_images", parts_.images().images.size() / batch * batch}};
        if (contestant_.origin == Origin::trained) kept["training"] = pace.training;
        return kept;
    }
    void keep_pace(const Pace& pace) const {
        std::filesystem::create_directories(folder());
        ResultStore(results()).put("pace", pace_entry(pace));
    }
    /// Notes all results of a run whose work is done.
    void keep_all(nlohmann::json entries) const {
        entries[complete] = true;
        std::filesystem::create_directories(folder());
        TrainingFolder::remove_unfinished(folder());
        ResultStore(results()).put_all(entries);
    }

    /// Completes the remaining work; the pace of training alone if it was not measured in turn with others. A run whose work is done needs no checkpoint any more.
    /// @throws Interrupted after saving if the user asked to stop
    template <class Measures>
    void work(const MethodSpeed& speed, const Measures& measures, WorkMeter& meter) {
        if (!has_pace()) keep_pace(measure_pace(setting_, contestant_, train_classifiers(measures)));
        ResultStore store(results());
        if (store.has(complete) && parts_.has_predictions()) {
            const ExpectedTime all = expected(speed, measures);
            return meter.skip(all.training + all.measures);
        }
        const auto results_of = [&](const std::string& run) {
            return ResultStore(setting_.out / run / "results.json").all();
        };
        parts_.for_each_part(speed, measures, store, results_of, meter, [&](const RunPart& part) {
            if (store.has(part.name) && part.files_are_there) return meter.skip(part.seconds);
            meter.part(message(parts_.who(), ": ", part.title), part.seconds,
                       [&] { store.put_all(part.compute()); });
        });
        store.put(complete, true);
    }

  private:
    static constexpr const char* complete = "complete";  // in the results, when all work is done

    const ComparisonSetting<B>& setting_;
    const Contestant<M>& contestant_;
    RunParts<B, M> parts_;
};

}  // namespace vitscape
