// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: bounds of a generator's entropy need the centres of its draws
#include <erg/entropy/bounds.hpp>

struct Sampler {
  using Scalar = double;
  int dim() const { return 1; }
  int n_latent() const { return 1; }
  double noise() const { return 0.5; }
#ifndef ERG_FAIL
  void latents(erg::random::Key, std::uint32_t, erg::BlockView<double>, erg::BlockView<double>) const {}
#endif
  void mean(erg::BlockView<const double>, erg::BlockView<double>) const {}
};
auto bounds(const Sampler& s) { return erg::entropy::generator_entropy(s, 10, erg::random::Key(1)).gap(); }
