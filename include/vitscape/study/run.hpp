// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/io/npy.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/contestant.hpp>
#include <vitscape/study/cost.hpp>
#include <vitscape/study/expected_run.hpp>
#include <vitscape/study/loss_measures.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/pace.hpp>
#include <vitscape/study/probed_run.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/shared_training.hpp>
#include <vitscape/study/solution.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/study/trained_run.hpp>
#include <vitscape/study/training_curve.hpp>
#include <vitscape/study/work.hpp>
#include <vitscape/train/checkpointing.hpp>

namespace vitscape {

/// One method trained from one seed, or given, then probed and measured. Every part is stored in `folder` when it is done.
template <Backend B, ComparableMethod<B> M>
class ComparisonRun {
    using P = Master<B>;
    static constexpr bool taught = TaughtMethod<Evaluated<M>, B>, has_own_head = ClassifyingMethod<M, B>;

  public:
    /// Setting and contestant must outlive the run.
    ComparisonRun(const ComparisonSetting<B>& setting, const Contestant<M>& contestant, std::uint64_t seed)
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
    [[nodiscard]] std::filesystem::path results() const { return folder_ / "results.json"; }
    [[nodiscard]] std::string who() const { return message(contestant_.title, ", seed ", seed_); }

    /// The expected time of `work`.
    template <class Measures>
    [[nodiscard]] ExpectedTime expected(const MethodSpeed& speed, const Measures& measures) const {
        return pieces(speed).all(measures);
    }

    [[nodiscard]] bool has_pace() const { return ResultStore(results()).has("pace"); }
    void keep_pace(const Pace& pace) const {
        std::filesystem::create_directories(folder_);
        const std::size_t batch = plan_.training.batch;
        nlohmann::json kept = {{"training", nullptr},
                               {"tuning", pace.tuning},
                               {"classifying", pace.classifying},
                               {"epoch_images", images_.images.size() / batch * batch}};
        if (contestant_.origin == Origin::trained) kept["training"] = pace.training;
        ResultStore(results()).put("pace", kept);
    }

    /// Completes the remaining work; the pace of training alone if it was not measured in turn with others. A run whose work is done needs no checkpoint any more.
    /// @throws Interrupted after saving if the user asked to stop
    template <class Measures>
    void work(const MethodSpeed& speed, const Measures& measures, WorkMeter& meter) {
        if (!has_pace()) keep_pace(measure_pace(setting_, contestant_, train_classifiers(measures)));
        ResultStore store(results());
        if (store.has(complete) && has_predictions()) {
            const ExpectedTime all = expected(speed, measures);
            return meter.skip(all.training + all.measures);
        }
        const auto taken = same_training();
        if (taken && !store.has("training")) take_training(*taken, folder_, store);
        train(speed, store, meter);
        const Checkpoint checkpoint = Checkpoint::load(folder_ / "checkpoint.safetensors");
        const auto& layout = contestant_.method.layout();
        theta_ = Vector<P>(master(backend_),
                           checkpoint.vector<float>(layout, solution_prefix(contestant_.method)));
        if constexpr (taught)
            teacher_ = Vector<P>(master(backend_), checkpoint.vector<float>(layout, "teacher."));
        probe(speed, store, meter);
        const Vector<P> classifier_theta = load_classifier(classifier_file());
        const Vector<P> probe_theta = has_own_head ? load_classifier(probe_file()) : classifier_theta;

        solution(speed, store, meter);
        if (!taken) {
            around("training", theta_, speed.loss, measures, store, meter,
                   [&](std::size_t images, std::uint64_t mask) {
                       return compared_loss(backend_, contestant_.method, teacher_, some(images),
                                            plan_.mask_seed + mask);
                   });
            if constexpr (HasTotalLoss<M, B>)
                if (has_total_loss<B>(contestant_.method))
                    around("total", theta_, speed.loss, measures, store, meter,
                           [&](std::size_t images, std::uint64_t mask) {
                               return frozen_loss(backend_, contestant_.method, teacher_, some(images),
                                                  plan_.mask_seed + mask);
                           });
        }
        if (!has_one_loss<B>(contestant_.method) && setting_.labelled())
            around("classification", classifier_theta, speed.classification, measures, store, meter,
                   [&](std::size_t images, std::uint64_t mask) {
                       return frozen_loss(backend_, classifier_, {}, some(images), plan_.mask_seed + mask);
                   });
        const TrainedRun<B, M> run{backend_,
                                   contestant_.method,
                                   theta_,
                                   teacher_,
                                   classifier_,
                                   classifier_theta,
                                   probe_theta,
                                   images_,
                                   test_,
                                   setting_.labelled(),
                                   plan_,
                                   seed_,
                                   contestant_.origin == Origin::given
                                       ? std::numeric_limits<double>::quiet_NaN()
                                       : training_seconds(store.checked("training")),
                                   epoch_seconds(store, "tuning"),
                                   setting_.out,
                                   progress_of(meter)};
        const ExpectedRun<B, M> expected_run = pieces(speed);
        for_each_measure(measures, [&]<class T>(const T& measure) {
            static_assert(
                !(MeasuresRuns<T> || MeasuresRunParts<T>) || RunMeasure<T, TrainedRun<B, M>> ||
                    PartedRunMeasure<T, TrainedRun<B, M>>,
                "a measure of runs needs compute(const TrainedRun<B, M>&) that gives its result, and "
                "the number of a part if it has parts()");
            const std::string key(T::key);
            if constexpr (MeasuresRunParts<T>)
                for (std::uint32_t part = 0; part < measure.parts(); ++part)
                    once(message(key, "-", part), message(key, " ", part + 1, " of ", measure.parts()),
                         measure.seconds(expected_run.speed(), part), store, meter,
                         [&] { return measure.compute(run, part); });
            else if constexpr (MeasuresRuns<T>)
                once(key, key, measure.seconds(expected_run.speed()), store, meter,
                     [&] { return measure.compute(run); });
        });
        store.put(complete, true);
    }

