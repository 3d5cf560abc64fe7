// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/io/checksum.hpp>
#include <vitscape/io/element_type.hpp>
#include <vitscape/io/json.hpp>

namespace vitscape {

/// Contiguous values of a type that safetensors files support.
template <class Values>
concept StoredValues =
    std::ranges::contiguous_range<Values> && StoredElement<std::ranges::range_value_t<Values>>;

/// Collects tensors and writes them as a safetensors file. Tensors are streamed from their own memory, so no
/// second copy of a model is made. The bytes depend only on the tensors and on the order in which they were added.
///
///     SafeTensorsWriter writer;
///     writer.add("norm.weight", {96}, weight);          // weight must live until write()
///     writer.add("labels", {10}, std::move(labels));    // the writer keeps these
///     writer.set_metadata("format", "pt");
///     writer.write("model.safetensors");
class SafeTensorsWriter {
  public:
    /// Adds a tensor of row-major `values`: a span or an lvalue is only referenced, an rvalue container is
    /// kept.
    /// @throws ShapeError when the number of values does not match the shape; IoError for a duplicate name.
    template <StoredValues Values>
    void add(std::string name, const Shape& shape, Values&& values) {
        using T = std::ranges::range_value_t<Values>;
        if (static_cast<Index>(std::ranges::size(values)) != shape.size())
            throw ShapeError(message("tensor ", name, " of shape ", shape, " needs ", shape.size(),
                                     " values, ", std::ranges::size(values), " were given"));
        if (name == "__metadata__" || contains(name))
            throw IoError(message("a safetensors file cannot hold a second tensor ", name));
        Entry entry{std::move(name), element_type_of<T>(), shape, {}, nullptr};
        if constexpr (std::ranges::borrowed_range<Values>) {
            entry.bytes =
                std::as_bytes(std::span<const T>(std::ranges::data(values), std::ranges::size(values)));
        } else {
            const auto kept =
                std::make_shared<const std::remove_cvref_t<Values>>(std::forward<Values>(values));
            entry.bytes =
                std::as_bytes(std::span<const T>(std::ranges::data(*kept), std::ranges::size(*kept)));
            entry.owner = kept;
        }
        entries_.push_back(std::move(entry));
    }

    /// A string for the file's `__metadata__`; "checksum" is the writer's own.
    void set_metadata(const std::string& key, std::string text) { metadata_[key] = std::move(text); }

    [[nodiscard]] bool contains(std::string_view name) const {
        return std::any_of(entries_.begin(), entries_.end(),
                           [&](const Entry& entry) { return entry.name == name; });
    }

    /// Writes the file `path` atomically, with its checksum in the metadata (io/checksum.hpp). Tensors stand in the order in which they were added,
    /// those of wider types first, so that each is aligned to its type.
    /// @throws IoError as AtomicFile.
    void write(const std::filesystem::path& path) const {
        AtomicFile file(path);
        write_to([&](const auto& part) { file.write(part); });
        file.commit();
    }
    /// The file's bytes.
    [[nodiscard]] std::vector<std::byte> bytes() const {
        std::vector<std::byte> all;
        write_to([&](const auto& part) {
            const auto bytes = std::as_bytes(std::span(part));
            all.insert(all.end(), bytes.begin(), bytes.end());
        });
        return all;
    }

  private:
    struct Entry {
        std::string name;
        ElementType type;
        Shape shape;
        std::span<const std::byte> bytes;
        std::shared_ptr<const void> owner;
    };

    /// Calls `put(part)` for the header's text and for each tensor's bytes.
    template <class Put>
    void write_to(const Put& put) const {
        std::vector<const Entry*> order;
        for (const Entry& entry : entries_) order.push_back(&entry);
        std::stable_sort(order.begin(), order.end(),
                         [](const Entry* a, const Entry* b) { return size_of(a->type) > size_of(b->type); });

        nlohmann::ordered_json header = nlohmann::ordered_json::object();
        auto& metadata = header["__metadata__"];
        for (const auto& [key, text] : metadata_)
            if (key != "checksum") metadata[name_text(key)] = name_text(text);
        metadata["checksum"] = blank_checksum();
        std::uint64_t offset = 0;
        for (const Entry* entry : order) {
            const std::uint64_t end = offset + entry->bytes.size();
            auto& row = header[entry->name];
            row["dtype"] = name_of(entry->type);
            row["shape"] = std::vector<Index>(entry->shape.extents().begin(), entry->shape.extents().end());
            row["data_offsets"] = {offset, end};
            offset = end;
        }
        std::string text = json_text(header);
        text.append((8 - text.size() % 8) % 8, ' ');
        const std::uint64_t header_size = text.size();
        text.insert(0, reinterpret_cast<const char*>(&header_size), sizeof header_size);
        std::vector<std::span<const std::byte>> tensors;
        tensors.reserve(order.size());
        for (const Entry* entry : order) tensors.push_back(entry->bytes);
        fill_checksum(text, tensors);

        put(text);
        for (const auto bytes : tensors) put(bytes);
    }

    std::vector<Entry> entries_;
    std::map<std::string, std::string> metadata_;
};

}  // namespace vitscape
