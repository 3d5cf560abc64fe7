// SPDX-License-Identifier: Apache-2.0
// expect: a teacher lacks check\(\) const
#include <vitscape/methods/rc_mae.hpp>

using namespace vitscape;

struct Follower {
    PublishedMomentum momentum{};
};

int main() { const RcMae<RandomMasking, Follower> method({.encoder = vit_tiny(32, 4)}); }
