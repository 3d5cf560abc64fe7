# SPDX-License-Identifier: Apache-2.0
#
# Embeds the script of a study's page in the header <vitscape/study/page/assets.hpp>, under
# VITSCAPE_GENERATED_DIR.
set(VITSCAPE_GENERATED_DIR "${PROJECT_BINARY_DIR}/generated")
set(_vitscape_page "${PROJECT_SOURCE_DIR}/include/vitscape/study/page")
file(READ "${_vitscape_page}/script.js" VITSCAPE_PAGE_SCRIPT)
configure_file("${PROJECT_SOURCE_DIR}/cmake/study_page_assets.hpp.in"
    "${VITSCAPE_GENERATED_DIR}/vitscape/study/page/assets.hpp" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_vitscape_page}/script.js")
