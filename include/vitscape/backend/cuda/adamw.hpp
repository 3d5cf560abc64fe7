// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__CUDACC__)  // empty without a CUDA compiler

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include <vitscape/backend/cuda/kernels/adamw.hpp>
#include <vitscape/backend/cuda/run.hpp>

namespace vitscape::detail {

/// The parameter groups of the last step, in device memory; uploaded only when they change, i.e. once.
class AdamWTable {
  public:
    explicit AdamWTable(Execution<system::cuda> execution) : execution_(std::move(execution)) {}
    AdamWTable(const AdamWTable&) = delete;
    AdamWTable& operator=(const AdamWTable&) = delete;
    ~AdamWTable() { release(); }

    /// Ordered by offset.
    [[nodiscard]] const kernels::AdamWGroup* of(std::span<const ParameterGroup> groups) {
        std::vector<kernels::AdamWGroup> table;
        for (const ParameterGroup& group : groups)
            table.push_back({group.offset, group.count, static_cast<float>(group.weight_decay_scale),
                             static_cast<float>(group.learning_rate_scale)});
        const auto same = [](const kernels::AdamWGroup& a, const kernels::AdamWGroup& b) {
            return a.offset == b.offset && a.count == b.count &&
                   a.weight_decay_scale == b.weight_decay_scale &&
                   a.learning_rate_scale == b.learning_rate_scale;
        };
        std::sort(table.begin(), table.end(),
                  [](const auto& a, const auto& b) { return a.offset < b.offset; });
        if (device_ != nullptr && std::equal(table.begin(), table.end(), host_.begin(), host_.end(), same))
            return device_;
        release();
        host_ = std::move(table);
        device_ = static_cast<kernels::AdamWGroup*>(execution_.allocate(bytes()));
        execution_.context().upload_bytes(host_.data(), device_, bytes());
        return device_;
    }

  private:
    [[nodiscard]] std::size_t bytes() const { return host_.size() * sizeof(kernels::AdamWGroup); }
    void release() {
        if (device_ != nullptr) execution_.release(device_, bytes());
        device_ = nullptr;
    }

    Execution<system::cuda> execution_;
    std::vector<kernels::AdamWGroup> host_;
    kernels::AdamWGroup* device_ = nullptr;
};

/// One step over all groups, and the update of a teacher, in one kernel.
inline void adamw_step(Execution<system::cuda>& execution, AdamWTable& table,
                       std::span<const ParameterGroup> groups, const AdamWStep& step, float* theta,
                       const float* gradient, float* first, float* second, float* teacher, double momentum) {
    Index n = 0;
    for (const ParameterGroup& group : groups) n = std::max(n, group.offset + group.count);
    run(execution,
        kernels::AdamW{n, table.of(groups), static_cast<int>(groups.size()),
                       kernels::AdamWNumbers::of(step, momentum), theta, gradient, first, second, teacher});
}

}  // namespace vitscape::detail

#endif
