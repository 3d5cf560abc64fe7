// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/curvature/hessian.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Elements [offset, offset + size) of the flat vector.
struct ParameterRange {
    Index offset = 0, size = 0;
};

/// A named part of the flat vector: disjoint ranges, ascending.
class ParameterBlock {
  public:
    explicit ParameterBlock(std::string name = {}) : name_(std::move(name)) {}
    /// @throws ConfigError if two slots overlap
    ParameterBlock(std::string name, std::span<const ParameterSlot> slots) : name_(std::move(name)) {
        for (const ParameterSlot& slot : slots) add({slot.offset, slot.shape.size()});
    }

    /// Adds a range; one that continues another is joined to it. @throws ConfigError if it overlaps another
    void add(const ParameterRange& range) {
        if (range.offset < 0 || range.size < 0)
            throw ConfigError(message("a block of parameters has no range of ", range.size, " elements from ",
                                      range.offset));
        if (range.size == 0) return;
        auto next = std::find_if(ranges_.begin(), ranges_.end(), [&](const ParameterRange& other) {
            return other.offset + other.size > range.offset;
        });
        if (next != ranges_.end() && next->offset < range.offset + range.size)
            throw ConfigError(message("two ranges of the block '", name_, "' overlap at ",
                                      std::max(range.offset, next->offset)));
        next = ranges_.insert(next, range);
        join(next - ranges_.begin());
        if (next != ranges_.begin()) join(next - ranges_.begin() - 1);
        size_ += range.size;
    }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::vector<ParameterRange>& ranges() const { return ranges_; }
    /// Number of elements.
    [[nodiscard]] Index size() const { return size_; }

  private:
    /// Joins range i and the next one if nothing lies between them.
    void join(std::ptrdiff_t i) {
        const auto at = ranges_.begin() + i;
        if (at + 1 == ranges_.end() || at->offset + at->size != (at + 1)->offset) return;
        at->size += (at + 1)->size;
        ranges_.erase(at + 1);
    }

    std::string name_;
    std::vector<ParameterRange> ranges_;
    Index size_ = 0;
};

namespace detail {
/// The block that a parameter belongs to; see `natural_blocks`.
inline std::string natural_block(const ParameterInfo& parameter) {
    const std::string& name = parameter.name;
    const auto dot = name.find('.');
    const std::string first = name.substr(0, dot);
    if (dot != std::string::npos && dot + 1 < name.size() &&
        std::isdigit(static_cast<unsigned char>(name[dot + 1])) != 0)
        return name.substr(0, name.find('.', dot + 1));
    if (parameter.kind == ParameterKind::token || parameter.kind == ParameterKind::position ||
        first == "patch_embed")
        return "embeddings";
    return first.starts_with("decoder_") ? "decoder" : first;
}
}  // namespace detail

/// The natural blocks of a layout, in the order of their first parameters; each parameter is in exactly one:
///
/// | block | parameters |
/// | --- | --- |
/// | "blocks.0", "decoder_blocks.1", … | names whose second part is a number: one Transformer block each |
/// | "embeddings" | tokens, position embeddings and "patch_embed.…" |
/// | "decoder" | other names that begin with "decoder_": what leads into and out of a decoder, a linear prediction |
/// | "norm", "head", … | the names' first part, for all others |
[[nodiscard]] inline std::vector<ParameterBlock> natural_blocks(const ParameterLayout& layout) {
    std::vector<ParameterBlock> blocks;
    for (const ParameterInfo& parameter : layout.parameters()) {
        const std::string name = detail::natural_block(parameter);
        auto block = std::find_if(blocks.begin(), blocks.end(),
                                  [&](const ParameterBlock& other) { return other.name() == name; });
        if (block == blocks.end()) block = blocks.insert(blocks.end(), ParameterBlock(name));
        block->add({parameter.slot.offset, parameter.size()});
    }
    return blocks;
}

/// A symmetric operator restricted to a block of the parameters, P^T A P: the diagonal block of A at the rows and columns of the
/// block, whose size it has. Its vectors hold the block's elements, in the order of its ranges.
/// @tparam A  the operator; a reference if it belongs to somebody else, who must keep it
template <class A>
requires SymmetricOperator<A, BackendOf<A>>
class BlockOperator {
    using B = BackendOf<A>;

