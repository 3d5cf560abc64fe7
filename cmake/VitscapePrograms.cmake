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
        set(CMAKE_CUDA_COMPILER_LAUNCHER "${VITSCAPE_CCACHE}")
    endif()
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

# vitscape's own programs are compiled for devices of 8.0 and 9.0 from one intermediate code, which also serves later
# ones; CMAKE_CUDA_ARCHITECTURES says otherwise.
set(VITSCAPE_CUDA_ARCHITECTURES OFF)
set(VITSCAPE_CUDA_CODE "")
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(VITSCAPE_CUDA_CODE "--generate-code=arch=compute_80,code=[compute_80,sm_80,sm_90]")
endif()

include(CheckCXXCompilerFlag)
if(VITSCAPE_ENABLE_NATIVE)
    check_cxx_compiler_flag(-march=native VITSCAPE_HAS_MARCH_NATIVE)
endif()

# GCC 12 takes its own AVX-512 headers, and what its sanitizers insert, for uninitialized variables (GCC bug 105593). Clang
# warns of each `omp simd` loop that it does not vectorize, at -O1 of all.
add_library(vitscape_warnings INTERFACE)
set(VITSCAPE_CXX_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
    $<$<CXX_COMPILER_ID:Clang>:-Wno-pass-failed>
    $<$<BOOL:${VITSCAPE_ENABLE_WERROR}>:-Werror>)
target_compile_options(vitscape_warnings INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:${VITSCAPE_CXX_WARNINGS}>"
    # nvcc's own output would set off -Wpedantic, and -Wconversion in the libraries that it reads as ours
    "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Xcompiler -Wall,-Wextra,-Wno-maybe-uninitialized>"
    "$<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${VITSCAPE_ENABLE_WERROR}>>:SHELL:-Werror all-warnings>")

# GCC 12 with AVX-512 stores a constant such as {2, 2, 0, 0} as {2, 2, 2, 2}: it takes any constant wider than 16 bytes
# that begins with equal words and ends in zeros for a repeated word. Moving constants 16 bytes at a time avoids that.
set(VITSCAPE_NATIVE_FLAGS "")
if(VITSCAPE_ENABLE_NATIVE AND VITSCAPE_HAS_MARCH_NATIVE)
    set(VITSCAPE_NATIVE_FLAGS -march=native)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12
            AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        check_cxx_compiler_flag("-mmove-max=128 -mstore-max=128" VITSCAPE_HAS_MOVE_MAX)
        if(VITSCAPE_HAS_MOVE_MAX)
            list(APPEND VITSCAPE_NATIVE_FLAGS -mmove-max=128 -mstore-max=128)
        endif()
    endif()
endif()

add_library(vitscape_program INTERFACE)
target_link_libraries(vitscape_program INTERFACE vitscape::vitscape vitscape_warnings)
target_compile_options(vitscape_program INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${VITSCAPE_NATIVE_FLAGS}>"
    "$<$<COMPILE_LANGUAGE:CUDA>:${VITSCAPE_CUDA_CODE}>")

# vitscape_batch_sources(<variable> <name> <sources>): sources of generated files that include VITSCAPE_TEST_BATCH of the sources each: most of
# the time of a test's compilation is that of the headers, which the sources of one file share. Only what lies in a namespace of its own,
# NAME_test of NAME.cpp, is put together; what does not, such as a replacement of operator new, stays alone.
set(VITSCAPE_TEST_BATCH 6 CACHE STRING "Sources of tests compiled together, which takes half of the time; 1: each alone")
function(vitscape_batch_sources variable name)
    if(VITSCAPE_TEST_BATCH LESS_EQUAL 1)
        set(${variable} "${ARGN}" PARENT_SCOPE)
        return()
    endif()
    set(batches "")
    set(sources "")
    foreach(source IN ITEMS ${ARGN})
        get_filename_component(stem "${source}" NAME_WE)
        file(STRINGS "${source}" own REGEX "^namespace ${stem}_test {")
        if(own)
            list(APPEND sources "${source}")
        else()
            list(APPEND batches "${source}")
        endif()
    endforeach()
    list(LENGTH sources left)
    if(left EQUAL 0)
        set(${variable} "${batches}" PARENT_SCOPE)
        return()
    endif()
    # as many batches as needed, of nearly the same size
    math(EXPR count "(${left} + ${VITSCAPE_TEST_BATCH} - 1) / ${VITSCAPE_TEST_BATCH}")
    foreach(batch RANGE 1 ${count})
        set(text "")
        math(EXPR size "(${left} + ${count} - ${batch}) / (${count} - ${batch} + 1)")
        math(EXPR left "${left} - ${size}")
        foreach(i RANGE 1 ${size})
            list(POP_FRONT sources source)
            string(APPEND text "#include \"${source}\"\n")
        endforeach()
        set(path "${CMAKE_CURRENT_BINARY_DIR}/batches/${name}_${batch}.cpp")
        file(CONFIGURE OUTPUT "${path}" CONTENT "${text}" @ONLY)
        list(APPEND batches "${path}")
    endforeach()
    set(${variable} "${batches}" PARENT_SCOPE)
endfunction()

# vitscape_add_cuda_program(<target> <sources>): a program for CUDA devices, or without VITSCAPE_ENABLE_CUDA_PROGRAMS only the PTX of
# its sources, for which nvcc compiles no host code.
function(vitscape_add_cuda_program target)
    set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CUDA)
    if(VITSCAPE_ENABLE_CUDA_PROGRAMS)
        add_executable(${target} ${ARGN})
        return()
    endif()
    if(NOT CMAKE_CUDA_ARCHITECTURES)
        message(FATAL_ERROR "VITSCAPE_ENABLE_CUDA_PROGRAMS=OFF needs an architecture to translate for, such as -DCMAKE_CUDA_ARCHITECTURES=90")
    endif()
    list(GET CMAKE_CUDA_ARCHITECTURES 0 architecture)
    string(REGEX MATCH "^[0-9]+" architecture "${architecture}")
    add_library(${target} OBJECT ${ARGN})
    set_target_properties(${target} PROPERTIES CUDA_PTX_COMPILATION ON CUDA_ARCHITECTURES ${architecture}-virtual)
endfunction()

# plotly.js makes the page of a comparison interactive. Python's and R's packages of plotly bring it; the page is written
# from the file where a program finds it still there.
file(GLOB VITSCAPE_PLOTLY_FOLDERS LIST_DIRECTORIES true
    /usr/lib/python3*/*-packages/plotly/package_data /usr/local/lib/python3*/*-packages/plotly/package_data
    /usr/lib/R/*library/plotly/htmlwidgets/lib/plotlyjs /usr/local/lib/R/*library/plotly/htmlwidgets/lib/plotlyjs)
find_file(VITSCAPE_PLOTLY_JS NAMES plotly.min.js plotly-latest.min.js plotly.js
    PATHS ${VITSCAPE_PLOTLY_FOLDERS} /usr/share/javascript/plotly /usr/share/nodejs/plotly.js/dist
        /usr/share/python3-plotly /usr/local/share/plotly
    DOC "plotly.js, for the interactive page of a comparison" NO_DEFAULT_PATH)
mark_as_advanced(VITSCAPE_PLOTLY_JS)

# vitscape_use_plotly(<target>): tells a program where plotly.js is.
function(vitscape_use_plotly target)
    if(VITSCAPE_PLOTLY_JS)
        target_compile_definitions(${target} PRIVATE "VITSCAPE_PLOTLY_JS=\"${VITSCAPE_PLOTLY_JS}\"")
    endif()
endfunction()
