// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/memory.hpp>
#include <vitscape/core/name_text.hpp>
#include <vitscape/data/image_listing.hpp>
#include <vitscape/data/tar_reader.hpp>

#if defined(VITSCAPE_HAS_JSON) && VITSCAPE_HAS_JSON
#include <nlohmann/json.hpp>
#endif

namespace vitscape::detail {

/// Labels of members are below.
inline constexpr int most_tar_classes = 1000000;

/// Where the images of a tar archive lie: 24 bytes for each, and their names.
struct TarIndex {
    struct Image {
        std::uint64_t offset = 0;  ///< in the archive, bytes
        std::uint64_t size = 0;
        std::uint32_t name = 0;  ///< where its name begins in `names`
        int label = -1;          ///< as .cls or .json says, -1 where there is none
    };
    std::vector<Image> images{};
    std::string names{};           ///< of the images, each with a '\0' behind it
    std::size_t links = 0;         ///< members that are neither files nor folders
    std::size_t labels_alone = 0;  ///< .cls files without an image
    std::size_t beside = 0;        ///< further images of a sample
    bool ends_properly = true;

    [[nodiscard]] std::string_view name(const Image& image) const { return names.data() + image.name; }
};

/// The parts of a member's name: "a/b.left.JPG" has the key "a/b" and the ending "left.jpg".
struct MemberName {
    std::string_view key{};
    std::string ending{};

    explicit MemberName(std::string_view name) {
        const std::size_t folder = name.rfind('/'), begin = folder == std::string_view::npos ? 0 : folder + 1;
        const std::size_t dot = std::min(name.find('.', begin), name.size());
        key = name.substr(0, dot);
        ending = name.substr(std::min(dot + 1, name.size()));
        std::transform(ending.begin(), ending.end(), ending.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
    [[nodiscard]] bool is_hidden() const { return key.empty() || key.back() == '/'; }
};

/// The class in a .cls file: a whole number. @throws DataError naming `what` for anything else
inline int label_of_cls(std::string_view text, const std::string& what) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
    text = text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
    int label = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
    if (error != std::errc{} || end != text.data() + text.size() || label < 0 || label >= most_tar_classes)
        throw DataError(message(what, " holds '", name_text(text.substr(0, 40)),
                                "', expected is the number of a class, 0 to ", most_tar_classes - 1));
    return label;
}

/// `label` of a .json file; -1 where there is none. @throws DataError naming `what` for another label, and for no JSON;
/// ConfigError if this build lacks nlohmann-json
inline int label_of_json(std::string_view text, const std::string& what) {
#if defined(VITSCAPE_HAS_JSON) && VITSCAPE_HAS_JSON
    // Only the outermost level is kept: however deep the others are, they take no memory.
    const auto outermost = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        return depth < 2;
    };
    const auto json = nlohmann::json::parse(text, outermost, false);
    if (!json.is_object()) throw DataError(message(what, " is no JSON object"));
    const auto label = json.find("label");
    if (label == json.end()) return -1;
    const bool number = label->is_number_integer();
    if (!number || label->get<double>() < 0 || label->get<double>() >= most_tar_classes)
        throw DataError(
            message(what, ": its label is not the number of a class, 0 to ", most_tar_classes - 1));
    return label->get<int>();
#else
    throw ConfigError(
        message("this build cannot read ", what, " (", text.size(),
                " bytes): install nlohmann-json (Debian: nlohmann-json3-dev) and configure again"));
#endif
}

/// Finds the samples of an archive: members with one key, one behind the other, as WebDataset writes them.
class TarIndexer {
  public:
    /// @param inside  only members below this folder count; empty: all
    TarIndexer(const std::filesystem::path& path, std::string inside)
        : reader_(path), inside_(std::move(inside)) {}

    /// @throws DataError for a damaged archive, and a sample with several images; IoError where it cannot be read; ConfigError
    ///         where the index does not fit into the memory
    [[nodiscard]] TarIndex read() {
        while (const auto member = reader_.next()) {
            const MemberName name(member->name);
            if (name.is_hidden() || !is_inside(member->name)) continue;
            if (name.key != key_) {
                finish_sample();
                key_ = name.key;
            }
            add(*member, name.ending);
        }
        finish_sample();
        index_.links = reader_.links();
        index_.ends_properly = reader_.ends_properly();
        index_.images.shrink_to_fit();
        index_.names.shrink_to_fit();
        return std::move(index_);
    }

  private:
    static constexpr std::size_t largest_label_file = 1 << 20;  // of .json, with captions and the like

    [[nodiscard]] bool is_inside(std::string_view name) const {
        return inside_.empty() || (name.starts_with(inside_) && name.substr(inside_.size()).starts_with('/'));
    }

    void add(const TarMember& member, const std::string& ending) {
        if (has_image_name(member.name)) {
            if (ending.find('.') == std::string::npos) plain_ = index_.images.size(), ++plain_count_;
            if (index_.names.size() + member.name.size() >= 0xFFFFFFFF)
                throw DataError(message("tar archive ", reader_.path(),
                                        " holds more than 4 GB of names; divide it into several"));
            if (index_.images.size() == index_.images.capacity())  // it is about to be twice as large
                require_memory(message("the index of tar archive ", reader_.path()),
                               3.0 * static_cast<double>(index_.images.size() * sizeof(TarIndex::Image) +
                                                         index_.names.size()),
                               available_memory(), "use fewer or smaller archives");
            index_.images.push_back(
                {member.offset, member.size, static_cast<std::uint32_t>(index_.names.size()), -1});
            index_.names.append(member.name).push_back('\0');
            return;
        }
        described_ = true;
        if (ending == "cls") cls_ = member;
        if (ending == "json") json_ = member;
    }

    /// The label of the present sample. Read at its end, since what has no image may be anything.
    [[nodiscard]] int label() const {
        const auto what = [&](const TarMember& member) {
            return message("tar archive ", reader_.path(), ": ", name_text(member.name));
        };
        if (cls_) return label_of_cls(reader_.content(*cls_, largest_label_file), what(*cls_));
        if (json_) return label_of_json(reader_.content(*json_, largest_label_file), what(*json_));
        return -1;
    }

    /// The images since `begin_` have one key. With other files they are one sample, of one image; without they are samples of
    /// their own, since names of photos may have dots.
    void finish_sample() {
        auto& images = index_.images;
        const std::size_t count = images.size() - begin_;
        if (described_ && count > 1) {
            if (plain_count_ != 1)
                throw DataError(message("tar archive ", reader_.path(), " holds ", count,
                                        " images of the sample '", name_text(key_),
                                        "' and other files of it; expected is one image with ",
                                        "that name and .jpg, .jpeg or .png"));
            images[begin_] = images[plain_];
            images.resize(begin_ + 1);
            index_.beside += count - 1;
        }
        if (count > 0 && described_) images[begin_].label = label();
        if (count == 0 && cls_) ++index_.labels_alone;
        begin_ = images.size();
        plain_count_ = 0;
        described_ = false;
        cls_.reset();
        json_.reset();
    }

    TarReader reader_;
    std::string inside_, key_{};
    TarIndex index_{};
    std::size_t begin_ = 0, plain_ = 0, plain_count_ = 0;
    std::optional<TarMember> cls_{}, json_{};
    bool described_ = false;  // whether the sample has other files than images
};

}  // namespace vitscape::detail
