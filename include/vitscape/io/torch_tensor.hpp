// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/io/element_type.hpp>
#include <vitscape/io/pickle.hpp>
#include <vitscape/io/safe_tensor.hpp>

namespace vitscape {

/// Something that a file holds in the place of a tensor, and that is not read; the text says why.
struct UnreadTensor : Error {
    using Error::Error;
};

/// How a tensor of PyTorch lies in its storage. The element with the indices i of the extents is number
/// offset + sum_a i_a strides_a of the storage.
struct TorchTensor {
    std::string key;  // the storage's
    ElementType type = ElementType::F32;
    std::uint64_t storage_bytes = 0;
    std::uint64_t offset = 0;              // elements, as the strides
    std::vector<std::uint64_t> extents{};  // outermost first, at most Shape::max_rank
    std::vector<std::uint64_t> strides{};  // one for each extent
    std::uint64_t elements = 0;            // product of the extents

    [[nodiscard]] std::uint64_t bytes() const { return elements * size_of(type); }

    /// Whether the elements lie one behind the other in row-major order.
    [[nodiscard]] bool contiguous() const {
        std::uint64_t step = 1;
        for (std::size_t axis = extents.size(); axis-- > 0 && elements > 0; step *= extents[axis])
            if (extents[axis] != 1 && strides[axis] != step) return false;
        return true;
    }
};

/// The bytes of the elements in row-major order.
/// @param storage  the bytes of the tensor's storage
[[nodiscard]] inline std::vector<std::byte> gathered(const TorchTensor& tensor,
                                                     std::span<const std::byte> storage) {
    const std::size_t size = size_of(tensor.type);
    std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.bytes()));
    std::array<std::uint64_t, Shape::max_rank> index{};
    std::uint64_t from = tensor.offset;
    for (std::size_t to = 0; to < bytes.size(); to += size) {
        std::memcpy(bytes.data() + to, storage.data() + from * size, size);
        for (std::size_t axis = tensor.extents.size(); axis-- > 0;) {
            from += tensor.strides[axis];
            if (++index[axis] < tensor.extents[axis]) break;
            from -= tensor.extents[axis] * tensor.strides[axis];
            index[axis] = 0;
        }
    }
    return bytes;
}

namespace detail {

/// The element type that a storage class, or a dtype without one, stands for.
inline std::optional<ElementType> torch_element_type(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, ElementType>, 13> types{
        {{"torch.DoubleStorage", ElementType::F64},
         {"torch.FloatStorage", ElementType::F32},
         {"torch.HalfStorage", ElementType::F16},
         {"torch.BFloat16Storage", ElementType::BF16},
         {"torch.LongStorage", ElementType::I64},
         {"torch.IntStorage", ElementType::I32},
         {"torch.ShortStorage", ElementType::I16},
         {"torch.CharStorage", ElementType::I8},
         {"torch.ByteStorage", ElementType::U8},
         {"torch.BoolStorage", ElementType::BOOL},
         {"torch.uint16", ElementType::U16},
         {"torch.uint32", ElementType::U32},
         {"torch.uint64", ElementType::U64}}};
    for (const auto& [known, type] : types)
        if (known == name) return type;
    return std::nullopt;
}

/// Reads the calls by which PyTorch builds tensors (torch/_utils.py), without making them.
class TorchTensorReader {
  public:
    using Id = Pickle::Id;
    using Kind = Pickle::Kind;

    TorchTensorReader(const Pickle& pickle, const std::string& origin, const std::string& name)
        : pickle_(pickle), origin_(origin), name_(name) {}

    [[nodiscard]] TorchTensor read(Id call, int wrappers = 0) const {
        const Pickle::Node& node = pickle_[call];
        return read(node.items[0], node.items[1], wrappers);
    }

  private:
    [[nodiscard]] TorchTensor read(Id function, Id arguments, int wrappers) const {
        // A parameter, or a tensor with attributes of its own, wraps the call that builds the tensor.
        constexpr int most_wrappers = 4;
        const std::string name = pickle_.global_name(function);
        const std::span<const Id> given = tuple(arguments);
        const bool may_wrap = wrappers < most_wrappers && !given.empty();
        if (may_wrap && name == "torch._tensor._rebuild_from_type_v2" && given.size() == 4)
            return read(given[0], given[2], wrappers + 1);
        if (may_wrap && name.starts_with("torch._utils._rebuild_parameter") &&
            pickle_[given[0]].kind == Kind::call)
            return read(given[0], wrappers + 1);
        if (name == "torch._utils._rebuild_tensor_v2" && given.size() >= 6) return build(given, {}, 6);
        if (name == "torch._utils._rebuild_tensor_v3" && given.size() >= 7) return build(given, given[6], 7);
        throw UnreadTensor(message("it is made by ", name.empty() ? "a call of no known name" : name,
                                   " in Python, which is not run"));
    }

