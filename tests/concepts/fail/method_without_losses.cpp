// SPDX-License-Identifier: Apache-2.0
// expect: a method lacks losses\(recorder, const Inputs<B>&\) const
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/optim/sgd.hpp>
#include <vitscape/train/trainer.hpp>

using namespace vitscape;

struct Pixels {  // has no losses
    template <Backend B>
    struct Inputs {
        Tensor<B> images;
    };
    const ParameterLayout& layout() const { return parameters; }
    PatchGrid grid() const { return {16, 4}; }
    std::vector<FixedTensor> fixed_tensors() const { return {}; }
    template <Backend B>
    void prepare(B backend, const Batch& batch, const MaskKey&, Inputs<B>& inputs) const {
        inputs.images = upload(backend, PatchGrid::shape_of(batch.images), batch.images);
    }
    ParameterLayout parameters{};
};

int main() { Trainer trainer{CpuPrimitives<double>{}, Pixels{}, Sgd{}, ConstantRate{}, 0}; }
