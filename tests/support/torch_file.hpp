// SPDX-License-Identifier: Apache-2.0
//
// Files as torch.save writes them, instruction by instruction and byte by byte, so that each byte can also be wrong.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vitscape::test {

/// The bytes of a number, the lowest first.
template <class Number>
std::string bytes_of_number(Number value) {
    std::string bytes(sizeof(Number), '\0');
    std::memcpy(bytes.data(), &value, sizeof(Number));
    return bytes;
}

/// A pickle of protocol 2 in the making. Each function appends what Python would write for such an object.
class PickleText {
  public:
    explicit PickleText(std::string start = "\x80\x02") : bytes_(std::move(start)) {}

    PickleText& raw(std::string_view instructions) {
        bytes_ += instructions;
        return *this;
    }
    PickleText& text(std::string_view text) {
        return raw("X").raw(bytes_of_number(static_cast<std::uint32_t>(text.size()))).raw(text);
    }
    PickleText& integer(std::int64_t value) { return raw("\x8A\x08").raw(bytes_of_number(value)); }
    PickleText& real(double value) {
        std::string bytes = bytes_of_number(value);
        return raw("G").raw(std::string(bytes.rbegin(), bytes.rend()));
    }
    PickleText& global(std::string_view module, std::string_view name) {
        return raw("c").raw(module).raw("\n").raw(name).raw("\n");
    }
    PickleText& integers(const std::vector<std::int64_t>& values) {
        raw("(");
        for (const std::int64_t value : values) integer(value);
        return raw("t");
    }
    PickleText& storage(std::string_view type, std::string_view key, std::int64_t count) {
        raw("(").text("storage").global("torch", type).text(key).text("cpu").integer(count);
        return raw("tQ");
    }
    PickleText& ordered_dict() { return global("collections", "OrderedDict").raw(")R"); }

    /// A tensor of the storage that is put before, as torch._utils._rebuild_tensor_v2 gets it.
    PickleText& tensor(std::string_view type, std::string_view key, std::int64_t count, std::int64_t offset,
                       const std::vector<std::int64_t>& extents, const std::vector<std::int64_t>& strides) {
        global("torch._utils", "_rebuild_tensor_v2").raw("(").storage(type, key, count).integer(offset);
        return integers(extents).integers(strides).raw("\x89").ordered_dict().raw("tR");
    }

    /// The whole pickle.
    [[nodiscard]] std::string stop() const { return bytes_ + "."; }

  private:
    std::string bytes_;
};

/// An entry of a zip archive; what is not said is computed from the content.
struct ZipEntry {
    std::string name;
    std::string content{};     // as it lies in the archive
    std::uint16_t method = 0;  // 8: the content is packed by deflate
    std::int64_t size = -1;    // bytes of the unpacked content
    std::int64_t crc = -1;     // of the unpacked content
    std::uint16_t flags = 0;   // 1: encrypted
};

/// CRC-32 (ISO 3309).
inline std::uint32_t crc32_of(std::string_view bytes) {
    std::uint32_t crc = ~0U;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320U : 0);
    }
    return ~crc;
}

/// A zip archive (PKWARE, APPNOTE.TXT).
inline std::string zip_of(const std::vector<ZipEntry>& entries) {
    std::string archive, directory;
    for (const ZipEntry& entry : entries) {
        const auto packed = static_cast<std::uint32_t>(entry.content.size());
        const auto size = entry.size < 0 ? packed : static_cast<std::uint32_t>(entry.size);
        const std::uint32_t crc =
            entry.crc < 0 ? crc32_of(entry.content) : static_cast<std::uint32_t>(entry.crc);
        const std::string common = bytes_of_number(std::uint16_t{20}) + bytes_of_number(entry.flags) +
                                   bytes_of_number(entry.method) +
                                   bytes_of_number(std::uint32_t{0x00210000}) + bytes_of_number(crc) +
                                   bytes_of_number(packed) + bytes_of_number(size) +
                                   bytes_of_number(static_cast<std::uint16_t>(entry.name.size())) +
                                   bytes_of_number(std::uint16_t{0});
        directory += "PK\x01\x02" + bytes_of_number(std::uint16_t{20}) + common + std::string(10, '\0') +
                     bytes_of_number(static_cast<std::uint32_t>(archive.size())) + entry.name;
        archive += "PK\x03\x04" + common + entry.name + entry.content;
    }
    const auto count = bytes_of_number(static_cast<std::uint16_t>(entries.size()));
    return archive + directory + std::string("PK\x05\x06\0\0\0\0", 8) + count + count +
           bytes_of_number(static_cast<std::uint32_t>(directory.size())) +
           bytes_of_number(static_cast<std::uint32_t>(archive.size())) + std::string(2, '\0');
}

/// The entries that torch.save writes for a pickle and the storages "0", "1", ….
inline std::vector<ZipEntry> torch_entries(const std::string& pickle,
                                           const std::vector<std::string>& storages) {
    std::vector<ZipEntry> entries{{.name = "archive/data.pkl", .content = pickle},
                                  {.name = "archive/byteorder", .content = "little"}};
    for (std::size_t key = 0; key < storages.size(); ++key)
        entries.push_back({.name = "archive/data/" + std::to_string(key), .content = storages[key]});
    entries.push_back({.name = "archive/version", .content = "3\n"});
    return entries;
}

}  // namespace vitscape::test
