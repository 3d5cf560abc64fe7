// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/distributed/communicator.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// The binary tree in which `leaves` numbers are added: a node of more than one leaf is the sum of its first 2^k leaves, with the
/// largest 2^k below their number, and of the rest.
struct SumTree {
    std::size_t leaves = 1;

    /// Nodes that exist at once while its leaves come one by one, each node of two others being added at once: log2(leaves) + 1, rounded
    /// down.
    [[nodiscard]] std::size_t nodes_at_once() const {
        return static_cast<std::size_t>(std::bit_width(leaves));
    }

    /// The first leaf of the second child of the node of leaves [first, end), which are at least two.
    [[nodiscard]] static std::size_t split(std::size_t first, std::size_t end) {
        std::size_t width = 1;
        while (2 * width < end - first) width *= 2;
        return first + width;
    }
    /// Whether the leaves [first, end) are those of a node.
    [[nodiscard]] bool has_node(std::size_t first, std::size_t end) const {
        std::size_t a = 0, b = leaves;
        while (a != first || b != end) {
            if (b - a < 2) return false;
            const std::size_t middle = split(a, b);
            if (end <= middle)
                b = middle;
            else if (first >= middle)
                a = middle;
            else
                return false;
        }
        return true;
    }
};

/// Sums vectors, the leaves of a `SumTree`, over all processes: the same bits for any number of processes, since the same sums
/// are rounded, wherever they are computed. Each process has an equal number of successive leaves.
///
///     for (…) sum.add(leaf);    // in each process its own, in order
///     sum.finish(total);        // total += the sum of all, in process 0
///
/// A node belongs to the process of its first leaf; the owner of its second child sends that. A process holds at most
/// log2(leaves) + 1 vectors, and one more that it receives.
template <Backend P, class C>
requires PassingCommunicator<C, P>
class TreeSum {
  public:
    /// @param leaves  in all processes. @throws ConfigError if they cannot be shared evenly
    TreeSum(P backend, C communicator, std::size_t leaves)
        : backend_(std::move(backend)), communicator_(std::move(communicator)), tree_{leaves} {
        const auto processes = static_cast<std::size_t>(communicator_.size());
        if (leaves == 0 || leaves % processes != 0)
            throw ConfigError(
                message(leaves, " parts cannot be shared evenly by ", processes,
                        " processes; their number must be a multiple of that of the processes"));
        own_ = leaves / processes;
        next_ = first_leaf();
    }

    /// The next leaf of this process. @throws Error if it has all of them already
    void add(const Vector<P>& leaf) {
        if (next_ == first_leaf() + own_)
            throw Error(message("a process has ", own_, " parts of a sum, one more was given"));
        held_.push_back({next_, next_ + 1, take_free(leaf)});
        ++next_;
        while (held_.size() > 1 && tree_.has_node(held_[held_.size() - 2].first, held_.back().end)) {
            Node last = std::move(held_.back());
            held_.pop_back();
            add_to(held_.back(), std::move(last));
        }
    }
    /// Adds the sum to `total` in process 0; the next sum may begin.
    /// @throws Error if leaves of this process are missing
    void finish(Vector<P>& total) {
        if (next_ != first_leaf() + own_)
            throw Error(
                message("a process has ", own_, " parts of a sum, ", next_ - first_leaf(), " were given"));
        if constexpr (!single_process<C>) reduce(0, tree_.leaves);  // otherwise it is complete
        next_ = first_leaf();
        if (communicator_.rank() != 0) return;
        axpby(1, held_.front().sum, 1, total);
        free_.push_back(std::move(held_.front().sum));
        held_.clear();
    }
    /// Vectors in memory.
    [[nodiscard]] std::size_t vectors() const { return held_.size() + free_.size(); }

  private:
    struct Node {
        std::size_t first, end;
        Vector<P> sum;
    };

    [[nodiscard]] std::size_t first_leaf() const {
        return static_cast<std::size_t>(communicator_.rank()) * own_;
    }
    [[nodiscard]] std::size_t owner(std::size_t leaf) const { return leaf / own_; }

    /// Every process walks through the nodes of several processes in the same order, so none waits for ever.
    void reduce(std::size_t first, std::size_t end) {
        const auto rank = static_cast<std::size_t>(communicator_.rank());
        const std::size_t left = owner(first);
        if (left == owner(end - 1) || rank < left || rank > owner(end - 1)) return;  // complete, or of others
        const std::size_t middle = SumTree::split(first, end), right = owner(middle);
        reduce(first, middle);
        reduce(middle, end);
        if (rank == left && rank == right) {
            Node second = take(middle, end);
            add_to(at(first, middle), std::move(second));
        } else if (rank == right) {
            Node sent = take(middle, end);
            communicator_.send(backend_, sent.sum.size(), sent.sum.data(), static_cast<int>(left));
            free_.push_back(std::move(sent.sum));
        } else if (rank == left) {
            Node& sum = at(first, middle);
            Vector<P> received = take_free(sum.sum);
            communicator_.receive(backend_, received.size(), received.data(), static_cast<int>(right));
            add_to(sum, {middle, end, std::move(received)});
        }
    }

    void add_to(Node& sum, Node second) {
        axpby(1, second.sum, 1, sum.sum);
        sum.end = second.end;
        free_.push_back(std::move(second.sum));
    }
    [[nodiscard]] Node& at(std::size_t first, std::size_t end) {
        for (Node& node : held_)
            if (node.first == first && node.end == end) return node;
        throw Error(message("the sum of the parts ", first, " to ", end - 1, " is missing"));
    }
    [[nodiscard]] Node take(std::size_t first, std::size_t end) {
        Node& found = at(first, end);
        Node node = std::move(found);
        held_.erase(held_.begin() + (&found - held_.data()));
        return node;
    }
    /// A copy of `values`, in memory that is there already where there is some.
    [[nodiscard]] Vector<P> take_free(const Vector<P>& values) {
        if (free_.empty()) return values;
        Vector<P> vector = std::move(free_.back());
        free_.pop_back();
        vector = values;
        return vector;
    }

    P backend_;
    C communicator_;
    SumTree tree_;
    std::size_t own_ = 1, next_ = 0;
    std::vector<Node> held_;  // in the order of their leaves
    std::vector<Vector<P>> free_;
};

}  // namespace vitscape
