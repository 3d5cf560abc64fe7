// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <vitscape/core/error.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/optim/schedule.hpp>

namespace vitscape {

/// Progress of a training in optimizer steps; `step` of them are done.
struct StepCount {
    double step = 0, steps = 1, steps_per_epoch = 1;
};

/// The momentum of an EMA teacher as published: a half cosine over the whole training (Lee et al. 2023, arXiv
/// 2210.02077).
struct PublishedMomentum {
    static constexpr std::string_view kind = "published";
    double from = 0.996, to = 1;
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("from", self.from, "momentum-from", "the teacher's momentum at the first step", Range::share());
        visit("to", self.to, "momentum-to", "what it goes to", Range::share());
    }
    [[nodiscard]] double at(const StepCount& count) const {
        return CosineRamp{from, to}.at(count.step, count.steps);
    }
};

/// The momentum as the authors' released code computes it: the published schedule's entry for the step within the
/// current epoch, so the momentum restarts in every epoch and stays near `from`.
struct ReleasedMomentum {
    static constexpr std::string_view kind = "released";
    double from = 0.996, to = 1;
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("from", self.from, "momentum-from", "the teacher's momentum at the first step", Range::share());
        visit("to", self.to, "momentum-to", "what it goes to", Range::share());
    }
    [[nodiscard]] double at(const StepCount& count) const {
        const double epochs_done =
            static_cast<double>(static_cast<long long>(count.step / count.steps_per_epoch));
        return CosineRamp{from, to}.at(count.step - epochs_done * count.steps_per_epoch, count.steps);
    }
};

/// A momentum that rises linearly over the first part of the training and is constant from then on (Baevski et al. 2022, arXiv
/// 2202.03555, section 3.2).
struct LinearMomentum {
    static constexpr std::string_view kind = "linear";
    double from = 0.999, to = 0.9998;
    double part = 0.3;  ///< fraction of the steps until it reaches `to`, in [0, 1]
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("from", self.from, "momentum-from", "the teacher's momentum at the first step", Range::share());
        visit("to", self.to, "momentum-to", "what it goes to", Range::share());
        visit("part", self.part, "momentum-part", "linear: part of the training until it gets there",
              Range::share());
    }
    [[nodiscard]] double at(const StepCount& count) const {
        const double ramp = part * count.steps;
        return count.step < ramp ? from + (to - from) * count.step / ramp : to;
    }
};

/// The published momentum scaled with the length of the training, m^(reference_steps / steps): the teacher averages over the
/// same share of a training as it does in one of `reference_steps`, by the rule of Busbridge et al. 2023 (arXiv 2307.13813,
/// definition 1.2: rho^kappa for steps that do the work of kappa). In a short training the published momentum itself would
/// average over most of it and the teacher hardly move from the start.
struct ScaledMomentum {
    static constexpr std::string_view kind = "scaled";
    double from = 0.996, to = 1;
    double reference_steps =
        500400;  ///< of the training that `from` and `to` were chosen for: 1600 epochs of ImageNet-1k, batch 4096
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("from", self.from, "momentum-from", "the teacher's momentum at the first step", Range::share());
        visit("to", self.to, "momentum-to", "what it goes to", Range::share());
        visit("reference_steps", self.reference_steps, "momentum-steps",
              "scaled: steps of the training that the momentum was chosen for", Range::above(0));
    }
    [[nodiscard]] double at(const StepCount& count) const {
        return std::pow(CosineRamp{from, to}.at(count.step, count.steps), reference_steps / count.steps);
    }
};

/// A teacher that becomes a copy of the student after every so many steps and stays as it is in between.
struct PeriodicCopy {
    static constexpr std::string_view kind = "copy";
    Index every = 100;  ///< steps between two copies
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("every", self.every, "copy-every", "copy: steps between two copies of the student",
              Range::count(1, 1e9));
    }
    [[nodiscard]] double at(const StepCount& count) const {
        return static_cast<Index>(count.step + 1) % every == 0 ? 0 : 1;
    }
};

