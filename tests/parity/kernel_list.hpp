// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Every kernel, as the tests of parity step it.
#pragma once

#include "erg/energy/gaussian.hpp"
#include "erg/kernel/kernels.hpp"

#include <vector>

namespace erg::test {

inline std::vector<double> uneven_variances(int dim) {
  std::vector<double> m;
  for (int d = 0; d < dim; ++d) m.push_back(0.5 + 0.25 * d);
  return m;
}
inline std::vector<double> tridiagonal(int dim) {
  std::vector<double> m(static_cast<std::size_t>(dim * dim), 0.0);
  for (int i = 0; i < dim; ++i) {
    m[static_cast<std::size_t>(i * dim + i)] = 1.0 + 0.1 * i;
    if (i > 0) m[static_cast<std::size_t>(i * dim + i - 1)] = m[static_cast<std::size_t>((i - 1) * dim + i)] = 0.3;
  }
  return m;
}

/// f(make) on every kernel, make(dim) giving it; in the order of the pins.
template <class F>
void for_each_kernel(F&& f) {
  f([](int) { return Rwm{{.step_size = 0.8}}; });
  f([](int n) { return Imh{GaussianIsotropic<>(n, 1.2)}; });
  f([](int) { return Ula{{.step_size = 0.1, .temperature = 1.5}}; });
  f([](int n) { return Mala{{.step_size = 0.6}, DiagonalMetric(uneven_variances(n))}; });
  f([](int) { return Barker{{.step_size = 0.9}}; });
  f([](int) { return Baoab{{.step_size = 0.3, .friction = 1.3}}; });
  f([](int n) { return Obabo{{.step_size = 0.3, .friction = 0.7}, DenseMetric(tridiagonal(n), n)}; });
  f([](int) { return Hmc{{.step_size = 0.3, .n_leapfrog = 3}}; });
  f([](int n) { return Hmc{{.step_size = 0.3, .n_leapfrog = 2, .jitter = 0.3}, DenseMetric(tridiagonal(n), n)}; });
  f([](int) { return cycle(repeat<2>(Rwm{{.step_size = 0.5}}), Hmc{{.step_size = 0.25, .n_leapfrog = 2}}); });
  f([](int) { return mix(weighted(2, Mala{{.step_size = 0.4}}), weighted(1, Ula{{.step_size = 0.05}})); });
}

}  // namespace erg::test
