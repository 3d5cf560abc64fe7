// SPDX-License-Identifier: Apache-2.0
//
// The reference values under tests/data/golden, or in the folder that VITSCAPE_GOLDEN_DIR names.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include <vitscape/io/json.hpp>
#include <vitscape/io/safetensors.hpp>

namespace vitscape::test {

/// The path of a file of the golden folder: `golden_path("mae.json")`.
inline std::filesystem::path golden_path(const std::string& name) {
    const char* folder = std::getenv("VITSCAPE_GOLDEN_DIR");
    return std::filesystem::path(folder != nullptr ? folder : VITSCAPE_GOLDEN_DEFAULT) / name;
}

/// The scalars of one reference: `golden_json("mae").at("loss_pix").get<double>()`.
inline nlohmann::json golden_json(const std::string& name) { return load_json(golden_path(name + ".json")); }

/// The tensors of one reference: `golden_tensors("mae").at("images").to<double>()`.
inline SafeTensors golden_tensors(const std::string& name) {
    return SafeTensors::load(golden_path(name + ".safetensors"));
}

}  // namespace vitscape::test
