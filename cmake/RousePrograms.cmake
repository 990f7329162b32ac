# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# The command line program, the examples, the benchmarks.

# find_package with the sentence that helps: what to install, or which option to turn off.
macro(rouse_need package debian_package option)
    find_package(${package} QUIET)
    if(NOT ${package}_FOUND)
        message(FATAL_ERROR "${package} was not found. Install it (Debian: ${debian_package}), or configure with -D${option}=OFF.")
    endif()
endmacro()

file(GLOB rouse_tool_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/rouse/*.cpp")
if(ROUSE_BUILD_TOOLS)
    rouse_need(CLI11 libcli11-dev ROUSE_BUILD_TOOLS)
    rouse_need(fmt libfmt-dev ROUSE_BUILD_TOOLS)
    add_executable(rouse-cli ${rouse_tool_sources})
    rouse_program(rouse-cli)
    target_link_libraries(rouse-cli PRIVATE CLI11::CLI11 fmt::fmt)
    target_include_directories(rouse-cli PRIVATE "${PROJECT_SOURCE_DIR}/tools/rouse")
    # The tour's programs are installed beside it, and found from where it lies: neither path is absolute.
    set(rouse_examples_folder "${CMAKE_INSTALL_LIBEXECDIR}/rouse/examples")
    cmake_path(SET from "/prefix")
    cmake_path(APPEND from "${CMAKE_INSTALL_BINDIR}")
    cmake_path(SET to "/prefix")
    cmake_path(APPEND to "${rouse_examples_folder}")
    file(RELATIVE_PATH examples_from_bin "${from}" "${to}")
    target_compile_definitions(rouse-cli PRIVATE ROUSE_EXAMPLES_FOLDER="${examples_from_bin}"
                                                 ROUSE_VERSION="${PROJECT_VERSION}")
    set_target_properties(rouse-cli PROPERTIES OUTPUT_NAME rouse RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
    if(ROUSE_INSTALL)
        install(TARGETS rouse-cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT rouse_tools)
    endif()
endif()

file(GLOB rouse_example_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.cpp")
if(ROUSE_BUILD_EXAMPLES)
    rouse_need(fmt libfmt-dev ROUSE_BUILD_EXAMPLES)
    foreach(source IN LISTS rouse_example_sources)
        cmake_path(GET source STEM name)
        add_executable(example_${name} "${source}")
        rouse_program(example_${name})
        rouse_precompiled(example_${name})
        target_link_libraries(example_${name} PRIVATE fmt::fmt)
        set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                                                                             "${PROJECT_BINARY_DIR}/examples")
        add_test(NAME example.${name} COMMAND example_${name})
        set_tests_properties(example.${name} PROPERTIES TIMEOUT 60)
        if(TARGET rouse-cli)
            add_dependencies(rouse-cli example_${name})
            if(ROUSE_INSTALL)
                install(TARGETS example_${name} RUNTIME DESTINATION "${rouse_examples_folder}" COMPONENT rouse_tools)
            endif()
        endif()
    endforeach()
endif()

if(ROUSE_BUILD_EXAMPLES)
    add_subdirectory("${PROJECT_SOURCE_DIR}/examples/servers" "${PROJECT_BINARY_DIR}/examples/servers")
    add_subdirectory("${PROJECT_SOURCE_DIR}/examples/programs" "${PROJECT_BINARY_DIR}/examples/programs")
    add_subdirectory("${PROJECT_SOURCE_DIR}/examples/tasks" "${PROJECT_BINARY_DIR}/examples/tasks")
endif()

if(ROUSE_BUILD_BENCHES)
    add_subdirectory("${PROJECT_SOURCE_DIR}/benches" "${PROJECT_BINARY_DIR}/benches")
endif()
