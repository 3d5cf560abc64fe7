// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/backend/concept.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// A view of a backend's memory with a shape; does not own it. Row-major, dense.
template <Backend B>
struct TensorView {
    typename B::Pointer data{};
    Shape shape;

    [[nodiscard]] Index size() const { return shape.size(); }
    [[nodiscard]] Index last() const { return shape[shape.rank() - 1]; }
    /// Product of all extents but the last: the rows of the tensor as a matrix.
    [[nodiscard]] Index rows() const { return size() / last(); }
};

namespace detail {

/// The shared memory of `Tensor` handles. Blocks are cached per thread, so that creating a tensor in a
/// steady state makes no system allocation.
template <class B, class P>
struct TensorBlock {
    B backend;
    P data;
    Index size;
    std::size_t handles;
    TensorBlock* next;
};

template <class B, class P>
struct TensorBlockList {
    TensorBlock<B, P>* first = nullptr;
    ~TensorBlockList() {
        while (first != nullptr) ::operator delete(std::exchange(first, first->next));
    }
    static TensorBlockList& of_thread() {
        thread_local TensorBlockList list;
        return list;
    }
};

/// Reference-counted handle to pooled memory; `Indices` selects between a backend's numbers and row indices.
template <class B, class P, bool Indices>
class SharedMemory {
    using Block = TensorBlock<B, P>;

  public:
    SharedMemory() = default;
    SharedMemory(B backend, Index size) {
        P data;
        if constexpr (Indices)
            data = backend.allocate_indices(size);
        else
            data = backend.allocate(size);
        auto& list = TensorBlockList<B, P>::of_thread();
        void* memory = list.first;
        if (memory != nullptr)
            list.first = list.first->next;
        else
            memory = ::operator new(sizeof(Block));
        block_ = new (memory) Block{std::move(backend), data, size, 1, nullptr};
    }
    SharedMemory(const SharedMemory& other) noexcept : block_(other.block_) {
        if (block_ != nullptr) ++block_->handles;
    }
    SharedMemory(SharedMemory&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    SharedMemory& operator=(SharedMemory other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~SharedMemory() {
        if (block_ == nullptr || --block_->handles > 0) return;
        if constexpr (Indices)
            block_->backend.release_indices(block_->data, block_->size);
        else
            block_->backend.release(block_->data, block_->size);
        block_->backend.~B();
        auto& list = TensorBlockList<B, P>::of_thread();
        block_->next = list.first;
        list.first = block_;
    }
    [[nodiscard]] P data() const { return block_ != nullptr ? block_->data : P{}; }
    [[nodiscard]] bool unique() const { return block_ != nullptr && block_->handles == 1; }
    [[nodiscard]] bool empty() const { return block_ == nullptr; }

  private:
    Block* block_ = nullptr;
};

}  // namespace detail

/// A tensor in a backend's pooled memory, shared by its copies and released with the last of them. The
/// handle of an activation: an evaluation that drops it frees the memory immediately, a tape that keeps it holds
/// it for the backward pass.
template <Backend B>
class Tensor {
  public:
    Tensor() = default;
    /// Uninitialized.
    Tensor(const B& backend, const Shape& shape) : memory_(backend, shape.size()), shape_(shape) {}

    [[nodiscard]] const Shape& shape() const { return shape_; }
    [[nodiscard]] Index size() const { return shape_.size(); }
    [[nodiscard]] typename B::Pointer data() const { return memory_.data(); }
    [[nodiscard]] TensorView<B> view() const { return {data(), shape_}; }
    [[nodiscard]] bool empty() const { return memory_.empty(); }
    /// True if no other handle shares the memory, so that nobody else observes a write.
    [[nodiscard]] bool unique() const { return memory_.unique(); }

    /// The same memory with another shape. @throws ShapeError if the sizes differ.
    [[nodiscard]] Tensor reshaped(const Shape& shape) const {
        if (shape.size() != size())
            throw ShapeError(message("cannot reshape a tensor of shape ", shape_, " to ", shape));
        Tensor result = *this;
        result.shape_ = shape;
        return result;
    }
    /// The first `count` entries along the first axis, in the same memory. @throws ShapeError if there are fewer.
    [[nodiscard]] Tensor first(Index count) const {
        if (shape_.rank() == 0 || count < 0 || count > shape_[0])
            throw ShapeError(message("a tensor of shape ", shape_, " has no first ", count, " entries"));
        std::array<Index, Shape::max_rank> extents{};
        std::copy(shape_.extents().begin(), shape_.extents().end(), extents.begin());
        extents[0] = count;
        Tensor result = *this;
        result.shape_ = Shape(std::span<const Index>(extents.data(), shape_.rank()));
        return result;
    }

  private:
    detail::SharedMemory<B, typename B::Pointer, false> memory_;
    Shape shape_;
};

/// Row indices in a backend's memory.
template <Backend B>
class IndexTensor {
  public:
    IndexTensor() = default;
    IndexTensor(B backend, std::span<const std::int32_t> host)
        : memory_(backend, static_cast<Index>(host.size())), size_(static_cast<Index>(host.size())) {
        backend.upload_indices(size_, host.data(), memory_.data());
    }
    /// Replaces the row indices; the memory is kept if their number is unchanged.
    void assign(B backend, std::span<const std::int32_t> host) {
        if (memory_.unique() && size_ == static_cast<Index>(host.size()))
            backend.upload_indices(size_, host.data(), memory_.data());
        else
            *this = IndexTensor(std::move(backend), host);
    }
    [[nodiscard]] Index size() const { return size_; }
    [[nodiscard]] const std::int32_t* data() const { return memory_.data(); }
    /// The first `count` row indices, in the same memory. @throws ShapeError if there are fewer.
    [[nodiscard]] IndexTensor first(Index count) const {
        if (count < 0 || count > size_)
            throw ShapeError(message("of ", size_, " row indices there are no first ", count));
        IndexTensor result = *this;
        result.size_ = count;
        return result;
    }

  private:
    detail::SharedMemory<B, std::int32_t*, true> memory_;
    Index size_ = 0;
};

/// Gives `tensor` this shape; if it has it already, it keeps its memory. Its values are undefined.
template <Backend B>
void set_shape(const B& backend, const Shape& shape, Tensor<B>& tensor) {
    if (tensor.unique() && tensor.shape() == shape) return;
    tensor = {};  // returns memory to the pool before allocating
    tensor = Tensor<B>(backend, shape);
}
/// Gives `tensor` this shape and the values of `host`; if it has the shape already, it keeps its memory. @throws
/// ShapeError if `shape` has another size than `host`.
template <Backend B, class Range>
void upload_into(B backend, const Shape& shape, const Range& host, Tensor<B>& tensor) {
    if (shape.size() != static_cast<Index>(std::size(host)))
        throw ShapeError(message("a tensor of shape ", shape, " needs ", shape.size(), " values, ",
                                 std::size(host), " were given"));
    set_shape(backend, shape, tensor);
    backend.upload(tensor.size(), std::data(host), tensor.data());
}
/// A tensor with the converted values of `host`. @throws ShapeError if `shape` has another size.
template <Backend B, class Range>
Tensor<B> upload(B backend, const Shape& shape, const Range& host) {
    Tensor<B> tensor;
    upload_into(std::move(backend), shape, host, tensor);
    return tensor;
}

/// The values of a tensor on the host, row-major.
template <Backend B>
std::vector<double> download(B backend, const TensorView<B>& view) {
    std::vector<double> host(static_cast<std::size_t>(view.size()));
    backend.download(view.size(), view.data, host.data());
    return host;
}

}  // namespace vitscape
