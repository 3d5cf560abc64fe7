// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/core/functors.hpp>
#include <vitscape/nn/patches.hpp>
#include <vitscape/tensor/tensor.hpp>

namespace vitscape {

/// Patches `first` to `first + count - 1` of each image's order, and where they go.
template <Backend B>
struct PatchPart {
    Index first = 0, count = 0;
    PatchOrder numbers = PatchOrder::channel_row_column;  ///< order of the numbers in a patch
    bool normalize = false;   ///< each patch by its mean and deviation, as `normalize_patch` does
    Tensor<B>* to = nullptr;  ///< (samples, count, patch values)
};

/// Images in the memory of a backend, from which its primitives gather patches: what a device does, whose host would take longer to
/// rearrange a batch than it takes to train on it. The images are uploaded once for all parts, as they are.
///
/// They are read as lines of `patch` pixels, so that the first number of a patch is that of a line, and column c of a patch lies at the
/// same distance from it in all patches: (samples * count, patch values) is one `operand::Selected`.
template <Backend B>
class DevicePatches {
    using P = Master<B>;  // of the images: what is rounded, is rounded at the end
    using Pointer = typename P::Pointer;

  public:
    /// The first `samples` of images (n, channels, image, image). @throws ShapeError if they have more lines than 32-bit numbers count
    template <class U>
    DevicePatches(const B& backend, const PatchGrid& grid, const xt::xtensor<U, 4>& images, Index samples)
        : backend_(backend), grid_(grid), samples_(samples) {
        if (samples > std::numeric_limits<std::int32_t>::max() / lines())
            throw ShapeError(message("a device gathers patches of up to ",
                                     std::numeric_limits<std::int32_t>::max() / lines(),
                                     " such images at once, not of ", samples));
        P memory = master(backend_);
        images_ = Tensor<P>(memory, {samples, grid.channels, grid.image, grid.image});
        memory.upload(images_.size(), images.data(), images_.data());
    }

    /// @param order  (samples, patches); empty: all images by patch number
    void gather(std::span<const std::int32_t> order, const PatchPart<B>& part) {
        const Index rows = samples_ * part.count, size = grid_.size();
        set_shape(backend_, {samples_, part.count, size}, *part.to);
        const IndexTensor<B> first(backend_, first_lines(order, part)),
            columns(backend_, places(part.numbers));
        const operand::Selected<Pointer> pixels{images_.data(), first.data(), grid_.patch, columns.data()};
        const operand::Matrix<typename B::Pointer> to{part.to->data(), size};
        if (part.normalize)
            standardize(rows, pixels, to);
        else
            backend_.map(rows, size, functor::Identity{}, to, pixels);
    }

  private:
    /// Lines of an image.
    [[nodiscard]] Index lines() const { return grid_.channels * grid_.image * grid_.side(); }
    /// The line in which each patch begins: (samples, part.count).
    [[nodiscard]] std::vector<std::int32_t> first_lines(std::span<const std::int32_t> order,
                                                        const PatchPart<B>& part) const {
        std::vector<std::int32_t> result;
        result.reserve(static_cast<std::size_t>(samples_ * part.count));
        for (Index sample = 0; sample < samples_; ++sample)
            for (Index i = part.first; i < part.first + part.count; ++i) {
                const Index patch =
                    order.empty() ? i : order[static_cast<std::size_t>(sample * grid_.count() + i)];
                const Index row = patch / grid_.side(), column = patch % grid_.side();
                result.push_back(
                    static_cast<std::int32_t>(sample * lines() + row * grid_.patch * grid_.side() + column));
            }
        return result;
    }
    /// Where the numbers of a patch are, counted in numbers from its first: (patch values). Those of a patch that counts them.
    [[nodiscard]] std::vector<std::int32_t> places(PatchOrder numbers) const {
        xt::xtensor<std::int32_t, 4> image({1, static_cast<std::size_t>(grid_.channels),
                                            static_cast<std::size_t>(grid_.image),
                                            static_cast<std::size_t>(grid_.image)});
        std::int32_t next = 0;
        for (std::int32_t& number : image) number = next++;
        std::vector<std::int32_t> result(static_cast<std::size_t>(grid_.size()));
        copy_patch(grid_, image, 0, 0, numbers, result.data());
        return result;
    }
    /// `normalize_patch` of each row. Deviations are those from the row's first number: of pixels close to each other these differences
    /// are exact, so that float sums suffice where the host sums pixels in double.
    void standardize(Index rows, const operand::Selected<Pointer>& pixels,
                     const operand::Matrix<typename B::Pointer>& to) {
        using T = RealOf<P>;
        P sums = master(backend_);
        const Index size = grid_.size();
        const Tensor<P> shift(sums, {rows}), mean(sums, {rows}), inverse(sums, {rows});
        const operand::PerRow<Pointer> each_shift{shift.data()}, each_mean{mean.data()},
            each_inverse{inverse.data()};
        const operand::Matrix<Pointer> means{mean.data(), rows}, inverses{inverse.data(), rows};
        sums.map(rows, 1, functor::Identity{}, operand::Matrix<Pointer>{shift.data(), 1}, pixels);
        sums.reduce_rows(rows, size, functor::Subtract{}, mean.data(), pixels, each_shift);
        sums.map(1, rows, functor::Scale<T>{T(1) / static_cast<T>(size)}, means, means);
        sums.reduce_rows(rows, size, functor::SquaredDeviation{}, inverse.data(), pixels, each_shift,
                         each_mean);
        sums.map(1, rows, functor::InverseDeviation<T>{static_cast<T>(size - 1), T(patch_epsilon)}, inverses,
                 inverses);
        backend_.map(rows, size, functor::StandardizeShifted{}, to, pixels, each_shift, each_mean,
                     each_inverse);
    }

    B backend_;
    PatchGrid grid_;
    Index samples_;
    Tensor<P> images_;  // (samples, channels, image, image)
};

}  // namespace vitscape
