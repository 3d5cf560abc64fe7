// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// The records of an event file, which TensorBoard reads: Protobuf messages `Event` (tensorflow/core/util/event.proto), each in
/// the frame of a TFRecord file: its length (uint64), a checksum of that, the message, a checksum of it (uint32 each; CRC-32C,
/// masked). All is little-endian. Such a file begins with `event_file_version`.
namespace vitscape {

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4): reflected, polynomial 0x1EDC6F41.
[[nodiscard]] inline std::uint32_t crc32c(std::string_view bytes) {
    static constexpr auto table = [] {
        std::array<std::uint32_t, 256> values{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
            values[i] = value;
        }
        return values;
    }();
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char byte : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xFFU];
    return ~crc;
}

/// As it stands in a TFRecord file: a checksum over data that hold checksums would be weak without the mask.
[[nodiscard]] inline std::uint32_t masked_crc32c(std::string_view bytes) {
    return std::rotr(crc32c(bytes), 15) + 0xA282EAD8U;
}

namespace detail {

template <class Number>
void append_bytes(std::string& out, Number number) {
    const auto bytes = std::bit_cast<std::array<char, sizeof(Number)>>(number);
    out.append(bytes.data(), bytes.size());
}

/// A Protobuf message (https://protobuf.dev/programming-guides/encoding) that is written field by field.
class ProtobufMessage {
  public:
    ProtobufMessage& add(unsigned field, std::int64_t value) {
        varint(field << 3 | 0);
        varint(static_cast<std::uint64_t>(value));
        return *this;
    }
    ProtobufMessage& add(unsigned field, double value) {
        varint(field << 3 | 1);
        append_bytes(bytes_, value);
        return *this;
    }
    ProtobufMessage& add(unsigned field, std::string_view bytes) {
        varint(field << 3 | 2);
        varint(bytes.size());
        bytes_ += bytes;
        return *this;
    }
    ProtobufMessage& add(unsigned field, float value) {
        varint(field << 3 | 5);
        append_bytes(bytes_, value);
        return *this;
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

  private:
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
        bytes_ += static_cast<char>(value);
    }
    std::string bytes_;
};

/// An `Event` in its frame. @param field  the number of what happened, `content`
inline std::string event_record(double seconds, std::int64_t step, unsigned field, std::string_view content) {
    const std::string event = ProtobufMessage().add(1, seconds).add(2, step).add(field, content).bytes();
    std::string record;
    append_bytes(record, static_cast<std::uint64_t>(event.size()));
    append_bytes(record, masked_crc32c(record));
    record += event;
    append_bytes(record, masked_crc32c(event));
    return record;
}

}  // namespace detail

/// The first record of an event file. @param seconds  since 1970, here and below
[[nodiscard]] inline std::string event_file_version(double seconds) {
    return detail::event_record(seconds, 0, 3, "brain.Event:2");
}

/// Says that what earlier files of the folder hold of this step and later ones does not count: a training went on from before.
[[nodiscard]] inline std::string event_of_restart(double seconds, std::int64_t step) {
    constexpr std::int64_t start = 1;
    return detail::event_record(seconds, step, 7, detail::ProtobufMessage().add(1, start).bytes());
}

/// Numbers of a step, each with the name of its curve; TensorBoard keeps them as float32.
[[nodiscard]] inline std::string event_of_scalars(double seconds, std::int64_t step,
                                                  std::span<const std::pair<std::string, double>> scalars) {
    detail::ProtobufMessage summary;
    for (const auto& [name, value] : scalars)
        summary.add(1, detail::ProtobufMessage().add(1, name).add(2, static_cast<float>(value)).bytes());
    return detail::event_record(seconds, step, 5, summary.bytes());
}

}  // namespace vitscape
