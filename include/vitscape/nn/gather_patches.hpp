// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>

#include <xtensor/xtensor.hpp>

#include <vitscape/backend/eigen/parallel.hpp>
#include <vitscape/backend/eigen/thread_scratch.hpp>
#include <vitscape/nn/device_patches.hpp>
#include <vitscape/nn/patches.hpp>
#include <vitscape/tensor/tensor.hpp>

namespace vitscape {

namespace detail {

struct PatchScratch {};

/// `gather_patches` into memory that the processor reaches: each patch is copied to its place by one of some threads, and converted
/// and normalized while it is in cache.
template <class B, class U>
void gather_on_host(const B& backend, const PatchGrid& grid, const xt::xtensor<U, 4>& images, Index samples,
                    std::span<const std::int32_t> order, const PatchPart<B>& part) {
    using T = typename B::Storage;
    using N = std::common_type_t<U, Real<T>>;  // before it is stored
    constexpr Index smallest_work = 8192;      // numbers below which an additional thread does not pay off
    const Index size = grid.size();
    set_shape(backend, {samples, part.count, size}, *part.to);
    T* const to = part.to->data();
    const Blocks blocks(samples * part.count, smallest_work / size, 256);
    parallel_for(backend.threads(), blocks.count, [&](Index block) {
        for (Index r = blocks.begin(block); r < blocks.end(block); ++r) {
            const Index sample = r / part.count, i = part.first + r % part.count;
            const Index patch =
                order.empty() ? i : order[static_cast<std::size_t>(sample * grid.count() + i)];
            T* const out = to + r * size;
            N* numbers;
            if constexpr (std::is_same_v<T, N>)
                numbers = out;
            else
                numbers = thread_scratch<PatchScratch, N>(size);
            copy_patch(grid, images, sample, patch, part.numbers, numbers);
            if (part.normalize) normalize_patch(std::span<N>(numbers, static_cast<std::size_t>(size)));
            if constexpr (!std::is_same_v<T, N>)
                for (Index c = 0; c < size; ++c) out[c] = static_cast<T>(numbers[c]);
        }
    });
}

}  // namespace detail

/// Patches of the first `samples` of images (n, channels, image, image), which must fit the grid, in parts that may differ in the order
/// of their numbers and in normalization. Where the backend's memory is the processor's they are copied by its threads; otherwise the
/// images are uploaded and rearranged there. Either way nothing depends on the number of threads; the paths agree exactly where nothing
/// is normalized, and to rounding where it is. Not for work that is replayed: it uploads.
/// @param order  (samples, patches), a permutation of each image's patch numbers; empty: all images by patch number
template <Backend B, class U>
void gather_patches(B backend, const PatchGrid& grid, const xt::xtensor<U, 4>& images, Index samples,
                    std::span<const std::int32_t> order, std::initializer_list<PatchPart<B>> parts) {
    if constexpr (HostMemory<B>) {
        for (const PatchPart<B>& part : parts)
            detail::gather_on_host(backend, grid, images, samples, order, part);
    } else if constexpr (requires {
                             backend.base();
                         }) {  // numbers with derivatives: those of a constant are 0
        using Base = typename B::Base;
        for (const PatchPart<B>& part : parts) {
            Tensor<Base> values;
            gather_patches<Base>(
                backend.base(), grid, images, samples, order,
                {PatchPart<Base>{part.first, part.count, part.numbers, part.normalize, &values}});
            set_shape(backend, values.shape(), *part.to);
            backend.map(1, values.size(), functor::Identity{},
                        operand::Matrix<typename B::Pointer>{part.to->data(), values.size()},
                        operand::Matrix<typename Base::Pointer>{values.data(), values.size()});
        }
    } else {
        DevicePatches<B> patches(backend, grid, images, samples);
        for (const PatchPart<B>& part : parts) patches.gather(order, part);
    }
}

}  // namespace vitscape
