// SPDX-License-Identifier: Apache-2.0
//
// A run's results.json and a comparison's baselines.json, as a report is made of them.
#include <vector>

#include <vitscape/core/json_value.hpp>
#include <vitscape/study/numbers.hpp>
#include <vitscape/study/store.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    const vitscape::ResultStore store(fuzz::file_of(bytes));
    for (const auto& [name, result] : store.all().items()) {
        const vitscape::JsonValue value = store.checked(name);
        if (value.json().is_object())
            value.for_each([](const std::string&, const vitscape::JsonValue& entry) {
                if (entry.json().is_number() || entry.json().is_null()) (void)entry.number_or_nan();
            });
        if (value.json().is_array()) (void)vitscape::json_summary(value.to<std::vector<double>>());
    }
    (void)vitscape::json_summary(store.checked("random encoder").to<std::vector<double>>());
}
