# SPDX-License-Identifier: Apache-2.0
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(VITSCAPE_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/vitscape)

install(DIRECTORY include/vitscape DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
if(TARGET vitscape::study)
    install(FILES ${VITSCAPE_GENERATED_DIR}/vitscape/study/page/assets.hpp
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/vitscape/study/page)
endif()
install(TARGETS vitscape EXPORT vitscape-targets)
install(EXPORT vitscape-targets NAMESPACE vitscape:: DESTINATION ${VITSCAPE_CMAKE_DIR})

list(JOIN VITSCAPE_FEATURES " " VITSCAPE_FEATURES_SPACED)
configure_package_config_file(cmake/vitscape-config.cmake.in vitscape-config.cmake
    INSTALL_DESTINATION ${VITSCAPE_CMAKE_DIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(vitscape-config-version.cmake
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
        cmake/VitscapeFeatures.cmake
        cmake/VitscapeComponents.cmake
        ${CMAKE_CURRENT_BINARY_DIR}/vitscape-config.cmake
        ${CMAKE_CURRENT_BINARY_DIR}/vitscape-config-version.cmake
    DESTINATION ${VITSCAPE_CMAKE_DIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/vitscape)
