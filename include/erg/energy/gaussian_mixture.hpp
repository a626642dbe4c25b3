// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/parameters.hpp"
#include "erg/detail/require.hpp"
#include "erg/energy/relative_weight.hpp"
#include "erg/lane/math/log.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"
#include "erg/random/normal.hpp"

#include <vector>

namespace erg {

/// Mixture of isotropic Gaussians, normalised; dimension and number of components each static or run-time.
///
///   p(x) = sum_k w_k N(x; c_k, sigma_k^2 I),  U = -log p,  dU/dx = sum_k r_k (x - c_k) / sigma_k^2
///
/// Shapes    weights, sigmas: [K];  centres: [K, D], component after component (centres[k * D + d])
/// Requires  weights > 0 (any scale), sigmas > 0, centres finite
/// Truth     moments, mode centres and weights, log Z = 0, exact sampler
/// Cost      K exponentials and about K (4 D + 6) instructions; a run-time K forms the distances twice, as it has nowhere to
///           keep K of them
/// Numerics  relative to the largest component, so nothing overflows; finite wherever |x - c_k|^2 is
template <int D = dynamic, int K = dynamic>
class GaussianMixture : public Dimension<D> {
 public:
  static constexpr bool on_device = true;

  GaussianMixture(const std::vector<double>& weights, const std::vector<double>& centres, const std::vector<double>& sigmas)
      : Dimension<D>(dimension(weights, centres)),
        weight_(static_cast<int>(weights.size())),
        sigma_(weight_.size()),
        decay_(weight_.size()),
        log2_weight_(weight_.size()),
        centre_(static_cast<int>(centres.size())) {
    const int k_max = weight_.size(), n = centre_.size() / k_max;
    detail::require_size("weights", weights, k_max, "one a component");
    detail::require_size("sigmas", sigmas, k_max, "one a component");
    detail::require_size("centres", centres, k_max * n, "the coordinates of each component in turn");
    double total = 0.0;
    for (int k = 0; k < k_max; ++k) {
      total += detail::require_positive(detail::indexed("weights", k), weights[static_cast<std::size_t>(k)]);
    }
    for (int i = 0; i < centre_.size(); ++i) {
      centre_.set(i, detail::require_finite(detail::indexed("centres", i), centres[static_cast<std::size_t>(i)]));
    }
    constexpr double log2_e = 1.44269504088896341;
    for (int k = 0; k < k_max; ++k) {
      const double sigma = detail::require_positive(detail::indexed("sigmas", k), sigmas[static_cast<std::size_t>(k)]);
      weight_.set(k, weights[static_cast<std::size_t>(k)] / total);
      sigma_.set(k, sigma);
      decay_.set(k, -0.5 * log2_e / (sigma * sigma));
      log2_weight_.set(k, math::log2(weight_[k]) - n * math::log2(sigma));
    }
    constant_ = 0.918938533204672742 * n;
  }

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    return sum<L>(x, [](int, L) __attribute__((always_inline)) {}).value(*this);
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const int n = x.size();
    detail::each<D>(n, [&](int d) __attribute__((always_inline)) { g[d] = L(0.0); });
    const Sum<L> s = sum<L>(x, [&](int k, L e) __attribute__((always_inline)) {
      const L pull = e * decay_.template as<L>(k);
      detail::each<D>(n, [&](int d) __attribute__((always_inline)) {
        g[d] = lane::mul_add(pull, x[d] - centre_.template as<L>(k * n + d), g[d]);
      });
    });
    const L scale = L(-1.38629436111989062) / s.total;  // 1 / sigma^2 = -2 log(2) decay
    detail::each<D>(n, [&](int d) __attribute__((always_inline)) { g[d] = g[d] * scale; });
    return s.value(*this);
  }

