// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Compiler facts, asked once. Besides this file only lane/xsimd_lane.hpp, tile/arena.hpp and exec/cuda may ask which compiler or machine
// this is.
#pragma once

#define ERG_VERSION_MAJOR 0
#define ERG_VERSION_MINOR 1
#define ERG_VERSION_PATCH 0

#if defined(__FAST_MATH__)
#error "erg: -ffast-math removes NaN and infinity, on which rejection of broken proposals rests; compile without it (erg's fast profile needs no flag)."
#endif

/// Marks a function that also runs on a CUDA device. The one macro a user meets; may be omitted where CUDA is not wanted.
#if defined(__CUDACC__)
#define ERG_FN __host__ __device__
#else
#define ERG_FN
#endif

/// Before a template that is ERG_FN and calls what it is given: nvcc would warn where the host gives it a function of the host.
#if defined(__CUDACC__)
#define ERG_CALLS_ITS_ARGUMENT _Pragma("nv_exec_check_disable")
#else
#define ERG_CALLS_ITS_ARGUMENT
#endif

/// Inlines always: a lane lives in registers only as long as no call stands in its way.
#if defined(__CUDACC__)
#define ERG_INLINE __forceinline__
#else
#define ERG_INLINE [[gnu::always_inline]] inline
#endif

/// Declares a function object at namespace scope; device code may not name a host variable, even an empty one.
#if defined(__CUDA_ARCH__)
#define ERG_OBJECT __device__ constexpr
#else
#define ERG_OBJECT inline constexpr
#endif

/// Set by the target erg::strict, which also switches contraction off (see docs/numerics).
#if !defined(ERG_STRICT)
#define ERG_STRICT 0
#endif

namespace erg {

/// A dimension known only at run time.
inline constexpr int dynamic = -1;

/// True in the strict profile: the same bits on every lane width, thread count and machine.
inline constexpr bool is_strict_build = ERG_STRICT != 0;

/// True where nvcc compiles for the device.
#if defined(__CUDA_ARCH__)
inline constexpr bool is_device_pass = true;
#else
inline constexpr bool is_device_pass = false;
#endif

/// Whether a * b + c, rounded once, is an instruction here.
#if defined(__FMA__) || defined(__aarch64__) || defined(__CUDA_ARCH__)
inline constexpr bool has_fma = true;
#else
inline constexpr bool has_fma = false;
#endif

}  // namespace erg
