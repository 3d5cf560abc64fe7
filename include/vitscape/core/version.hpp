// SPDX-License-Identifier: Apache-2.0
#pragma once

// The only definition of the version: CMakeLists.txt reads these three lines.
#define VITSCAPE_VERSION_MAJOR 0
#define VITSCAPE_VERSION_MINOR 2
#define VITSCAPE_VERSION_PATCH 0

#define VITSCAPE_DETAIL_TEXT(x) #x
#define VITSCAPE_DETAIL_VERSION(major, minor, patch) \
    VITSCAPE_DETAIL_TEXT(major) "." VITSCAPE_DETAIL_TEXT(minor) "." VITSCAPE_DETAIL_TEXT(patch)

/// The version as text, such as "0.2.0".
#define VITSCAPE_VERSION \
    VITSCAPE_DETAIL_VERSION(VITSCAPE_VERSION_MAJOR, VITSCAPE_VERSION_MINOR, VITSCAPE_VERSION_PATCH)
