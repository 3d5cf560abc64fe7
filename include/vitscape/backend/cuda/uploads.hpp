// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include <vitscape/backend/cuda/error.hpp>
#include <vitscape/backend/cuda/handles.hpp>
#include <vitscape/backend/cuda/upload_ring.hpp>

#include <cuda_runtime_api.h>

namespace vitscape::gpu {

/// Uploads that overlap with computation: host memory is copied through pinned slots to staging memory on the
/// device, on a separate stream; the compute stream copies from there to the destination, in stream order. The
/// host waits only if all slots are in use.
class Uploads {
  public:
    /// Slots of `slot_bytes` bytes, pinned and on the device, at most `limit` of them, created on demand.
    Uploads(cudaStream_t compute, std::size_t slot_bytes, std::size_t limit)
        : compute_(compute), stream_(detail::make_stream()), ring_(slot_bytes, limit), slots_{slot_bytes} {}
    Uploads(const Uploads&) = delete;
    Uploads& operator=(const Uploads&) = delete;
    ~Uploads() { static_cast<void>(cudaStreamSynchronize(stream_.get())); }

    [[nodiscard]] cudaStream_t stream() const { return stream_.get(); }

    /// Enqueues the copy of `bytes` bytes; `host` may be reused when this returns.
    void upload(const void* host, void* to, std::size_t bytes) {
        const auto* from = static_cast<const std::byte*>(host);
        auto* target = static_cast<std::byte*>(to);
        while (bytes > 0) {
            const UploadRing::Piece piece = ring_.next(bytes, slots_);
            upload_piece(slots_.all[piece.slot], piece, from, target);
            from += piece.bytes;
            target += piece.bytes;
            bytes -= piece.bytes;
        }
    }

  private:
    struct Slot {
        detail::PinnedBytes pinned;
        detail::DeviceBytes staging;
        detail::Event arrived, consumed;  // of the last piece in the slot, and so of all before it
    };
    struct Slots {
        std::size_t bytes;
        std::vector<Slot> all{};

        [[nodiscard]] bool is_free(std::size_t i) const {
            const cudaError_t status = cudaEventQuery(all[i].consumed.get());
            if (status == cudaErrorNotReady) {
                static_cast<void>(cudaGetLastError());
                return false;
            }
            check(status, "earlier work on the GPU");
            return true;
        }
        void wait(std::size_t i) const {
            check(cudaEventSynchronize(all[i].consumed.get()), "earlier work on the GPU");
        }
        bool make(std::size_t i) {
            try {
                Slot slot;
                slot.pinned = detail::make_pinned_bytes(bytes);
                slot.staging = detail::make_device_bytes(bytes, 0);
                slot.arrived = detail::make_event();
                slot.consumed = detail::make_event();
                all.push_back(std::move(slot));
                return true;
            } catch (const OutOfDeviceMemory&) {
                if (i == 0) throw;
                return false;
            }
        }
    };

    void upload_piece(Slot& slot, const UploadRing::Piece& piece, const std::byte* from, std::byte* to) {
        auto* const pinned = static_cast<std::byte*>(slot.pinned.get()) + piece.offset;
        auto* const staged = static_cast<std::byte*>(slot.staging.get()) + piece.offset;
        std::memcpy(pinned, from, piece.bytes);
        check(cudaMemcpyAsync(staged, pinned, piece.bytes, cudaMemcpyHostToDevice, stream_.get()),
              "an upload");
        check(cudaEventRecord(slot.arrived.get(), stream_.get()), "an upload");
        check(cudaStreamWaitEvent(compute_, slot.arrived.get(), 0), "an upload");
        check(cudaMemcpyAsync(to, staged, piece.bytes, cudaMemcpyDeviceToDevice, compute_), "an upload");
        check(cudaEventRecord(slot.consumed.get(), compute_), "an upload");
    }

    cudaStream_t compute_;
    detail::Stream stream_;
    UploadRing ring_;
    Slots slots_;
};

}  // namespace vitscape::gpu
