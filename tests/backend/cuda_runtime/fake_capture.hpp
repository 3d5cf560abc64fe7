// SPDX-License-Identifier: Apache-2.0
//
// A capture of the fake device: the work of the stream that it began on and of those that it was forked to, and what waits for what.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace fake {

/// Of each branch, how many of its works are known to be before.
using Reached = std::vector<std::size_t>;

/// Branch 0 is the stream that the capture began on; each stream that waits for an event of the capture becomes another.
class Capture {
  public:
    bool ended = false;    ///< nothing may wait for its events any more
    bool invalid = false;  ///< something happened that cannot be captured

    /// The number of a new branch.
    std::size_t fork() {
        branches_.emplace_back();
        return branches_.size() - 1;
    }
    void add(std::size_t branch, std::function<void()> work) {
        Branch& own = branches_[branch];
        own.works.push_back({std::move(work), own.reached});
        raise(own.reached, branch, own.works.size());
    }
    /// Later works of a branch are after what `event` reached.
    void wait(std::size_t branch, const Reached& event) {
        for (std::size_t i = 0; i < event.size(); ++i) raise(branches_[branch].reached, i, event[i]);
    }
    [[nodiscard]] const Reached& reached(std::size_t branch) const { return branches_[branch].reached; }
    /// Whether the first branch waited for the last work of each.
    [[nodiscard]] bool joined() const {
        for (std::size_t i = 0; i < branches_.size(); ++i)
            if (at(branches_[0].reached, i) < branches_[i].works.size()) return false;
        return true;
    }
    /// All works of a joined capture in an order that a device may choose: those of other branches as late as possible, so that a wait
    /// that is missing shows.
    [[nodiscard]] std::vector<std::function<void()>> in_order() const {
        std::vector<std::function<void()>> all;
        Reached done;
        append(branches_[0].reached, done, all);
        return all;
    }

  private:
    struct Node {
        std::function<void()> work;
        Reached before;
    };
    struct Branch {
        std::vector<Node> works{};
        Reached reached{};
    };

    static std::size_t at(const Reached& reached, std::size_t i) {
        return i < reached.size() ? reached[i] : 0;
    }
    static void raise(Reached& reached, std::size_t i, std::size_t count) {
        if (reached.size() <= i) reached.resize(i + 1);
        reached[i] = std::max(reached[i], count);
    }
    void append(const Reached& goal, Reached& done, std::vector<std::function<void()>>& all) const {
        for (std::size_t i = 0; i < goal.size(); ++i)
            while (at(done, i) < goal[i]) {
                const Node& next = branches_[i].works[at(done, i)];
                append(next.before, done, all);
                all.push_back(next.work);
                raise(done, i, at(done, i) + 1);
            }
    }

    std::vector<Branch> branches_ = std::vector<Branch>(1);
};

}  // namespace fake
