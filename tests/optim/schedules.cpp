// SPDX-License-Identifier: Apache-2.0
#include <vitscape/optim/schedule.hpp>

#include "support/catch.hpp"
#include "support/golden.hpp"

namespace schedules_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("schedules: learning rate and teacher momentum of every step are the reference's", "[optim]") {
    const nlohmann::json json = golden_json("schedules");
    const SafeTensors file = golden_tensors("schedules");
    const auto number = [&](const char* key) { return json.at(key).get<double>(); };
    const WarmupCosine rate{
        .peak = number("base_lr"), .warmup_epochs = number("warmup_epochs"), .floor = number("min_lr")};
    const CosineRamp momentum{.from = number("momentum_base"), .to = number("momentum_final")};
    const auto rates = file.at("learning_rate").to<double>(),
               momenta = file.at("teacher_momentum").to<double>();
    const double epochs = number("epochs"), per_epoch = number("steps_per_epoch");
    REQUIRE(static_cast<double>(rates.size()) == epochs * per_epoch);
    REQUIRE(rates.size() == momenta.size());
    for (std::size_t step = 0; step < rates.size(); ++step) {
        INFO("step " << step);
        const auto done = static_cast<double>(step);
        CHECK(std::abs(rate.at(done / per_epoch, epochs) - rates[step]) < 1e-12 * rate.peak);
        CHECK(std::abs(momentum.at(done, epochs * per_epoch) - momenta[step]) < 1e-12);
    }
}

TEST_CASE("schedules: the corners", "[optim]") {
    const WarmupCosine rate{.peak = 2, .warmup_epochs = 4, .floor = 0.5};
    CHECK(rate.at(0, 10) == 0);
    CHECK(rate.at(2, 10) == 1);
    CHECK(rate.at(4, 10) == 2);
    CHECK(rate.at(7, 10) == Approx(1.25));
    CHECK(rate.at(10, 10) == Approx(0.5));
    const WarmupCosine at_once{.peak = 2, .warmup_epochs = 0};
    CHECK(at_once.at(0, 10) == 2);
    const WarmupCosine all_warmup{.peak = 2, .warmup_epochs = 10};
    CHECK(all_warmup.at(5, 10) == 1);
    CHECK(std::isfinite(all_warmup.at(10, 10)));
    CHECK(ConstantRate{.rate = 0.3}.at(7, 9) == 0.3);
    CHECK(usual_warmup(50) == 5);
    CHECK(usual_warmup(1600) == 40);
    const CosineRamp ramp{.from = 0.9, .to = 1};
    CHECK(ramp.at(0, 8) == Approx(0.9));
    CHECK(ramp.at(4, 8) == Approx(0.95));
    CHECK(ramp.at(8, 8) == Approx(1));
}

}  // namespace schedules_test
