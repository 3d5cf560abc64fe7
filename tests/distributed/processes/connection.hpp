// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/distributed/mpi.hpp>

namespace vitscape::test {

/// The connection of all tests: it cannot be opened twice.
inline Mpi& mpi() {
    static Mpi connection;
    return connection;
}

}  // namespace vitscape::test
