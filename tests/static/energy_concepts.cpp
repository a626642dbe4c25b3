// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Which energies are what, asked of the compiler; and that library energies ask of a lane only what Lane promises.
#include "support/library_energies.hpp"

#include "erg/lane/archetype.hpp"

#include <array>
#include <type_traits>

using namespace erg;

namespace {

struct NoDimension {
  template <Lane L>
  L operator()(Point<const L, 2> x) const {
    return x[0];
  }
};
struct RunTime {
  int dim = 3;
  template <Lane L>
  L operator()(Point<const L> x) const {
    return x[0];
  }
};
struct Batch {
  static constexpr int dim = 2;
  void value_and_gradient(BlockView<const double>, std::span<double>, BlockView<double>) const {}
};
struct NotAnEnergy {
  static constexpr int dim = 2;
};

static_assert(HasDim<RingOfGaussians<8>> && static_dim<RingOfGaussians<8>> == 2);
static_assert(HasDim<GaussianIsotropic<>> && static_dim<GaussianIsotropic<>> == dynamic);
static_assert(HasDim<RunTime> && static_dim<RunTime> == dynamic);
static_assert(!HasDim<NoDimension>);
static_assert(LaneEnergy<test::NoGradient, Pack<double>> && !FusedGradient<test::NoGradient, Pack<double>>);
static_assert(FusedGradient<RingOfGaussians<8>, Pack<float>> && FusedGradient<RingOfGaussians<8>, simd_lane<float, default_arch>>);
static_assert(BatchEnergy<Batch, double> && !BatchEnergy<RingOfGaussians<8>, double>);
static_assert(Energy<Batch, double> && Energy<RingOfGaussians<8>, double> && Energy<test::NoGradient, double>);
static_assert(!Energy<NotAnEnergy, double>);

// Compositions of static dimension have no run-time member, so that they can be passed to a device by value.
static_assert(std::is_trivially_copyable_v<RingOfGaussians<8>>);
static_assert(std::is_trivially_copyable_v<GaussianMixture<2, 3>>);
static_assert(std::is_trivially_copyable_v<decltype(sum(Banana<2>{}, RingOfGaussians<8>{}))>);
static_assert(!std::is_trivially_copyable_v<GaussianMixture<2, dynamic>>);

}  // namespace

/// Instantiates every energy on the least that a lane promises: a conversion to bool or double in a body fails here.
double evaluate_energies_on_archetypes() {
  double total = 0.0;
  const auto evaluate = [&](const char*, const auto& energy) {
    std::vector<Archetype> x(static_cast<std::size_t>(dim_of(energy)), Archetype(0.5)), g;
    total += test::value_and_gradient_at(energy, x, g).as_double() + test::value_at(energy, x).as_double();
  };
  test::for_each_energy(evaluate);
  test::for_each_composition(evaluate);
  return total;
}
