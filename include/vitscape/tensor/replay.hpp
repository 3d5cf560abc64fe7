// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/series_pointer.hpp>

namespace vitscape {

/// Work of a backend that is repeated on the same memory. A backend with a `Graph` and `run(graph, signature,
/// body)` records it once and replays it; others call `body`.
template <Backend B>
class Replay {
    struct Nothing {};
    template <class X>
    struct GraphOf {
        using type = Nothing;
    };
    template <class X>
    requires requires { typename X::Graph; }
    struct GraphOf<X> {
        using type = typename X::Graph;
    };

  public:
    /// @param signature  must change whenever the work or a memory address in it changes.
    template <class Body>
    void run(B& backend, std::uint64_t signature, const Body& body) {
        if constexpr (requires { typename B::Graph; })
            backend.run(graph_, signature, body);
        else
            body();
    }

  private:
    [[no_unique_address]] typename GraphOf<B>::type graph_;
};

/// A hash of numbers and addresses, as `Replay` needs.
class Signature {
  public:
    template <class T>
    Signature& add(T* address) {
        return add(reinterpret_cast<std::uintptr_t>(address));
    }
    template <class T, class Series>
    Signature& add(const SeriesPointer<T, Series>& address) {
        for (T* const part : address.data) add(part);
        return *this;
    }
    Signature& add(std::uint64_t number) {
        hash_ = (hash_ ^ number) * 0x9E3779B97F4A7C15u;
        hash_ ^= hash_ >> 29;
        return *this;
    }
    [[nodiscard]] std::uint64_t value() const { return hash_; }

  private:
    std::uint64_t hash_ = 0x243F6A8885A308D3u;
};

}  // namespace vitscape
