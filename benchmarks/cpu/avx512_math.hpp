// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What a hand-written AVX-512 sampler needs: exp, log, sine and cosine in float, and Philox4x32-10 for sixteen chains.
// Kept free of erg on purpose: it is the yardstick, so it shares no line with what it measures.
#pragma once

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define ERG_BENCH_AVX512 1

// GCC 12 warns of its own intrinsics' deliberately undefined operands wherever they are inlined (GCC bug 105593).
#pragma GCC diagnostic push
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <bit>
#include <cstdint>

namespace bench::avx512 {

/// Reals of sixteen chains.
using F = __m512;
/// Integers of sixteen chains, or 32-bit values in the low halves of eight 64-bit lanes.
using I = __m512i;

inline F set(float a) { return _mm512_set1_ps(a); }
inline I set(std::uint32_t a) { return _mm512_set1_epi32(static_cast<int>(a)); }
/// A constant pattern, by way of a float: GCC keeps float constants in memory, from where a broadcast is free, but moves integer
/// ones through a scalar register and the port that shuffles need.
inline I pattern(std::uint32_t a) { return _mm512_castps_si512(_mm512_set1_ps(std::bit_cast<float>(a))); }

/// exp(x) for x <= 88; below the smallest float it ends in zero.  Error under 1 ulp: r + r^2 P4(r) after x = n log 2 + r.
[[gnu::always_inline]] inline F exp(F x) {
  const F n = _mm512_roundscale_ps(_mm512_mul_ps(x, set(1.442695041F)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  F r = _mm512_fnmadd_ps(n, set(0.693145752F), x);
  r = _mm512_fnmadd_ps(n, set(1.428606765e-6F), r);
  F p = _mm512_fmadd_ps(set(1.381308306e-3F), r, set(8.368680254e-3F));
  p = _mm512_fmadd_ps(p, r, set(4.166840389e-2F));
  p = _mm512_fmadd_ps(p, r, set(1.666652113e-1F));
  p = _mm512_fmadd_ps(p, r, set(4.999999404e-1F));
  p = _mm512_fmadd_ps(_mm512_mul_ps(r, r), p, r);
  return _mm512_scalef_ps(_mm512_add_ps(p, set(1.0F)), n);
}

/// (log m, exponent) of a positive normal x = m 2^exponent, m in [3/4, 3/2): t + t^2 P7(t) with t = m - 1.
struct LogParts {
  F mantissa_log, exponent;
};
[[gnu::always_inline]] inline LogParts log_parts(F x) {
  const F e = _mm512_getexp_ps(_mm512_mul_ps(x, set(1.333333373F)));
  const F t = _mm512_sub_ps(_mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero), set(1.0F));
  // Two half polynomials in t^2: half the latency of Horner's rule for one multiplication more.
  const F tt = _mm512_mul_ps(t, t);
  F odd = _mm512_fmadd_ps(set(4.968353361e-2F), tt, set(1.496907473e-1F));
  F even = _mm512_fmadd_ps(set(-1.169334352e-1F), tt, set(-1.686913520e-1F));
  odd = _mm512_fmadd_ps(odd, tt, set(1.998187304e-1F));
  even = _mm512_fmadd_ps(even, tt, set(-2.499157041e-1F));
  odd = _mm512_fmadd_ps(odd, tt, set(3.333342075e-1F));
  even = _mm512_fmadd_ps(even, tt, set(-5.000008345e-1F));
  return {_mm512_fmadd_ps(_mm512_fmadd_ps(odd, t, even), tt, t), e};
}

/// log(x) for positive normal x.
[[gnu::always_inline]] inline F log(F x) {
  const LogParts parts = log_parts(x);
  return _mm512_fmadd_ps(parts.exponent, set(0.6931471806F), parts.mantissa_log);
}

/// -2 log(x) for positive normal x, in two instructions less than by way of log; relative error 1e-7.
[[gnu::always_inline]] inline F minus_two_log(F x) {
  const F e = _mm512_getexp_ps(_mm512_mul_ps(x, set(1.333333373F)));
  const F t = _mm512_sub_ps(_mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero), set(1.0F));
  constexpr float coefficient[] = {-2.0F,            1.000001311F,  -0.6666718721F, 0.4998645186F, -0.3995178044F,
                                   0.3364820778F, -0.2998912036F, 0.2415693700F,  -0.1082663611F};
  F p = set(coefficient[8]);
#pragma GCC unroll 8
  for (int k = 7; k >= 0; --k) p = _mm512_fmadd_ps(p, t, set(coefficient[k]));
  return _mm512_fmadd_ps(e, set(-1.386294361F), _mm512_mul_ps(p, t));
}

/// Two independent standard normals a lane from two random words a lane, by Box-Muller.
///
///   r = sqrt(-2 log u),  u = (w0 + 1/2) / 2^32;   (r cos a, r sin a),  a uniform on the circle from w1
///
/// The angle is reduced before it becomes a float: thirty bits of w1 give an angle in [-pi/4, pi/4), one of the two bits left
/// mirrors it and the other swaps sine and cosine, so all 32 bits count and no reduction modulo pi/2 is ever computed.
[[gnu::always_inline]] inline void normal_pair(I w0, I w1, F& first, F& second) {
  const F u = _mm512_fmadd_ps(_mm512_cvtepu32_ps(w0), set(0x1p-32F), set(0x1p-33F));
  const F r = _mm512_sqrt_ps(minus_two_log(u));
  const F a = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_slli_epi32(w1, 2)), set(3.657291953e-10F));  // pi / 2 / 2^32
  const F aa = _mm512_mul_ps(a, a);
  F s = _mm512_fmadd_ps(set(-1.950193546e-4F), aa, set(8.332016878e-3F));
  F c = _mm512_fmadd_ps(set(-1.359195332e-3F), aa, set(4.165578261e-2F));
  s = _mm512_fmadd_ps(s, aa, set(-1.666665077e-1F));
  c = _mm512_fmadd_ps(c, aa, set(-4.999988377e-1F));
  s = _mm512_fmadd_ps(s, aa, set(1.0F));
  c = _mm512_fmadd_ps(c, aa, set(1.0F));
  const F rs = _mm512_mul_ps(_mm512_mul_ps(r, a), s);
  const F rc = _mm512_castsi512_ps(_mm512_ternarylogic_epi32(  // r * cos, its sign flipped where the top bit of w1 is set
      _mm512_castps_si512(_mm512_mul_ps(r, c)), w1, pattern(0x80000000U), 0x78));
  const __mmask16 swap = _mm512_test_epi32_mask(w1, pattern(0x40000000U));
  first = _mm512_mask_blend_ps(swap, rc, rs);
  second = _mm512_mask_blend_ps(swap, rs, rc);
}

