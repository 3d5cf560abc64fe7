// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

namespace vitscape::gpu {

/// A step that is repeated with the same arrays: the first run with a signature runs `body`
/// directly, which allocates its memory and chooses its algorithms; the second captures the work it enqueues on the
/// compute stream into a CUDA graph and launches it; later runs only launch it, and `body` is not called. Another
/// signature starts over.
///
/// The body must enqueue the same work whenever the signature is the same: the caller computes the signature from all
/// addresses, sizes and host numbers that the work depends on (numbers that change from step to step, such as the
/// learning rate, are passed in device memory). It may download through `HostBuffer::start`, but must neither upload
/// nor wait while it is captured. Arrays that it allocates and that outlive it keep their addresses, and each
/// run overwrites them; their memory belongs to a pool of the graph.
///
/// `Graph` in context.hpp is this with the CUDA context; another `C` is used to test the order of events.
template <class C>
class BasicGraph {
  public:
    BasicGraph() = default;
    BasicGraph(BasicGraph&& other) noexcept { swap(other); }
    BasicGraph& operator=(BasicGraph&& other) noexcept {
        BasicGraph taken(std::move(other));
        swap(taken);
        return *this;
    }
    ~BasicGraph() { reset(); }

    /// One step, see above. An exception of `body` is propagated; the next run starts over. Inside
    /// another body that is being captured, `body` becomes part of that one.
    template <class Body>
    void run(C& context, std::uint64_t signature, Body&& body) {
        if (!context.graphs_enabled() || context.capturing()) {
            body();
            return;
        }
        if (context_.get() != &context || signature != signature_) reset();
        if (stage_ == Stage::captured) {
            context.launch(executable_);
            return;
        }
        if (!context_) {
            context_ = context.shared_from_this();
            pool_ = context.pools().open();
            signature_ = signature;
        }
        if (stage_ == Stage::fresh) {
            const PoolInUse scope(context, pool_);
            body();
            stage_ = Stage::warm;
            return;
        }
        capture(context, std::forward<Body>(body));
        context.launch(executable_);
    }

    /// Discards the captured graph; its memory returns to the context's common pool.
    void reset() {
        if (!context_) return;
        executable_ = {};
        context_->pools().close(pool_);
        stage_ = Stage::fresh;
        context_.reset();
    }

    [[nodiscard]] bool captured() const { return stage_ == Stage::captured; }

  private:
    enum class Stage { fresh, warm, captured };

    struct PoolInUse {
        PoolInUse(C& c, std::size_t pool) : context(c), before(c.pools().use(pool)) {}
        ~PoolInUse() { context.pools().use(before); }
        PoolInUse(const PoolInUse&) = delete;
        PoolInUse& operator=(const PoolInUse&) = delete;
        C& context;
        std::size_t before;
    };

    template <class Body>
    void capture(C& context, Body&& body) {
        const PoolInUse scope(context, pool_);
        stage_ = Stage::fresh;  // in case anything below throws
        context.begin_capture();
        try {
            std::forward<Body>(body)();
        } catch (...) {
            context.abandon_capture();
            throw;
        }
        executable_ = context.end_capture();
        stage_ = Stage::captured;
    }

    void swap(BasicGraph& other) noexcept {
        std::swap(context_, other.context_);
        std::swap(executable_, other.executable_);
        std::swap(signature_, other.signature_);
        std::swap(pool_, other.pool_);
        std::swap(stage_, other.stage_);
    }

    std::shared_ptr<C> context_;  // null before the first run
    typename C::Executable executable_{};
    std::uint64_t signature_ = 0;
    std::size_t pool_ = 0;
    Stage stage_ = Stage::fresh;
};

}  // namespace vitscape::gpu
