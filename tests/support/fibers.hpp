// SPDX-License-Identifier: Apache-2.0
//
// Many paths of execution in one host thread, each on a stack of its own; they hand over to one another.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#define VITSCAPE_FIBERS_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VITSCAPE_FIBERS_ADDRESS_SANITIZER
#endif
#endif
#if defined(VITSCAPE_FIBERS_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace vitscape::test {

/// Stacks that are made once and used again for every set of fibers. `start` sets all of them up, `jump`
/// leaves one and goes on in another; `outside` is the caller's own stack.
class Fibers {
  public:
    static constexpr int outside = -1;

    /// `body(i)` will run for fiber i < count when it is first jumped to. It must leave by `jump`, never
    /// return. What fibers of an earlier set held on their stacks is forgotten without destructors.
    void start(int count, std::function<void(int)> body) {
        body_ = std::move(body);
        while (stacks_.size() <= static_cast<std::size_t>(count)) {  // slot 0 is `outside`
            stacks_.emplace_back(stacks_.empty() ? nullptr : new std::byte[stack_bytes]);
            contexts_.push_back(std::make_unique<ucontext_t>());
            fake_.push_back(nullptr);
        }
        for (int fiber = 0; fiber < count; ++fiber) {
            ucontext_t& context = *contexts_[slot(fiber)];
            getcontext(&context);
            context.uc_stack.ss_sp = stacks_[slot(fiber)].get();
            context.uc_stack.ss_size = stack_bytes;
            context.uc_link = nullptr;
            fake_[slot(fiber)] = nullptr;
#if defined(VITSCAPE_FIBERS_ADDRESS_SANITIZER)
            __asan_unpoison_memory_region(stacks_[slot(fiber)].get(), stack_bytes);
#endif
            makecontext(&context, &Fibers::enter, 0);
        }
    }

    /// Goes on in `to`; comes back when somebody jumps to `from`. `last`: nobody will.
    void jump(int from, int to, [[maybe_unused]] bool last = false) {
        current_ = this;
        from_ = from;
        to_ = to;
#if defined(VITSCAPE_FIBERS_ADDRESS_SANITIZER)
        const void* const bottom = to == outside ? outside_bottom_ : stacks_[slot(to)].get();
        const std::size_t bytes = to == outside ? outside_bytes_ : stack_bytes;
        __sanitizer_start_switch_fiber(last ? nullptr : &fake_[slot(from)], bottom, bytes);
#endif
        swapcontext(contexts_[slot(from)].get(), contexts_[slot(to)].get());
        arrived(fake_[slot(from)]);
    }

  private:
    static constexpr std::size_t stack_bytes = std::size_t{128} << 10;

    static std::size_t slot(int fiber) { return static_cast<std::size_t>(fiber + 1); }

    static void enter() {
        Fibers& fibers = *current_;
        fibers.arrived(nullptr);
        fibers.body_(fibers.to_);
    }

    /// Tells the address sanitizer that the stack has changed, and learns of the stack outside.
    void arrived([[maybe_unused]] void* fake) {
#if defined(VITSCAPE_FIBERS_ADDRESS_SANITIZER)
        const void* bottom = nullptr;
        std::size_t bytes = 0;
        __sanitizer_finish_switch_fiber(fake, &bottom, &bytes);
        if (from_ == outside) {
            outside_bottom_ = bottom;
            outside_bytes_ = bytes;
        }
#endif
    }

    static inline thread_local Fibers* current_ = nullptr;
    std::function<void(int)> body_;
    std::vector<std::unique_ptr<std::byte[]>> stacks_;
    std::vector<std::unique_ptr<ucontext_t>> contexts_;
    std::vector<void*> fake_;  // the address sanitizer's own stacks
    int from_ = outside, to_ = outside;
    [[maybe_unused]] const void* outside_bottom_ = nullptr;  // these two for the sanitizer alone
    [[maybe_unused]] std::size_t outside_bytes_ = 0;
};

}  // namespace vitscape::test