    /// @param given     the storage, the offset in it, extents, strides, whether it requires a gradient, and hooks
    /// @param type      the element type of a storage that has none of its own
    /// @param metadata  where among `given` marks may stand which say that values are to be conjugated or negated
    [[nodiscard]] TorchTensor build(std::span<const Id> given, std::optional<Id> type,
                                    std::size_t metadata) const {
        if (given.size() > metadata && !pickle_.pairs(given[metadata]).empty())
            throw UnreadTensor("its values are to be negated or conjugated (resolve_neg() in Python)");
        TorchTensor tensor = in_storage(given[0], type);
        tensor.offset = count(given[1]);
        const std::span<const Id> extents = numbers(given[2]), strides = numbers(given[3]);
        const std::size_t rank = extents.size();
        if (rank > Shape::max_rank)
            throw UnreadTensor(message("it has ", rank, " axes, at most ", Shape::max_rank, " are read"));
        if (strides.size() != rank) refuse("it has ", rank, " extents and ", strides.size(), " strides");
        for (const Id extent : extents) tensor.extents.push_back(count(extent));
        for (const Id stride : strides) tensor.strides.push_back(count(stride));
        const auto elements = element_count(tensor.extents);
        if (!elements) refuse("its extents have no product that can be counted");
        tensor.elements = *elements;
        check_place(tensor);
        return tensor;
    }

    /// A tensor without extents in the storage ('storage', class, key, device, number of elements).
    [[nodiscard]] TorchTensor in_storage(Id id, std::optional<Id> type) const {
        const std::span<const Id> storage =
            pickle_[id].kind == Kind::persistent ? tuple(pickle_[id].items[0]) : std::span<const Id>();
        constexpr std::size_t longest_key = 64;  // PyTorch's are the numbers 0, 1, …
        if (storage.size() < 5 || pickle_[storage[0]].text != "storage" ||
            pickle_[storage[2]].kind != Kind::text || pickle_[storage[2]].text.size() > longest_key)
            refuse("its storage is not referred to as PyTorch does it");
        const std::string name = pickle_.global_name(storage[1]);
        const bool untyped =
            type && (name == "torch.storage.UntypedStorage" || name == "torch.UntypedStorage");
        const std::string type_name = untyped ? pickle_.global_name(*type) : name;
        const auto known = torch_element_type(type_name);
        if (!known) throw UnreadTensor(message("its type ", type_name, " is not supported"));

        TorchTensor tensor{.key = std::string(pickle_[storage[2]].text), .type = *known};
        const std::uint64_t size = untyped ? 1 : size_of(*known), elements = count(storage[4]);
        if (elements > std::numeric_limits<std::uint64_t>::max() / size)
            refuse("its storage claims ", elements, " elements");
        tensor.storage_bytes = elements * size;
        return tensor;
    }

    void check_place(const TorchTensor& tensor) const {
        const std::uint64_t available = tensor.storage_bytes / size_of(tensor.type);
        if (tensor.elements == 0) return;
        bool inside = tensor.offset < available;
        std::uint64_t last = tensor.offset;
        for (std::size_t axis = 0; axis < tensor.extents.size() && inside; ++axis) {
            const std::uint64_t steps = tensor.extents[axis] - 1, stride = tensor.strides[axis];
            inside = steps == 0 || stride <= (available - 1 - last) / steps;
            if (inside) last += steps * stride;
        }
        if (!inside) refuse("it reaches beyond the ", available, " elements of its storage");
        if (tensor.elements > available)
            throw UnreadTensor(message("it shows the ", available,
                                       " elements of its storage more than once, as ", tensor.elements,
                                       " (contiguous() in Python makes them so many)"));
    }

    [[nodiscard]] std::span<const Id> tuple(Id id) const {
        return pickle_[id].kind == Kind::tuple ? std::span<const Id>(pickle_[id].items)
                                               : std::span<const Id>();
    }
    /// The numbers of a tuple or of a torch.Size of one.
    [[nodiscard]] std::span<const Id> numbers(Id id) const {
        const Pickle::Node& node = pickle_[id];
        if (node.kind == Kind::tuple) return node.items;
        if (node.kind == Kind::call && pickle_.global_name(node.items[0]) == "torch.Size") {
            const std::span<const Id> given = tuple(node.items[1]);
            if (given.size() == 1 && pickle_[given[0]].kind == Kind::tuple) return tuple(given[0]);
        }
        refuse("its extents or strides are no tuple");
    }
    [[nodiscard]] std::uint64_t count(Id id) const {
        const Pickle::Node& node = pickle_[id];
        if (node.kind != Kind::integer || node.integer < 0)
            refuse("its place in its storage is given by what is no count");
        return static_cast<std::uint64_t>(node.integer);
    }

    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        throw IoError(
            message(origin_, " is not a PyTorch file that can be used: tensor ", name_, ": ", parts...));
    }

    const Pickle& pickle_;
    const std::string& origin_;
    const std::string& name_;
};

}  // namespace detail

/// The tensor that a call in a pickle would build.
/// @param origin, name  the file's and the tensor's, for errors
/// @throws UnreadTensor where the call is another one or its tensor of a kind that is not read; IoError where it does not lie
/// within its storage.
[[nodiscard]] inline TorchTensor read_torch_tensor(const Pickle& pickle, Pickle::Id call,
                                                   const std::string& origin, const std::string& name) {
    return detail::TorchTensorReader(pickle, origin, name).read(call);
}

}  // namespace vitscape
