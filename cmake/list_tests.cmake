# Asks a Catch2 program for its test cases and writes the add_test() lines for ctest. Run by erg_discover_tests right after linking.

# Catch2 2.x answers with the number of tests as exit status, 3.x with 0; what is not a number is the signal that killed the program.
function(list_tests spec out)
  if(CATCH_VERSION VERSION_LESS 3)
    set(how --list-test-names-only)
  else()
    set(how --list-tests --verbosity quiet)
  endif()
  execute_process(COMMAND "${PROGRAM}" "${spec}" ${how}
    OUTPUT_VARIABLE lines RESULT_VARIABLE status ERROR_VARIABLE errors WORKING_DIRECTORY "${WORKING_DIRECTORY}" TIMEOUT 60)
  if(NOT status MATCHES "^[0-9]+$" OR (CATCH_VERSION VERSION_GREATER_EQUAL 3 AND NOT status EQUAL 0))
    message(FATAL_ERROR "${PROGRAM} cannot list its tests: ${status}\n${lines}\n${errors}")
  endif()
  string(REPLACE ";" "\\;" lines "${lines}")
  string(REPLACE "[" "<erg-open>" lines "${lines}")
  string(REPLACE "]" "<erg-close>" lines "${lines}")
  string(REGEX REPLACE "[\r\n]+" ";" lines "${lines}")
  set(${out} "${lines}" PARENT_SCOPE)
endfunction()

set(script "")
set(count 0)
macro(add_tests spec labels)
  list_tests("${spec}" names)
  foreach(name IN LISTS names)
    if(name STREQUAL "")
      continue()
    endif()
    string(REPLACE "<erg-open>" "[" name "${name}")
    string(REPLACE "<erg-close>" "]" name "${name}")
    # Catch2 reads commas and brackets in a name as its own grammar.
    string(REGEX REPLACE "([],\\[\\\\])" "\\\\\\1" escaped "${name}")
    string(APPEND script
      "add_test([==[${PREFIX}: ${name}]==] [==[${PROGRAM}]==] [==[${escaped}]==])\n"
      "set_tests_properties([==[${PREFIX}: ${name}]==] PROPERTIES LABELS [==[${labels}]==] TIMEOUT ${TIMEOUT} WORKING_DIRECTORY [==[${WORKING_DIRECTORY}]==] SKIP_REGULAR_EXPRESSION [==[erg: skipped, ]==])\n")
    math(EXPR count "${count} + 1")
  endforeach()
endmacro()

string(REPLACE "," ";" LABELS "${LABELS}")
add_tests("~[slow]" "${LABELS}")
if(SLOW)
  add_tests("[slow]" "${LABELS};slow")
endif()
if(count EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} has no test case")
endif()
file(WRITE "${LIST}" "${script}")
