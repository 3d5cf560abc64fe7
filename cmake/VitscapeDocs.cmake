# SPDX-License-Identifier: Apache-2.0
#
# The target docs: the API reference, by Doxygen, in docs/reference of the build folder. A warning is an error.
find_program(VITSCAPE_DOXYGEN doxygen)
mark_as_advanced(VITSCAPE_DOXYGEN)
set(VITSCAPE_REFERENCE_DIR "${PROJECT_BINARY_DIR}/docs/reference")
if(VITSCAPE_DOXYGEN)
    file(MAKE_DIRECTORY "${VITSCAPE_REFERENCE_DIR}")
    configure_file("${PROJECT_SOURCE_DIR}/docs/Doxyfile.in" "${PROJECT_BINARY_DIR}/docs/Doxyfile" @ONLY)
    add_custom_target(docs COMMAND "${VITSCAPE_DOXYGEN}" "${PROJECT_BINARY_DIR}/docs/Doxyfile"
        COMMAND "${CMAKE_COMMAND}" -E echo "${VITSCAPE_REFERENCE_DIR}/index.html"
        COMMENT "The API reference" VERBATIM)
endif()
