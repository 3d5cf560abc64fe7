// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/io/json.hpp>

namespace vitscape {

/// A number of one run with its standard error, NaN where there is none.
struct MeasuredValue {
    double value = std::numeric_limits<double>::quiet_NaN(),
           standard_error = std::numeric_limits<double>::quiet_NaN();
};

/// A number that every run of a comparison is measured by.
struct Measure {
    std::string key, group, name, unit, loss;                ///< loss: "training", "classification" or empty
    bool headline = false;                                   ///< belongs to the report's first table
    bool flatness = false;                                   ///< is set against the held-out accuracy
    std::function<MeasuredValue(const nlohmann::json&)> of;  ///< from a run's results
};

namespace detail {

/// The results of a loss; a classifier's only loss serves as both.
inline std::string loss_prefix(const nlohmann::json& results, const std::string& loss) {
    return results.contains(loss + ".plane-0") ? loss : "training";
}
/// A radius or strength as it is part of a key or a name.
inline std::string plain_number(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", number);
    return text;
}

}  // namespace detail

/// Measures of runs as a whole, in the order in which they are added.
class RunMeasures {
    using Json = nlohmann::json;

  public:
    RunMeasures(std::vector<Measure>& all, std::string group) : all_(all), group_(std::move(group)) {}

    /// @param of  from a run's results
    Measure& add(const std::string& key, std::string name, std::string unit,
                 std::function<double(const Json&)> of) const {
        all_.push_back({message(group_, ".", key), group_, std::move(name), std::move(unit), "", false, false,
                        [of = std::move(of)](const Json& run) { return MeasuredValue{.value = of(run)}; }});
        return all_.back();
    }

  private:
    std::vector<Measure>& all_;
    std::string group_;
};

/// Measures of one loss around a solution; each is set against the accuracy.
class LossMeasures {
    using Json = nlohmann::json;

  public:
    LossMeasures(std::vector<Measure>& all, std::string loss) : all_(all), loss_(std::move(loss)) {}
    [[nodiscard]] LossMeasures& group(std::string name) {
        group_ = std::move(name);
        return *this;
    }

    /// @param of  from a run's results and the beginning of their names
    Measure& add(const std::string& key, std::string name,
                 std::function<MeasuredValue(const Json&, const std::string&)> of) const {
        all_.push_back({message(loss_, ".", key), group_, std::move(name), "", loss_, false, true,
                        [of = std::move(of), loss = loss_](const Json& run) {
                            return of(run, detail::loss_prefix(run, loss));
                        }});
        return all_.back();
    }
    /// @param of  from the result called `what`
    Measure& result(const std::string& key, std::string name, const std::string& what,
                    std::function<MeasuredValue(const Json&)> of) const {
        return add(key, std::move(name),
                   [of = std::move(of), what](const Json& run, const std::string& prefix) {
                       return of(run.at(message(prefix, ".", what)));
                   });
    }
    /// The mean over a run's planes, with its standard error where there are several. @param of  from one plane's results
    Measure& planes(const std::string& key, std::string name, std::function<double(const Json&)> of) const {
        return add(key, std::move(name), [of = std::move(of)](const Json& run, const std::string& prefix) {
            std::vector<double> values;
            for (int pair = 0; run.contains(message(prefix, ".plane-", pair)); ++pair)
                values.push_back(of(run.at(message(prefix, ".plane-", pair))));
            const MeanAndError found = mean_and_error(values);
            MeasuredValue measured{.value = found.mean};
            if (values.size() > 1) measured.standard_error = found.standard_error;
            return measured;
        });
    }

  private:
    std::vector<Measure>& all_;
    std::string loss_, group_;
};

}  // namespace vitscape
