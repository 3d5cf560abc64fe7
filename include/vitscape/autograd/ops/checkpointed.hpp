// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <vitscape/autograd/recorder.hpp>

namespace vitscape {

/// y = part(recorder, x). On a tape that uses checkpoints (`Tape::use_checkpoints`) nothing is kept of what `part` computes but y: its
/// backward pass runs `part` once more from x (gradient checkpointing; Chen et al. 2016, arXiv 1604.06174). Not on dual numbers.
/// @param part  called with any recorder and a Variable, now and in the backward pass: what it refers to must live until then, and it
///              must compute the same both times
template <Recorder R, class Part, class B = typename R::BackendType>
Variable<B> checkpointed(R& recorder, const Variable<B>& x, const Part& part) {
    if constexpr (R::records && !OverDualNumbers<B>) {
        if (recorder.uses_checkpoints()) {
            Eval<B> evaluation = recorder.evaluation();
            Tensor<B> y = part(evaluation, Variable<B>{x.value, -1}).value;
            recorder.note_parameters(evaluation.parameters_end());
            return recorder.record(std::move(y), [part, x = recorder.save(x), node = x.node](
                                                     Tape<B>& tape, const Tensor<B>& dy) {
                Tape<B>& inner = tape.inner();
                Tensor<B> dx;
                const Variable<B> input = inner.record(
                    x.value(tape), [&dx](Tape<B>&, const Tensor<B>& gradient) { dx = gradient; });
                inner.backward_from(part(inner, input), dy);
                tape.pass_gradient(node, dx);
            });
        }
    }
    return part(recorder, x);
}

}  // namespace vitscape
