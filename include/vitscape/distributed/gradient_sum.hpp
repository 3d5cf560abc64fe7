// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

#include <vitscape/distributed/communicator.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Sums a gradient over all processes while the backward pass still computes its beginning.
///
///     sum.begin(gradient);             // before the backward pass
///     sum.final_from(slot.offset);     // during it: nothing from here to the end will change any more
///     sum.finish();                    // after it: whatever the backend does next sees the sum
///
/// The vector is cut into chunks of one size, beginning at its start; a chunk is sent as soon as all of it is
/// final, the last one first. Chunks and their order depend on the vector's size alone, not on when or how
/// often `final_from` was called, so the sums are the same in every run. Without several processes all of it
/// is nothing.
///
/// Left by an exception between `begin` and `finish`, it abandons the communicator: the others may be waiting
/// for chunks that will not come.
///
/// @tparam B  the backend of the gradient vector
template <class C, Backend B>
requires CommunicatorFor<C, B>
class GradientSum {
  public:
    static constexpr std::size_t default_chunk_bytes = std::size_t{4} << 20U;

    /// @throws ConfigError for chunks that hold no number
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
    /// Numbers in a chunk; the last one may be smaller.
    [[nodiscard]] Index chunk() const { return chunk_; }
    /// Whether `begin` was called and `finish` was not yet.
    [[nodiscard]] bool active() const { return vector_ != nullptr; }

    /// Sums this vector next. It must stay where it is until `finish`.
    /// @throws Error if the last sum was not finished
    void begin(const Vector<B>& vector) {
        if constexpr (!single_process<C>) {
            if (active()) throw Error("a sum of gradients was begun before the last one was finished");
            vector_ = &vector;
            waiting_ = vector.size();
        }
    }

    /// Element `offset` and all behind it have their last values (in the order of the backend's work). An
    /// offset larger than an earlier one says nothing new.
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

    /// Sends what was not yet sent; returns when, for the backend's next work, every number is the sum.
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
    Index waiting_ = 0;  // elements before this one were not sent yet
};

}  // namespace vitscape
