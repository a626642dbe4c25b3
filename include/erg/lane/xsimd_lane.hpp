// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The only file that names xsimd or an intrinsic. xsimd 8.1 (Debian 12) to 14 are accepted.
#pragma once

#include "erg/lane/ops.hpp"

#include <bit>
#include <cstddef>

#if !defined(ERG_WITHOUT_XSIMD) && !defined(__CUDACC__)
#if defined(__GNUC__) && !defined(__clang__)  // GCC 12 takes the undefined operand of its own intrinsics for a mistake
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <xsimd/xsimd.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif

#if defined(__SSE2__) && !defined(__CUDACC__)
#include <emmintrin.h>
#endif

#include <cmath>

namespace erg {
namespace detail {
/// The square root of x >= 0 without errno, so that the compiler may move it out of a loop.
ERG_FN ERG_INLINE double pure_sqrt(double x) {
#if defined(__SSE2__) && !defined(__CUDACC__)
  return _mm_cvtsd_f64(_mm_sqrt_pd(_mm_set_sd(x)));
#else
  return std::sqrt(x);
#endif
}
}  // namespace detail

/// True where a SIMD lane exists in this translation unit.
#if defined(XSIMD_HPP) && !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
inline constexpr bool has_simd = true;
#else
inline constexpr bool has_simd = false;
/// The lane where no SIMD instruction set is enabled: one real.
struct default_arch {};
template <class T, class Arch>
using simd_lane = Pack<T>;
#endif
}  // namespace erg

#if defined(XSIMD_HPP) && !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
namespace erg {

using default_arch = xsimd::default_arch;
template <class T, class Arch>
using simd_lane = Pack<xsimd::batch<T, Arch>>;

template <class T, class A>
struct lane_traits<xsimd::batch<T, A>> {
  using Scalar = T;
  using Mask = xsimd::batch_bool<T, A>;
  using Word = typename lane_traits<T>::Bits;
  using Bits = xsimd::batch<Word, A>;
  static constexpr int width = static_cast<int>(xsimd::batch<T, A>::size);
};

template <class T, class A>
struct lane_ops<xsimd::batch<T, A>> {
  using L = xsimd::batch<T, A>;
  using Mask = xsimd::batch_bool<T, A>;
  using Word = typename lane_traits<T>::Bits;
  using Bits = xsimd::batch<Word, A>;
  using Wide = xsimd::batch<std::uint64_t, A>;
  static constexpr int width = static_cast<int>(L::size);
  static constexpr bool is_float = sizeof(T) == 4;
  static constexpr int n_wide = is_float ? 2 : 1;
  static constexpr bool is_512 = sizeof(L) == 64;
  static constexpr bool is_256 = sizeof(L) == 32;
  static constexpr bool is_128 = sizeof(L) == 16;

  ERG_INLINE static L neg(L a) { return from_bits(to_bits(a) ^ Bits(Word(Word(1) << (8 * sizeof(Word) - 1)))); }

