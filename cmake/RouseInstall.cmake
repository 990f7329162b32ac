# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Headers, libraries, the CMake package and the pkg-config file. All of it may be moved after the installation: no path in it is
# absolute.

include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/rouse")

set(rouse_targets rouse)
foreach(kind IN LISTS rouse_kinds)
    list(APPEND rouse_targets rouse_${kind})
endforeach()
install(
    TARGETS ${rouse_targets}
    EXPORT rouseTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT rouse_library NAMELINK_COMPONENT rouse_library
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT rouse_library
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT rouse_library
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT rouseTargets NAMESPACE rouse:: DESTINATION "${package_folder}" COMPONENT rouse_library)
if(TARGET rouse_tls) # apart: only who asks for it needs OpenSSL
    install(
        TARGETS rouse_tls
        EXPORT rouseTlsTargets
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT rouse_tls NAMELINK_COMPONENT rouse_tls
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT rouse_tls
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT rouse_tls)
    install(EXPORT rouseTlsTargets NAMESPACE rouse:: DESTINATION "${package_folder}" COMPONENT rouse_tls)
endif()
install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/include/"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    COMPONENT rouse_library
    FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT rouse_library)

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/rouseConfig.cmake.in" "${PROJECT_BINARY_DIR}/rouseConfig.cmake"
                              INSTALL_DESTINATION "${package_folder}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 only the same minor release is compatible.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/rouseConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(
    FILES "${PROJECT_BINARY_DIR}/rouseConfig.cmake" "${PROJECT_BINARY_DIR}/rouseConfigVersion.cmake"
          "${CMAKE_CURRENT_LIST_DIR}/RouseCompilerNotes.cmake"
    DESTINATION "${package_folder}"
    COMPONENT rouse_library)

# The prefix is given relative to the .pc file's own folder, which pkg-config knows.
cmake_path(SET pc_folder "/prefix")
cmake_path(APPEND pc_folder "${CMAKE_INSTALL_LIBDIR}" pkgconfig)
file(RELATIVE_PATH pc_prefix "${pc_folder}" "/prefix")
cmake_path(SET pc_prefix NORMALIZE "${pc_prefix}")
set(pc_definitions "")
foreach(definition IN LISTS rouse_definitions)
    string(APPEND pc_definitions " -D${definition}")
endforeach()
set(pc_libraries "")
if(rouse_has_io_uring)
    set(pc_libraries " -luring")
endif()
configure_file("${CMAKE_CURRENT_LIST_DIR}/rouse.pc.in" "${PROJECT_BINARY_DIR}/rouse.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/rouse.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT rouse_library)
