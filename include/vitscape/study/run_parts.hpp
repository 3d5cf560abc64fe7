// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/io/checkpoint.hpp>
#include <vitscape/io/npy.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/contestant.hpp>
#include <vitscape/study/expected_run.hpp>
#include <vitscape/study/loss_measures.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/probed_run.hpp>
#include <vitscape/study/run_part.hpp>
#include <vitscape/study/run_training.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/shared_training.hpp>
#include <vitscape/study/solution.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/study/trained_run.hpp>
#include <vitscape/study/training_curve.hpp>
#include <vitscape/study/work.hpp>

namespace vitscape {

/// The work of one run, a method trained from one seed, or given, then probed and measured, in parts.
template <Backend B, ComparableMethod<B> M>
class RunParts {
    using P = Master<B>;
    static constexpr bool taught = TaughtMethod<Evaluated<M>, B>, has_own_head = ClassifyingMethod<M, B>;

  public:
    /// Setting and contestant must outlive it.
    RunParts(const ComparisonSetting<B>& setting, const Contestant<M>& contestant, std::uint64_t seed)
        : setting_(setting),
          backend_(setting.backend),
          contestant_(contestant),
          plan_(setting.plan),
          seed_(seed),
          images_(contestant.images_of(setting.images)),
          test_(setting.test),
          folder_(folder_of(contestant.name)),
          classifier_(classifier_of<B>(contestant.method, setting.classes(), setting.plan.pooling)) {}

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] std::string who() const { return message(contestant_.title, ", seed ", seed_); }

    [[nodiscard]] const TrainingImages& images() const { return images_; }
    /// The expected time of each piece, and of all.
    [[nodiscard]] ExpectedRun<B, M> pieces(const MethodSpeed& speed) const {
        return {plan_,
                contestant_,
                speed,
                images_.images.size(),
                test_.size(),
                setting_.labelled(),
                same_training().has_value()};
    }
    /// Whether the run's predictions are there, which no result holds.
    [[nodiscard]] bool has_predictions() const {
        return !setting_.labelled() || std::filesystem::exists(folder_ / predictions_file);
    }
    /// Calls `visit(part)` for each part of the work, in an order in which it can be done; `compute` of a part may be called
    /// inside.
    /// @param known  the run's results until now: its pace, and of the part that is computed what it needs
    /// @param results_of  gives those of another run by its `run_name`
    template <class Measures, class ResultsOf, class Visit>
    void for_each_part(const MethodSpeed& speed, const Measures& measures, const ResultStore& known,
                       const ResultsOf& results_of, WorkMeter& meter, const Visit& visit) {
        const ExpectedRun<B, M> expected_run = pieces(speed);
        visit(training_part(expected_run.training(), known, results_of, meter));
        visit(probe_part(expected_run.probe(), meter));
        const bool taken = same_training().has_value();
        if (!taken) {
            visit(solution_part(expected_run.solution()));
            losses(
                "training", [&]() -> const Vector<P>& { return theta(); }, speed.loss, measures, meter, visit,
                [&](std::size_t images, std::uint64_t mask) {
                    return compared_loss(backend_, contestant_.method, teacher_, some(images),
                                         plan_.mask_seed + mask);
                });
            if constexpr (HasTotalLoss<M, B>)
                if (has_total_loss<B>(contestant_.method))
                    losses(
                        "total", [&]() -> const Vector<P>& { return theta(); }, speed.loss, measures, meter,
                        visit,
                        [&](std::size_t images, std::uint64_t mask) {
                            return frozen_loss(backend_, contestant_.method, teacher_, some(images),
                                               plan_.mask_seed + mask);
                        });
        }
        if (!has_one_loss<B>(contestant_.method) && setting_.labelled())
            losses(
                "classification", [&]() -> const Vector<P>& { return classifier_theta(); },
                speed.classification, measures, meter, visit,
                [&](std::size_t images, std::uint64_t mask) {
                    return frozen_loss(backend_, classifier_, {}, some(images), plan_.mask_seed + mask);
                });
        run_measures(expected_run, measures, known, meter, visit);
    }

  private:
    /// The solution, when a part needs it first; `teacher_` is read with it.
    [[nodiscard]] const Vector<P>& theta() {
        if (theta_.size() > 0) return theta_;
        const Checkpoint checkpoint = Checkpoint::load(folder_ / "checkpoint.safetensors");
        const auto& layout = contestant_.method.layout();
        if constexpr (taught)
            teacher_ = Vector<P>(master(backend_), checkpoint.vector<float>(layout, "teacher."));
        theta_ = Vector<P>(master(backend_),
                           checkpoint.vector<float>(layout, solution_prefix(contestant_.method)));
        return theta_;
    }
    [[nodiscard]] const Vector<P>& classifier_theta() {
        if (classifier_theta_.size() == 0) classifier_theta_ = load_classifier(classifier_file());
        return classifier_theta_;
    }
    [[nodiscard]] const Vector<P>& probe_theta() {
        if constexpr (!has_own_head) return classifier_theta();
        if (probe_theta_.size() == 0) probe_theta_ = load_classifier(probe_file());
        return probe_theta_;
    }

