// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

#include <vitscape/distributed/communicator.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Sums a gradient over all processes while the backward pass is still computing its beginning.
///
///     sum.begin(gradient);             // before the backward pass
///     sum.final_from(slot.offset);     // during it: everything from here to the end is final
///     sum.finish();                    // after it: later work of the backend sees the sum
///
/// The vector is divided into chunks of equal size from its start; a chunk is sent as soon as all of it is
/// final, the last one first. Chunks and their order depend only on the size of the vector, not on when or how
/// often `final_from` was called, so the sums are the same in every run. With a single process all calls
/// are no-ops.
///
/// If destroyed by an exception between `begin` and `finish`, it abandons the communicator, because the others
/// may be waiting for chunks that will not be sent.
///
/// @tparam B  the backend of the gradient vector
template <class C, Backend B>
requires CommunicatorFor<C, B>
class GradientSum {
  public:
    /// 4 MiB, or what the communicator prefers.
    static constexpr std::size_t default_chunk_bytes = [] {
        if constexpr (requires { C::chunk_bytes; })
            return C::chunk_bytes;
        else
            return std::size_t{4} << 20U;
    }();

    /// @throws ConfigError for chunks too small for one element
    explicit GradientSum(C communicator, std::size_t chunk_bytes = default_chunk_bytes)
        : communicator_(std::move(communicator)),
          chunk_(static_cast<Index>(chunk_bytes / sizeof(typename B::Storage))) {
        if (chunk_ < 1)
            throw ConfigError(message("chunks of ", chunk_bytes, " bytes hold no number of ",
                                      sizeof(typename B::Storage), " bytes; choose larger ones"));
    }
    GradientSum(const GradientSum&) = delete;
    GradientSum& operator=(const GradientSum&) = delete;
    ~GradientSum() {
        if (active()) communicator_.abandon();
    }

    [[nodiscard]] C& communicator() { return communicator_; }
    /// Elements per chunk; the last one may be smaller.
    [[nodiscard]] Index chunk() const { return chunk_; }
    /// Whether `begin` was called without `finish` yet.
    [[nodiscard]] bool active() const { return vector_ != nullptr; }

    /// Starts the sum of this vector, which must not move until `finish`.
    /// @throws Error if the previous sum was not finished
    void begin(const Vector<B>& vector) {
        if constexpr (!single_process<C>) {
            if (active()) throw Error("a sum of gradients was begun before the last one was finished");
            vector_ = &vector;
            waiting_ = vector.size();
        }
    }

    /// Element `offset` and all after it are final (in the order of the backend's work). An offset larger than an
    /// earlier one has no effect.
    /// @throws ShapeError for an offset outside the vector, Error without `begin`
    void final_from(Index offset) {
        if constexpr (!single_process<C>) {
            if (!active()) throw Error("gradients cannot be final before their sum was begun");
            if (offset < 0 || offset > vector_->size())
                throw ShapeError(message("gradients were called final from element ", offset,
                                         " on, the vector has ", vector_->size()));
            while (waiting_ > 0) {
                const Index first = (waiting_ - 1) / chunk_ * chunk_;
                if (first < offset) break;
                communicator_.start_sum(vector_->backend(), waiting_ - first, vector_->data() + first);
                waiting_ = first;
            }
        }
    }

    /// Sends the remaining chunks; afterwards the backend's next work sees the sum in every element.
    void finish() {
        if constexpr (!single_process<C>) {
            final_from(0);
            communicator_.finish(vector_->backend());
            vector_ = nullptr;
        }
    }

  private:
    C communicator_;
    Index chunk_;
    const Vector<B>* vector_ = nullptr;
    Index waiting_ = 0;  // elements before this one have not been sent yet
};

}  // namespace vitscape
