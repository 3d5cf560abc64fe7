// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <vitscape/data/loader.hpp>
#include <vitscape/distributed/tree_sum.hpp>
#include <vitscape/train/gradient_pass.hpp>

namespace vitscape {

/// Vectors of the size of the parameters that `ReproduciblePass` keeps at least in a process: the sum of the step, and those of
/// `TreeSum`.
/// @param parts  of a batch, 0: it is not used
[[nodiscard]] inline std::size_t reproducible_vectors(std::size_t parts, std::size_t processes) {
    return parts == 0 ? 0 : 1 + SumTree{parts / processes}.nodes_at_once();
}

/// The gradient of a step with the same bytes for any number of processes. A batch is divided into a fixed number of parts; each has
/// its own forward and backward pass, and gradients and losses of the parts are added in an order that does not depend on who
/// computed them (`TreeSum`). It takes more time than one pass over all images of a process: smaller products of
/// matrices, an addition of a gradient for each part, and sums that begin only after the backward passes.
template <Backend B, Method<B> M, CommunicatorFor<Master<B>> C>
class ReproduciblePass {
    using P = Master<B>;
    static constexpr bool possible = PassingCommunicator<C, P> && !DeviceBackend<P>;

  public:
    /// @throws ConfigError if so many parts cannot be shared by the processes, have no images, or are of a device
    static void check(std::size_t parts, std::size_t batch, int processes) {
        if (parts == 0) return;
        if (!possible)
            throw ConfigError(
                "a training with the same bytes for any number of processes works on processors, by MPI; on "
                "devices leave "
                "the number of parts of a batch (--reproducible) out");
        if (parts % static_cast<std::size_t>(processes) != 0)
            throw ConfigError(message(parts, " parts of a batch (--reproducible) cannot be shared evenly by ",
                                      processes, " processes; their number must be a multiple of ",
                                      processes));
        if (batch < parts)
            throw ConfigError(message("a batch of ", batch, " images has no ", parts,
                                      " parts (--reproducible); choose a larger batch or fewer parts"));
    }

    /// @param shard  the parts of this process.  @param parts  of a batch, in all processes; 0: this is not used
    /// @param batch  images of each batch, in all processes
    ReproduciblePass(const B& backend, C communicator, const Shard& shard, std::size_t parts,
                     std::size_t batch)
        : communicator_(std::move(communicator)), shard_(shard), batch_(batch), losses_(parts) {
        if constexpr (possible)
            if (parts > 0) sum_.emplace(master(backend), communicator_, parts);
    }

    /// Adds the gradient of a batch, of which this process has its parts, to that of the step; after the last one of the step
    /// it is in `pass`, in all processes.
    /// @returns in process 0 the sum of all losses of the batch, elsewhere 0
    double run(GradientPass<B, M, C>& pass, const Batch& batch, const MaskKey& key, const Vector<P>& theta,
               const Vector<P>& teacher, bool last) {
        if constexpr (possible) {
            if (total_.size() == 0) total_ = Vector<P>(theta.backend(), theta.size());
            std::fill(losses_.begin(), losses_.end(), 0.0);
            std::size_t first = 0;
            for (std::size_t part = shard_.rank; part < shard_.rank + shard_.parts; ++part) {
                const std::size_t count = shard_.positions(part, batch_).size();
                pass.prepare(slice(batch, first, count), key);
                pass.clear();
                pass.start(theta, teacher, false);
                const auto losses = pass.losses();
                losses_[part] = std::accumulate(losses.begin(), losses.end(), 0.0);
                sum_->add(pass.gradient());
                first += count;
            }
            sum_->finish(total_);
            communicator_.sum(losses_.data(), losses_.size());  // each with zeros of the others
            if (last) {
                communicator_.broadcast(total_.backend(), total_.size(), total_.data(), 0);
                pass.finish(total_);
                fill(0, total_);
            }
        }
        return communicator_.rank() == 0 ? std::accumulate(losses_.begin(), losses_.end(), 0.0) : 0;
    }

  private:
    struct Nothing {};
    template <class X, class Y>
    struct SumOf {
        using type = Nothing;
    };
    template <class X, class Y>
    requires PassingCommunicator<Y, X>
    struct SumOf<X, Y> {
        using type = TreeSum<X, Y>;
    };

    C communicator_;
    Shard shard_;
    std::size_t batch_;
    std::vector<double> losses_;  // (parts), of all processes
    std::optional<typename SumOf<P, C>::type> sum_{};
    Vector<P> total_{};
};

}  // namespace vitscape
