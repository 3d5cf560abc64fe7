# SPDX-License-Identifier: Apache-2.0
#
# The optional libraries of vitscape: what each is for, where it comes from and how to find it. The build and the
# installed package file both use this file, so that an installed vitscape looks for exactly what it was built with.

set(VITSCAPE_ALL_FEATURES OPENMP JPEG PNG ZLIB LIBARCHIVE LIBZIP ONEDNN JSON HDF5 DLIB THRUST)

set(VITSCAPE_OPENMP_PURPOSE "threads in training, evaluation and curvature")
set(VITSCAPE_OPENMP_PACKAGE "comes with g++; libomp-dev for clang")
set(VITSCAPE_JPEG_PURPOSE "JPEG files")
set(VITSCAPE_JPEG_PACKAGE "libjpeg-dev")
set(VITSCAPE_PNG_PURPOSE "PNG files")
set(VITSCAPE_PNG_PACKAGE "libpng-dev")
set(VITSCAPE_ZLIB_PURPOSE "packed files of MNIST's format")
set(VITSCAPE_ZLIB_PACKAGE "zlib1g-dev")
set(VITSCAPE_LIBARCHIVE_PURPOSE "images in tar archives")
set(VITSCAPE_LIBARCHIVE_PACKAGE "libarchive-dev")
set(VITSCAPE_LIBZIP_PURPOSE "files of PyTorch (.pth)")
set(VITSCAPE_LIBZIP_PACKAGE "libzip-dev")
set(VITSCAPE_ONEDNN_PURPOSE "faster matrix products on CPUs")
set(VITSCAPE_ONEDNN_PACKAGE "libdnnl-dev")
set(VITSCAPE_JSON_PURPOSE "checkpoints, the trainer, the example programs")
set(VITSCAPE_JSON_PACKAGE "nlohmann-json3-dev libxxhash-dev")
set(VITSCAPE_HDF5_PURPOSE "surfaces and directions as HDF5 files")
set(VITSCAPE_HDF5_PACKAGE "libhdf5-dev")
set(VITSCAPE_DLIB_PURPOSE "models aligned with each other")
set(VITSCAPE_DLIB_PACKAGE "libdlib-dev")
set(VITSCAPE_THRUST_PURPOSE "the Thrust backend, on processors and CUDA devices")
set(VITSCAPE_THRUST_PACKAGE "comes with the CUDA Toolkit, 12.8 or later")

# Makes an imported target visible to the projects that add vitscape as a subdirectory. A target that was there
# before us belongs to another directory, whose business its scope is.
macro(vitscape_share_target name existed_before)
    if(TARGET ${name} AND NOT ${existed_before})
        set_target_properties(${name} PROPERTIES IMPORTED_GLOBAL TRUE)
    endif()
endmacro()

# vitscape_find_package(<target> <package> [arguments of find_package]): quietly, and shares the target.
macro(vitscape_find_package target)
    set(_vitscape_existed FALSE)
    if(TARGET ${target})
        set(_vitscape_existed TRUE)
    else()
        find_package(${ARGN} QUIET)
    endif()
    vitscape_share_target(${target} ${_vitscape_existed})
endmacro()

# oneDNN's own package file asks for OpenCL's development files, which a CPU build does not need: the library and its
# header are enough.
macro(vitscape_find_onednn)
    if(NOT TARGET vitscape_onednn)
        find_library(VITSCAPE_ONEDNN_LIBRARY NAMES dnnl)
        find_path(VITSCAPE_ONEDNN_INCLUDE_DIR NAMES dnnl.h)
        mark_as_advanced(VITSCAPE_ONEDNN_LIBRARY VITSCAPE_ONEDNN_INCLUDE_DIR)
        if(VITSCAPE_ONEDNN_LIBRARY AND VITSCAPE_ONEDNN_INCLUDE_DIR)
            add_library(vitscape_onednn UNKNOWN IMPORTED GLOBAL)
            set_target_properties(vitscape_onednn PROPERTIES
                IMPORTED_LOCATION "${VITSCAPE_ONEDNN_LIBRARY}"
                INTERFACE_INCLUDE_DIRECTORIES "${VITSCAPE_ONEDNN_INCLUDE_DIR}")
        endif()
    endif()
endmacro()

