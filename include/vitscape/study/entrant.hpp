// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <vitscape/study/baselines.hpp>
#include <vitscape/study/reconstructions.hpp>
#include <vitscape/study/speed.hpp>

namespace vitscape {

/// The interface of a comparison to a method of any type.
template <Backend B, class Measures>
class Entrant {
  public:
    virtual ~Entrant() = default;
    [[nodiscard]] virtual const std::string& name() const = 0;   ///< in files
    [[nodiscard]] virtual const std::string& title() const = 0;  ///< in the report
    [[nodiscard]] virtual bool trained() const = 0;              ///< or an untrained control
    [[nodiscard]] virtual nlohmann::json description() const = 0;
    [[nodiscard]] virtual MethodSpeed speed(const ComparisonSetting<B>& setting) const = 0;
    /// The expected time of a run from one seed.
    [[nodiscard]] virtual ExpectedTime expected(const ComparisonSetting<B>& setting, const MethodSpeed& speed,
                                                const Measures& measures) const = 0;
    virtual void run(const ComparisonSetting<B>& setting, std::uint64_t seed, const MethodSpeed& speed,
                     const Measures& measures, WorkMeter& meter) const = 0;
    virtual void baselines(const ComparisonSetting<B>& setting, double expected, WorkMeter& meter) const = 0;
    /// Adds the reconstructions of the method trained from the first seed, if it can reconstruct.
    virtual void reconstruct(const ComparisonSetting<B>& setting, Reconstructions<B>& pictures) const = 0;
};

template <Backend B, class Measures, ComparableMethod<B> M>
class EntrantOf final : public Entrant<B, Measures> {
  public:
    explicit EntrantOf(Contestant<M> contestant) : contestant_(std::move(contestant)) {}

    [[nodiscard]] const std::string& name() const override { return contestant_.name; }
    [[nodiscard]] const std::string& title() const override { return contestant_.title; }
    [[nodiscard]] bool trained() const override { return contestant_.trained; }
    [[nodiscard]] nlohmann::json description() const override {
        nlohmann::json description = describe(contestant_.method);
        if (!contestant_.trained) description["trained"] = false;
        return description;
    }
    [[nodiscard]] MethodSpeed speed(const ComparisonSetting<B>& setting) const override {
        return measure_speed(setting, contestant_);
    }
    [[nodiscard]] ExpectedTime expected(const ComparisonSetting<B>& setting, const MethodSpeed& speed,
                                        const Measures& measures) const override {
        return from(setting, setting.plan.seeds.front()).expected(speed, measures);
    }
    void run(const ComparisonSetting<B>& setting, std::uint64_t seed, const MethodSpeed& speed,
             const Measures& measures, WorkMeter& meter) const override {
        from(setting, seed).work(speed, measures, meter);
    }
    void baselines(const ComparisonSetting<B>& setting, double expected, WorkMeter& meter) const override {
        probe_baselines(setting, contestant_, expected, meter);
    }
    void reconstruct(const ComparisonSetting<B>& setting, Reconstructions<B>& pictures) const override {
        if constexpr (ReconstructingMethod<M, B>)
            pictures.add(contestant_,
                         from(setting, setting.plan.seeds.front()).folder() / "checkpoint.safetensors");
    }

  private:
    ComparisonRun<B, M> from(const ComparisonSetting<B>& setting, std::uint64_t seed) const {
        return {setting, contestant_, seed};
    }

    Contestant<M> contestant_;
};

}  // namespace vitscape
