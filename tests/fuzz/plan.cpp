// SPDX-License-Identifier: Apache-2.0
//
// A study's plan.json, resumed with the options in the seed of the corpus.
#include <vitscape/study/plan_file.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    vitscape::DecidedPlan decided;
    const auto json = vitscape::load_json(fuzz::file_of(bytes));
    const vitscape::JsonValue plan(json, "plan.json");
    (void)vitscape::first_difference(plan.at("asked").json(), {{"methods", {{"mae", 1}}}});
    decided.read(plan.at("decided"));
    (void)decided.json();
}
