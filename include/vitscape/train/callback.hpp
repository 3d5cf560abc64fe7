// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include <vitscape/train/training_state.hpp>

namespace vitscape {

namespace detail {

/// `&NamesBeside<C, Names>::name` is ambiguous exactly if `C` also has a member of that name of any kind: a function, a
/// template, an overload set, a private member. This also detects hooks that cannot be called.
template <class C, class Names>
struct NamesBeside : C, Names {};

struct HookNames {
    int on_start, on_step, on_epoch, on_interrupt;
};
struct MistakenHookNames {
    int onStart, onStep, onEpoch, onInterrupt, OnStart, OnStep, OnEpoch, OnInterrupt, on_Start, on_Step,
        on_Epoch, on_Interrupt, on_starts, on_steps, on_epochs, on_interrupts, on_started, on_interrupted,
        on_interruption, on_begin, on_end, on_finish, on_stop, on_batch, on_batch_end, on_step_begin,
        on_step_start, on_step_end, on_epoch_begin, on_epoch_start, on_epoch_end, on_train_begin,
        on_train_start, on_train_end, on_fit_start, on_fit_end, on_training_start, on_training_end,
        on_iteration, on_strat, on_setp, on_spet, on_epcoh, on_epoh, on_eopch, on_epoc, on_interupt,
        on_interrput;
};

/// The hooks that a class declares, by name. A final class or a union cannot be inherited from: only its functions that
/// are neither templates nor overloaded are detected.
template <class C>
struct NamedHooks {
    static constexpr bool start = requires { &C::on_start; };
    static constexpr bool step = requires { &C::on_step; };
    static constexpr bool epoch = requires { &C::on_epoch; };
    static constexpr bool interrupt = requires { &C::on_interrupt; };
    static constexpr bool mistaken = false;
};
template <class C>
requires(std::is_class_v<C> && !std::is_final_v<C>) struct NamedHooks<C> {
    using Beside = NamesBeside<C, HookNames>;
    using BesideMistaken = NamesBeside<C, MistakenHookNames>;
    static constexpr bool start = !requires { &Beside::on_start; };
    static constexpr bool step = !requires { &Beside::on_step; };
    static constexpr bool epoch = !requires { &Beside::on_epoch; };
    static constexpr bool interrupt = !requires { &Beside::on_interrupt; };
    template <class N>
    static constexpr bool none_of_it = requires {
        &N::onStart, &N::onStep, &N::onEpoch, &N::onInterrupt, &N::OnStart, &N::OnStep, &N::OnEpoch,
            &N::OnInterrupt, &N::on_Start, &N::on_Step, &N::on_Epoch, &N::on_Interrupt, &N::on_starts,
            &N::on_steps, &N::on_epochs, &N::on_interrupts, &N::on_started, &N::on_interrupted,
            &N::on_interruption, &N::on_begin, &N::on_end, &N::on_finish, &N::on_stop, &N::on_batch,
            &N::on_batch_end, &N::on_step_begin, &N::on_step_start, &N::on_step_end, &N::on_epoch_begin,
            &N::on_epoch_start, &N::on_epoch_end, &N::on_train_begin, &N::on_train_start, &N::on_train_end,
            &N::on_fit_start, &N::on_fit_end, &N::on_training_start, &N::on_training_end, &N::on_iteration,
            &N::on_strat, &N::on_setp, &N::on_spet, &N::on_epcoh, &N::on_epoh, &N::on_eopch, &N::on_epoc,
            &N::on_interupt, &N::on_interrput;
    };
    static constexpr bool mistaken = !none_of_it<BesideMistaken>;
};

/// The hooks of a callback that a training of type `T` can call.
template <class C, class T>
struct CallableHooks {
    static constexpr bool start = requires(C & c, T& trainer, const TrainOptions& options) {
        c.on_start(trainer, options);
    };
    static constexpr bool step = requires(C & c, T& trainer, const StepRecord& step) {
        c.on_step(trainer, step);
    };
    static constexpr bool epoch = requires(C & c, T& trainer, EpochRecord& epoch) {
        c.on_epoch(trainer, epoch);
    };
    static constexpr bool interrupt = requires(C & c, T& trainer) { c.on_interrupt(trainer); };
    static constexpr bool any = start || step || epoch || interrupt;
};

}  // namespace detail

/// An observer of a training of type `T`: an object with any of these hooks, and at least one.
///
/// | hook | called |
/// | --- | --- |
/// | `on_start(T& trainer, const TrainOptions& options)` | by `fit`, before the first step |
/// | `on_step(T& trainer, const StepRecord& step)` | after every optimizer step |
/// | `on_epoch(T& trainer, EpochRecord& epoch)` | after every epoch; may add to `epoch.metrics` |
/// | `on_interrupt(T& trainer)` | before `fit` throws `Interrupted` |
///
/// Of several processes only process 0 calls them, except for those of a callback with `static constexpr bool everywhere = true`,
/// which takes part in all: its hooks may use the trainer's communicator.
///
/// The trainer's type is usually a template parameter of the hook. A member with the name of a hook that cannot be called
/// in this way is an error, and so is one with a common misspelling (`on_epoch_end`, `onStep`, …). Other misspellings are
/// detected only if the callback has no hook left: C++ cannot enumerate the members of a class.
template <class C, class T>
concept Callback =
    detail::CallableHooks<C, T>::any && !detail::NamedHooks<std::remove_cv_t<C>>::mistaken &&
    (detail::CallableHooks<C, T>::start || !detail::NamedHooks<std::remove_cv_t<C>>::start) &&
    (detail::CallableHooks<C, T>::step || !detail::NamedHooks<std::remove_cv_t<C>>::step) &&
    (detail::CallableHooks<C, T>::epoch || !detail::NamedHooks<std::remove_cv_t<C>>::epoch) &&
    (detail::CallableHooks<C, T>::interrupt || !detail::NamedHooks<std::remove_cv_t<C>>::interrupt);

/// Whether a callback is called in all processes.
template <class C>
constexpr bool called_everywhere = requires {
    requires std::bool_constant<C::everywhere>::value;
};

/// Compiles if `C` is a `Callback` of a training of type `T`; otherwise the compiler's first error states what is wrong.
template <class C, class T>
constexpr bool require_callback() {
    using Named = detail::NamedHooks<std::remove_cv_t<C>>;
    using Callable = detail::CallableHooks<C, T>;
    static_assert(
        !Named::mistaken,
        "a callback has a member that is called almost like a hook, but would never be called; the hooks are "
        "on_start, on_step, on_epoch and on_interrupt");
    static_assert(Callable::start || !Named::start,
                  "a callback's on_start cannot be called as on_start(Trainer&, const TrainOptions&)");
    static_assert(Callable::step || !Named::step,
                  "a callback's on_step cannot be called as on_step(Trainer&, const StepRecord&)");
    static_assert(Callable::epoch || !Named::epoch,
                  "a callback's on_epoch cannot be called as on_epoch(Trainer&, EpochRecord&)");
    static_assert(Callable::interrupt || !Named::interrupt,
                  "a callback's on_interrupt cannot be called as on_interrupt(Trainer&)");
    static_assert(Callable::any || Named::start || Named::step || Named::epoch || Named::interrupt,
                  "a callback has no hook; the hooks are on_start(Trainer&, const TrainOptions&), "
                  "on_step(Trainer&, const "
                  "StepRecord&), on_epoch(Trainer&, EpochRecord&) and on_interrupt(Trainer&)");
    return true;
}

}  // namespace vitscape
