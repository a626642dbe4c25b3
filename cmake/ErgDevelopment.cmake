# What only erg's own programs are built with: warnings, sanitizers. Never exported.
option(ERG_WARNINGS_AS_ERRORS "Warnings stop the build" OFF)
set(ERG_SANITIZE "" CACHE STRING "Sanitizers for erg's own programs, e.g. address,undefined or thread")
set_property(CACHE ERG_SANITIZE PROPERTY STRINGS "" "address,undefined" "thread")

add_library(erg_development INTERFACE)
target_compile_options(erg_development INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-Wall;-Wextra;-Wshadow;-Wconversion;-Wfloat-conversion>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fconcepts-diagnostics-depth=2>)
# GCC 12 reports the undefined value inside its own AVX-512 intrinsics as ours (GCC bug 105593).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  target_compile_options(erg_development INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-uninitialized;-Wno-maybe-uninitialized>)
endif()
if(ERG_WARNINGS_AS_ERRORS)
  target_compile_options(erg_development INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-Werror>)
endif()
if(ERG_SANITIZE)
  target_compile_options(erg_development INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${ERG_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>)
  target_link_options(erg_development INTERFACE -fsanitize=${ERG_SANITIZE})
  # What costs half of the time of compiling or nearly so is not looked for: uses after scope (inlined lambdas have very many scopes), and null and alignment at
  # every access of a member (a null pointer stops the program all the same, and so do lanes that are loaded from where they may not be).
  if(ERG_SANITIZE MATCHES "address")
    target_compile_options(erg_development INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-address-use-after-scope>)
  endif()
  if(ERG_SANITIZE MATCHES "undefined")
    target_compile_options(erg_development INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=null,alignment,vptr>)
  endif()

  # Older thread sanitizers cannot place their shadow under a kernel that randomises addresses widely; without that randomness they can.
  include(CheckCXXSourceRuns)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=${ERG_SANITIZE})
  check_cxx_source_runs("int main() { return 0; }" ERG_SANITIZER_RUNS)
  if(NOT ERG_SANITIZER_RUNS)
    find_program(ERG_SETARCH setarch)
    set(CMAKE_CROSSCOMPILING_EMULATOR "${ERG_SETARCH};-R")
    check_cxx_source_runs("int main() { return 0; }" ERG_SANITIZER_RUNS_WITH_FIXED_ADDRESSES)
    unset(CMAKE_CROSSCOMPILING_EMULATOR)
    if(NOT ERG_SETARCH OR NOT ERG_SANITIZER_RUNS_WITH_FIXED_ADDRESSES)
      message(FATAL_ERROR "erg: a program built with -fsanitize=${ERG_SANITIZE} does not run here (the compiler's sanitizer library is missing or too old for this kernel): install it, or leave ERG_SANITIZE empty.")
    endif()
    set(ERG_TEST_LAUNCHER "${ERG_SETARCH};-R")
  endif()
  unset(CMAKE_REQUIRED_FLAGS)
endif()