  double log_z() const { return 0.0; }
  double mean(int d) const {
    double m = 0.0;
    for (int k = 0; k < n_modes(); ++k) m += mode_weight(k) * mode_centre(k, d);
    return m;
  }
  double covariance(int i, int j) const {
    double c = 0.0;
    for (int k = 0; k < n_modes(); ++k) {
      const double within = i == j ? sigma_[k] * sigma_[k] : 0.0;
      c += mode_weight(k) * (within + (mode_centre(k, i) - mean(i)) * (mode_centre(k, j) - mean(j)));
    }
    return c;
  }
  int n_modes() const { return weight_.size(); }
  double mode_centre(int k, int d) const { return centre_[k * (centre_.size() / weight_.size()) + d]; }
  double mode_weight(int k) const { return weight_[k]; }
  double mode_sigma(int k) const { return sigma_[k]; }

  template <Lane L>
  ERG_FN void sample(random::Key key, bits_t<L> chain, Point<L, D> x) const {
    const int n = x.size();
    const L mode = random::categorical<L>(key.purpose(random::Purpose::choice), chain, 0, weight_.begin(), weight_.size());
    random::fill_normal<L>(key, chain, x, n);
    for (int d = 0; d < n; ++d) {
      const L z = x[d];
      for (int k = 0; k < weight_.size(); ++k) {
        const L draw = lane::mul_add(z, sigma_.template as<L>(k), centre_.template as<L>(k * n + d));
        x[d] = lane::select(mode == L(k), draw, x[d]);
      }
    }
  }

 private:
  template <class L>
  struct Sum {
    L largest, total;
    ERG_FN ERG_INLINE L value(const GaussianMixture& e) const {
      return lane::mul_add(largest, L(-0.693147180559945309), e.constant_.template as<L>()) - math::log(total);
    }
  };

  static int dimension(const std::vector<double>& weights, const std::vector<double>& centres) {
    if (weights.empty()) throw std::invalid_argument("weights is empty (a mixture has at least one component) give one weight a component");
    return detail::require_count("the size of centres divided by that of weights", static_cast<int>(centres.size() / weights.size()));
  }

  /// Component k in base 2: log2(w_k / sigma_k^D) - |x - c_k|^2 / (2 sigma_k^2 log 2).
  template <class L>
  ERG_FN ERG_INLINE L exponent(int k, Point<const L, D> x) const {
    const int n = x.size();
    const L square = detail::accumulate<D, L>(n, [&](int d, L s) __attribute__((always_inline)) {
      const L off = x[d] - centre_.template as<L>(k * n + d);
      return lane::mul_add(off, off, s);
    });
    return lane::mul_add(square, decay_.template as<L>(k), log2_weight_.template as<L>(k));
  }

  /// Calls each(k, e_k) with the components relative to the largest one; returns their sum.
  template <class L, class Each>
  ERG_FN ERG_INLINE Sum<L> sum(Point<const L, D> x, Each each) const {
    L total(0.0);
    if constexpr (K == dynamic) {
      L largest = exponent(0, x);
      for (int k = 1; k < weight_.size(); ++k) largest = lane::max(largest, exponent(k, x));
      for (int k = 0; k < weight_.size(); ++k) {
        const L e = detail::relative_weight(exponent(k, x) - largest);
        total = total + e;
        each(k, e);
      }
      return {largest, total};
    } else {
      L p[K];
      detail::each<K>(K, [&](int k) __attribute__((always_inline)) { p[k] = exponent(k, x); });
      const L largest = detail::largest_of<K>(p);
      detail::each<K>(K, [&](int k) __attribute__((always_inline)) {
        const L e = detail::relative_weight(p[k] - largest);
        total = total + e;
        each(k, e);
      });
      return {largest, total};
    }
  }

  detail::Parameters<K> weight_, sigma_, decay_, log2_weight_;
  detail::Parameters<detail::static_product(D, K)> centre_;
  detail::Parameter constant_;
};

GaussianMixture(const std::vector<double>&, const std::vector<double>&, const std::vector<double>&) -> GaussianMixture<dynamic, dynamic>;

}  // namespace erg
