// SPDX-License-Identifier: Apache-2.0
//
// The states that a training passed through, as pretrain --keep-every leaves them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/io/checkpoint.hpp>
#include <vitscape/landscape/mark.hpp>
#include <vitscape/landscape/part.hpp>
#include <vitscape/tensor/vector.hpp>

namespace program {

/// States of a training, in the order of their epochs: how far each is from its end, and its name and file.
template <vitscape::Backend B>
struct KeptStates {
    std::vector<vitscape::Vector<B>> ways;
    std::vector<vitscape::Mark> marks;
};

/// Reads checkpoints of the training that led to theta, in the parameters of `part`, without those that do not differ from it. One
/// after another, so that no more than their differences are kept.
/// @param prefix  of the parameters in the files  @param training  what the checkpoint of theta says of its training
/// @throws ConfigError for a checkpoint of another training, and what reading it throws
template <vitscape::Backend B>
[[nodiscard]] KeptStates<B> kept_states(const std::vector<std::filesystem::path>& files,
                                        const vitscape::ParameterLayout& layout,
                                        const vitscape::Vector<B>& theta, const std::string& prefix,
                                        const nlohmann::json& training,
                                        const vitscape::ParameterBlock& part) {
    struct State {
        std::uint32_t epoch;
        std::string file;
        vitscape::Vector<B> way;
    };
    std::vector<State> states;
    for (const std::filesystem::path& path : files) {
        const auto checkpoint = vitscape::Checkpoint::load(path);
        if (const auto difference = vitscape::first_difference(
                training, checkpoint.description().value("training", nlohmann::json())))
            throw vitscape::ConfigError(
                vitscape::message(path.string(), " belongs to another training than --checkpoint: training",
                                  *difference, "; leave it out of --trajectory"));
        State state{checkpoint.described().at("state").at("epoch").template to<std::uint32_t>(),
                    path.string(),
                    {theta.backend(), checkpoint.vector<float>(layout, prefix)}};
        vitscape::axpby(-1, theta, 1, state.way);
        vitscape::keep_only(part, state.way);
        if (vitscape::norm(state.way) > 0) states.push_back(std::move(state));
    }
    std::stable_sort(states.begin(), states.end(),
                     [](const State& a, const State& b) { return a.epoch < b.epoch; });
    KeptStates<B> kept;
    for (State& state : states) {
        kept.ways.push_back(std::move(state.way));
        kept.marks.push_back({vitscape::message("epoch ", state.epoch), 0, 0, state.file});
    }
    return kept;
}

}  // namespace program
