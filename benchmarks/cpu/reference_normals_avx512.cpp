// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Standard normals by hand: sixteen Philox counters a pass give sixty-four words and so sixty-four normals.
#include "avx512_math.hpp"
#include "sampler.hpp"

namespace bench {
FillNormals reference_normals_avx512() {
#if defined(ERG_BENCH_AVX512)
  return +[](float* out, std::size_t n) {
    using namespace avx512;
    static std::uint32_t call = 0;
    std::uint64_t seed = 20240607;
    asm volatile("" : "+r"(seed));  // a seed is not known when a program is compiled
    const RoundKeys keys(seed);
    ++call;
    I even = every_other_from(0), odd = every_other_from(1);
    const I pack = _mm512_set1_epi64(16);
    const auto block = [&](float* to) __attribute__((always_inline)) {
      const Words w = philox(even, odd, call, 0, 0, keys);
      F normal[4];
      normal_pair(w.w0, w.w1, normal[0], normal[1]);
      normal_pair(w.w2, w.w3, normal[2], normal[3]);
      for (int k = 0; k < 4; ++k) _mm512_storeu_ps(to + 16 * k, normal[k]);
      even = _mm512_add_epi64(even, pack);
      odd = _mm512_add_epi64(odd, pack);
    };
    std::size_t i = 0;
    for (; i + 64 <= n; i += 64) block(out + i);
    if (i < n) {
      float last[64];
      block(last);
      for (std::size_t k = 0; i + k < n; ++k) out[i + k] = last[k];
    }
  };
#else
  return nullptr;
#endif
}
}  // namespace bench
