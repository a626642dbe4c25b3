# erg::erg     the headers, C++20 and the libraries they include; no optimisation, architecture or warning flag.
# erg::strict  the same, bit-reproducible: no contraction of a*b+c by the compiler, and erg told so.
# erg::cuda    for programs with .cu files, beside either of them: C++20 for nvcc. Architectures are the program's own choice.

if(erg_missing)
  list(JOIN erg_missing "\n  " erg_missing)
  message(FATAL_ERROR "erg: ${erg_missing}")
endif()
find_package(Threads REQUIRED)

add_library(erg INTERFACE)
add_library(erg::erg ALIAS erg)
target_compile_features(erg INTERFACE cxx_std_20)
file(GLOB_RECURSE erg_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/erg/*.hpp" "${PROJECT_SOURCE_DIR}/include/erg/*.cuh")
target_sources(erg INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${erg_headers})
target_link_libraries(erg INTERFACE Eigen3::Eigen Threads::Threads)
if(ERG_WITH_XSIMD)
  target_link_libraries(erg INTERFACE erg::xsimd)
else()
  target_compile_definitions(erg INTERFACE ERG_WITHOUT_XSIMD=1)
endif()

add_library(erg_strict INTERFACE)
add_library(erg::strict ALIAS erg_strict)
set_target_properties(erg_strict PROPERTIES EXPORT_NAME strict)
target_link_libraries(erg_strict INTERFACE erg)
target_compile_definitions(erg_strict INTERFACE ERG_STRICT=1)
target_compile_options(erg_strict INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang,IntelLLVM>:-ffp-contract=off>
  $<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:--fmad=false>
  $<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-Xcompiler=-ffp-contract=off>)

# Not the feature cuda_std_20: some CMake releases of the time of CUDA 12 (3.25 among them) do not know how to say C++20 to nvcc.
add_library(erg_cuda INTERFACE)
add_library(erg::cuda ALIAS erg_cuda)
set_target_properties(erg_cuda PROPERTIES EXPORT_NAME cuda)
target_link_libraries(erg_cuda INTERFACE erg)
target_compile_options(erg_cuda INTERFACE $<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-std=c++20>)
