# SPDX-License-Identifier: Apache-2.0
#
# The components of vitscape, targets vitscape::<component> that bring what the library itself can do without. The build
# and the installed package file both use this file.

set(VITSCAPE_ALL_COMPONENTS study cuda cudnn mpi)

set(VITSCAPE_STUDY_PURPOSE "studies: methods trained, measured and judged side by side")
set(VITSCAPE_STUDY_PACKAGE "nlohmann-json3-dev libxxhash-dev")
set(VITSCAPE_CUDA_PURPOSE "the Thrust backend on CUDA devices")
set(VITSCAPE_CUDA_PACKAGE "the CUDA Toolkit, 12.8 or later, with nvcc on the path")
set(VITSCAPE_CUDNN_PURPOSE "cuDNN's attention on CUDA devices, beside our own")
set(VITSCAPE_CUDNN_PACKAGE "cuDNN 9 and the headers of its frontend, see docs/building.md")
set(VITSCAPE_MPI_PURPOSE "training by several processes")
set(VITSCAPE_MPI_PACKAGE "libopenmpi-dev")

# vitscape::study: studies and their page, whose script the build embeds in a header. Installed, that header
# lies beside the others; the build says in VITSCAPE_GENERATED_DIR where it is.
macro(vitscape_add_study)
    if(TARGET vitscape_json)
        add_library(vitscape::study INTERFACE IMPORTED GLOBAL)
        target_link_libraries(vitscape::study INTERFACE vitscape::vitscape vitscape_json)
        if(VITSCAPE_GENERATED_DIR)
            target_include_directories(vitscape::study INTERFACE "${VITSCAPE_GENERATED_DIR}")
        endif()
    endif()
endmacro()

# vitscape::cuda: for sources that nvcc compiles. Architectures, 8.0 or later, are the project's choice
# (CMAKE_CUDA_ARCHITECTURES).
macro(vitscape_add_cuda)
    include(CheckLanguage)
    if(NOT CMAKE_CUDA_HOST_COMPILER)
        set(CMAKE_CUDA_HOST_COMPILER "${CMAKE_CXX_COMPILER}")
    endif()
    check_language(CUDA)
    if(CMAKE_CUDA_COMPILER)
        if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
            set(CMAKE_CUDA_ARCHITECTURES ${VITSCAPE_CUDA_ARCHITECTURES})
        endif()
        enable_language(CUDA)
        find_package(CUDAToolkit QUIET)
        if(TARGET CUDA::cublasLt AND TARGET CUDA::cudart)
            add_library(vitscape::cuda INTERFACE IMPORTED GLOBAL)
            target_link_libraries(vitscape::cuda INTERFACE vitscape::vitscape CUDA::cublasLt CUDA::cudart)
            # The standard as an option, since CMake before 3.26 does not know C++20 for nvcc. Kernels call constexpr
            # functions of the standard library; Eigen's headers bring two warnings.
            target_compile_options(vitscape::cuda INTERFACE
                "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-std=c++20 --expt-relaxed-constexpr -diag-suppress=20012,20014>"
                "$<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${OpenMP_CXX_FOUND}>>:SHELL:-Xcompiler ${OpenMP_CXX_FLAGS}>")
        endif()
    endif()
endmacro()

# vitscape::cudnn: backend/cuda/cudnn.hpp, for the few sources that include it. PyPI's packages nvidia-cudnn-cu13 (whose library
# has no name without its version) and nvidia-cudnn-frontend serve as well as NVIDIA's own. The frontend is not to bring the
# nlohmann-json of its own.
macro(vitscape_add_cudnn)
    if(NOT DEFINED VITSCAPE_ENABLE_CUDA OR VITSCAPE_ENABLE_CUDA)
        vitscape_add_component(cuda)
    endif()
    if(TARGET vitscape::cuda)
        find_path(VITSCAPE_CUDNN_INCLUDE_DIR NAMES cudnn.h
            HINTS ENV CUDNN_PATH ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
        find_library(VITSCAPE_CUDNN_LIBRARY NAMES cudnn libcudnn.so.9 NAMES_PER_DIR
            HINTS ENV CUDNN_PATH "${VITSCAPE_CUDNN_INCLUDE_DIR}/.." PATH_SUFFIXES lib lib64)
        find_path(VITSCAPE_CUDNN_FRONTEND_INCLUDE_DIR NAMES cudnn_frontend.h
            HINTS ENV CUDNN_FRONTEND_PATH ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
        mark_as_advanced(VITSCAPE_CUDNN_INCLUDE_DIR VITSCAPE_CUDNN_LIBRARY VITSCAPE_CUDNN_FRONTEND_INCLUDE_DIR)
        if(VITSCAPE_CUDNN_INCLUDE_DIR AND VITSCAPE_CUDNN_LIBRARY AND VITSCAPE_CUDNN_FRONTEND_INCLUDE_DIR)
            add_library(vitscape::cudnn INTERFACE IMPORTED GLOBAL)
            target_link_libraries(vitscape::cudnn INTERFACE vitscape::cuda "${VITSCAPE_CUDNN_LIBRARY}")
            target_include_directories(vitscape::cudnn INTERFACE
                "${VITSCAPE_CUDNN_FRONTEND_INCLUDE_DIR}" "${VITSCAPE_CUDNN_INCLUDE_DIR}")
            target_compile_definitions(vitscape::cudnn INTERFACE
                VITSCAPE_HAS_CUDNN_FRONTEND=1 CUDNN_FRONTEND_SKIP_JSON_LIB)
        endif()
    endif()
endmacro()

macro(vitscape_add_mpi)
    find_package(MPI QUIET COMPONENTS CXX)
    if(TARGET MPI::MPI_CXX)
        add_library(vitscape::mpi INTERFACE IMPORTED GLOBAL)
        target_link_libraries(vitscape::mpi INTERFACE vitscape::vitscape MPI::MPI_CXX)
        target_compile_definitions(vitscape::mpi INTERFACE VITSCAPE_HAS_MPI=1)
    endif()
endmacro()

# vitscape_add_component(<component>): adds vitscape::<component> where what it needs is found.
macro(vitscape_add_component component)
    if(NOT TARGET vitscape::${component})
        if("${component}" STREQUAL "study")
            vitscape_add_study()
        elseif("${component}" STREQUAL "cuda")
            vitscape_add_cuda()
        elseif("${component}" STREQUAL "cudnn")
            vitscape_add_cudnn()
        elseif("${component}" STREQUAL "mpi")
            vitscape_add_mpi()
        endif()
    endif()
endmacro()
