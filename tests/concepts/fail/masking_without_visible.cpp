// SPDX-License-Identifier: Apache-2.0
// expect: a masking policy lacks visible\(const PatchGrid&\) const
#include <vitscape/methods/masked_autoencoder.hpp>

using namespace vitscape;

struct LeftVisible {
    void operator()(std::span<std::int32_t>, const PatchGrid&, RandomSequence&) const {}
};

int main() { const MaskedAutoencoder<LeftVisible> method({.encoder = vit_tiny(32, 4)}); }
