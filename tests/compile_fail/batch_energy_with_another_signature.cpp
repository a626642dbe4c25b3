// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: the energy's value_and_gradient cannot be called on a block of chains; write `void value_and_gradient
#include <erg/kernel/hmc.hpp>
#include <erg/lane/math/basic.hpp>
#include <erg/run/run.hpp>

#ifdef ERG_FAIL
using Scalar = float;  // the run is in double
#else
using Scalar = double;
#endif
struct Network {
  int n = 3;
  int dim() const { return n; }
  void value_and_gradient(erg::BlockView<const Scalar> x, std::span<Scalar> u, erg::BlockView<Scalar> g) const;
};
void Network::value_and_gradient(erg::BlockView<const Scalar>, std::span<Scalar>, erg::BlockView<Scalar>) const {}
void sample() { erg::run(erg::Simd{}, erg::Hmc{{}}, Network{}, {}); }