  private:
    static constexpr const char* complete = "complete";  // in the results, when all work is done

    Batch some(std::size_t count) const { return load_all(images_.some(count), plan_.training.transform); }
    [[nodiscard]] std::filesystem::path folder_of(const std::string& contestant) const {
        return setting_.out / contestant / message("seed-", seed_);
    }
    /// The folder of the run that has the same training, and so the same losses around it: of a contestant that differs in labels
    /// alone, or, of a given model, of the first seed; nothing if this run has its own.
    [[nodiscard]] std::optional<std::filesystem::path> same_training() const {
        if (!contestant_.same_training.empty()) return folder_of(contestant_.same_training);
        if (contestant_.origin == Origin::given && seed_ != plan_.seeds.front())
            return setting_.out / contestant_.name / message("seed-", plan_.seeds.front());
        return {};
    }
    [[nodiscard]] ExpectedRun<B, M> pieces(const MethodSpeed& speed) const {
        return {plan_,
                contestant_,
                speed,
                images_.images.size(),
                test_.size(),
                setting_.labelled(),
                same_training().has_value()};
    }
    [[nodiscard]] static double epoch_seconds(const ResultStore& store, const std::string& what) {
        const JsonValue pace = store.checked("pace");
        return pace.at("epoch_images").to<double>() * pace.at(what).number_or_nan();
    }
    void train(const MethodSpeed& speed, ResultStore& store, WorkMeter& meter) {
        const double expected_seconds = pieces(speed).training();
        if (store.has("training")) return meter.skip(expected_seconds);
        if (contestant_.origin == Origin::initial) return keep_untrained(store);
        if (contestant_.origin == Origin::given)
            return meter.part(message(who(), ": reading ", contestant_.given->file), 0,
                              [&] { keep_given(store); });
        meter.part(
            message(who(), ": training for ", plan_.training.epochs, " epochs"), expected_seconds, [&] {
                TrainingMemory memory(backend_);
                Trainer trainer{backend_, contestant_.method, plan_.optimizer, plan_.schedule, seed_};
                const nlohmann::json description =
                    describe_training(trainer, plan_.training, images_.images.size());
                const auto file = folder_ / "checkpoint.safetensors";
                if (std::filesystem::exists(file)) resume_training(file, trainer, description);
                SaveEvery save(folder_, description, {{"classes", images_.images.classes()}},
                               {.epochs = 1, .minutes = 2});
                ProbeEvery look(plan_, classifier_, images_, test_);
                const auto show = ShowTraining{&meter};
                trainer.fit(images_.images, plan_.training, memory, look, show, JsonLog{folder_}, save);
                store.put("cost", training_cost(trainer, classifier_, memory));
                store.put("training", training_curve(load_json_lines(folder_ / "log.jsonl"),
                                                     epoch_seconds(store, "training")));
            });
    }

    /// A control: the initial values, and a curve without epochs.
    void keep_untrained(ResultStore& store) const {
        Trainer trainer{backend_, contestant_.method, plan_.optimizer, plan_.schedule, seed_};
        save_training(folder_ / "checkpoint.safetensors", trainer,
                      describe_training(trainer, plan_.training, images_.images.size()),
                      {{"classes", images_.images.classes()}});
        const nlohmann::json cost = {{"parameters", contestant_.method.layout().size()}};
        store.put("cost", cost);
        store.put("training", training_curve({}, 0));
    }

