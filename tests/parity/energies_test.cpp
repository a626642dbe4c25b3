// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Energies give the same bits on one real as on every SIMD register, and in every build of the strict profile.
#include "support/catch.hpp"
#include "support/library_energies.hpp"

using namespace erg;

namespace {

constexpr int n_chains = 64;

/// FNV-1a over the bits of U and dU/dx of every chain, in order of the chain.
template <class L>
struct Hash {
  std::uint64_t state = 0xcbf29ce484222325u;

  void add(double v) {
    for (std::uint64_t bits = std::bit_cast<std::uint64_t>(v), byte = 0; byte < 8; ++byte) {
      state = (state ^ (bits >> (8 * byte) & 0xffu)) * 0x100000001b3u;
    }
  }
  template <class E>
  void operator()(const char*, const E& energy) {
    for (int first = 0; first < n_chains; first += width_v<L>) {
      const std::vector<L> x = test::random_point<L>(dim_of(energy), first / width_v<L>, 2.0);
      std::vector<L> g;
      const L u = test::value_and_gradient_at(energy, x, g), value = test::value_at(energy, x);
      for (int i = 0; i < width_v<L>; ++i) {
        add(test::real(u, i));
        add(test::real(value, i));
        for (const L& slope : g) add(test::real(slope, i));
      }
    }
  }
};

template <class L>
std::uint64_t hash_of_energies() {
  Hash<L> hash;
  hash("ring", RingOfGaussians<8>{});
  hash("mixture", GaussianMixture<2, 3>{{1, 2, 3}, {0, 0, 1, 1, -1, 2}, {1, 0.5, 2}});
  hash("run-time mixture", GaussianMixture<>{{1, 2, 3}, {0, 0, 1, 1, -1, 2}, {1, 0.5, 2}});
  hash("dense", GaussianDense<>{{1, 2, 3, 4, 5, 6}, test::equicorrelated(6, 2, 0.5)});
  hash("funnel", Funnel<10>{1.0});
  hash("double well", DoubleWell<3>{1.5, 0.7});
  hash("phi4", Phi4<3, 4>{-0.5, 0.2});
  hash("logistic", BayesianLogistic<2>{test::small_design, test::small_labels, 2.0});
  hash("schools", EightSchools{});
  hash("kidscore", KidScore{{1, 2, 3, 4, 5}, {2, 2.5, 4, 4.1, 5}});
  hash("composed", mixture(component(1, affine_matrix(Banana<2>{}, {1, -2}, {0.5, 0.2, -0.7, 1.1})), component(2, GaussianIsotropic<>{2})));
  return hash.state;
}

}  // namespace

TEST_CASE("energies give the bits of one float on a register of floats", "[parity][energy]") {
  const std::uint64_t one = hash_of_energies<Pack<float>>();
  CHECK(hash_of_energies<simd_lane<float, default_arch>>() == one);
  CHECK(one == 0xe0546b0ae8650993u);
}
TEST_CASE("energies give the bits of one double on a register of doubles", "[parity][energy]") {
  const std::uint64_t one = hash_of_energies<Pack<double>>();
  CHECK(hash_of_energies<simd_lane<double, default_arch>>() == one);
  CHECK(one == 0x9094fb9b328401beu);
}
