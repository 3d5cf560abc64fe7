// SPDX-License-Identifier: Apache-2.0
//
// The smallest program that uses an installed vitscape.
#include <iostream>

#include <vitscape/core/random.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/core/version.hpp>

int main() {
    const vitscape::Shape patches{1, 64, 48};  // (batch, tokens, width)
    const vitscape::RandomKey key{.seed = 0, .purpose = vitscape::Purpose::initial_weights};
    std::cout << "vitscape " << VITSCAPE_VERSION << ": " << patches << " holds " << patches.size()
              << " numbers; the first random weight is " << vitscape::random_normal(key, 0) << '\n';
}
