// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <typeinfo>
#include <utility>

#include <vitscape/study/baselines.hpp>
#include <vitscape/study/reconstructions.hpp>
#include <vitscape/study/run.hpp>
#include <vitscape/study/speed.hpp>

namespace vitscape {

/// The interface of a comparison to a method of any type.
template <Backend B, class Measures>
class Entrant {
  public:
    virtual ~Entrant() = default;
    [[nodiscard]] virtual const std::string& name() const = 0;   ///< in files
    [[nodiscard]] virtual const std::string& title() const = 0;  ///< in the report
    [[nodiscard]] virtual Origin origin() const = 0;             ///< of its weights
    [[nodiscard]] virtual const GivenModel* given() const = 0;   ///< null unless that is its origin
    [[nodiscard]] virtual nlohmann::json description() const = 0;
    [[nodiscard]] virtual const DataVariant& variant() const = 0;
    /// Whether another contestant is the same method, as far as types and descriptions say. A method with a part that only its
    /// program knows ("custom") is no other's.
    [[nodiscard]] bool same_method(const Entrant& other) const {
        const nlohmann::json mine = description();
        return typeid(*this) == typeid(other) && mine == other.description() &&
               mine.dump().find("\"custom\"") == std::string::npos;
    }
    [[nodiscard]] virtual MethodSpeed speed(const ComparisonSetting<B>& setting,
                                            const Measures& measures) const = 0;
    /// One round of timed training steps, and whether the pace of a run is known; `keep_pace` stores it.
    [[nodiscard]] virtual Pace pace(const ComparisonSetting<B>& setting, const Measures& measures) const = 0;
    [[nodiscard]] virtual bool has_pace(const ComparisonSetting<B>& setting, std::uint64_t seed) const = 0;
    virtual void keep_pace(const ComparisonSetting<B>& setting, std::uint64_t seed,
                           const Pace& pace) const = 0;
    [[nodiscard]] virtual nlohmann::json pace_entry(const ComparisonSetting<B>& setting, std::uint64_t seed,
                                                    const Pace& pace) const = 0;
    /// The expected time of a run from one seed.
    [[nodiscard]] virtual ExpectedTime expected(const ComparisonSetting<B>& setting, std::uint64_t seed,
                                                const MethodSpeed& speed, const Measures& measures) const = 0;
    virtual void run(const ComparisonSetting<B>& setting, std::uint64_t seed, const MethodSpeed& speed,
                     const Measures& measures, WorkMeter& meter) const = 0;
    /// The parts of that, one by one (`RunParts::for_each_part`), and their results together.
    virtual void for_each_part(const ComparisonSetting<B>& setting, std::uint64_t seed,
                               const MethodSpeed& speed, const Measures& measures, const ResultStore& known,
                               WorkMeter& meter, const std::function<void(const RunPart&)>& visit) const = 0;
    virtual void keep_all(const ComparisonSetting<B>& setting, std::uint64_t seed,
                          const nlohmann::json& results) const = 0;
    [[nodiscard]] virtual nlohmann::json baselines(const ComparisonSetting<B>& setting) const = 0;
    /// Adds the reconstructions of the method trained from the first seed, if it can reconstruct and its checkpoint is there.
    virtual void reconstruct(const ComparisonSetting<B>& setting, Reconstructions<B>& pictures) const = 0;
};

template <Backend B, class Measures, ComparableMethod<B> M>
class EntrantOf final : public Entrant<B, Measures> {
  public:
    explicit EntrantOf(Contestant<M> contestant) : contestant_(std::move(contestant)) {}

    /// Takes its training from another contestant (`Contestant::same_training`).
    void train_as(const std::string& other) { contestant_.same_training = other; }

    [[nodiscard]] const std::string& name() const override { return contestant_.name; }
    [[nodiscard]] const std::string& title() const override { return contestant_.title; }
    [[nodiscard]] Origin origin() const override { return contestant_.origin; }
    [[nodiscard]] const GivenModel* given() const override {
        return contestant_.given ? &*contestant_.given : nullptr;
    }
    [[nodiscard]] nlohmann::json description() const override {
        nlohmann::json description = describe(contestant_.method);
        if (contestant_.origin != Origin::trained) description["trained"] = false;
        if (contestant_.given) description["given"] = describe(*contestant_.given);
        return description;
    }
    [[nodiscard]] const DataVariant& variant() const override {
        static const DataVariant all{};
        return contestant_.images ? contestant_.images->variant : all;
    }
    [[nodiscard]] MethodSpeed speed(const ComparisonSetting<B>& setting,
                                    const Measures& measures) const override {
        return measure_speed(setting, contestant_, train_classifiers(measures));
    }
    [[nodiscard]] Pace pace(const ComparisonSetting<B>& setting, const Measures& measures) const override {
        return measure_pace(setting, contestant_, train_classifiers(measures));
    }
    [[nodiscard]] bool has_pace(const ComparisonSetting<B>& setting, std::uint64_t seed) const override {
        return from(setting, seed).has_pace();
    }
    void keep_pace(const ComparisonSetting<B>& setting, std::uint64_t seed, const Pace& pace) const override {
        from(setting, seed).keep_pace(pace);
    }
    [[nodiscard]] nlohmann::json pace_entry(const ComparisonSetting<B>& setting, std::uint64_t seed,
                                            const Pace& pace) const override {
        return from(setting, seed).pace_entry(pace);
    }
    [[nodiscard]] ExpectedTime expected(const ComparisonSetting<B>& setting, std::uint64_t seed,
                                        const MethodSpeed& speed, const Measures& measures) const override {
        return from(setting, seed).expected(speed, measures);
    }
    void run(const ComparisonSetting<B>& setting, std::uint64_t seed, const MethodSpeed& speed,
             const Measures& measures, WorkMeter& meter) const override {
        from(setting, seed).work(speed, measures, meter);
    }
    void for_each_part(const ComparisonSetting<B>& setting, std::uint64_t seed, const MethodSpeed& speed,
                       const Measures& measures, const ResultStore& known, WorkMeter& meter,
                       const std::function<void(const RunPart&)>& visit) const override {
        const auto results_of = [&](const std::string&) { return known.all(); };
        from(setting, seed).parts().for_each_part(speed, measures, known, results_of, meter, visit);
    }
    void keep_all(const ComparisonSetting<B>& setting, std::uint64_t seed,
                  const nlohmann::json& results) const override {
        from(setting, seed).keep_all(results);
    }
    [[nodiscard]] nlohmann::json baselines(const ComparisonSetting<B>& setting) const override {
        return probe_baselines(setting, contestant_);
    }
    void reconstruct(const ComparisonSetting<B>& setting, Reconstructions<B>& pictures) const override {
        if constexpr (ReconstructingMethod<M, B>)
            if (const auto checkpoint =
                    from(setting, setting.plan.seeds.front()).folder() / "checkpoint.safetensors";
                contestant_.same_training.empty() && std::filesystem::exists(checkpoint))
                pictures.add(contestant_, checkpoint);
    }

  private:
    ComparisonRun<B, M> from(const ComparisonSetting<B>& setting, std::uint64_t seed) const {
        return {setting, contestant_, seed};
    }

    Contestant<M> contestant_;
};

}  // namespace vitscape