/// A momentum schedule chosen at run time.
struct AnyMomentum {
    std::variant<PublishedMomentum, ReleasedMomentum, LinearMomentum, ScaledMomentum, PeriodicCopy>
        schedule{};

    [[nodiscard]] const auto& choice() const { return schedule; }
    [[nodiscard]] auto& choice() { return schedule; }
    [[nodiscard]] double at(const StepCount& count) const {
        return std::visit([&](const auto& s) { return s.at(count); }, schedule);
    }
};

/// A momentum schedule of a teacher: `at(StepCount)` in [0, 1].
template <class M>
concept MomentumSchedule = std::copyable<M> && requires(const M& momentum, const StepCount& count) {
    { momentum.at(count) } -> std::convertible_to<double>;
};

/// Whose parameters stand for what a training with a teacher found: those that are tested, probed and measured. The student's, or
/// the teacher's, an average over the last part of the training (Izmailov et al. 2018, arXiv 1803.05407).
enum class EvaluatedWeights { student, teacher };
constexpr std::array<std::pair<std::string_view, EvaluatedWeights>, 2> enumerators(EvaluatedWeights) {
    return {{{"student", EvaluatedWeights::student}, {"teacher", EvaluatedWeights::teacher}}};
}

/// No teacher: `RcMae<Masking, NoTeacher>` is the masked autoencoder without consistency, at no additional cost.
struct NoTeacher {};

/// Compiles if `M` is a `MomentumSchedule`; otherwise the compiler's first error names what is missing.
template <class M>
constexpr bool require_momentum_schedule() {
    static_assert(std::copyable<M>, "a teacher's momentum schedule cannot be copied");
    static_assert(
        requires(const M& momentum, const StepCount& count) {
            { momentum.at(count) } -> std::convertible_to<double>;
        },
        "a teacher's momentum schedule lacks at(const StepCount&) const, a number in [0, 1]");
    return true;
}

/// A teacher that is an exponential moving average of the student: it starts as a copy, and after every
/// optimizer step teacher = m teacher + (1 - m) student over all parameters.
template <class Momentum = PublishedMomentum>
struct EmaTeacher {
    static_assert(require_momentum_schedule<Momentum>());
    Momentum momentum{};

    /// @throws ConfigError for a momentum outside [0, 1] at the start or the end
    void check() const {
        if constexpr (MomentumSchedule<Momentum>)
            for (const double step : {0.0, 1.0}) {
                const double m = momentum.at({.step = step, .steps = 1});
                if (!(m >= 0 && m <= 1))
                    throw ConfigError(
                        message("a teacher's momentum must lie between 0 and 1; ", m, " was given"));
            }
    }
};

/// The requirements on a method's teacher: `momentum`, a `MomentumSchedule`, and `check()`, which throws a ConfigError
/// for invalid values. `NoTeacher` does not satisfy it.
template <class T>
concept AveragingTeacher = std::copyable<T> && requires(const T& teacher) {
    teacher.check();
    requires MomentumSchedule<std::remove_cvref_t<decltype(teacher.momentum)>>;
};

/// Compiles if `T` is an `AveragingTeacher`; otherwise the compiler's first error names what is missing.
template <class T>
constexpr bool require_teacher() {
    static_assert(
        requires(const T& teacher) { teacher.momentum; },
        "a teacher lacks momentum, the MomentumSchedule by which it follows the student");
    if constexpr (requires(const T& teacher) { teacher.momentum; })
        require_momentum_schedule<std::remove_cvref_t<decltype(std::declval<const T&>().momentum)>>();
    static_assert(
        requires(const T& teacher) { teacher.check(); },
        "a teacher lacks check() const, which throws a ConfigError for invalid values");
    return true;
}

}  // namespace vitscape
