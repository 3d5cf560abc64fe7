// SPDX-License-Identifier: Apache-2.0
//
// Catch2, version 2 (as in Debian 12) or 3. Tests include this header and use only what both have.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
