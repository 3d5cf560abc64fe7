// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vitscape::test {

/// Starts to count calls of operator new, of every form and on every thread.
void count_allocations();
/// Stops; how many there were.
long counted_allocations();

}  // namespace vitscape::test
