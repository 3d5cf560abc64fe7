# SPDX-License-Identifier: Apache-2.0
#
# How vitscape's own tests, examples and benchmarks are compiled. Nothing here reaches the library's users.

if(VITSCAPE_IS_MAIN_PROJECT)
    if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
        set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
    endif()
    find_program(VITSCAPE_CCACHE ccache)
    mark_as_advanced(VITSCAPE_CCACHE)
    if(VITSCAPE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
        set(CMAKE_CXX_COMPILER_LAUNCHER "${VITSCAPE_CCACHE}")
    endif()
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

include(CheckCXXCompilerFlag)
if(VITSCAPE_ENABLE_NATIVE)
    check_cxx_compiler_flag(-march=native VITSCAPE_HAS_MARCH_NATIVE)
endif()

# GCC 12 takes its own AVX-512 headers, and what its sanitizers insert, for uninitialized variables (GCC bug 105593).
add_library(vitscape_warnings INTERFACE)
target_compile_options(vitscape_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
    $<$<BOOL:${VITSCAPE_ENABLE_WERROR}>:-Werror>)

add_library(vitscape_program INTERFACE)
target_link_libraries(vitscape_program INTERFACE vitscape::vitscape vitscape_warnings)
target_compile_options(vitscape_program INTERFACE
    $<$<AND:$<BOOL:${VITSCAPE_ENABLE_NATIVE}>,$<BOOL:${VITSCAPE_HAS_MARCH_NATIVE}>>:-march=native>)
