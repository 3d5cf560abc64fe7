// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/backend/thread_backends.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// A gradient that is summed over parts of the data, which threads compute at the same time (`ThreadBackends`). Part i is added to
/// sum i mod n, and the sums to each other in the end; n depends on sizes alone, and so the result not on the number of threads.
/// @tparam T  backend of the tapes, made from a B.  @tparam Vectors  that a backward pass adds to: 2 on dual numbers
template <Backend B, Backend T = B, std::size_t Vectors = 1>
class SummedGradient {
    using P = Master<B>;

  public:
    using Pointers = std::array<typename P::Pointer, Vectors>;

    /// Writes the sum over all parts to `out`. @param backends  the same in every call
    /// @param backward  called as backward(tape, pointers, part), at the same time for several parts: adds the part's gradient to
    ///                  `pointers`
    template <class Backward>
    void sum(ThreadBackends<B>& backends, Index parts, const std::array<Vector<P>*, Vectors>& out,
             const Backward& backward) {
        const Index size = out[0]->size(), sums = number_of_sums(parts, size);
        const P backend = master(backends.all());
        tapes_.resize(backends.count());
        if (!more_.empty() && more_[0][0].size() != size) more_.clear();
        while (static_cast<Index>(more_.size()) + 1 < sums)
            for (Vector<P>& vector : more_.emplace_back()) vector = Vector<P>(backend, size);
        std::vector<Pointers> pointers(static_cast<std::size_t>(sums));
        for (std::size_t i = 0; i < pointers.size(); ++i)
            for (std::size_t k = 0; k < Vectors; ++k) {
                Vector<P>& vector = i == 0 ? *out[k] : more_[i - 1][k];
                fill(0, vector);
                pointers[i][k] = vector.data();
            }
        backends.for_each(sums, [&](const B& own, std::size_t number, Index sum) {
            std::unique_ptr<Tape<T>>& tape = tapes_[number];
            if (!tape)
                tape =
                    std::make_unique<Tape<T>>(T(own), typename T::Pointer{}, typename Master<T>::Pointer{});
            for (Index part = sum; part < parts; part += sums)
                backward(*tape, pointers[static_cast<std::size_t>(sum)], part);
        });
        for (std::size_t i = 0; i + 1 < pointers.size(); ++i)
            for (std::size_t k = 0; k < Vectors; ++k) axpby(1, more_[i][k], 1, *out[k]);
    }

  private:
    /// At most 16, and fewer of large vectors: of 2^25 numbers together.
    [[nodiscard]] static Index number_of_sums(Index parts, Index size) {
        if constexpr (!ThreadedBackend<B>) return 1;
        const Index fit = std::clamp<Index>((Index{1} << 25) / std::max<Index>(size, 1), 1, 16);
        return std::clamp<Index>(parts, 1,
                                 static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(fit))));
    }

    std::vector<std::unique_ptr<Tape<T>>> tapes_;       // one of each backend, made when it is needed
    std::vector<std::array<Vector<P>, Vectors>> more_;  // the sums but the first, which is the result
};

}  // namespace vitscape