    Batch some(std::size_t count) const { return load_all(images_.some(count), plan_.training.transform); }
    [[nodiscard]] std::filesystem::path folder_of(const std::string& contestant) const {
        return setting_.out / run_name(contestant, seed_);
    }
    /// The `run_name` of the run that has the same training, and so the same losses around it: of a contestant that differs in
    /// labels alone, or, of a given model, of the first seed; nothing if this run has its own.
    [[nodiscard]] std::optional<std::string> same_training() const {
        if (!contestant_.same_training.empty()) return run_name(contestant_.same_training, seed_);
        if (contestant_.origin == Origin::given && seed_ != plan_.seeds.front())
            return run_name(contestant_.name, plan_.seeds.front());
        return {};
    }
    [[nodiscard]] RunTraining<B, M> training() const {
        return {setting_, contestant_, seed_, images_, classifier_, folder_};
    }
    /// The training, or what stands in its place: initial values, a given model, or the training of another run.
    template <class ResultsOf>
    [[nodiscard]] RunPart training_part(double seconds, const ResultStore& known, const ResultsOf& results_of,
                                        WorkMeter& meter) const {
        RunPart part{.name = "training", .seconds = seconds, .kind = training_work};
        if (const auto taken = same_training()) {
            part.title = "the training of " + *taken;
            part.kind = statistics_work;
            part.taken_from = *taken;
            part.compute = [this, &results_of, from = *taken] {
                return take_training(setting_.out / from, folder_, results_of(from));
            };
        } else if (contestant_.origin == Origin::initial) {
            part.title = "initial values";
            part.compute = [this] { return training().keep_untrained(); };
        } else if (contestant_.origin == Origin::given) {
            part.title = "reading " + contestant_.given->file;
            part.compute = [this] { return training().keep_given(); };
        } else {
            part.title = message("training for ", plan_.training.epochs, " epochs");
            part.compute = [this, &known, &meter] { return training().train(known, meter); };
        }
        return part;
    }
    [[nodiscard]] RunPart probe_part(double seconds, WorkMeter& meter) {
        const auto compute = [this, &meter]() -> nlohmann::json {
            const Vector<P>& solution = theta();  // and the teacher with it
            const ProbedRun probed = probe_run(setting_, contestant_.method, images_, classifier_, solution,
                                               teacher_, seed_, [&](std::size_t done, std::size_t all) {
                                                   meter.update(static_cast<std::int64_t>(done),
                                                                static_cast<std::int64_t>(all), "images");
                                               });
            if constexpr (has_own_head) save_classifier(probe_file(), probed.probe);
            save_classifier(classifier_file(), has_own_head ? probed.own : probed.probe);
            if (setting_.labelled())
                write_npy(folder_ / predictions_file, xt::xarray<std::int32_t>(xt::adapt(
                                                          probed.predictions, {probed.predictions.size()})));
            return {{"probe", probed.result}};
        };
        const bool there = std::filesystem::exists(classifier_file()) &&
                           (!has_own_head || std::filesystem::exists(probe_file())) && has_predictions();
        return {.name = "probe",
                .title = "linear probes",
                .seconds = seconds,
                .kind = statistics_work,
                .needs = {"training"},
                .files_are_there = there,
                .compute = compute};
    }
    [[nodiscard]] std::filesystem::path classifier_file() const { return folder_ / "classifier.safetensors"; }
    /// Of a contestant with a head of its own; of others the probe's head is in classifier_file().
    [[nodiscard]] std::filesystem::path probe_file() const { return folder_ / "probe.safetensors"; }
    [[nodiscard]] Vector<P> load_classifier(const std::filesystem::path& file) const {
        return {master(backend_), Checkpoint::load(file).template vector<float>(classifier_.layout())};
    }
    /// Saves a separate checkpoint for the other programs.
    void save_classifier(const std::filesystem::path& file, const std::vector<double>& values) const {
        const std::vector<float> numbers(values.begin(), values.end());
        write_checkpoint(
            file, classifier_.layout(), classifier_.fixed_tensors(),
            std::vector<CheckpointVector<float>>{{"", numbers}},
            {{"format", 1},
             {"model", describe(classifier_)},
             {"training",
              {{"transform", describe(plan_.training.transform)}, {"probe_of", contestant_.name}}},
             {"data", {{"classes", images_.images.classes()}}}});
    }

