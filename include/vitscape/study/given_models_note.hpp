// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/study/given_model.hpp>
#include <vitscape/study/page/summary_section.hpp>

namespace vitscape::detail {

/// Which files were given, and whose sizes or targets are others: their losses have other scales.
template <class Entrants>
void put_given_models(nlohmann::json& report, const Entrants& entrants) {
    for (auto entrant_at = entrants.begin(); entrant_at != entrants.end(); ++entrant_at) {
        const auto& entrant = *entrant_at;
        const GivenModel* given = entrant->given();
        if (given == nullptr) continue;
        report["data"]["given_models"].push_back(
            message(entrant->name(), ": ", given->file, ", ", given->bytes, " bytes, ", given->checksum, "; ",
                    pixel_text(given->pixels), given->description.empty() ? "" : "; " + given->description));
        const nlohmann::json mine = entrant->description();
        std::vector<std::string> others;
        for (auto other_at = entrants.begin(); other_at != entrants.end(); ++other_at) {
            const auto& other = *other_at;
            if (other->given() != nullptr && other_at < entrant_at) continue;  // it is said of that one
            const nlohmann::json theirs = other->description();
            for (const char* part : {"encoder", "decoder", "masking", "pixel_loss", "loss"})
                if (mine.contains(part) && theirs.contains(part) && mine.at(part) != theirs.at(part)) {
                    others.push_back(other->title());
                    break;
                }
        }
        if (!others.empty())
            report["notes"].push_back(
                message(entrant->title(), " differs in architecture, masks or targets from ", joined(others),
                        ": their losses have other scales, and their numbers of parameters differ."));
    }
}

}  // namespace vitscape::detail