# libzip's own package file ends the configure step where its programs, which Debian has in other packages, are not installed:
# the library and its header are enough.
macro(vitscape_find_libzip)
    if(NOT TARGET vitscape_libzip)
        find_library(VITSCAPE_LIBZIP_LIBRARY NAMES zip)
        find_path(VITSCAPE_LIBZIP_INCLUDE_DIR NAMES zip.h)
        mark_as_advanced(VITSCAPE_LIBZIP_LIBRARY VITSCAPE_LIBZIP_INCLUDE_DIR)
        if(VITSCAPE_LIBZIP_LIBRARY AND VITSCAPE_LIBZIP_INCLUDE_DIR)
            add_library(vitscape_libzip UNKNOWN IMPORTED GLOBAL)
            set_target_properties(vitscape_libzip PROPERTIES
                IMPORTED_LOCATION "${VITSCAPE_LIBZIP_LIBRARY}"
                INTERFACE_INCLUDE_DIRECTORIES "${VITSCAPE_LIBZIP_INCLUDE_DIR}")
        endif()
    endif()
endmacro()

# What is written to files: nlohmann-json, and for the checksums xxHash, of which the header is enough.
macro(vitscape_find_json)
    vitscape_find_package(nlohmann_json::nlohmann_json nlohmann_json)
    if(NOT TARGET vitscape_json)
        find_path(VITSCAPE_XXHASH_INCLUDE_DIR NAMES xxhash.h)
        mark_as_advanced(VITSCAPE_XXHASH_INCLUDE_DIR)
        if(VITSCAPE_XXHASH_INCLUDE_DIR AND TARGET nlohmann_json::nlohmann_json)
            add_library(vitscape_json INTERFACE IMPORTED GLOBAL)
            set_target_properties(vitscape_json PROPERTIES
                INTERFACE_INCLUDE_DIRECTORIES "${VITSCAPE_XXHASH_INCLUDE_DIR}"
                INTERFACE_LINK_LIBRARIES nlohmann_json::nlohmann_json)
        endif()
    endif()
endmacro()

# HDF5's serial library, which Debian has in a folder of its own beside those for MPI. CMake's own module would ask for a C
# compiler.
macro(vitscape_find_hdf5)
    if(NOT TARGET vitscape_hdf5)
        find_library(VITSCAPE_HDF5_LIBRARY NAMES hdf5_serial hdf5)
        find_path(VITSCAPE_HDF5_INCLUDE_DIR NAMES hdf5.h PATH_SUFFIXES hdf5/serial)
        mark_as_advanced(VITSCAPE_HDF5_LIBRARY VITSCAPE_HDF5_INCLUDE_DIR)
        if(VITSCAPE_HDF5_LIBRARY AND VITSCAPE_HDF5_INCLUDE_DIR)
            add_library(vitscape_hdf5 UNKNOWN IMPORTED GLOBAL)
            set_target_properties(vitscape_hdf5 PROPERTIES
                IMPORTED_LOCATION "${VITSCAPE_HDF5_LIBRARY}"
                INTERFACE_INCLUDE_DIRECTORIES "${VITSCAPE_HDF5_INCLUDE_DIR}")
        endif()
    endif()
endmacro()

# dlib: its header of the assignment problem, and the library, with which every program that includes a header of dlib must be
# linked (dlib checks that both are of one configuration).
macro(vitscape_find_dlib)
    if(NOT TARGET vitscape_dlib)
        find_library(VITSCAPE_DLIB_LIBRARY NAMES dlib)
        find_path(VITSCAPE_DLIB_INCLUDE_DIR NAMES dlib/optimization/max_cost_assignment.h)
        mark_as_advanced(VITSCAPE_DLIB_LIBRARY VITSCAPE_DLIB_INCLUDE_DIR)
        if(VITSCAPE_DLIB_LIBRARY AND VITSCAPE_DLIB_INCLUDE_DIR)
            add_library(vitscape_dlib UNKNOWN IMPORTED GLOBAL)
            set_target_properties(vitscape_dlib PROPERTIES
                IMPORTED_LOCATION "${VITSCAPE_DLIB_LIBRARY}"
                INTERFACE_INCLUDE_DIRECTORIES "${VITSCAPE_DLIB_INCLUDE_DIR}")
        endif()
    endif()
endmacro()

