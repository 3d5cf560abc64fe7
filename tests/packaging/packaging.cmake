# SPDX-License-Identifier: Apache-2.0
#
# Uses vitscape the way other projects do, in a folder of its own, and runs what it built:
#   installed     vitscape is installed; examples/embed finds it with find_package(vitscape), and so does a project that
#                 wants none of the optional libraries it was installed with, and one that asks for the components
#   subdirectory  a project that says add_subdirectory(vitscape)
#   fetched       a project that fetches a git repository of this tree, as it is in the working folder, by FetchContent
#   minimal       the same as subdirectory with every optional library switched off: Eigen and xtensor alone
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
    -DVITSCAPE_ENABLE_ZLIB=OFF -DVITSCAPE_ENABLE_LIBARCHIVE=OFF -DVITSCAPE_ENABLE_LIBZIP=OFF -DVITSCAPE_ENABLE_ONEDNN=OFF
    -DVITSCAPE_ENABLE_JSON=OFF -DVITSCAPE_ENABLE_HDF5=OFF -DVITSCAPE_ENABLE_DLIB=OFF -DVITSCAPE_ENABLE_THRUST=OFF
    -DVITSCAPE_ENABLE_STUDY=OFF -DVITSCAPE_ENABLE_CUDA=OFF -DVITSCAPE_ENABLE_CUDNN=OFF -DVITSCAPE_ENABLE_MPI=OFF)
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
elseif(WAY STREQUAL "fetched")
    # A repository with one commit: what is tracked here and what is new, with all changes.
    set(repository ${WORK}/repository)
    run(git -C ${SOURCE} ls-files --cached --others --exclude-standard)
    string(REPLACE "\n" ";" files "${output}")
    foreach(file IN LISTS files)
        if(EXISTS "${SOURCE}/${file}" AND NOT IS_DIRECTORY "${SOURCE}/${file}")
            get_filename_component(folder "${file}" DIRECTORY)
            file(COPY "${SOURCE}/${file}" DESTINATION "${repository}/${folder}")
        endif()
    endforeach()
    run(git -C ${repository} init --quiet)
    run(git -C ${repository} add --all)
    run(git -C ${repository} -c user.name=packaging -c user.email=packaging@localhost -c commit.gpgsign=false
        commit --quiet --message packaging)
    run(git -C ${repository} rev-parse HEAD)
    string(STRIP "${output}" commit)
    build_and_run(${consumer} consumer "vitscape ${VERSION}:.*JSON"
        -DVITSCAPE_REPOSITORY=file://${repository} -DVITSCAPE_COMMIT=${commit})
    if(NOT EXISTS ${WORK}/build/_deps/vitscape-src/CMakeLists.txt)
        message(FATAL_ERROR "vitscape was not fetched")
    endif()
elseif(WAY STREQUAL "minimal")
    build_and_run(${consumer} consumer "vitscape ${VERSION}: Eigen xtensor\n"
        -DVITSCAPE_SOURCE=${SOURCE} ${nothing_optional})
else()
    message(FATAL_ERROR "WAY is installed, subdirectory, fetched or minimal; given: ${WAY}")
endif()
