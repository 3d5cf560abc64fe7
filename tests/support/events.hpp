// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/io/event_file.hpp>

#include "support/catch.hpp"

namespace vitscape::test {

/// A field of a Protobuf message: a number, or bytes.
struct ProtobufField {
    unsigned number = 0;
    std::uint64_t value = 0;
    std::string_view bytes;

    template <class T>
    [[nodiscard]] T as() const {
        T result;
        std::memcpy(&result, &value, sizeof result);
        return result;
    }
};

/// The fields of a message, read as its specification says and not as the writer is written.
inline std::vector<ProtobufField> protobuf_fields(std::string_view message) {
    std::vector<ProtobufField> fields;
    const auto varint = [&] {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            REQUIRE(!message.empty());
            const auto byte = static_cast<unsigned char>(message.front());
            message.remove_prefix(1);
            value |= std::uint64_t{byte & 127U} << shift;
            if (byte < 128) return value;
        }
    };
    while (!message.empty()) {
        const std::uint64_t key = varint();
        ProtobufField field{static_cast<unsigned>(key >> 3), 0, {}};
        if (key % 8 == 0) {
            field.value = varint();
        } else {
            REQUIRE((key % 8 == 1 || key % 8 == 2 || key % 8 == 5));
            const std::size_t size = key % 8 == 1 ? 8 : key % 8 == 5 ? 4 : varint();
            REQUIRE(size <= message.size());
            field.bytes = message.substr(0, size);
            if (key % 8 != 2) std::memcpy(&field.value, message.data(), size);
            message.remove_prefix(size);
        }
        fields.push_back(field);
    }
    return fields;
}

/// What an event says.
struct ReadEvent {
    double seconds = 0;
    std::int64_t step = 0;
    std::string version;
    std::int64_t session = 0;  ///< 1: a start
    std::vector<std::pair<std::string, float>> scalars;
};

/// The events of a file whose frames and checksums are right.
inline std::vector<ReadEvent> read_events(std::string_view file) {
    std::vector<ReadEvent> events;
    const auto word = [](std::string_view bytes) {
        std::uint64_t value = 0;
        std::memcpy(&value, bytes.data(), bytes.size());
        return value;
    };
    while (!file.empty()) {
        REQUIRE(file.size() >= 16);
        const std::uint64_t length = word(file.substr(0, 8));
        REQUIRE(length <= file.size() - 16);
        CHECK(word(file.substr(8, 4)) == masked_crc32c(file.substr(0, 8)));
        const std::string_view message = file.substr(12, length);
        CHECK(word(file.substr(12 + length, 4)) == masked_crc32c(message));
        file.remove_prefix(16 + length);
        ReadEvent& event = events.emplace_back();
        for (const ProtobufField& field : protobuf_fields(message)) {
            if (field.number == 1) event.seconds = field.as<double>();
            if (field.number == 2) event.step = field.as<std::int64_t>();
            if (field.number == 3) event.version = field.bytes;
            if (field.number == 7) event.session = protobuf_fields(field.bytes).at(0).as<std::int64_t>();
            if (field.number != 5) continue;
            for (const ProtobufField& value : protobuf_fields(field.bytes)) {
                REQUIRE(value.number == 1);
                const auto parts = protobuf_fields(value.bytes);
                REQUIRE(parts.size() == 2);
                event.scalars.emplace_back(parts[0].bytes, parts[1].as<float>());
            }
        }
    }
    return events;
}

}  // namespace vitscape::test
