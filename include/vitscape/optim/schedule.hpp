// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <numbers>
#include <string_view>

#include <vitscape/core/fields.hpp>

namespace vitscape {

/// The default number of warm-up epochs of a training of `epochs`: a tenth, and no more than the masked
/// autoencoder's 40 (He et al. 2022, arXiv 2111.06377).
[[nodiscard]] inline double usual_warmup(double epochs) { return std::min(40.0, 0.1 * epochs); }

/// The learning rate over a training: `at(epoch, epochs)`, after `epoch` of `epochs` epochs, where `epoch` is fractional
/// within an epoch.
template <class S>
concept Schedule = std::copyable<S> && requires(const S& schedule, double epoch, double epochs) {
    { schedule.at(epoch, epochs) } -> std::convertible_to<double>;
};

/// Compiles if `S` is a `Schedule`; otherwise the compiler's first error says what is missing.
template <class S>
constexpr bool require_schedule() {
    static_assert(Schedule<S>, "a schedule lacks at(double epoch, double epochs) const, the learning rate");
    return true;
}

/// Learning rate: linear warm-up from 0 to `peak`, then a half cosine to `floor`, set at every step
/// (Loshchilov & Hutter 2017, arXiv 1608.03983; the warm-up and per-step use as in the masked autoencoder).
struct WarmupCosine {
    static constexpr std::string_view kind = "warmup-cosine";
    double peak = 1.5e-4;       ///< highest learning rate
    double warmup_epochs = 40;  ///< may be 0
    double floor = 0;           ///< learning rate at the end

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("peak", self.peak, "lr", "highest learning rate", Range::rate());
        visit("warmup_epochs", self.warmup_epochs, "warmup", "epochs of linear warm-up", Range::at_least(0));
        visit("floor", self.floor, "", "learning rate at the end", Range::rate());
    }

    /// @param epoch   epochs completed, fractional within an epoch.
    /// @param epochs  length of the whole training.
    [[nodiscard]] double at(double epoch, double epochs) const {
        if (epoch < warmup_epochs) return peak * epoch / warmup_epochs;
        const double part = epochs > warmup_epochs ? (epoch - warmup_epochs) / (epochs - warmup_epochs) : 1;
        return floor + (peak - floor) * 0.5 * (1 + std::cos(std::numbers::pi * part));
    }
};

/// A constant learning rate.
struct ConstantRate {
    static constexpr std::string_view kind = "constant";
    double rate = 1e-3;
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("rate", self.rate, "lr", "learning rate", Range::rate());
    }
    [[nodiscard]] double at(double, double) const { return rate; }
};

/// A value that changes from `from` to `to` along a half cosine over the whole training: the momentum of an EMA
/// teacher (Lee et al. 2023, arXiv 2210.02077).
struct CosineRamp {
    double from = 0.996, to = 1;
    /// @param step   steps done.  @param steps  steps of the whole training.
    [[nodiscard]] double at(double step, double steps) const {
        return to - (to - from) * 0.5 * (1 + std::cos(std::numbers::pi * step / steps));
    }
};

}  // namespace vitscape
