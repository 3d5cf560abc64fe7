// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <vitscape/autograd/recorder.hpp>

namespace vitscape {

/// Says that the loss is a function of `output`, the model's prediction, and returns it. A method calls this on what it
/// predicts, just before its loss; it computes and records nothing.
///
///     return squared_error(recorder, model_output(recorder, prediction), inputs.targets);
///
/// With it, a loss L(theta) = l(f(theta)) of outputs f has a Gauss-Newton matrix (Schraudolph 2002, "Fast curvature
/// matrix-vector products for second-order gradient descent", Neural Computation 14)
///
///     G = J^T (d2 l / df2) J,   J = df / dtheta,
///
/// which leaves out the model's own second derivatives from the Hessian H = G + sum over k of (dl / df_k) d2 f_k / dtheta2.
/// On a tape of dual numbers whose parameters have the tangents v, the gradient of f arrives as (g, g') with
/// g' = (d2 l / df2) J v. If Gauss-Newton products are wanted (`Tape::want_gauss_newton`), the tape passes on (0, g') instead, so that the
/// tangents of the parameters' gradient become J^T g' = G v, exact up to rounding.
///
/// An output may enter several losses, and a model may have several outputs, none of them computed from another. On a
/// tape that wants Gauss-Newton products `backward` throws ConfigError if nothing was marked, or if the loss depends on the
/// parameters in other ways, such as by a penalty on the weights.
template <Recorder R, Backend V>
[[nodiscard]] Variable<V> model_output(R& recorder, Variable<V> output) {
    if constexpr (requires { recorder.mark_output(output); }) recorder.mark_output(output);
    return output;
}

}  // namespace vitscape
