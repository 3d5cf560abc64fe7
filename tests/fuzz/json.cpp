// SPDX-License-Identifier: Apache-2.0
//
// JSON and lines of it, and how their values are read by type.
#include <array>
#include <vector>

#include <vitscape/core/json_value.hpp>
#include <vitscape/io/json.hpp>

#include "fuzz.hpp"

template <class T>
void read_as(const vitscape::JsonValue& value) {
    try {
        (void)value.to<T>();
    } catch (const vitscape::IoError&) {
    }
}

void read_input(std::span<const std::uint8_t> bytes) {
    const auto& path = fuzz::file_of(bytes);
    try {
        for (const auto& line : vitscape::load_json_lines(path)) (void)vitscape::json_text(line);
    } catch (const vitscape::IoError&) {
    }
    const auto json = vitscape::load_json(path);
    (void)vitscape::json_text(vitscape::with_name_texts(json), 1);
    const vitscape::JsonValue value(json, "input");
    read_as<bool>(value);
    read_as<double>(value);
    read_as<float>(value);
    read_as<std::int8_t>(value);
    read_as<std::uint64_t>(value);
    read_as<std::int64_t>(value);
    read_as<std::string>(value);
    value.for_each([](const std::string&, const vitscape::JsonValue& entry) {
        read_as<std::vector<double>>(entry);
        read_as<std::vector<std::uint32_t>>(entry);
        read_as<std::array<float, 3>>(entry);
        read_as<std::string>(entry);
        read_as<std::uint32_t>(entry);
        read_as<float>(entry);
    });
}
