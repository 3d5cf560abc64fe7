// SPDX-License-Identifier: Apache-2.0
// expect: a masking policy lacks operator\(\)\(std::span<std::int32_t>, const PatchGrid&, RandomSequence&\) const
#include <vitscape/methods/rc_mae.hpp>

using namespace vitscape;

struct LeftVisible {
    Index visible(const PatchGrid& grid) const { return grid.side(); }
    void operator()(std::span<std::int32_t>, const PatchGrid&) const {}  // takes no random numbers
};

int main() { const RcMae<LeftVisible> method({.encoder = vit_tiny(32, 4)}); }
