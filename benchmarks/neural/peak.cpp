// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "peak.hpp"

#include <erg/lane/xsimd_lane.hpp>
#include <erg/nn/product.hpp>

namespace bench {
namespace {
using L = erg::simd_lane<float, erg::default_arch>;
}

void fastest_product(std::size_t n) {
  constexpr int width = erg::width_v<L>, chains = 64;
  static erg::nn::Arena<float> memory;
  float* w = memory.require(128 * 128 + 2 * 128 * chains);
  for (; n > 0; --n) {
    erg::nn::product<L>({w, 128, 1}, 128, 128, w + 128 * 128, chains, w + 128 * 128 + 128 * chains, chains, chains / width, nullptr);
    asm volatile("" ::"m"(*w) : "memory");
  }
}
void bare_multiply_adds(std::size_t n) {
  constexpr int repeats = 1024 * 16 / erg::width_v<L>;  // as many operations whatever the width
  L sum[24];
  for (int i = 0; i < 24; ++i) sum[i] = L(i);
  const L a(0.999f), b(0.001f);
  for (; n > 0; --n) {
    for (int i = 0; i < repeats; ++i) {
      erg::nn::detail::unrolled<24>([&](auto j) __attribute__((always_inline)) { sum[j] = erg::lane::fma(sum[j], a, b); });
    }
  }
  asm volatile("" ::"m"(sum));
}

}  // namespace bench
