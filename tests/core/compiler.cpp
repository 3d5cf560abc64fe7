// SPDX-License-Identifier: Apache-2.0
//
// The compiler and its flags are part of what is tested: GCC 12 for processors with AVX-512 gets these
// constants wrong unless it is told to move them in small pieces.
#include <cstdint>
#include <vector>

#include "support/catch.hpp"

namespace compiler_test {

namespace {

template <class T, T... values>
[[gnu::noinline]] std::vector<T> constants() {
    return {values...};
}

}  // namespace

TEST_CASE("constants arrive as they are written") {
    const auto whole = constants<std::int64_t, 2, 2, 0, 0>();
    CHECK((whole[0] == 2 && whole[1] == 2 && whole[2] == 0 && whole[3] == 0));
    const auto longer = constants<std::int64_t, 5, 5, 5, 5, 0, 0, 0, 0>();
    for (std::size_t i = 0; i < longer.size(); ++i) CHECK(longer[i] == (i < 4 ? 5 : 0));
    const auto narrow = constants<std::int32_t, 7, 7, 7, 7, 0, 0, 0, 0>();
    for (std::size_t i = 0; i < narrow.size(); ++i) CHECK(narrow[i] == (i < 4 ? 7 : 0));
}

}  // namespace compiler_test
