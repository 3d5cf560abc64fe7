# SPDX-License-Identifier: Apache-2.0
#
# Uses vitscape the way other projects do, in a folder of its own, and runs what it built:
#   installed     vitscape is installed; examples/embed finds it with find_package(vitscape), and so does a project that
#                 wants none of the optional libraries it was installed with, and one that asks for the components
#   subdirectory  a project that says add_subdirectory(vitscape)
#   minimal       the same with every optional library switched off: Eigen and xtensor alone
cmake_minimum_required(VERSION 3.22)

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(failed)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "failed: ${command}\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

# build_and_run(<source> <program> <expected output, a regular expression> [arguments of cmake])
function(build_and_run source program expected)
    file(REMOVE_RECURSE "${WORK}/build")
    run(${CMAKE_COMMAND} -S ${source} -B ${WORK}/build ${common} ${ARGN})
    run(${CMAKE_COMMAND} --build ${WORK}/build)
    run(${WORK}/build/${program})
    if(NOT output MATCHES "${expected}")
        message(FATAL_ERROR "expected \"${expected}\", ${program} wrote:\n${output}")
    endif()
    message(STATUS "${output}")
endfunction()

set(common -G "${GENERATOR}" -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Debug
    -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DCMAKE_CXX_FLAGS=-O0)
set(nothing_optional -DVITSCAPE_ENABLE_OPENMP=OFF -DVITSCAPE_ENABLE_JPEG=OFF -DVITSCAPE_ENABLE_PNG=OFF
    -DVITSCAPE_ENABLE_ONEDNN=OFF -DVITSCAPE_ENABLE_JSON=OFF -DVITSCAPE_ENABLE_THRUST=OFF
    -DVITSCAPE_ENABLE_STUDY=OFF -DVITSCAPE_ENABLE_CUDA=OFF -DVITSCAPE_ENABLE_MPI=OFF)
set(consumer ${SOURCE}/tests/packaging/consumer)
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")

if(WAY STREQUAL "installed")
    run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/library ${common} -DCMAKE_INSTALL_PREFIX=${WORK}/prefix
        -DVITSCAPE_ENABLE_TESTS=OFF -DVITSCAPE_ENABLE_EXAMPLES=OFF -DVITSCAPE_ENABLE_BENCHMARKS=OFF)
    run(${CMAKE_COMMAND} --build ${WORK}/library --target install)
    # Moved after installation: nothing may depend on where it was put first.
    file(RENAME ${WORK}/prefix ${WORK}/moved)
    file(REMOVE_RECURSE ${WORK}/library)
    build_and_run(${SOURCE}/examples/embed embed "vitscape ${VERSION}" -DCMAKE_PREFIX_PATH=${WORK}/moved)
    build_and_run(${consumer} consumer "vitscape ${VERSION}: Eigen xtensor\n"
        -DCMAKE_PREFIX_PATH=${WORK}/moved ${nothing_optional})
    if(COMPONENTS)
        build_and_run(${SOURCE}/tests/packaging/components components "components: ${COMPONENTS}\n"
            -DCMAKE_PREFIX_PATH=${WORK}/moved "-DCOMPONENTS=${COMPONENTS}")
    endif()
elseif(WAY STREQUAL "subdirectory")
    build_and_run(${consumer} consumer "vitscape ${VERSION}:.*JSON" -DVITSCAPE_SOURCE=${SOURCE})
elseif(WAY STREQUAL "minimal")
    build_and_run(${consumer} consumer "vitscape ${VERSION}: Eigen xtensor\n"
        -DVITSCAPE_SOURCE=${SOURCE} ${nothing_optional})
else()
    message(FATAL_ERROR "WAY is installed, subdirectory or minimal; given: ${WAY}")
endif()
