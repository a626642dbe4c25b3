// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Standard normals by hand with AVX2 and FMA: the same algorithm as with AVX-512 (see avx512_math.hpp for the reasons), eight
// Philox counters a pass, thirty-two normals.
#include "sampler.hpp"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>

namespace bench {
namespace {

using F = __m256;
using I = __m256i;

F set(float a) { return _mm256_set1_ps(a); }
I set(std::uint32_t a) { return _mm256_set1_epi32(static_cast<int>(a)); }
F as_real(I a) { return _mm256_castsi256_ps(a); }
I as_bits(F a) { return _mm256_castps_si256(a); }

struct RoundKeys {
  std::uint32_t low[10], high[10];
  explicit RoundKeys(std::uint64_t key) {
    for (std::uint32_t round = 0; round < 10; ++round) {
      low[round] = static_cast<std::uint32_t>(key) + round * 0x9E3779B9U;
      high[round] = static_cast<std::uint32_t>(key >> 32) + round * 0xBB67AE85U;
    }
  }
};

[[gnu::always_inline]] inline void philox_round(I& c0, I& c1, I& c2, I& c3, I k0, I k1) {
  const I p0 = _mm256_mul_epu32(_mm256_set1_epi64x(0xD2511F53LL), c0);
  const I p1 = _mm256_mul_epu32(_mm256_set1_epi64x(0xCD9E8D57LL), c2);
  c0 = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(c1, k0));
  c2 = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(c3, k1));
  c1 = p1;
  c3 = p0;
}

/// The float nearest w, all 32 bits of it counted: there is no unsigned conversion before AVX-512.
[[gnu::always_inline]] inline F to_real(I w) {
  const F high = _mm256_cvtepi32_ps(_mm256_srli_epi32(w, 16)), low = _mm256_cvtepi32_ps(_mm256_and_si256(w, set(0xFFFFU)));
  return _mm256_fmadd_ps(high, set(65536.0F), low);
}

[[gnu::always_inline]] inline void normal_pair(I w0, I w1, F& first, F& second) {
  const F u = _mm256_fmadd_ps(to_real(w0), set(0x1p-32F), set(0x1p-33F));
  const I e = _mm256_srai_epi32(_mm256_sub_epi32(as_bits(u), set(0x3F400000U)), 23);  // u = m 2^e with m in [3/4, 3/2)
  const F t = _mm256_sub_ps(as_real(_mm256_sub_epi32(as_bits(u), _mm256_slli_epi32(e, 23))), set(1.0F));
  const F tt = _mm256_mul_ps(t, t);
  F odd = _mm256_fmadd_ps(set(4.968353361e-2F), tt, set(1.496907473e-1F));
  F even = _mm256_fmadd_ps(set(-1.169334352e-1F), tt, set(-1.686913520e-1F));
  odd = _mm256_fmadd_ps(odd, tt, set(1.998187304e-1F));
  even = _mm256_fmadd_ps(even, tt, set(-2.499157041e-1F));
  odd = _mm256_fmadd_ps(odd, tt, set(3.333342075e-1F));
  even = _mm256_fmadd_ps(even, tt, set(-5.000008345e-1F));
  const F log_m = _mm256_fmadd_ps(_mm256_fmadd_ps(odd, t, even), tt, t);
  const F log_u = _mm256_fmadd_ps(_mm256_cvtepi32_ps(e), set(0.6931471806F), log_m);
  const F r = _mm256_sqrt_ps(_mm256_mul_ps(log_u, set(-2.0F)));
  const F a = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_slli_epi32(w1, 2)), set(3.657291953e-10F));  // pi / 2 / 2^32
  const F aa = _mm256_mul_ps(a, a);
  F s = _mm256_fmadd_ps(set(-1.950193546e-4F), aa, set(8.332016878e-3F));
  F c = _mm256_fmadd_ps(set(-1.359195332e-3F), aa, set(4.165578261e-2F));
  s = _mm256_fmadd_ps(s, aa, set(-1.666665077e-1F));
  c = _mm256_fmadd_ps(c, aa, set(-4.999988377e-1F));
  s = _mm256_fmadd_ps(s, aa, set(1.0F));
  c = _mm256_fmadd_ps(c, aa, set(1.0F));
  const I rs = as_bits(_mm256_mul_ps(_mm256_mul_ps(r, a), s));
  const I rc = _mm256_xor_si256(as_bits(_mm256_mul_ps(r, c)), _mm256_and_si256(w1, set(0x80000000U)));
  const I swap = _mm256_srai_epi32(_mm256_slli_epi32(w1, 1), 31);
  const I difference = _mm256_and_si256(_mm256_xor_si256(rs, rc), swap);
  first = as_real(_mm256_xor_si256(rc, difference));
  second = as_real(_mm256_xor_si256(rs, difference));
}

[[gnu::always_inline]] inline void block(float* to, std::uint32_t chain, std::uint32_t step, const RoundKeys& keys) {
  const I even_lanes = _mm256_set_epi64x(6, 4, 2, 0);
  I a0 = _mm256_add_epi64(_mm256_set1_epi64x(chain), even_lanes), a1 = set(0U), a2 = set(step), a3 = set(0U);
  I b0 = _mm256_add_epi64(_mm256_set1_epi64x(chain + 1), even_lanes), b1 = a1, b2 = a2, b3 = a3;
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const I k0 = set(keys.low[round]), k1 = set(keys.high[round]);
    philox_round(a0, a1, a2, a3, k0, k1);
    philox_round(b0, b1, b2, b3, k0, k1);
  }
  const auto weave = [](I even, I odd) {
    return _mm256_blend_epi32(even, as_bits(_mm256_moveldup_ps(as_real(odd))), 0xAA);
  };
  F normal[4];
  normal_pair(weave(a0, b0), weave(a1, b1), normal[0], normal[1]);
  normal_pair(weave(a2, b2), weave(a3, b3), normal[2], normal[3]);
  for (int k = 0; k < 4; ++k) _mm256_storeu_ps(to + 8 * k, normal[k]);
}

}  // namespace

FillNormals reference_normals_avx2() {
  return +[](float* out, std::size_t n) {
    static std::uint32_t call = 0;
    std::uint64_t seed = 20240607;
    asm volatile("" : "+r"(seed));  // a seed is not known when a program is compiled
    const RoundKeys keys(seed);
    ++call;
    std::size_t i = 0;
    for (; i + 32 <= n; i += 32) block(out + i, static_cast<std::uint32_t>(i / 4), call, keys);
    if (i < n) {
      float last[32];
      block(last, static_cast<std::uint32_t>(i / 4), call, keys);
      for (std::size_t k = 0; i + k < n; ++k) out[i + k] = last[k];
    }
  };
}

}  // namespace bench
#else
namespace bench {
FillNormals reference_normals_avx2() { return nullptr; }
}  // namespace bench
#endif