# Thrust's headers, as the CUDA Toolkit brings them; no device, driver or CUDA compiler is needed for them. A CUDA compiler
# has them by itself, a C++ compiler is told where they are and not to look for a device.
macro(vitscape_find_thrust)
    if(NOT TARGET vitscape_thrust)
        find_path(VITSCAPE_THRUST_INCLUDE_DIR NAMES thrust/iterator/counting_iterator.h cuda/std/tuple
            HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES include/cccl include)
        mark_as_advanced(VITSCAPE_THRUST_INCLUDE_DIR)
        if(VITSCAPE_THRUST_INCLUDE_DIR AND EXISTS "${VITSCAPE_THRUST_INCLUDE_DIR}/cuda/std/tuple")
            add_library(vitscape_thrust INTERFACE IMPORTED GLOBAL)
            set_target_properties(vitscape_thrust PROPERTIES
                INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "$<$<COMPILE_LANGUAGE:CXX>:${VITSCAPE_THRUST_INCLUDE_DIR}>"
                INTERFACE_INCLUDE_DIRECTORIES "$<$<COMPILE_LANGUAGE:CXX>:${VITSCAPE_THRUST_INCLUDE_DIR}>"
                INTERFACE_COMPILE_DEFINITIONS
                    "$<$<COMPILE_LANGUAGE:CXX>:THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP>")
        endif()
    endif()
endmacro()

# vitscape_find_feature(<feature> <variable>): sets the variable to the feature's target, or to nothing where the
# library is not there.
macro(vitscape_find_feature feature variable)
    if("${feature}" STREQUAL "OPENMP")
        set(_vitscape_target OpenMP::OpenMP_CXX)
        vitscape_find_package(OpenMP::OpenMP_CXX OpenMP COMPONENTS CXX)
    elseif("${feature}" STREQUAL "JPEG")
        set(_vitscape_target JPEG::JPEG)
        vitscape_find_package(JPEG::JPEG JPEG)
    elseif("${feature}" STREQUAL "PNG")
        set(_vitscape_target PNG::PNG)
        set(_vitscape_zlib_existed FALSE)
        if(TARGET ZLIB::ZLIB)
            set(_vitscape_zlib_existed TRUE)
        endif()
        vitscape_find_package(PNG::PNG PNG)
        vitscape_share_target(ZLIB::ZLIB ${_vitscape_zlib_existed})
    elseif("${feature}" STREQUAL "ZLIB")
        set(_vitscape_target ZLIB::ZLIB)
        vitscape_find_package(ZLIB::ZLIB ZLIB)
    elseif("${feature}" STREQUAL "LIBARCHIVE")
        set(_vitscape_target LibArchive::LibArchive)
        vitscape_find_package(LibArchive::LibArchive LibArchive)
    elseif("${feature}" STREQUAL "LIBZIP")
        set(_vitscape_target vitscape_libzip)
        vitscape_find_libzip()
    elseif("${feature}" STREQUAL "ONEDNN")
        set(_vitscape_target vitscape_onednn)
        vitscape_find_onednn()
    elseif("${feature}" STREQUAL "HDF5")
        set(_vitscape_target vitscape_hdf5)
        vitscape_find_hdf5()
    elseif("${feature}" STREQUAL "DLIB")
        set(_vitscape_target vitscape_dlib)
        vitscape_find_dlib()
    elseif("${feature}" STREQUAL "THRUST")
        set(_vitscape_target vitscape_thrust)
        vitscape_find_thrust()
    elseif("${feature}" STREQUAL "JSON")
        set(_vitscape_target vitscape_json)
        vitscape_find_json()
    endif()
    if(TARGET ${_vitscape_target})
        set(${variable} ${_vitscape_target})
    else()
        set(${variable} "")
    endif()
endmacro()

# Eigen, xtensor and the system's threads, without which there is no vitscape. Sets VITSCAPE_MISSING to the names of
# those that are not there and VITSCAPE_MISSING_PACKAGES to their Debian packages.
macro(vitscape_find_required)
    set(VITSCAPE_MISSING "")
    set(VITSCAPE_MISSING_PACKAGES "")
    vitscape_find_package(Eigen3::Eigen Eigen3 NO_MODULE)
    if(NOT TARGET Eigen3::Eigen OR (Eigen3_VERSION AND Eigen3_VERSION VERSION_LESS 3.4))
        list(APPEND VITSCAPE_MISSING "Eigen (3.4 or later)")
        list(APPEND VITSCAPE_MISSING_PACKAGES libeigen3-dev)
    endif()
    set(_vitscape_xtl_existed FALSE)
    if(TARGET xtl)
        set(_vitscape_xtl_existed TRUE)
    endif()
    vitscape_find_package(xtensor xtensor)
    vitscape_share_target(xtl ${_vitscape_xtl_existed})
    if(NOT TARGET xtensor OR (xtensor_VERSION AND xtensor_VERSION VERSION_LESS 0.24))
        list(APPEND VITSCAPE_MISSING "xtensor (0.24 or later)")
        list(APPEND VITSCAPE_MISSING_PACKAGES libxtensor-dev)
    endif()
    vitscape_find_package(Threads::Threads Threads)
endmacro()