  ERG_INLINE static L fma(L a, L b, L c) {
#if defined(__AVX512F__)
    if constexpr (is_512 && is_float) return L(_mm512_fmadd_ps(a, b, c));
    if constexpr (is_512 && !is_float) return L(_mm512_fmadd_pd(a, b, c));
#endif
#if defined(__FMA__)
    if constexpr (is_256 && is_float) return L(_mm256_fmadd_ps(a, b, c));
    if constexpr (is_256 && !is_float) return L(_mm256_fmadd_pd(a, b, c));
    if constexpr (is_128 && is_float) return L(_mm_fmadd_ps(a, b, c));
    if constexpr (is_128 && !is_float) return L(_mm_fmadd_pd(a, b, c));
#endif
#if defined(__aarch64__)
    return xsimd::fma(a, b, c);
#else
    return emulated_fma(a, b, c);
#endif
  }
  ERG_INLINE static L sqrt(L a) { return xsimd::sqrt(a); }
  ERG_INLINE static L abs(L a) { return from_bits(to_bits(a) & Bits(Word(Word(~Word(0)) >> 1))); }
  ERG_INLINE static L min(L a, L b) { return compare_select<false>(a, b); }
  ERG_INLINE static L max(L a, L b) { return compare_select<true>(a, b); }
  ERG_INLINE static L select(Mask m, L a, L b) { return xsimd::select(m, a, b); }
  ERG_INLINE static Bits select_bits(Mask m, Bits a, Bits b) { return to_bits(xsimd::select(m, from_bits(a), from_bits(b))); }
  ERG_INLINE static bool any(Mask m) { return xsimd::any(m); }
  ERG_INLINE static bool all(Mask m) { return xsimd::all(m); }
  static int count(Mask m) {
    int n = 0;
    for (int i = 0; i < width; ++i) n += m.get(static_cast<std::size_t>(i)) ? 1 : 0;
    return n;
  }
  ERG_INLINE static Bits to_bits(L a) { return cast<Bits>(a); }
  ERG_INLINE static L from_bits(Bits b) { return cast<L>(b); }
  ERG_INLINE static L from_int(Bits b) {
    if constexpr (is_float) {
      return xsimd::to_float(cast<xsimd::batch<std::int32_t, A>>(b));
    } else {  // i + 1.5 * 2^52 has i in its low bits
      return from_bits(b + Bits(0x4338000000000000u)) - L(6755399441055744.0);
    }
  }
  ERG_INLINE static Mask has_bits(Bits b, Bits pattern) {
#if defined(__AVX512F__)
    if constexpr (is_512 && is_float) return Mask(_mm512_test_epi32_mask(b, pattern));
    if constexpr (is_512 && !is_float) return Mask(_mm512_test_epi64_mask(b, pattern));
#endif
    // No subnormal escapes a comparison of integers; a zero test of the float would treat them as zero under FTZ.
    const xsimd::batch_bool<Word, A> zero = (b & pattern) == Bits(Word(0));
    return !Mask(std::bit_cast<typename Mask::register_type>(static_cast<typename xsimd::batch_bool<Word, A>::register_type>(zero)));
  }
#if defined(__AVX512F__)  // lane::scale and lane::split as instructions; the generic formulas give the same bits
  ERG_INLINE static L scale(L p, L n)
    requires is_512
  {
    if constexpr (is_float) {
      return L(_mm512_scalef_ps(p, n));
    } else {
      return L(_mm512_scalef_pd(p, n));
    }
  }
  ERG_INLINE static void split(L x, L& mantissa, L& exponent)
    requires is_512
  {
    if constexpr (is_float) {
      const __m512 m = _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
      const __m512 e = _mm512_getexp_ps(x), one = _mm512_set1_ps(1.0f);
      mantissa = L(m);
      exponent = L(_mm512_mask_add_ps(e, _mm512_cmp_ps_mask(m, one, _CMP_LT_OQ), e, one));
    } else {
      const __m512d m = _mm512_getmant_pd(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
      const __m512d e = _mm512_getexp_pd(x), one = _mm512_set1_pd(1.0);
      mantissa = L(m);
      exponent = L(_mm512_mask_add_pd(e, _mm512_cmp_pd_mask(m, one, _CMP_LT_OQ), e, one));
    }
  }
#endif
  ERG_INLINE static L load(const T* p) { return L::load_aligned(p); }
  ERG_INLINE static void store(T* p, L a) { a.store_aligned(p); }
  static Bits iota(Word first) {
    alignas(64) Word w[static_cast<std::size_t>(width)];
    for (int i = 0; i < width; ++i) w[i] = static_cast<Word>(first + static_cast<Word>(i));
    return Bits::load_aligned(w);
  }

  // 32-bit payloads in 64-bit elements, for 32 x 32 -> 64 products. A float lane splits into its even and odd halves.
  ERG_INLINE static Wide widen(Bits b, int half) {
    if constexpr (is_float) {
      return half == 0 ? cast<Wide>(b) : cast<Wide>(b) >> 32;
    } else {
      return b;
    }
  }
  ERG_INLINE static Bits narrow(Wide even, Wide odd) {
    const Wide low(std::uint64_t{0xffffffffu});
    if constexpr (is_float) {
#if defined(__AVX512F__)
      if constexpr (is_512) return Bits(_mm512_mask_shuffle_epi32(even, 0xaaaa, odd, _MM_PERM_CCAA));
#endif
      return cast<Bits>((even & low) | (odd << 32));
    } else {
      return even & low;
    }
  }
  ERG_INLINE static Wide mul32(Wide a, std::uint32_t m) {
    [[maybe_unused]] const Wide mm(std::uint64_t{m});
#if defined(__AVX512F__)
    if constexpr (is_512) return Wide(_mm512_mul_epu32(a, mm));
#endif
#if defined(__AVX2__)
    if constexpr (is_256) return Wide(_mm256_mul_epu32(a, mm));
#endif
#if defined(__SSE2__)
    if constexpr (is_128) return Wide(_mm_mul_epu32(a, mm));
#endif
    alignas(64) std::uint64_t v[static_cast<std::size_t>(Wide::size)];
    a.store_aligned(v);
    for (auto& x : v) x = (x & 0xffffffffu) * m;
    return Wide::load_aligned(v);
  }
  /// The high word of each element in its low half; what is above it is unspecified. A shuffle, not a shift: it leaves the port alone
  /// on which products wait.
  ERG_INLINE static Wide high_word(Wide a) {
#if defined(__AVX512F__)
    if constexpr (is_512) return Wide(_mm512_shuffle_epi32(a, _MM_PERM_DDBB));
#endif
#if defined(__AVX2__)
    if constexpr (is_256) return Wide(_mm256_shuffle_epi32(a, 0xf5));
#endif
#if defined(__SSE2__)
    if constexpr (is_128) return Wide(_mm_shuffle_epi32(a, 0xf5));
#endif
    return a >> 32;
  }
  /// Double lanes: low word of `lo` with low word of `hi` above it.
  ERG_INLINE static Bits join(Bits lo, Bits hi) { return lo | (hi << 32); }

 private:
  template <class To, class From>
  ERG_INLINE static To cast(From a) {
    static_assert(sizeof(To) == sizeof(From));
    return To(std::bit_cast<typename To::register_type>(static_cast<typename From::register_type>(a)));
  }
  template <bool want_max>
  ERG_INLINE static L compare_select(L a, L b) {
    // The x86 instructions are exactly a < b ? a : b and a > b ? a : b, NaN included.
#if defined(__AVX512F__)
    if constexpr (is_512 && is_float) return L(want_max ? _mm512_max_ps(a, b) : _mm512_min_ps(a, b));
    if constexpr (is_512 && !is_float) return L(want_max ? _mm512_max_pd(a, b) : _mm512_min_pd(a, b));
#endif
#if defined(__AVX__)
    if constexpr (is_256 && is_float) return L(want_max ? _mm256_max_ps(a, b) : _mm256_min_ps(a, b));
    if constexpr (is_256 && !is_float) return L(want_max ? _mm256_max_pd(a, b) : _mm256_min_pd(a, b));
#endif
#if defined(__SSE2__)
    if constexpr (is_128 && is_float) return L(want_max ? _mm_max_ps(a, b) : _mm_min_ps(a, b));
    if constexpr (is_128 && !is_float) return L(want_max ? _mm_max_pd(a, b) : _mm_min_pd(a, b));
#endif
    return xsimd::select(want_max ? a > b : a < b, a, b);
  }
  static L emulated_fma(L a, L b, L c) {
    alignas(64) T va[static_cast<std::size_t>(width)], vb[static_cast<std::size_t>(width)], vc[static_cast<std::size_t>(width)];
    a.store_aligned(va);
    b.store_aligned(vb);
    c.store_aligned(vc);
    for (int i = 0; i < width; ++i) va[i] = std::fma(va[i], vb[i], vc[i]);
    return L::load_aligned(va);
  }
};

}  // namespace erg
#endif
