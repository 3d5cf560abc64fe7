// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <ostream>
#include <string>

#include <vitscape/core/fields.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/study/origin.hpp>

namespace vitscape {

/// Prints the claims and the headline values to a terminal.
inline void print_summary(std::ostream& out, const nlohmann::json& report) {
    const auto text = [](const nlohmann::json& value) {
        char buffer[32];
        std::snprintf(buffer, sizeof buffer, "%.4g", number_or_nan(value));
        return value.is_number() ? std::string(buffer) : std::string("-");
    };
    for (const auto& method : report.at("methods")) {
        const std::string title = method.at("title"), why = method.at("learning").at("why_not");
        const bool given = method.at("learning").at("origin") == name_of(Origin::given);
        if (given) out << title << " is a given model, one set of weights: no claim is tested with it\n";
        if (!why.empty())
            out << title
                << (given ? " does no better here than without training: " : " learned nothing here: ") << why
                << '\n';
    }
    for (const auto& measure : report.at("measures")) {
        if (!measure.value("headline", false)) continue;
        out << (measure.at("loss").is_null() ? std::string()
                                             : measure.at("loss").get<std::string>() + " loss, ")
            << measure.at("name").get<std::string>() << ":";
        for (const auto& method : report.at("methods")) {
            const auto& s = measure.at("summary").at(method.at("name").get<std::string>());
            out << "  " << method.at("title").get<std::string>() << " " << text(s.at("mean")) << " +- "
                << text(s.at("standard_error"));
        }
        out << '\n';
    }
    for (const auto& b : report.at("baselines"))
        out << b.at("name").get<std::string>() << ": " << text(b.at("top1")) << " +- "
            << text(b.at("standard_error")) << '\n';
    for (const auto& claim : report.at("claims")) {
        const std::string verdict = claim.at("verdict");
        out << verdict << ": " << claim.at("claim").get<std::string>() << " ("
            << (verdict == "measured" ? "ratio " : "difference ") << text(claim.at("difference"))
            << ", 95 % interval " << text(claim.at("interval").at(0)) << " to "
            << text(claim.at("interval").at(1));
        if (verdict != "measured") out << ", adjusted p = " << text(claim.at("adjusted_p_value"));
        out << ")\n";
    }
}

}  // namespace vitscape
