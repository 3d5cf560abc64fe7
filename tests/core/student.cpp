// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <numbers>

#include <vitscape/core/student.hpp>

#include "support/catch.hpp"

namespace student_test {

using namespace vitscape;

TEST_CASE("quantiles of Student's distribution are those of the tables") {
    struct Entry {
        double probability, degrees, t;
    };
    // as printed in tables, three digits behind the point
    for (const Entry& entry : {Entry{0.95, 1, 6.314},
                               {0.975, 1, 12.706},
                               {0.995, 1, 63.657},
                               {0.9995, 1, 636.619},
                               {0.975, 2, 4.303},
                               {0.9995, 2, 31.599},
                               {0.90, 3, 1.638},
                               {0.975, 3, 3.182},
                               {0.975, 4, 2.776},
                               {0.975, 5, 2.571},
                               {0.995, 5, 4.032},
                               {0.975, 8, 2.306},
                               {0.975, 10, 2.228},
                               {0.75, 10, 0.700},
                               {0.975, 30, 2.042},
                               {0.995, 60, 2.660},
                               {0.975, 120, 1.980}}) {
        CHECK(std::abs(student_quantile(entry.probability, entry.degrees) - entry.t) < 5.1e-4);
        CHECK(student_quantile(1 - entry.probability, entry.degrees) ==
              Approx(-student_quantile(entry.probability, entry.degrees)).epsilon(1e-9));
    }
    CHECK(student_quantile(0.975, std::numeric_limits<double>::infinity()) ==
          Approx(1.959963984540054).epsilon(1e-12));
}

TEST_CASE("quantiles of Student's distribution in closed form") {
    for (const double p : {1e-12, 1e-6, 0.01, 0.3, 0.499999, 0.5, 0.50001, 0.6, 0.9, 0.99, 0.999999}) {
        const double cauchy = -1 / std::tan(std::numbers::pi * p);
        CHECK(student_quantile(p, 1) == Approx(cauchy).epsilon(1e-9).margin(1e-15));
        const double two = (2 * p - 1) / std::sqrt(2 * p * (1 - p));
        CHECK(student_quantile(p, 2) == Approx(two).epsilon(1e-9).margin(1e-15));
    }
    // both sides of where the way of computing changes
    CHECK(student_quantile(0.9999, 9999.9) == Approx(student_quantile(0.9999, 10000.1)).epsilon(1e-8));
    // degrees between integers lie between theirs
    CHECK(student_quantile(0.975, 2.5) < student_quantile(0.975, 2));
    CHECK(student_quantile(0.975, 2.5) > student_quantile(0.975, 3));
    CHECK_THROWS_AS(student_quantile(0, 3), ConfigError);
    CHECK_THROWS_AS(student_quantile(1, 3), ConfigError);
    CHECK_THROWS_AS(student_quantile(0.5, 0), ConfigError);
    CHECK_THROWS_AS(student_quantile(0.5, std::nan("")), ConfigError);
}

TEST_CASE("tails of Student's distribution") {
    struct Entry {
        double t, degrees, probability;
    };
    // SciPy 1.17.1, 2 * scipy.stats.t.sf(|t|, degrees)
    for (const Entry& entry : {Entry{2, 5, 0.10193947882985835},
                               {-1.5, 2, 0.2723931248910011},
                               {3, 2.5, 0.07257609554903183},
                               {0.1, 30, 0.9210096117902712},
                               {40, 4, 2.3340163226012678e-06},
                               {700, 3, 6.429444255028836e-09},
                               {5, 9999, 5.830336410228308e-07},
                               {5, 20000, 5.78151414765806e-07},
                               {8, 15000, 1.3346559001984899e-15},
                               {2.5, 1e6, 0.012419489502163254},
                               {1e-3, 1e5, 0.9992021175668878}})
        CHECK(student_tail(entry.t, entry.degrees) == Approx(entry.probability).epsilon(1e-9));
    for (const double degrees : {0.7, 1.0, 2.0, 3.5, 12.0, 9000.0, 11000.0, 1e12})
        for (const double probability : {1e-9, 0.01, 0.4})
            CHECK(student_tail(student_quantile(probability / 2, degrees), degrees) ==
                  Approx(probability).epsilon(1e-8));
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(student_tail(1.959963984540054, infinity) == Approx(0.05).epsilon(1e-12));
    for (const double degrees : {1.0, 1e5, infinity}) {
        CHECK(student_tail(0, degrees) == 1);
        CHECK(student_tail(infinity, degrees) == 0);
        CHECK(std::isnan(student_tail(std::nan(""), degrees)));
    }
    CHECK_THROWS_AS(student_tail(1, 0), ConfigError);
    CHECK_THROWS_AS(student_tail(1, std::nan("")), ConfigError);
}

}  // namespace student_test
