// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/autograd/ops/linear.hpp>

namespace vitscape {

/// Mean elementwise loss of each sample: losses[i] = mean over the sample's elements of loss(prediction - target).
/// @param loss  one of `functor::SquaredLoss`, `AbsoluteLoss`, `SmoothAbsoluteLoss`, or a type with the same interface
/// @param prediction, target  (samples, ...) of equal size; returns (samples).
template <class Loss, Recorder R, class B = typename R::BackendType>
Variable<Master<B>> element_loss(R& recorder, const Loss& loss, const Variable<B>& prediction,
                                 const Tensor<B>& target) {
    using T = RealOf<B>;
    using P = typename B::Pointer;
    using Sums = typename Master<B>::Pointer;
    if (prediction.value.size() != target.size())
        throw ShapeError(message("a prediction of shape ", prediction.shape(),
                                 " does not fit its target of shape ", target.shape()));
    const Index samples = prediction.shape()[0], count = target.size() / samples;
    Tensor<Master<B>> losses = recorder.allocate_sums({samples});
    if constexpr (FusedLosses<B>) {
        recorder.backend().element_loss(loss, samples, count, prediction.data(), target.data(),
                                        losses.data());
    } else {
        const operand::Matrix<Sums> l{losses.data(), 1};
        recorder.backend().reduce_rows(samples, count, functor::LossOfDifference<Loss>{loss}, losses.data(),
                                       operand::Matrix<P>{prediction.data(), count},
                                       operand::Matrix<P>{target.data(), count});
        master(recorder.backend()).map(samples, 1, functor::Scale<T>{T(1) / static_cast<T>(count)}, l, l);
    }
    return recorder.record(std::move(losses), [=, prediction = prediction.value, node = prediction.node](
                                                  Tape<B>& tape, const Tensor<Master<B>>& upstream) {
        if (node < 0) return;
        const Tensor<B> gradient = tape.allocate(prediction.shape());
        if constexpr (FusedLosses<B>)
            tape.backend().element_loss_backward(loss, samples, count, upstream.data(), prediction.data(),
                                                 target.data(), gradient.data());
        else
            tape.backend().map(
                samples, count, functor::LossGradient<Loss, T>{loss, T(1) / static_cast<T>(count)},
                operand::Matrix<P>{gradient.data(), count}, operand::PerRow<Sums>{upstream.data()},
                operand::Matrix<P>{prediction.data(), count}, operand::Matrix<P>{target.data(), count});
        tape.pass_gradient(node, gradient);
    });
}

/// Mean of (prediction - target)^2 per sample. For a masked autoencoder this is the mean over pixels, then over
/// masked patches (He et al. 2022, arXiv 2111.06377).
template <Recorder R, class B = typename R::BackendType>
Variable<Master<B>> squared_error(R& recorder, const Variable<B>& prediction, const Tensor<B>& target) {
    return element_loss(recorder, functor::SquaredLoss{}, prediction, target);
}

/// Mean of |prediction - target| per sample, with derivative 0 where they are equal (the L1 loss of SimMIM, Xie et
/// al. 2022, arXiv 2111.09886).
template <Recorder R, class B = typename R::BackendType>
Variable<Master<B>> absolute_error(R& recorder, const Variable<B>& prediction, const Tensor<B>& target) {
    return element_loss(recorder, functor::AbsoluteLoss{}, prediction, target);
}

/// Mean over each sample of d^2 / (2 beta) where |d| < beta and |d| - beta / 2 elsewhere, d = prediction - target (the
/// smooth L1 loss of data2vec, Baevski et al. 2022, arXiv 2202.03555, eq. 4). @param beta  positive
template <Recorder R, class B = typename R::BackendType>
Variable<Master<B>> smooth_absolute_error(R& recorder, const Variable<B>& prediction, const Tensor<B>& target,
                                          double beta) {
    using T = RealOf<B>;
    return element_loss(recorder, functor::SmoothAbsoluteLoss<T>{static_cast<T>(beta)}, prediction, target);
}

/// a + weight b for two losses per sample: (samples). If b has fewer samples, these are the first; the sum of the others is a.
/// @throws ShapeError if b has more samples than a
template <Recorder R, class B = typename R::BackendType>
Variable<Master<B>> add_losses(R& recorder, const Variable<Master<B>>& a, double weight,
                               const Variable<Master<B>>& b) {
    using T = RealOf<B>;
    const Index samples = a.value.size(), both = b.value.size();
    if (a.shape().rank() != 1 || b.shape().rank() != 1 || both > samples)
        throw ShapeError(
            message("losses of shape ", b.shape(), " cannot be added to losses of shape ", a.shape()));
    Tensor<Master<B>> sum = recorder.allocate_sums({samples});
    const auto flat = [both](const Tensor<Master<B>>& x) {
        return operand::Matrix<typename Master<B>::Pointer>{x.data(), both};
    };
    Master<B> sums = master(recorder.backend());
    sums.map(1, both, functor::LinearCombination<T>{T(1), static_cast<T>(weight)}, flat(sum), flat(a.value),
             flat(b.value));
    if (both < samples) sums.copy(samples - both, a.data() + both, sum.data() + both);
    return recorder.record(
        std::move(sum), [=, a = a.node, b = b.node](Tape<B>& tape, const Tensor<Master<B>>& upstream) {
            tape.pass_gradient(a, upstream);
            const Tensor<Master<B>> scaled = tape.allocate_sums({both});
            master(tape.backend())
                .map(1, both, functor::Scale<T>{static_cast<T>(weight)}, flat(scaled), flat(upstream));
            tape.pass_gradient(b, scaled);
        });
}

/// Cross entropy of each sample with a target distribution: losses[i] = -sum over c of target[c] log
/// softmax(logits)[c]. One-hot targets give the plain cross entropy, others label smoothing or mixtures.
/// @param logits  (samples, classes).  @param targets  (samples, classes), rows of non-negative numbers.
/// Returns (samples).
template <Recorder R, class B = typename R::BackendType>
Variable<Master<B>> cross_entropy(R& recorder, const Variable<B>& logits, const Tensor<B>& targets) {
    using Sums = typename Master<B>::Pointer;
    if (logits.shape() != targets.shape())
        throw ShapeError(
            message("logits of shape ", logits.shape(), " do not fit targets of shape ", targets.shape()));
    const Index samples = logits.shape()[0], classes = logits.shape()[1];
    B& b = recorder.backend();
    Tensor<Master<B>> losses = recorder.allocate_sums({samples});
    if constexpr (FusedLosses<B>) {
        const Tensor<Master<B>> log_sums = recorder.allocate_sums({samples});
        b.cross_entropy(samples, classes, logits.data(), targets.data(), losses.data(), log_sums.data());
        return recorder.record(std::move(losses), [=, logits = logits.value, node = logits.node](
                                                      Tape<B>& tape, const Tensor<Master<B>>& upstream) {
            if (node < 0) return;
            const Tensor<B> gradient = tape.allocate(logits.shape());
            tape.backend().cross_entropy_backward(samples, classes, upstream.data(), logits.data(),
                                                  targets.data(), log_sums.data(), gradient.data());
            tape.pass_gradient(node, gradient);
        });
    } else {
        const Tensor<Master<B>> shift = recorder.allocate_sums({samples}),
                                sum = recorder.allocate_sums({samples});
        const operand::PerRow<Sums> shift_per_row{shift.data()}, sum_per_row{sum.data()};
        b.row_maximum(samples, classes, detail::matrix(logits.value), shift.data());
        b.reduce_rows(samples, classes, functor::ShiftedExponential{}, sum.data(),
                      detail::matrix(logits.value), shift_per_row);
        b.reduce_rows(samples, classes, functor::CrossEntropyTerm{}, losses.data(), detail::matrix(targets),
                      detail::matrix(logits.value), shift_per_row, sum_per_row);
        return recorder.record(std::move(losses), [=, logits = logits.value, node = logits.node](
                                                      Tape<B>& tape, const Tensor<Master<B>>& upstream) {
            if (node < 0) return;
            const Tensor<B> gradient = tape.allocate(logits.shape());
            const Tensor<Master<B>> target_sum = tape.allocate_sums({samples});
            tape.backend().reduce_rows(samples, classes, functor::Identity{}, target_sum.data(),
                                       detail::matrix(targets));
            tape.backend().map(samples, classes, functor::CrossEntropyGradient{}, detail::matrix(gradient),
                               operand::PerRow<Sums>{upstream.data()}, detail::matrix(logits),
                               operand::PerRow<Sums>{shift.data()}, operand::PerRow<Sums>{sum.data()},
                               detail::matrix(targets), operand::PerRow<Sums>{target_sum.data()});
            tape.pass_gradient(node, gradient);
        });
    }
}

}  // namespace vitscape
