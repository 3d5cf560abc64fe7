// SPDX-License-Identifier: Apache-2.0
//
// The tests that a CUDA compiler has read: they run where there is a device, and say so where there is none.
#include <iostream>

#define CATCH_CONFIG_RUNNER
#include <vitscape/backend/cuda/device.hpp>

#include "support/catch.hpp"

int main(int argc, char** argv) {
    if (!vitscape::gpu::available()) {
        std::cout << "skipped: compiled, not run, since there is no CUDA device\n";
        return 0;
    }
    return Catch::Session().run(argc, argv);
}
