// SPDX-License-Identifier: Apache-2.0
// expect: a method lacks fixed_tensors\(\) const
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/optim/sgd.hpp>
#include <vitscape/train/trainer.hpp>

using namespace vitscape;

struct Pixels {  // has no fixed_tensors
    template <Backend B>
    struct Inputs {
        Tensor<B> images;
    };
    const ParameterLayout& layout() const { return parameters; }
    PatchGrid grid() const { return {16, 4}; }
    template <Backend B>
    void prepare(B backend, const Batch& batch, const MaskKey&, Inputs<B>& inputs) const {
        inputs.images = upload(backend, PatchGrid::shape_of(batch.images), batch.images);
    }
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        return {recorder.allocate_sums({inputs.images.shape()[0]}), -1};
    }
    ParameterLayout parameters{};
};

int main() { Trainer trainer{CpuPrimitives<double>{}, Pixels{}, Sgd{}, ConstantRate{}, 0}; }
