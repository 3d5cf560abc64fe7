// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/io/pickle.hpp>
#include <vitscape/io/torch_tensor.hpp>

namespace vitscape {

/// What a pickle of PyTorch holds in its dicts. Dicts in dicts become one: what stands under "model" and there under
/// "cls_token" is "model.cls_token".
struct StateDict {
    std::vector<std::pair<std::string, TorchTensor>> tensors;  // in the order of the dicts
    std::map<std::string, std::string> metadata;               // texts, numbers, "True" and "False"
    std::map<std::string, std::string, std::less<>> unread;    // other objects: why each is not read
};

namespace detail {

class StateDictReader {
  public:
    StateDictReader(const Pickle& pickle, const std::string& origin) : pickle_(pickle), origin_(origin) {}

    StateDict read() {
        const Pickle::Node& root = pickle_[pickle_.root()];
        if (!is_dict(pickle_.root()))
            refuse("it holds ",
                   root.kind == Kind::call
                       ? message("what ", pickle_.global_name(root.items[0]), " makes in Python")
                       : "a single object",
                   " instead of a dict of tensors; save a model's state_dict()");
        visit_dict(pickle_.root(), {}, 0);
        return std::move(result_);
    }

  private:
    using Id = Pickle::Id;
    using Kind = Pickle::Kind;

    // A dict may contain itself and stand in many places, so that few objects give many names. Together these may have so
    // many bytes, of which an entry takes a few for itself.
    static constexpr int most_levels = 64;
    static constexpr std::size_t most_bytes = 16'000'000, entry_bytes = 64;

    [[nodiscard]] bool is_dict(Id id) const {
        const Pickle::Node& node = pickle_[id];
        if (node.kind != Kind::call) return node.kind == Kind::dict;
        const std::string name = pickle_.global_name(node.items[0]);
        const bool ordered = name == "collections.OrderedDict" && pickle_[node.items[1]].items.empty();
        return ordered || name == "collections.defaultdict";
    }

    void visit_dict(Id dict, const std::string& prefix, int level) {
        if (level == most_levels) refuse("its dicts are nested more than ", most_levels, " levels deep");
        const std::span<const Id> pairs = pickle_.pairs(dict);
        for (std::size_t i = 0; i < pairs.size(); i += 2) {
            const Pickle::Node& key = pickle_[pairs[i]];
            named_bytes_ += entry_bytes + prefix.size() + key.text.size();
            if (named_bytes_ > most_bytes) refuse("its dicts hold more than any model's");
            if (key.kind == Kind::text)
                visit(pairs[i + 1], prefix + std::string(key.text), level);
            else if (key.kind == Kind::integer)
                visit(pairs[i + 1], prefix + number_text(key.integer), level);
        }
    }

    void visit(Id id, const std::string& name, int level) {
        const Pickle::Node& node = pickle_[id];
        if (is_dict(id))
            visit_dict(id, name + '.', level + 1);
        else if (node.kind == Kind::call)
            visit_call(id, name);
        else if (node.kind == Kind::text)
            result_.metadata.insert_or_assign(name, node.text);
        else if (node.kind == Kind::integer)
            result_.metadata.insert_or_assign(name, number_text(node.integer));
        else if (node.kind == Kind::real)
            result_.metadata.insert_or_assign(name, number_text(node.real));
        else if (node.kind == Kind::boolean)
            result_.metadata.insert_or_assign(name, node.integer == 1 ? "True" : "False");
    }

    void visit_call(Id id, const std::string& name) {
        try {
            const TorchTensor tensor = read_torch_tensor(pickle_, id, origin_, name);
            if (!names_.insert(name).second) refuse("it names two tensors ", name);
            result_.tensors.emplace_back(name, tensor);
        } catch (const UnreadTensor& error) {
            result_.unread.insert_or_assign(name, error.what());
        }
    }

    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        throw IoError(message(origin_, " is not a PyTorch file that can be used: ", parts...));
    }

    const Pickle& pickle_;
    const std::string& origin_;
    StateDict result_;
    std::set<std::string> names_;
    std::size_t named_bytes_ = 0;
};

}  // namespace detail

/// @throws IoError where the pickle holds no dict, dicts nested more than 64 levels deep, more than about 200,000 entries, two
/// tensors of one name, or a tensor that does not lie within its storage; the text names file and tensor.
[[nodiscard]] inline StateDict read_state_dict(const Pickle& pickle, const std::string& origin) {
    return detail::StateDictReader(pickle, origin).read();
}

}  // namespace vitscape
