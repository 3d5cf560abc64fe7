// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/memory.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/io/element_type.hpp>
#include <vitscape/io/pickle.hpp>
#include <vitscape/io/pickle_reader.hpp>
#include <vitscape/io/safe_tensor.hpp>
#include <vitscape/io/state_dict.hpp>
#include <vitscape/io/torch_tensor.hpp>
#include <vitscape/io/zip_archive.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace vitscape {

namespace detail {

/// The place in a tar archive of what says that it is one.
inline constexpr std::string_view tar_mark = "ustar";
inline constexpr std::size_t tar_mark_at = 257;

/// Refuses a file by its first bytes where PyTorch wrote it in a format before that of zip archives: a tar archive, or pickles
/// one behind the other.
inline void refuse_older_torch(std::span<const std::byte> start, const std::string& origin) {
    const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
    if (text.starts_with('\x80') ||
        (text.size() > tar_mark_at && text.substr(tar_mark_at).starts_with(tar_mark)))
        throw IoError(
            message(origin,
                    " has a format of PyTorch before version 1.6, which is not read; save it again by a "
                    "later version: torch.save(torch.load(OLD, map_location=\"cpu\"), NEW)"));
}

inline std::vector<std::byte> first_bytes(const std::filesystem::path& path, std::size_t count) {
    const auto file = open_file(path, O_RDONLY | O_NONBLOCK, "open");
    std::vector<std::byte> bytes(count);
    const ssize_t got = ::read(file.number(), bytes.data(), bytes.size());
    if (got < 0) throw_io_error("read", path);
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
}

}  // namespace detail

/// The tensors of a file that PyTorch's `torch.save` wrote, version 1.6 or later, in memory: a zip archive with a pickle,
/// `FOLDER/data.pkl`, and the storages of the tensors, `FOLDER/data/KEY`. Dicts in dicts become one, with names as
/// "model.cls_token" (io/state_dict.hpp). The file is not trusted: nothing in it is executed, sizes are checked before memory is
/// taken, and objects that are no tensors, texts or numbers are left out.
class PthFile {
  public:
    /// Bytes of the pickle at most; the tensors' are not among them.
    static constexpr std::size_t max_pickle = 100'000'000;

    /// @throws IoError when the file cannot be read, is of another kind or damaged; the text names the file, the tensor and the
    /// fault, and the remedy for older files and TorchScript. ConfigError where the tensors do not fit into the memory, or this
    /// build lacks libzip.
    static PthFile load(const std::filesystem::path& path) {
        detail::refuse_older_torch(detail::first_bytes(path, detail::tar_mark_at + detail::tar_mark.size()),
                                   path.string());
        return {ZipArchive(path), path.string()};
    }

    /// As `load`, from the bytes of a file, which are copied; `origin` names them in errors.
    static PthFile parse(std::span<const std::byte> bytes, const std::string& origin) {
        detail::refuse_older_torch(bytes, origin);
        return {ZipArchive(bytes, origin), origin};
    }

    [[nodiscard]] bool contains(std::string_view name) const { return by_name_.find(name) != by_name_.end(); }

    /// @throws IoError when there is no such tensor; the message says why it is not read, or lists the most similar names.
    [[nodiscard]] SafeTensor at(std::string_view name) const;

    /// The names of the tensors in the order of the dicts.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

    /// The texts and numbers beside the tensors under their names, as texts: "epoch" is "399".
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }

    /// The origin of the bytes, for errors.
    [[nodiscard]] const std::string& origin() const { return origin_; }

  private:
    static constexpr std::size_t max_order = 16;  // "little" or "big"

    struct Entry {
        ElementType type;
        Shape shape;
        std::size_t block;  // of blocks_
        std::size_t begin;  // in the block
        std::size_t size;
    };
    using Tensors = std::vector<std::pair<std::string, TorchTensor>>;

    PthFile(const ZipArchive& archive, std::string origin);

    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        throw IoError(message(origin_, " is not a PyTorch file that can be used: ", parts...));
    }
    [[nodiscard]] std::string folder_of(const ZipArchive& archive) const;
    void read_tensors(const ZipArchive& archive, const std::string& folder, const Tensors& tensors);

    std::string origin_;
    std::vector<std::string> names_;
    std::map<std::string, Entry, std::less<>> by_name_;
    std::vector<std::vector<std::byte>> blocks_;  // storages, and tensors that were gathered from one
    std::map<std::string, std::string> metadata_;
    std::map<std::string, std::string, std::less<>> unread_;
};