    [[nodiscard]] RunPart solution_part(double seconds) {
        const auto compute = [this]() -> nlohmann::json {
            const Vector<P>& solution = theta();
            auto loss = compared_loss(backend_, contestant_.method, teacher_,
                                      some(ExpectedRun<B, M>::solution_images), plan_.mask_seed);
            if (contestant_.origin == Origin::given)  // where its training began is not known
                return {
                    {"solution", describe_solution(loss, static_cast<const Vector<P>*>(nullptr), solution)}};
            const Vector<P> start(master(backend_), initial_values(contestant_.method.layout(), seed_));
            return {{"solution", describe_solution(loss, &start, solution)}};
        };
        return {.name = "solution",
                .title = "loss and gradient",
                .seconds = seconds,
                .kind = statistics_work,
                .needs = {"training"},
                .compute = compute};
    }

    /// Visits the measures of losses of one loss. @param solution  gives the weights around which it is measured
    /// @param make  gives it over a number of images, with masks of a number
    template <class Solution, class Measures, class Visit, class Make>
    void losses(const std::string& loss, const Solution& solution, const LossSpeed& speed,
                const Measures& measures, WorkMeter& meter, const Visit& visit, const Make& make) const {
        using Around = LossAround<P, AnyLoss<P>>;
        std::optional<Around> opened;
        const std::function<Around&()> around = [&]() -> Around& {
            if (!opened) {
                const Vector<P>& theta = solution();
                opened.emplace(
                    loss, theta,
                    [&](std::size_t images, std::uint64_t mask) {
                        return AnyLoss<P>([&] { return make(images, mask); });
                    },
                    folder_, progress_of(meter));
            }
            return *opened;
        };
        for_each_loss_part<P>(loss, around, measures, speed, [&](RunPart part) {
            part.needs = {"training", loss == "classification" ? "probe" : "training"};
            visit(std::move(part));
        });
    }

    /// Visits the measures of the run as a whole.
    template <class Measures, class Visit>
    void run_measures(const ExpectedRun<B, M>& expected_run, const Measures& measures,
                      const ResultStore& known, WorkMeter& meter, const Visit& visit) {
        using Run = TrainedRun<B, M>;
        std::optional<Run> opened;
        const auto run = [&]() -> const Run& {
            if (!opened) {
                const Vector<P>& solution = theta();
                opened.emplace(
                    Run{backend_, contestant_.method, solution, teacher_, classifier_, classifier_theta(),
                        probe_theta(), images_, test_, setting_.labelled(), plan_, seed_,
                        contestant_.origin == Origin::given ? std::numeric_limits<double>::quiet_NaN()
                                                            : training_seconds(known.checked("training")),
                        epoch_seconds(known, "tuning"), setting_.out, progress_of(meter)});
            }
            return *opened;
        };
        using Compute = std::function<nlohmann::json(const Run&)>;
        const auto add = [&](std::string_view kind, const std::string& name, const std::string& title,
                             double seconds, const Compute& compute) {
            visit(RunPart{.name = name,
                          .title = title,
                          .seconds = seconds,
                          .kind = kind,
                          .needs = {"training", "probe"},
                          .compute = [&run, name, compute] {
                              return nlohmann::json{{name, compute(run())}};
                          }});
        };
        for_each_measure(measures, [&]<class T>(const T& measure) {
            static_assert(
                !(MeasuresRuns<T> || MeasuresRunParts<T>) || RunMeasure<T, Run> || PartedRunMeasure<T, Run>,
                "a measure of runs needs compute(const TrainedRun<B, M>&) that gives its result, and "
                "the number of a part if it has parts()");
            const std::string key(T::key), title = in_words(key);
            if constexpr (MeasuresRunParts<T>)
                for (std::uint32_t part = 0; part < measure.parts(); ++part)
                    add(kind_of_work(measure), message(key, "-", part),
                        message(title, " ", part + 1, " of ", measure.parts()),
                        measure.seconds(expected_run.speed(), part),
                        [&measure, part](const Run& of) { return measure.compute(of, part); });
            else if constexpr (MeasuresRuns<T>)
                add(kind_of_work(measure), key, title, measure.seconds(expected_run.speed()),
                    [&measure](const Run& of) { return measure.compute(of); });
        });
    }
    [[nodiscard]] static auto progress_of(WorkMeter& meter) {
        return [&meter](std::int64_t done, std::int64_t all, const char* unit) {
            meter.update(done, all, unit);
        };
    }

    const ComparisonSetting<B>& setting_;
    B backend_;
    const Contestant<M>& contestant_;
    const ComparisonPlan& plan_;
    std::uint64_t seed_;
    TrainingImages images_;
    const AnyDataset& test_;
    std::filesystem::path folder_;
    VitClassifier classifier_;
    Vector<P> theta_, teacher_;  // the solution, and what the loss takes for the teacher
    Vector<P> classifier_theta_, probe_theta_;
};

}  // namespace vitscape
