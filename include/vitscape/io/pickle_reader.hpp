// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/io/pickle.hpp>

namespace vitscape {

static_assert(std::endian::native == std::endian::little, "the numbers of pickles are little-endian");

namespace detail {

/// The machine that a pickle is a program for: a stack of objects, marks on it, and a memo. Each function `read_…` says whether
/// the instruction `code` is one of its own; Python's pickletools.py describes them all.
class PickleReader {
  public:
    PickleReader(std::vector<std::byte> bytes, const std::string& origin)
        : pickle_(std::move(bytes)), bytes_(pickle_.bytes_), origin_(origin) {}

    Pickle read() {
        constexpr std::uint8_t protocol_code = 0x80, stop_code = '.';
        if (number<std::uint8_t>() != protocol_code)
            refuse("it does not begin with the number of a protocol, as those of the protocols 2 to 5 do");
        if (const auto protocol = number<std::uint8_t>(); protocol < 2 || protocol > 5)
            refuse("its protocol is ", +protocol, ", expected is 2 to 5");
        for (auto code = number<std::uint8_t>(); code != stop_code; code = number<std::uint8_t>())
            if (!read_value(code) && !read_container(code) && !read_object(code) && !read_reference(code))
                refuse("the instruction ", +code, " is not one that is read");
        pickle_.root_ = pop();
        return std::move(pickle_);
    }

  private:
    using Id = Pickle::Id;
    using Kind = Pickle::Kind;

    bool read_value(std::uint8_t code) {
        if (code == 'N') return push({});  // None
        if (code == 0x88 || code == 0x89) return push({.kind = Kind::boolean, .integer = code == 0x88});
        if (code == 'K') return push({.kind = Kind::integer, .integer = number<std::uint8_t>()});
        if (code == 'M') return push({.kind = Kind::integer, .integer = number<std::uint16_t>()});
        if (code == 'J') return push({.kind = Kind::integer, .integer = number<std::int32_t>()});
        if (code == 0x8A) return push_integer(take(number<std::uint8_t>()));
        if (code == 0x8B) return push_integer(take(number<std::uint32_t>()));
        if (code == 'G') return push({.kind = Kind::real, .real = big_endian_double()});
        if (code == 0x8C || code == 'U') return push_text(take(number<std::uint8_t>()));
        if (code == 'X' || code == 'T') return push_text(take(number<std::uint32_t>()));
        if (code == 0x8D) return push_text(take(number<std::uint64_t>()));
        if (code == 'C') return take(number<std::uint8_t>()), push({});
        if (code == 'B') return take(number<std::uint32_t>()), push({});
        if (code == 0x8E || code == 0x96) return take(number<std::uint64_t>()), push({});
        return false;
    }

    bool read_container(std::uint8_t code) {
        if (code == ']') return push({.kind = Kind::list});
        if (code == ')') return push({.kind = Kind::tuple});
        if (code == '}') return push({.kind = Kind::dict});
        if (code == 0x8F) return push({});  // a set
        if (code == 'l') return push({.kind = Kind::list, .items = pop_to_mark()});
        if (code == 't') return push({.kind = Kind::tuple, .items = pop_to_mark()});
        if (code >= 0x85 && code <= 0x87) return push({.kind = Kind::tuple, .items = pop(code - 0x84U)});
        if (code == 0x91) return pop_to_mark(), push({});  // a set that does not change
        if (code == 'd') {
            const std::vector<Id> items = pop_to_mark();
            return push({.kind = Kind::dict}) && set_pairs(items);
        }
        if (code == 'a') return append(pop(1));
        if (code == 'e' || code == 0x90) return append(pop_to_mark());
        if (code == 's') return set_pairs(pop(2));
        if (code == 'u') return set_pairs(pop_to_mark());
        return false;
    }

    /// What Python imports, calls and builds at these instructions. Arguments by name and the states of objects are left out.
    bool read_object(std::uint8_t code) {
        if (code == 'c') {
            push({.kind = Kind::text, .text = line()});
            push({.kind = Kind::text, .text = line()});
            return push({.kind = Kind::global, .items = pop(2)});
        }
        if (code == 0x93) {
            std::vector<Id> names = pop(2);
            for (const Id name : names)
                if (pickle_[name].kind != Kind::text) refuse("it names a module by what is no text");
            return push({.kind = Kind::global, .items = std::move(names)});
        }
        if (code == 'R' || code == 0x81) return push({.kind = Kind::call, .items = pop(2)});
        if (code == 0x92) return pop(), push({.kind = Kind::call, .items = pop(2)});
        if (code == 'b') return pop(), top(), true;
        if (code == 'Q') return push({.kind = Kind::persistent, .items = pop(1)});
        return false;
    }

    bool read_reference(std::uint8_t code) {
        if (code == '(') return marks_.push_back(stack_.size()), true;
        if (code == '0') return pop(), true;
        if (code == '1') return pop_to_mark(), true;
        if (code == '2') return stack_.push_back(top()), true;
        if (code == 'q') return remember(number<std::uint8_t>());
        if (code == 'r') return remember(number<std::uint32_t>());
        if (code == 0x94) return remember(memo_.size());
        if (code == 'h') return recall(number<std::uint8_t>());
        if (code == 'j') return recall(number<std::uint32_t>());
        if (code == 0x95) {  // a frame, for readers of streams
            if (number<std::uint64_t>() > bytes_.size() - at_) refuse("one of its frames is cut off");
            return true;
        }
        return false;
    }