inline PthFile::PthFile(const ZipArchive& archive, std::string origin) : origin_(std::move(origin)) {
    const std::string folder = folder_of(archive);
    const std::string order = folder + "byteorder", pickle = folder + "data.pkl";
    if (archive.contains(order) && !std::ranges::equal(archive.read(order, max_order), bytes_of("little")))
        refuse("its numbers are not little-endian; save it again on a machine where they are");

    StateDict contents = read_state_dict(
        read_pickle(archive.read(pickle, max_pickle), message(origin_, ": ", pickle)), origin_);
    read_tensors(archive, folder, contents.tensors);
    metadata_ = std::move(contents.metadata);
    unread_ = std::move(contents.unread);
}

/// The folder that all entries of the archive stand in, with its '/'.
inline std::string PthFile::folder_of(const ZipArchive& archive) const {
    if (archive.names().empty()) refuse("it is an empty archive");
    const std::string& first = archive.names().front();
    std::string folder = first.substr(0, first.find('/') + 1);
    if (!archive.contains(folder + "data.pkl"))
        refuse("it is an archive without the entry ", folder, "data.pkl, which torch.save writes");
    for (const std::string& name : archive.names())
        if (name == folder + "constants.pkl" || name.starts_with(folder + "code/"))
            refuse(
                "it holds a program of TorchScript; save its tensors in Python: "
                "torch.save(torch.jit.load(OLD, map_location=\"cpu\").state_dict(), NEW)");
    return folder;
}

inline void PthFile::read_tensors(const ZipArchive& archive, const std::string& folder,
                                  const Tensors& tensors) {
    std::map<std::string_view, std::vector<const Tensors::value_type*>> storages;
    for (const auto& tensor : tensors) storages[tensor.second.key].push_back(&tensor);

    double needed = 0;
    for (const auto& [key, members] : storages) {
        const std::string entry = message(folder, "data/", key);
        for (const auto* member : members) {
            const auto& [name, tensor] = *member;
            if (!archive.contains(entry)) refuse("tensor ", name, ": its storage ", key, " is missing");
            if (archive.size(entry) != tensor.storage_bytes)
                refuse("tensor ", name, ": its storage ", key, " claims ", tensor.storage_bytes,
                       " bytes, it has ", archive.size(entry));
            if (!tensor.contiguous()) needed += static_cast<double>(tensor.bytes());
        }
        needed += static_cast<double>(archive.size(entry));
    }
    require_memory(message("PyTorch file ", origin_), needed, available_memory(),
                   "use a machine with more, or save a model's state_dict() alone");

    for (const auto& [key, members] : storages) {
        const auto size = static_cast<std::size_t>(members.front()->second.storage_bytes);
        std::vector<std::byte> storage = archive.read(message(folder, "data/", key), size);
        const std::size_t place = blocks_.size();
        blocks_.emplace_back();
        bool viewed = false;
        for (const auto* member : members) {
            const auto& [name, tensor] = *member;
            const std::vector<Index> extents(tensor.extents.begin(), tensor.extents.end());
            Entry entry{tensor.type, Shape(std::span<const Index>(extents)), place, 0,
                        static_cast<std::size_t>(tensor.bytes())};
            if (tensor.contiguous()) {
                viewed = true;
                if (entry.size > 0)
                    entry.begin = static_cast<std::size_t>(tensor.offset) * size_of(tensor.type);
            } else {
                entry.block = blocks_.size();
                blocks_.push_back(gathered(tensor, storage));
            }
            by_name_.emplace(name, entry);
        }
        if (viewed) blocks_[place] = std::move(storage);
    }
    for (const auto& tensor : tensors) names_.push_back(tensor.first);
}

inline SafeTensor PthFile::at(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) {
        const Entry& entry = found->second;
        return {found->first, entry.type, entry.shape,
                std::span(blocks_[entry.block]).subspan(entry.begin, entry.size)};
    }
    // What holds the tensor, or stands in its place, may be an object that is not read.
    for (std::size_t end = name.find('.');; end = name.find('.', end + 1)) {
        const auto object = unread_.find(name.substr(0, end));
        if (object != unread_.end())
            throw IoError(message(origin_, ": ", object->first, " cannot be read: ", object->second));
        if (end == std::string_view::npos) break;
    }
    detail::throw_no_tensor(origin_, name, names_);
}

}  // namespace vitscape
