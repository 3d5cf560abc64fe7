// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>

namespace vitscape::gpu {

/// Divides uploads into pieces and assigns each to a slot of staging memory. Small uploads share a slot;
/// larger ones use several. Slots become free in the order of their use; while the oldest
/// is still in use, new ones are created up to a limit, so that in the steady state no slot is created or waited for.
class UploadRing {
  public:
    /// `bytes` bytes from `offset` of slot `slot`.
    struct Piece {
        std::size_t slot, offset, bytes;
    };
    static constexpr std::size_t alignment = 256;

    /// `slot_bytes`: a multiple of `alignment`; `limit`: maximum number of slots, at least 1.
    UploadRing(std::size_t slot_bytes, std::size_t limit) : slot_bytes_(slot_bytes), limit_(limit) {}

    /// The next piece of an upload with `remaining` > 0 bytes left. `slots.is_free(i)`: all work
    /// queued on slot i is done; `slots.wait(i)` waits for that; `slots.make(i)` creates slot i, the first
    /// unused number, or returns false if memory does not suffice (it must throw for slot 0).
    template <class Slots>
    [[nodiscard]] Piece next(std::size_t remaining, Slots& slots) {
        const std::size_t bytes = std::min(remaining, slot_bytes_);
        if (order_.empty() || used_ + bytes > slot_bytes_) open_slot(slots);
        const Piece piece{order_.back(), used_, bytes};
        used_ += (bytes + alignment - 1) / alignment * alignment;
        return piece;
    }

    [[nodiscard]] std::size_t slots() const { return order_.size(); }
    [[nodiscard]] std::size_t slot_bytes() const { return slot_bytes_; }

  private:
    template <class Slots>
    void open_slot(Slots& slots) {
        const bool oldest_is_free = !order_.empty() && slots.is_free(order_.front());
        if (!oldest_is_free && order_.size() < limit_ && slots.make(order_.size())) {
            order_.push_back(order_.size());
        } else {
            if (!oldest_is_free) slots.wait(order_.front());
            order_.push_back(order_.front());
            order_.pop_front();
        }
        used_ = 0;
    }

    std::size_t slot_bytes_, limit_;
    std::deque<std::size_t> order_;  // from the oldest use to the slot that is being filled
    std::size_t used_ = 0;           // bytes of that slot
};

}  // namespace vitscape::gpu
