# erg_add_tests(<target> SOURCES <...> LABELS <...> [PREFIX <text>] [STRICT] [OPTIONS <...>] [LIBRARIES <...>])
#
# One test program; each of its test cases becomes a ctest test named "<prefix>: <name of the test case>", labelled slow where it is tagged [slow].
# The names are asked of the program right after it is linked; a program that cannot list its tests stops the build.

set(ERG_TEST_PREFIX "" CACHE STRING "Put before the name of every test (tells apart the same test of several build trees)")
option(ERG_TEST_SLOW "Register the tests tagged [slow]" ON)

find_package(Catch2 REQUIRED)
if(NOT TARGET Catch2::Catch2WithMain)
  file(WRITE "${PROJECT_BINARY_DIR}/catch_main.cpp" "#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\n")
  add_library(erg_catch_main STATIC "${PROJECT_BINARY_DIR}/catch_main.cpp")
  target_link_libraries(erg_catch_main PUBLIC Catch2::Catch2)
  add_library(Catch2::Catch2WithMain ALIAS erg_catch_main)
endif()

function(erg_discover_tests target)
  cmake_parse_arguments(arg "" "PREFIX;TIMEOUT" "LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 900)
  endif()
  set(list "${CMAKE_CURRENT_BINARY_DIR}/${target}_tests.cmake")
  list(JOIN arg_LABELS "," labels)
  add_custom_command(TARGET ${target} POST_BUILD
    BYPRODUCTS "${list}"
    COMMAND "${CMAKE_COMMAND}"
      "-DPROGRAM=$<TARGET_FILE:${target}>" "-DLIST=${list}" "-DPREFIX=${ERG_TEST_PREFIX}${arg_PREFIX}" "-DLABELS=${labels}"
      "-DTIMEOUT=${arg_TIMEOUT}" "-DSLOW=${ERG_TEST_SLOW}" "-DLAUNCHER=${ERG_TEST_LAUNCHER}" "-DCATCH_VERSION=${Catch2_VERSION}" "-DWORKING_DIRECTORY=${CMAKE_CURRENT_BINARY_DIR}"
      -P "${PROJECT_SOURCE_DIR}/cmake/list_tests.cmake"
    VERBATIM)
  set(include "${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake")
  file(WRITE "${include}" "if(EXISTS \"${list}\")\n  include(\"${list}\")\nelse()\n  add_test(\"${ERG_TEST_PREFIX}${target} is built\" \"${target}-is-not-built\")\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${include}")
endfunction()

function(erg_add_tests target)
  cmake_parse_arguments(arg "STRICT" "PREFIX;TIMEOUT" "SOURCES;LABELS;OPTIONS;DEFINITIONS;LIBRARIES" ${ARGN})
  if(NOT arg_SOURCES)
    return()
  endif()
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE $<IF:$<BOOL:${arg_STRICT}>,erg::strict,erg::erg> erg_development Catch2::Catch2WithMain ${arg_LIBRARIES})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_options(${target} PRIVATE ${arg_OPTIONS})
  target_compile_definitions(${target} PRIVATE "ERG_TESTS_DIR=\"${PROJECT_SOURCE_DIR}/tests\"" ${arg_DEFINITIONS})
  erg_discover_tests(${target} PREFIX "${arg_PREFIX}" TIMEOUT "${arg_TIMEOUT}" LABELS ${arg_LABELS})
endfunction()
