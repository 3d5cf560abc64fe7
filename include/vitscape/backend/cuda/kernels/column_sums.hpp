// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/pack.hpp>

namespace vitscape::kernels {

/// First stage of out[c] += sum over r of x(r, c), the gradient of a bias: the sums of each of `parts()` ranges of
/// rows, in a fixed order. `AddPartialSums` is the second.
template <class T>
struct ColumnSums {
    static constexpr int max_threads = stream_threads, width = pack_width<T>;
    static constexpr int tile = warp_lanes * width;  ///< columns per block
    Index rows, columns;
    const T* x;      // (rows, columns)
    float* partial;  // (parts(), columns)

    /// About two blocks per multiprocessor of a large GPU, with at least 64 rows.
    [[nodiscard]] VITSCAPE_HOST_DEVICE Index parts() const {
        const auto tile_count = static_cast<unsigned>(tiles());
        const Index by_rows = ceiling_ratio(rows, 64), by_tiles = (256 + tile_count - 1) / tile_count;
        return by_rows < by_tiles ? by_rows : by_tiles;
    }
    [[nodiscard]] Index blocks() const { return tiles() * parts(); }
    [[nodiscard]] static std::size_t shared_bytes() {
        return sizeof(float) * static_cast<std::size_t>(tile * max_threads / warp_lanes);
    }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        const auto number = static_cast<unsigned>(block.index()), tile_count = static_cast<unsigned>(tiles()),
                   part_count = static_cast<unsigned>(parts());
        const Index first = static_cast<Index>(number % tile_count) * tile, part = number / tile_count;
        auto* const shared = reinterpret_cast<float*>(block.shared());  // (warps, tile)
        float* const own = shared + block.warp() * tile;
        const Index size = (static_cast<unsigned>(rows) + part_count - 1) / part_count, begin = part * size;
        const Index end = (part + 1) * size < rows ? (part + 1) * size : rows;
        const int count = static_cast<int>(end - begin);
        const T* const from = x + begin * columns;
        float sum[width] = {};
        if (columns % width == 0 && aligned(width, x)) {
            const Index column = first + block.lane() * width;
            if (column < columns)
                for (int row = block.warp(); row < count; row += block.warps()) {
                    Real<T> numbers[width];
                    load(from + row * columns + column, numbers);
                    VITSCAPE_UNROLL
                    for (int k = 0; k < width; ++k) sum[k] += numbers[k];
                }
            VITSCAPE_UNROLL
            for (int k = 0; k < width; ++k) own[block.lane() * width + k] = sum[k];
        } else {
            for (int row = block.warp(); row < count; row += block.warps()) {
                VITSCAPE_UNROLL
                for (int k = 0; k < width; ++k) {
                    const Index column = first + k * warp_lanes + block.lane();
                    if (column < columns) sum[k] += static_cast<float>(from[row * columns + column]);
                }
            }
            VITSCAPE_UNROLL
            for (int k = 0; k < width; ++k) own[k * warp_lanes + block.lane()] = sum[k];
        }
        block.sync();
        for (int i = block.thread(); i < tile && first + i < columns; i += block.threads()) {
            float total = 0;
            for (int warp = 0; warp < block.warps(); ++warp) total += shared[warp * tile + i];
            partial[part * columns + first + i] = total;
        }
    }

  private:
    [[nodiscard]] VITSCAPE_HOST_DEVICE Index tiles() const { return ceiling_ratio(columns, tile); }
};

/// Second stage: out[c] += sum over parts of partial(part, c) in a fixed order; with a second output,
/// second[c] += sum of partial(part, columns + c).
struct AddPartialSums {
    static constexpr int max_threads = stream_threads;
    Index parts, columns;
    const float* partial;  // (parts, columns), or (parts, 2 columns) if `second` is not null
    float *out, *second = nullptr;

    [[nodiscard]] Index blocks() const { return ceiling_ratio(row(), warp_lanes); }
    [[nodiscard]] static std::size_t shared_bytes() {
        return sizeof(float) * static_cast<std::size_t>(max_threads);
    }

    /// Lanes are adjacent in columns, warps take turns over the parts.
    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        const Index column = block.index() * warp_lanes + block.lane();
        auto* const shared = reinterpret_cast<float*>(block.shared());  // (warps, lanes)
        float sum = 0;
        if (column < row())
            for (Index part = block.warp(); part < parts; part += block.warps())
                sum += partial[part * row() + column];
        shared[block.thread()] = sum;
        block.sync();
        if (block.warp() != 0 || column >= row()) return;
        float total = 0;
        for (int warp = 0; warp < block.warps(); ++warp) total += shared[warp * warp_lanes + block.lane()];
        float* const to = column < columns ? out + column : second + (column - columns);
        *to += total;
    }

  private:
    [[nodiscard]] VITSCAPE_HOST_DEVICE Index row() const { return second == nullptr ? columns : 2 * columns; }
};

}  // namespace vitscape::kernels
