// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include <vitscape/study/any_loss.hpp>
#include <vitscape/study/measure_list.hpp>

namespace vitscape {

/// A measure of a loss, or a part of one: its name in results.json, its title for people, the expected time and its work.
struct LossPart {
    std::string name, title;
    double seconds = 0;
    std::function<nlohmann::json()> compute;
};

/// Calls `work(part)` for all parts of the measures of losses in `measures`, around one loss.
template <Backend B, class Measures>
void compute_loss_measures(LossAround<B, AnyLoss<B>>& around, const Measures& measures,
                           const LossSpeed& speed, const std::function<void(const LossPart& part)>& work) {
    using Around = LossAround<B, AnyLoss<B>>;
    for_each_measure(measures, [&]<class T>(const T& measure) {
        static_assert(!MeasuresLosses<T> || LossMeasure<T, Around> || PartedLossMeasure<T, Around>,
                      "a measure of losses needs compute(LossAround<B, O>&) that gives its result, and the "
                      "number of a part if it has parts()");
        const std::string key(T::key), name = message(around.name(), ".", key),
                                       title = message(around.name(), " loss, ", key);
        if constexpr (MeasuresParts<T>)
            for (std::uint32_t part = 0; part < measure.parts(); ++part)
                work({message(name, "-", part), message(title, " ", part + 1, " of ", measure.parts()),
                      measure.seconds(speed), [&, part] { return measure.compute(around, part); }});
        else if constexpr (MeasuresLosses<T>)
            work({name, title, measure.seconds(speed), [&] { return measure.compute(around); }});
    });
}

}  // namespace vitscape
