// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <utility>
#include <vector>

#include <vitscape/backend/concept.hpp>

namespace vitscape {

/// Refinement of a backend that computes while results are transferred: `HostBuffer(backend)`, `copy_later(n, from,
/// buffer)`, `dot_later(n, x, y, buffer)`, which return immediately, and `buffer.wait(host)`, which waits for the results of
/// the latest call and converts them to a vector of double.
template <class B>
concept DeferredDownload = Backend<B> &&
    requires(B b, typename B::HostBuffer& buffer, typename B::Pointer p, Index n, std::vector<double>& host) {
    b.copy_later(n, p, buffer);
    b.dot_later(n, p, p, buffer);
    buffer.wait(host);
};

namespace detail {
struct NoBuffer {
    template <class B>
    explicit NoBuffer(const B&) {}
};
template <class B>
struct HostBufferOf {
    using type = NoBuffer;
};
template <DeferredDownload B>
struct HostBufferOf<B> {
    using type = typename B::HostBuffer;
};
}  // namespace detail

/// An asynchronous download: started by `copy` or `dot`, available after `wait`. In between, both the device and the
/// host may do other work.
template <Backend B>
class HostNumbers {
  public:
    explicit HostNumbers(B backend) : backend_(std::move(backend)), buffer_(backend_) {}

    /// Starts the download of `n` numbers from a backend's memory.
    void copy(Index n, typename B::Pointer from) {
        if constexpr (DeferredDownload<B>) {
            backend_.copy_later(n, from, buffer_);
        } else {
            host_.resize(static_cast<std::size_t>(n));
            backend_.download(n, from, host_.data());
        }
    }
    /// Starts the download of one number, the sum of x[i] y[i].
    void dot(Index n, typename B::Pointer x, typename B::Pointer y) {
        if constexpr (DeferredDownload<B>) {
            backend_.dot_later(n, x, y, buffer_);
        } else {
            host_.assign(1, backend_.dot(n, x, y));
        }
    }
    /// Valid until the next `copy` or `dot`.
    std::span<const double> wait() {
        if constexpr (DeferredDownload<B>) buffer_.wait(host_);
        return host_;
    }

  private:
    B backend_;
    typename detail::HostBufferOf<B>::type buffer_;
    std::vector<double> host_;
};

}  // namespace vitscape
