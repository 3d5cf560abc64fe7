// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vitscape {

namespace detail {
class PickleReader;
}

/// What a pickle says, as a graph of nodes. Nothing is imported, called or built: where Python would call a function or make an
/// object, there is a node of the kind `call` that names what would be called with what. Nodes may contain each other.
class Pickle {
  public:
    using Id = std::uint32_t;

    enum class Kind : std::uint8_t {
        boolean,  // integer: 0 or 1
        integer,  // integer, where 64 bits hold it
        real,     // real
        text,     // text
        list,     // items
        tuple,    // items
        dict,     // items: key, value, key, value, …
        global,   // items: the texts of a module and of a name in it
        call,  // items: what would be called, its arguments, and the pairs that would then be set as in a dict
        persistent,  // items: the one object by which the pickle's owner knows this one
        other,       // None, bytes, sets, large integers
    };

    struct Node {
        Kind kind = Kind::other;
        std::int64_t integer = 0;
        double real = 0;
        std::string_view text{};  // a part of the pickle's bytes
        std::vector<Id> items{};
    };

    /// Nodes that a pickle may make, many times what the largest checkpoints do: a byte of the pickle costs a node.
    static constexpr std::size_t max_nodes = std::size_t{1} << 21;

    Pickle(Pickle&&) = default;
    Pickle& operator=(Pickle&&) = default;
    Pickle(const Pickle&) = delete;  // its texts would be those of the other
    Pickle& operator=(const Pickle&) = delete;
    ~Pickle() = default;

    [[nodiscard]] const Node& operator[](Id id) const { return nodes_[id]; }
    [[nodiscard]] Id root() const { return root_; }

    /// The keys and values of a dict, or of what a call's result would be given, in turn; empty for others.
    [[nodiscard]] std::span<const Id> pairs(Id id) const {
        const Node& node = nodes_[id];
        if (node.kind == Kind::dict) return node.items;
        if (node.kind == Kind::call) return std::span(node.items).subspan(2);
        return {};
    }

    /// "collections.OrderedDict" of a global, the first part of a name that is longer than any known one; of others nothing.
    [[nodiscard]] std::string global_name(Id id) const {
        const Node& node = nodes_[id];
        if (node.kind != Kind::global) return {};
        constexpr std::size_t most = 200;  // of each part
        return std::string(nodes_[node.items[0]].text.substr(0, most)) + '.' +
               std::string(nodes_[node.items[1]].text.substr(0, most));
    }

  private:
    friend class detail::PickleReader;
    explicit Pickle(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

    std::vector<std::byte> bytes_;
    std::deque<Node> nodes_;
    Id root_ = 0;
};

}  // namespace vitscape
