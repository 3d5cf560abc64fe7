// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/io/checksum.hpp>
#include <vitscape/io/element_type.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/io/safe_tensor.hpp>

namespace vitscape {

/// A safetensors file in memory: eight bytes of header length, a JSON header with the type, shape and
/// place of each tensor, then their bytes without gaps (https://github.com/huggingface/safetensors). A file
/// is not trusted: every length, offset, type and shape is checked before it is used, and all bytes by the checksum in the
/// metadata where there is one.
class SafeTensors {
  public:
    /// Maximum header length, as in the reference implementation.
    static constexpr std::uint64_t max_header = 100'000'000;

    /// @throws IoError when the file cannot be read, breaks the format or is damaged; the text names the file, the
    /// tensor and the fault.
    static SafeTensors load(const std::filesystem::path& path) {
        SafeTensors file = parse(read_bytes(path), path.string());
        if (!file.has_checksum()) detail::note_missing_checksum(file.origin());
        return file;
    }

    /// As `load`, from the bytes of a file; `origin` names them in errors.
    static SafeTensors parse(std::vector<std::byte> bytes, std::string origin);

    [[nodiscard]] bool contains(std::string_view name) const { return by_name_.find(name) != by_name_.end(); }

    /// @throws IoError when there is no such tensor; the message lists the most similar names.
    [[nodiscard]] SafeTensor at(std::string_view name) const;

    /// The names of the tensors in the order of their bytes in the file.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

    /// Whether the file carries a checksum: then its bytes give it.
    [[nodiscard]] bool has_checksum() const { return checked_; }

    /// The strings of the `__metadata__` entry, without the checksum.
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }

    /// The origin of the bytes, for errors.
    [[nodiscard]] const std::string& origin() const { return origin_; }

  private:
    struct Entry {
        ElementType type;
        Shape shape;
        std::uint64_t begin;  // offsets within the tensors' bytes
        std::uint64_t end;
    };

    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        throw IoError(message(origin_, " is not a safetensors file that can be used: ", parts...));
    }
    [[nodiscard]] nlohmann::json parse_header(std::string_view text) const;
    [[nodiscard]] Entry parse_entry(const std::string& name, const nlohmann::json& value) const;

    std::string origin_;
    std::vector<std::byte> bytes_;
    std::size_t data_begin_ = 0;
    bool checked_ = false;
    std::vector<std::string> names_;
    std::map<std::string, Entry, std::less<>> by_name_;
    std::map<std::string, std::string> metadata_;
};

inline SafeTensors SafeTensors::parse(std::vector<std::byte> bytes, std::string origin) {
    SafeTensors file;
    file.bytes_ = std::move(bytes);
    file.origin_ = std::move(origin);

    std::uint64_t header_size = 0;
    if (file.bytes_.size() < sizeof(header_size))
        file.refuse("it has ", file.bytes_.size(), " bytes, the header's length alone takes 8");
    std::memcpy(&header_size, file.bytes_.data(), sizeof(header_size));
    if (header_size > max_header)
        file.refuse("the header claims ", header_size, " bytes, more than ", max_header);
    if (header_size > file.bytes_.size() - sizeof(header_size))
        file.refuse("the header claims ", header_size, " bytes, the file has ", file.bytes_.size());
    file.data_begin_ = sizeof(header_size) + static_cast<std::size_t>(header_size);

    const auto header_bytes =
        std::span<const std::byte>(file.bytes_).subspan(sizeof(header_size), header_size);
    file.checked_ = verify_checksum(file.bytes_, header_bytes, file.origin_);
    const auto header = file.parse_header(
        {reinterpret_cast<const char*>(file.bytes_.data()) + sizeof(header_size), header_size});
    for (const auto& [name, value] : header.items()) {
        if (name != "__metadata__") {
            file.by_name_.emplace(name, file.parse_entry(name, value));
            file.names_.push_back(name);
            continue;
        }
        if (!value.is_object()) file.refuse("__metadata__ is not an object");
        for (const auto& [key, text] : value.items()) {
            if (!text.is_string()) file.refuse("the __metadata__ entry ", key, " is not a text");
            const auto& content = text.template get_ref<const std::string&>();
            if (key == "checksum" && file.checked_) continue;
            if (key == "checksum" && detail::resembles_checksum(content)) detail::throw_damaged(file.origin_);
            file.metadata_.emplace(key, content);
        }
    }

    const auto place = [&](const std::string& name) {
        const Entry& entry = file.by_name_.find(name)->second;
        return std::pair(entry.begin, entry.end);
    };
    std::stable_sort(file.names_.begin(), file.names_.end(),
                     [&](const auto& a, const auto& b) { return place(a) < place(b); });
    std::uint64_t filled = 0;
    for (const std::string& name : file.names_) {
        const auto [begin, end] = place(name);
        if (begin != filled)
            file.refuse("tensor ", name, " begins at byte ", begin,
                        begin < filled ? ", inside the one before it, " : ", after a gap: ",
                        "the one before it ends at ", filled);
        filled = end;
    }
    const std::uint64_t available = file.bytes_.size() - file.data_begin_;
    if (filled != available)
        file.refuse("the tensors take ", filled, " bytes, ", available,
                    " follow the header; the file is cut short or has something appended");
    return file;
}

