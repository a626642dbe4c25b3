// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Energies with one parameter whose training has a known end.
#pragma once

#include <erg/lane/math.hpp>
#include <erg/train/concepts.hpp>

namespace erg::test {

struct OneParameter {
  std::vector<double> theta{0.0};

  int n_parameters() const { return 1; }
  template <class F>
  void update(F&& f) {
    f(std::span<double>(theta));
  }
  void restore(std::span<const double> v) { theta.assign(v.begin(), v.end()); }
  void restore(const std::vector<double>& v) { theta = v; }
  void copy_parameters(std::span<double> to) const { to[0] = theta[0]; }
};

/// U = -log(e^theta N(x; -8, 1) + N(x; 8, 1)): maximum likelihood is theta = logit of the left mode's share.
struct TwoModes : OneParameter {
  static constexpr int dim = 1;
  double shift = 0.0;  ///< the free constant

  template <Lane L>
  ERG_FN L operator()(Point<const L, 1> x) const {
    return L(shift) - math::log_add_exp(left(x[0]), right(x[0]));
  }
  void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u = {}) const {
    for (int c = 0; c < x.n_chains; ++c) {
      to[0] -= w[static_cast<std::size_t>(c)] * math::sigmoid(left(x(c, 0)) - right(x(c, 0)));
      if (!u.empty()) u[static_cast<std::size_t>(c)] = shift - math::log_add_exp(left(x(c, 0)), right(x(c, 0)));
    }
  }

 private:
  template <class L>
  ERG_FN L left(const L& x) const {
    return L(theta[0]) - 0.5 * (x + 8.0) * (x + 8.0);
  }
  template <class L>
  ERG_FN L right(const L& x) const {
    return -0.5 * (x - 8.0) * (x - 8.0);
  }
};

/// U = (1 + theta) |x|^2 / 2: maximum likelihood is 1 / (1 + theta) = the data's mean square.
struct Stiffness : OneParameter {
  static constexpr int dim = 2;

  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    return L(0.5 * (1.0 + theta[0])) * (x[0] * x[0] + x[1] * x[1]);
  }
  void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u = {}) const {
    for (int c = 0; c < x.n_chains; ++c) {
      const double square = x(c, 0) * x(c, 0) + x(c, 1) * x(c, 1);
      to[0] += w[static_cast<std::size_t>(c)] * 0.5 * square;
      if (!u.empty()) u[static_cast<std::size_t>(c)] = 0.5 * (1.0 + theta[0]) * square;
    }
  }
};

/// n points of TwoModes, the first share_left of them around -8, at normal quantiles: no noise but that of the sample size.
inline std::vector<double> two_modes_data(int n, double share_left) {
  std::vector<double> x;
  const int n_left = static_cast<int>(std::lround(share_left * n));
  for (int i = 0; i < n; ++i) {
    const bool is_left = i < n_left;
    const int j = is_left ? i : i - n_left, m = is_left ? n_left : n - n_left;
    x.push_back((is_left ? -8.0 : 8.0) + 1.4142135623730951 * math::erfinv(2.0 * (j + 0.5) / m - 1.0));
  }
  return x;
}

}  // namespace erg::test
