# erg_add_compile_fail(<source>): the same source compiled twice.
#   as it is          must compile: what the user should have written
#   with -DERG_FAIL   must not, and the compiler's text must match the regular expression on the line "// expect: <regex>" (one line each, all must match)
function(erg_add_compile_fail source)
  get_filename_component(name "${source}" NAME_WE)
  string(REPLACE "_" " " title "${name}")
  separate_arguments(flags NATIVE_COMMAND "${CMAKE_CXX_FLAGS}")
  set(includes "$<TARGET_PROPERTY:erg_compile_fail_flags,INCLUDE_DIRECTORIES>")
  set(definitions "$<TARGET_PROPERTY:erg_compile_fail_flags,COMPILE_DEFINITIONS>")
  add_test(NAME "${ERG_TEST_PREFIX}misuse: ${title}"
    COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${source}" "-DCOMPILER=${CMAKE_CXX_COMPILER}" "-DFLAGS=${flags}"
      "-DINCLUDES=${includes}" "-DIMPLICIT=${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES}" "-DDEFINITIONS=${definitions}"
      -P "${PROJECT_SOURCE_DIR}/cmake/compile_fail.cmake")
  set_tests_properties("${ERG_TEST_PREFIX}misuse: ${title}" PROPERTIES LABELS compile_fail TIMEOUT 300)
endfunction()
