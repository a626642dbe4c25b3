# Installs headers, the CMake package and the pkg-config files. All of it is relocatable and independent of the machine.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(erg_cmake_dir "${CMAKE_INSTALL_DATAROOTDIR}/cmake/erg")

install(TARGETS erg erg_strict erg_cuda EXPORT ergTargets FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT ergTargets NAMESPACE erg:: DESTINATION "${erg_cmake_dir}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/ergConfig.cmake.in" "${PROJECT_BINARY_DIR}/ergConfig.cmake"
  INSTALL_DESTINATION "${erg_cmake_dir}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break programs, so it has to match.
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(erg_compatibility SameMinorVersion)
else()
  set(erg_compatibility SameMajorVersion)
endif()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/ergConfigVersion.cmake" COMPATIBILITY ${erg_compatibility} ARCH_INDEPENDENT)
install(FILES
  "${PROJECT_BINARY_DIR}/ergConfig.cmake"
  "${PROJECT_BINARY_DIR}/ergConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/ErgDependencies.cmake"
  DESTINATION "${erg_cmake_dir}")

# pkg-config: a path relative to the .pc file itself, so that the tree can be moved.
set(erg_pc_dir "${CMAKE_INSTALL_DATAROOTDIR}/pkgconfig")
file(RELATIVE_PATH erg_pc_to_prefix "/prefix/${erg_pc_dir}" "/prefix")
string(REGEX REPLACE "/$" "" erg_pc_to_prefix "${erg_pc_to_prefix}")
set(erg_pc_requires "eigen3 >= 3.4")
set(erg_pc_cflags "")
if(ERG_WITH_XSIMD)
  string(APPEND erg_pc_requires ", xsimd >= 8.1")
else()
  set(erg_pc_cflags " -DERG_WITHOUT_XSIMD=1")
endif()
foreach(pc IN ITEMS erg erg-strict)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/${pc}.pc.in" "${PROJECT_BINARY_DIR}/${pc}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${pc}.pc" DESTINATION "${erg_pc_dir}")
endforeach()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/licenses/erg")