/// The ten round keys: kept in memory, from where an instruction broadcasts one for free.
struct RoundKeys {
  std::uint32_t low[10], high[10];
  explicit RoundKeys(std::uint64_t key) {
    for (std::uint32_t round = 0; round < 10; ++round) {
      low[round] = static_cast<std::uint32_t>(key) + round * 0x9E3779B9U;
      high[round] = static_cast<std::uint32_t>(key >> 32) + round * 0xBB67AE85U;
    }
  }
};

struct Words {
  I w0, w1, w2, w3;
};

/// Philox4x32-10 (Salmon et al. 2011, section 3.3) with counter (c0, c1, c2, chain) for sixteen chains.
///
/// A counter word sits in the low half of a 64-bit lane, eight chains a register.  vpmuludq then leaves low and high product
/// side by side, the junk in upper halves is never read, and a round is two multiplications, two shifts and two three-way
/// exclusive ors with no shuffle at all; one masked move a word puts the two groups of eight chains together at the end.
/// Words equal for all chains stay in scalar registers until the third round.
[[gnu::always_inline]] inline Words philox(I even_chains, I odd_chains, std::uint32_t c0, std::uint32_t c1, std::uint32_t c2,
                                           const RoundKeys& keys) {
  constexpr std::uint64_t m0 = 0xD2511F53, m1 = 0xCD9E8D57;
  const auto low = [](std::uint64_t p) { return static_cast<std::uint32_t>(p); };
  const auto high = [](std::uint64_t p) { return static_cast<std::uint32_t>(p >> 32); };
  const std::uint64_t a1 = m0 * c0, b1 = m1 * c2;
  const std::uint64_t a2 = m0 * (high(b1) ^ c1 ^ keys.low[0]);
  const std::uint64_t b3 = m1 * (high(a2) ^ low(a1) ^ keys.high[1]);
  const I join1 = set(high(a1) ^ keys.high[0]), join2 = set(low(b1) ^ keys.low[1]), join3 = set(high(b3) ^ keys.low[2]);
  const I join4 = set(low(a2) ^ keys.high[2]), join5 = set(low(b3) ^ keys.low[3]);
  const I wide0 = _mm512_set1_epi64(static_cast<long long>(m0)), wide1 = _mm512_set1_epi64(static_cast<long long>(m1));
  const auto xor3 = [](I a, I b, I c) { return _mm512_ternarylogic_epi32(a, b, c, 0x96); };
  I x0[2], x1[2], x2[2], x3[2];  // the two groups advance together: each hides the other's latency
  const I chains[2] = {even_chains, odd_chains};
  const auto both = [](auto&& advance) __attribute__((always_inline)) {
    advance(0);
    advance(1);
  };
  both([&](int g) __attribute__((always_inline)) {
    x1[g] = _mm512_mul_epu32(wide1, _mm512_xor_si512(chains[g], join1));
  });
  both([&](int g) __attribute__((always_inline)) {
    x3[g] = _mm512_mul_epu32(wide0, _mm512_xor_si512(_mm512_srli_epi64(x1[g], 32), join2));
  });
  both([&](int g) __attribute__((always_inline)) {
    const I p0 = _mm512_mul_epu32(wide0, _mm512_xor_si512(x1[g], join3));
    const I p1 = _mm512_mul_epu32(wide1, _mm512_xor_si512(_mm512_srli_epi64(x3[g], 32), join4));
    x0[g] = _mm512_xor_si512(_mm512_srli_epi64(p1, 32), join5);
    x2[g] = xor3(_mm512_srli_epi64(p0, 32), x3[g], set(keys.high[3]));
    x1[g] = p1;
    x3[g] = p0;
  });
#pragma GCC unroll 6
  for (int round = 4; round < 10; ++round) {
    const I k0 = set(keys.low[round]), k1 = set(keys.high[round]);
    both([&](int g) __attribute__((always_inline)) {
      const I p0 = _mm512_mul_epu32(wide0, x0[g]), p1 = _mm512_mul_epu32(wide1, x2[g]);
      x0[g] = xor3(_mm512_srli_epi64(p1, 32), x1[g], k0);
      x2[g] = xor3(_mm512_srli_epi64(p0, 32), x3[g], k1);
      x1[g] = p1;
      x3[g] = p0;
    });
  }
  const auto weave = [](const I* word) {
    return _mm512_castps_si512(_mm512_mask_moveldup_ps(_mm512_castsi512_ps(word[0]), 0xAAAA, _mm512_castsi512_ps(word[1])));
  };
  return {weave(x0), weave(x1), weave(x2), weave(x3)};
}

/// 64-bit lanes holding first, first + 2, ...: the even chains of a pack; the odd ones start one later.
[[gnu::always_inline]] inline I every_other_from(std::uint32_t first) {
  return _mm512_add_epi64(_mm512_set1_epi64(first), _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0));
}

}  // namespace bench::avx512
#endif
