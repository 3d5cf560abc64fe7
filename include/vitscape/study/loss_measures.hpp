// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include <vitscape/study/any_loss.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/run_part.hpp>

namespace vitscape {

/// Calls `work(part)` for all parts of the measures of losses in `measures`, around one loss.
/// @param loss  its name, as in `study_losses`  @param around  gives it when a part is computed
template <Backend B, class Measures>
void for_each_loss_part(const std::string& loss, const std::function<LossAround<B, AnyLoss<B>>&()>& around,
                        const Measures& measures, const LossSpeed& speed,
                        const std::function<void(RunPart part)>& work) {
    using Around = LossAround<B, AnyLoss<B>>;
    for_each_measure(measures, [&]<class T>(const T& measure) {
        static_assert(!MeasuresLosses<T> || LossMeasure<T, Around> || PartedLossMeasure<T, Around>,
                      "a measure of losses needs compute(LossAround<B, O>&) that gives its result, and the "
                      "number of a part if it has parts()");
        const std::string key(T::key), name = message(loss, ".", key),
                                       title = message(loss, " loss, ", in_words(key));
        if constexpr (MeasuresParts<T>)
            for (std::uint32_t part = 0; part < measure.parts(); ++part) {
                const std::string part_name = message(name, "-", part);
                work({.name = part_name,
                      .title = message(title, " ", part + 1, " of ", measure.parts()),
                      .seconds = measure.seconds(speed),
                      .kind = statistics_work,
                      .compute = [&around, &measure, part, part_name] {
                          return nlohmann::json{{part_name, measure.compute(around(), part)}};
                      }});
            }
        else if constexpr (MeasuresLosses<T>)
            work({.name = name,
                  .title = title,
                  .seconds = measure.seconds(speed),
                  .kind = statistics_work,
                  .compute = [&around, &measure, name] {
                      return nlohmann::json{{name, measure.compute(around())}};
                  }});
    });
}

}  // namespace vitscape