    std::span<const std::byte> take(std::uint64_t count) {
        if (count > bytes_.size() - at_) refuse("it is cut off");
        const auto taken = bytes_.subspan(at_, static_cast<std::size_t>(count));
        at_ += taken.size();
        return taken;
    }
    template <class Number>
    Number number() {
        Number value;
        std::memcpy(&value, take(sizeof(Number)).data(), sizeof(Number));
        return value;
    }
    double big_endian_double() {
        std::uint64_t bits = 0;
        for (const std::byte byte : take(sizeof(bits)))
            bits = bits << 8 | std::to_integer<std::uint64_t>(byte);
        return std::bit_cast<double>(bits);
    }
    std::string_view line() {
        const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_);
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos) refuse("it is cut off");
        at_ += end + 1;
        return rest.substr(0, end);
    }

    bool push(Pickle::Node node) {
        if (pickle_.nodes_.size() == Pickle::max_nodes)
            refuse("it makes more than ", Pickle::max_nodes, " objects");
        stack_.push_back(static_cast<Id>(pickle_.nodes_.size()));
        pickle_.nodes_.push_back(std::move(node));
        return true;
    }
    bool push_text(std::span<const std::byte> utf8) {
        return push({.kind = Kind::text, .text = {reinterpret_cast<const char*>(utf8.data()), utf8.size()}});
    }
    /// A two's complement number, the lowest byte first.
    bool push_integer(std::span<const std::byte> digits) {
        if (digits.size() > sizeof(std::int64_t)) return push({});
        std::uint64_t bits = !digits.empty() && (digits.back() & std::byte{0x80}) != std::byte{0} ? ~0ULL : 0;
        for (std::size_t i = digits.size(); i-- > 0;)
            bits = bits << 8 | std::to_integer<std::uint64_t>(digits[i]);
        return push({.kind = Kind::integer, .integer = static_cast<std::int64_t>(bits)});
    }

    /// Objects that may be taken: those above the last mark.
    [[nodiscard]] std::size_t reachable() const {
        return stack_.size() - (marks_.empty() ? 0 : marks_.back());
    }
    Id top() {
        if (reachable() == 0) refuse("it takes an object where there is none");
        return stack_.back();
    }
    Id pop() {
        const Id id = top();
        stack_.pop_back();
        return id;
    }
    std::vector<Id> pop(std::size_t count) {
        if (reachable() < count) refuse("it takes ", count, " objects where there are ", reachable());
        std::vector<Id> taken(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
        stack_.resize(stack_.size() - count);
        return taken;
    }
    std::vector<Id> pop_to_mark() {
        if (marks_.empty()) refuse("it looks for a mark where there is none");
        std::vector<Id> taken = pop(reachable());
        marks_.pop_back();
        return taken;
    }

    /// Puts items into the object on top: into a list, while those of other objects are left out.
    bool append(const std::vector<Id>& items) {
        Pickle::Node& node = pickle_.nodes_[top()];
        if (node.kind == Kind::list)
            node.items.insert(node.items.end(), items.begin(), items.end());
        else if (node.kind != Kind::call && node.kind != Kind::other)
            refuse("it appends to what is no list");
        return true;
    }
    bool set_pairs(const std::vector<Id>& items) {
        Pickle::Node& node = pickle_.nodes_[top()];
        if (node.kind != Kind::dict && node.kind != Kind::call) refuse("it sets items of what is no dict");
        if (items.size() % 2 != 0) refuse("it sets a key without a value");
        node.items.insert(node.items.end(), items.begin(), items.end());
        return true;
    }

    bool remember(std::uint64_t place) {
        memo_.insert_or_assign(place, top());
        return true;
    }
    bool recall(std::uint64_t place) {
        const auto found = memo_.find(place);
        if (found == memo_.end()) refuse("it refers to object ", place, " of its memo, which is not there");
        stack_.push_back(found->second);
        return true;
    }

    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        throw IoError(message(origin_, " is not a pickle that can be used: ", parts..., " (before byte ", at_,
                              " of ", bytes_.size(), ")"));
    }

    Pickle pickle_;
    std::span<const std::byte> bytes_;
    const std::string& origin_;
    std::size_t at_ = 0;
    std::vector<Id> stack_;
    std::vector<std::size_t> marks_;  // sizes of the stack where they were set
    std::unordered_map<std::uint64_t, Id> memo_;
};

}  // namespace detail

/// Reads a pickle of the protocols 2 to 5 as far as Python writes them: without buffers beside the pickle, codes of an extension
/// registry and the texts of protocol 0.
/// @param bytes  the pickle  @param origin  its name in errors
/// @throws IoError for anything else, with the instruction and its place, and for more than `Pickle::max_nodes` objects.
[[nodiscard]] inline Pickle read_pickle(std::vector<std::byte> bytes, const std::string& origin) {
    return detail::PickleReader(std::move(bytes), origin).read();
}

}  // namespace vitscape
