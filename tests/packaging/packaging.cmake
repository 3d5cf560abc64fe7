# SPDX-License-Identifier: Apache-2.0
#
# Uses vitscape the way other projects do, in a folder of its own, and runs what it built:
#   installed     configure and install vitscape, then examples/embed with find_package(vitscape)
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

set(common -G "${GENERATOR}" -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Debug
    -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DCMAKE_CXX_FLAGS=-O0)
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")

if(WAY STREQUAL "installed")
    run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/library ${common} -DCMAKE_INSTALL_PREFIX=${WORK}/prefix
        -DVITSCAPE_ENABLE_TESTS=OFF -DVITSCAPE_ENABLE_EXAMPLES=OFF -DVITSCAPE_ENABLE_BENCHMARKS=OFF)
    run(${CMAKE_COMMAND} --build ${WORK}/library --target install)
    # Moved after installation: nothing may depend on where it was put first.
    file(RENAME ${WORK}/prefix ${WORK}/moved)
    file(REMOVE_RECURSE ${WORK}/library)
    run(${CMAKE_COMMAND} -S ${SOURCE}/examples/embed -B ${WORK}/build ${common} -DCMAKE_PREFIX_PATH=${WORK}/moved)
    set(program embed)
    set(expected "vitscape ${VERSION}")
elseif(WAY STREQUAL "subdirectory")
    run(${CMAKE_COMMAND} -S ${SOURCE}/tests/packaging/subdirectory -B ${WORK}/build ${common}
        -DVITSCAPE_SOURCE=${SOURCE})
    set(program consumer)
    set(expected "vitscape ${VERSION}:.*JSON")
elseif(WAY STREQUAL "minimal")
    run(${CMAKE_COMMAND} -S ${SOURCE}/tests/packaging/subdirectory -B ${WORK}/build ${common}
        -DVITSCAPE_SOURCE=${SOURCE} -DVITSCAPE_ENABLE_OPENMP=OFF -DVITSCAPE_ENABLE_JPEG=OFF
        -DVITSCAPE_ENABLE_PNG=OFF -DVITSCAPE_ENABLE_ONEDNN=OFF -DVITSCAPE_ENABLE_JSON=OFF)
    set(program consumer)
    set(expected "vitscape ${VERSION}: Eigen xtensor\n")
else()
    message(FATAL_ERROR "WAY is installed, subdirectory or minimal; given: ${WAY}")
endif()

run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/${program})
if(NOT output MATCHES "${expected}")
    message(FATAL_ERROR "expected \"${expected}\", the program wrote:\n${output}")
endif()
message(STATUS "${output}")