inline nlohmann::json SafeTensors::parse_header(std::string_view text) const {
    // The format has three levels. Deeper nesting would only cost memory; a duplicate name would hide a
    // tensor.
    std::vector<std::set<std::string>> keys(4);
    const auto check = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
        using Event = nlohmann::json::parse_event_t;
        if (depth > 3) refuse("the header is nested too deeply");
        if (event == Event::object_start) keys[static_cast<std::size_t>(depth)].clear();
        if (event == Event::key && !keys[static_cast<std::size_t>(depth - 1)].insert(value).second)
            refuse("the header names ", value, " twice");
        return true;
    };
    try {
        auto header = nlohmann::json::parse(text, check);
        if (!header.is_object()) refuse("the header is not a JSON object");
        return header;
    } catch (const nlohmann::json::exception& error) {
        refuse("the header is not valid JSON: ", error.what());
    }
}

inline SafeTensors::Entry SafeTensors::parse_entry(const std::string& name,
                                                   const nlohmann::json& value) const {
    const auto field = [&](const char* key) -> const nlohmann::json& {
        if (!value.is_object() || !value.contains(key)) refuse("tensor ", name, " has no ", key);
        return value[key];
    };
    const auto whole_numbers = [&](const char* key) {
        const auto& list = field(key);
        if (!list.is_array()) refuse("tensor ", name, ": ", key, " is not a list");
        std::vector<std::uint64_t> numbers;
        for (const auto& number : list) {
            if (!number.is_number_unsigned())
                refuse("tensor ", name, ": ", key, " holds ", number, ", which is no count");
            numbers.push_back(number.template get<std::uint64_t>());
        }
        return numbers;
    };

    if (!field("dtype").is_string()) refuse("tensor ", name, ": dtype is not a text");
    const auto type_name = field("dtype").get<std::string>();
    const auto type = element_type_named(type_name);
    if (!type) refuse("tensor ", name, ": its type ", type_name, " is not supported");

    const auto extents = whole_numbers("shape");
    if (extents.size() > Shape::max_rank)
        refuse("tensor ", name, " has ", extents.size(), " axes, at most ", Shape::max_rank,
               " are supported");
    const auto count = element_count(extents);
    if (!count || *count > bytes_.size() / size_of(*type))
        refuse("tensor ", name, " of shape ", nlohmann::json(extents).dump(),
               " is not plausible: it is larger than the file");
    const std::uint64_t size = *count * size_of(*type);

    const auto offsets = whole_numbers("data_offsets");
    if (offsets.size() != 2) refuse("tensor ", name, ": data_offsets are not a begin and an end");
    if (offsets[0] > offsets[1] || offsets[1] > bytes_.size() - data_begin_)
        refuse("tensor ", name, " lies at bytes ", offsets[0], " to ", offsets[1], " of ",
               bytes_.size() - data_begin_);
    const std::vector<Index> signed_extents(extents.begin(), extents.end());
    const Entry entry{*type, Shape(std::span<const Index>(signed_extents)), offsets[0], offsets[1]};
    if (entry.end - entry.begin != size)
        refuse("tensor ", name, " of type ", *type, " and shape ", entry.shape, " needs ", size,
               " bytes, it has ", entry.end - entry.begin);
    return entry;
}

inline SafeTensor SafeTensors::at(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) {
        const Entry& entry = found->second;
        const auto data = std::span(bytes_).subspan(data_begin_ + static_cast<std::size_t>(entry.begin),
                                                    static_cast<std::size_t>(entry.end - entry.begin));
        return {found->first, entry.type, entry.shape, data};
    }
    detail::throw_no_tensor(origin_, name, names_);
}

}  // namespace vitscape
