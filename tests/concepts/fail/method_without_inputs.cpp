// SPDX-License-Identifier: Apache-2.0
// expect: a method lacks Inputs: template <vitscape::Backend B> struct Inputs
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/optim/sgd.hpp>
#include <vitscape/train/trainer.hpp>

using namespace vitscape;

struct Pixels {  // has no inputs
    const ParameterLayout& layout() const { return parameters; }
    PatchGrid grid() const { return {16, 4}; }
    std::vector<FixedTensor> fixed_tensors() const { return {}; }
    ParameterLayout parameters{};
};

int main() { Trainer trainer{CpuPrimitives<double>{}, Pixels{}, Sgd{}, ConstantRate{}, 0}; }