  public:
    /// @throws ShapeError if the block is empty or reaches beyond the operator
    BlockOperator(A&& a, ParameterBlock block) : a_(std::forward<A>(a)), block_(std::move(block)) {
        const Index size = static_cast<Index>(a_.size());
        if (block_.size() == 0)
            throw ShapeError(message("the block '", block_.name(), "' has no parameters"));
        const ParameterRange& last = block_.ranges().back();
        if (last.offset + last.size > size)
            throw ShapeError(message("the block '", block_.name(), "' ends at ", last.offset + last.size,
                                     ", the operator has ", size, " rows"));
        make_room(1);
    }

    [[nodiscard]] B backend() const { return whole_.front().backend(); }
    [[nodiscard]] Index size() const { return block_.size(); }
    [[nodiscard]] const ParameterBlock& block() const { return block_; }

    /// One product with the whole operator. @throws ShapeError unless v and out have the block's size
    void apply(const Vector<B>& v, Vector<B>& out) {
        check(v, out);
        scatter(v, whole_.front());  // zero outside the block
        a_.apply(whole_.front(), product_.front());
        gather(product_.front(), out);
    }
    void apply_all(std::span<const Vector<B>* const> v, std::span<Vector<B>* const> out) {
        make_room(v.size());
        std::vector<const Vector<B>*> from;
        std::vector<Vector<B>*> to;
        for (std::size_t i = 0; i < v.size(); ++i) {
            check(*v[i], *out[i]);
            scatter(*v[i], whole_[i]);
            from.push_back(&whole_[i]);
            to.push_back(&product_[i]);
        }
        vitscape::apply_all<std::remove_reference_t<A>, B>(a_, from, to);
        for (std::size_t i = 0; i < v.size(); ++i) gather(product_[i], *out[i]);
    }
    /// Writes the block's elements `v` to their places in a vector of the whole operator's size; the rest stays.
    void scatter(const Vector<B>& v, Vector<B>& whole) const {
        Index first = 0;
        for (const ParameterRange& range : block_.ranges()) {
            whole.backend().copy(range.size, v.data() + first, whole.data() + range.offset);
            first += range.size;
        }
    }
    /// Writes the block's elements of `whole` to `v`.
    void gather(const Vector<B>& whole, Vector<B>& v) const {
        Index first = 0;
        for (const ParameterRange& range : block_.ranges()) {
            v.backend().copy(range.size, whole.data() + range.offset, v.data() + first);
            first += range.size;
        }
    }

  private:
    void make_room(std::size_t products) {
        const Index size = static_cast<Index>(a_.size());
        while (whole_.size() < products) {
            whole_.emplace_back(a_.backend(), size);
            product_.emplace_back(a_.backend(), size);
        }
    }
    void check(const Vector<B>& v, const Vector<B>& out) const {
        if (v.size() != size() || out.size() != size())
            throw ShapeError(message("the block '", block_.name(), "' has ", size(),
                                     " parameters, the vectors of its product have ", v.size(), " and ",
                                     out.size()));
    }

    A a_;
    ParameterBlock block_;
    std::vector<Vector<B>> whole_, product_;  // as many as there were products at once
};

/// The diagonal block of `a` at a block of the parameters, as an operator; a temporary `a` is kept in it.
///
///     for (const ParameterBlock& part : natural_blocks(loss.layout()))
///         std::cout << part.name() << ' ' << trace(block(hessian(loss, theta), part)).value << '\n';
///
/// The traces of disjoint blocks that cover all parameters sum to that of the whole; by Cauchy's interlacing, a block's
/// eigenvalues lie between the smallest and the largest of the whole.
/// @throws ShapeError if the block is empty or reaches beyond the operator
template <class A>
requires SymmetricOperator<A, BackendOf<A>>
[[nodiscard]] BlockOperator<A> block(A&& a, ParameterBlock part) {
    return {std::forward<A>(a), std::move(part)};
}
/// The same at consecutive parameters.
template <class A>
requires SymmetricOperator<A, BackendOf<A>>
[[nodiscard]] BlockOperator<A> block(A&& a, const ParameterRange& range) {
    ParameterBlock part("");
    part.add(range);
    return {std::forward<A>(a), std::move(part)};
}
/// The same at the parameters of these slots. @throws ConfigError if two of them overlap
template <class A>
requires SymmetricOperator<A, BackendOf<A>>
[[nodiscard]] BlockOperator<A> block(A&& a, std::span<const ParameterSlot> slots) {
    return {std::forward<A>(a), ParameterBlock("", slots)};
}

}  // namespace vitscape