    /// A given model: its weights as a checkpoint like others, and a curve without epochs.
    void keep_given(ResultStore& store) const {
        const GivenModel& given = *contestant_.given;
        const Checkpoint file = given.open();
        const ParameterLayout& layout = contestant_.method.layout();
        const std::vector<float> theta = given.weights(file, layout);
        std::vector<float> teacher;
        std::vector<CheckpointVector<float>> vectors{{"", theta}};
        nlohmann::json cost = {{"parameters", layout.size()}};
        if constexpr (taught) {
            teacher = given.weights(file, layout, "teacher.");
            vectors.push_back({"teacher.", teacher});
            cost["teacher_parameters"] = layout.size();
        }
        if constexpr (requires { operation_count(classifier_.config()); })
            cost["inference_operations"] = operation_count(classifier_.config()).forward;
        write_checkpoint(folder_ / "checkpoint.safetensors", layout, contestant_.method.fixed_tensors(),
                         vectors,
                         {{"format", 1},
                          {"model", describe(contestant_.method)},
                          {"training", {{"transform", describe(plan_.training.transform)}}},
                          {"data", {{"classes", images_.images.classes()}}},
                          {"given", describe(given)}});
        store.put("cost", cost);
        store.put("training", training_curve({}, 0));
    }

    void probe(const MethodSpeed& speed, ResultStore& store, WorkMeter& meter) {
        const double expected_seconds = pieces(speed).probe();
        if (store.has("probe") && std::filesystem::exists(classifier_file()) &&
            (!has_own_head || std::filesystem::exists(probe_file())) && has_predictions())
            return meter.skip(expected_seconds);
        meter.part(message(who(), ": linear probes"), expected_seconds, [&] {
            const ProbedRun probed = probe_run(setting_, contestant_.method, images_, classifier_, theta_,
                                               teacher_, seed_, [&](std::size_t done, std::size_t all) {
                                                   meter.update(static_cast<std::int64_t>(done),
                                                                static_cast<std::int64_t>(all), "images");
                                               });
            if constexpr (has_own_head) save_classifier(probe_file(), probed.probe);
            save_classifier(classifier_file(), has_own_head ? probed.own : probed.probe);
            if (setting_.labelled())
                write_npy(folder_ / predictions_file, xt::xarray<std::int32_t>(xt::adapt(
                                                          probed.predictions, {probed.predictions.size()})));
            store.put("probe", probed.result);
        });
    }
    [[nodiscard]] bool has_predictions() const {
        return !setting_.labelled() || std::filesystem::exists(folder_ / predictions_file);
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

    void solution(const MethodSpeed& speed, ResultStore& store, WorkMeter& meter) const {
        once("solution", "loss and gradient", pieces(speed).solution(), store, meter, [&] {
            auto loss = compared_loss(backend_, contestant_.method, teacher_,
                                      some(ExpectedRun<B, M>::solution_images), plan_.mask_seed);
            if (contestant_.origin == Origin::given)  // where its training began is not known
                return describe_solution(loss, static_cast<const Vector<P>*>(nullptr), theta_);
            const Vector<P> start(master(backend_), initial_values(contestant_.method.layout(), seed_));
            return describe_solution(loss, &start, theta_);
        });
    }

    /// Applies the measures of losses to one loss. @param make  gives it over a number of images, with masks of a number
    template <class Measures, class Make>
    void around(const std::string& loss, const Vector<P>& theta, const LossSpeed& speed,
                const Measures& measures, ResultStore& store, WorkMeter& meter, const Make& make) const {
        LossAround<P, AnyLoss<P>> around(
            loss, theta,
            [&](std::size_t images, std::uint64_t mask) {
                return AnyLoss<P>([&] { return make(images, mask); });
            },
            folder_, progress_of(meter));
        compute_loss_measures(around, measures, speed, [&](const LossPart& part) {
            once(part.name, part.title, part.seconds, store, meter, part.compute);
        });
    }
    template <class Work>
    void once(const std::string& name, std::string title, double expected_seconds, ResultStore& store,
              WorkMeter& meter, const Work& work) const {
        if (store.has(name)) return meter.skip(expected_seconds);
        std::replace(title.begin(), title.end(), '_', ' ');
        meter.part(message(who(), ": ", title), expected_seconds, [&] { store.put(name, work()); });
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
};

}  // namespace vitscape
