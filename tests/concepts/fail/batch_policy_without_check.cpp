// SPDX-License-Identifier: Apache-2.0
// expect: a batch policy lacks check\(\) const
#include <vitscape/methods/recipe.hpp>

using namespace vitscape;

struct Nothing {
    void operator()(SoftBatch&, const BatchRandom&) const {}
};

int main() { const Regularized method(VitClassifier({.encoder = vit_tiny(32, 4)}), {}, Nothing{}); }
