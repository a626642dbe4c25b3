# Finds what erg needs: on the system, or from a parent project that already has the targets. Nothing is downloaded.
# The same file is installed beside ergConfig.cmake, so that a build tree and an installed package ask for the same things.
#
# Sets erg_missing to a sentence for each thing that is not there; the caller decides how to say it.

set(erg_missing "")

# Neither package is asked for by version: their version files refuse a newer major (Eigen 5, xsimd 14), which erg accepts.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 QUIET CONFIG)
  if(NOT TARGET Eigen3::Eigen)
    list(APPEND erg_missing "Eigen3 was not found (erg needs Eigen 3.4 or newer): install libeigen3-dev, or set Eigen3_DIR.")
  elseif(Eigen3_VERSION VERSION_LESS 3.4)
    list(APPEND erg_missing "Eigen ${Eigen3_VERSION} in ${Eigen3_DIR} is too old (erg needs 3.4 or newer): set Eigen3_DIR to a newer one.")
  endif()
endif()

if(ERG_WITH_XSIMD AND NOT TARGET xsimd AND NOT TARGET xsimd::xsimd)
  find_package(xsimd QUIET CONFIG)
  if(NOT TARGET xsimd AND NOT TARGET xsimd::xsimd)
    list(APPEND erg_missing "xsimd was not found (erg's SIMD lanes need xsimd 8.1 or newer): install libxsimd-dev, set xsimd_DIR, or configure erg with -DERG_WITH_XSIMD=OFF.")
  elseif(xsimd_VERSION VERSION_LESS 8.1)
    list(APPEND erg_missing "xsimd ${xsimd_VERSION} in ${xsimd_DIR} is too old (erg needs 8.1 or newer): set xsimd_DIR to a newer one.")
  endif()
endif()

# One name for xsimd, whatever its age; imported, so that its headers are system headers. Only the include folder is taken over:
# the target in Debian 12 also links a library xtl that does not exist.
if(ERG_WITH_XSIMD AND NOT TARGET erg::xsimd AND NOT erg_missing)
  if(TARGET xsimd)
    get_target_property(erg_xsimd_include xsimd INTERFACE_INCLUDE_DIRECTORIES)
  else()
    get_target_property(erg_xsimd_include xsimd::xsimd INTERFACE_INCLUDE_DIRECTORIES)
  endif()
  add_library(erg::xsimd INTERFACE IMPORTED)
  if(erg_xsimd_include)
    set_target_properties(erg::xsimd PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${erg_xsimd_include}")
  endif()
endif()
