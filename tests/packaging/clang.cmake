# SPDX-License-Identifier: Apache-2.0
#
# Builds the tests of some folders with Clang, in a build of its own, and runs them.
cmake_minimum_required(VERSION 3.22)

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(failed)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "failed: ${command}\n${output}")
    endif()
endfunction()

run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CLANG} -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DVITSCAPE_ENABLE_WERROR=ON -DVITSCAPE_ENABLE_CUDA=OFF -DVITSCAPE_ENABLE_MPI=OFF
    -DVITSCAPE_ENABLE_BENCHMARKS=OFF -DVITSCAPE_ENABLE_SOURCE_CHECKS=OFF)
foreach(folder IN LISTS FOLDERS)
    list(APPEND targets test_${folder})
endforeach()
run(${CMAKE_COMMAND} --build ${WORK} --target ${targets} own_masking)
foreach(target IN LISTS targets)
    run(${WORK}/tests/${target})
endforeach()
run(${WORK}/examples/own/own_masking)
