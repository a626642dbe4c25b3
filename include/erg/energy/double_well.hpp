// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/parameters.hpp"
#include "erg/energy/quadrature.hpp"
#include "erg/detail/require.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"
#include "erg/random/normal.hpp"

namespace erg {

/// A quartic double well in each coordinate, optionally coupled to its neighbours in an open row: 2^D modes near (+-1, ..., +-1).
///
///   U(x) = barrier sum_d (x_d^2 - 1)^2 + (coupling / 2) sum_d (x_{d+1} - x_d)^2                            (not normalised)
///   dU/dx_d = 4 barrier x_d (x_d^2 - 1) + coupling sum_{neighbours e} (x_d - x_e)
///
/// Shapes    x, g: [D], D static or dynamic       Requires  barrier > 0, coupling >= 0, both finite
/// Truth     log Z, moments and mode weights (the probability of each pattern of signs) by Gauss-Legendre and transfer
///           matrices, to about 1e-12 at D n^2 operations a call, n about 200; exact sampler where coupling = 0
/// Cost      6 (uncoupled) or 9 instructions a coordinate
template <int D = 1>
class DoubleWell : public Dimension<D> {
 public:
  explicit DoubleWell(double barrier = 4.0, double coupling = 0.0)
    requires(D != dynamic)
      : DoubleWell(std::true_type{}, D, barrier, coupling) {}
  explicit DoubleWell(int n, double barrier = 4.0, double coupling = 0.0)
    requires(D == dynamic)
      : DoubleWell(std::true_type{}, detail::require_count("dim", n), barrier, coupling) {}

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    return evaluate<L>(x, [](int, L) __attribute__((always_inline)) {});
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    return evaluate<L>(x, [&](int d, L slope) __attribute__((always_inline)) { g[d] = slope; });
  }

  double barrier() const { return barrier_.value(); }
  double coupling() const { return coupling_.value(); }
  double log_z() const { return std::log(truth([](int, double) { return 1.0; })); }
  double mean(int) const { return 0.0; }
  double covariance(int i, int j) const {
    const double moment = truth([&](int d, double t) { return (d == i ? t : 1.0) * (d == j ? t : 1.0); });
    return moment / truth([](int, double) { return 1.0; });
  }
  /// 2^D, for D <= 30.
  int n_modes() const { return 1 << size(); }
  double mode_centre(int k, int d) const { return (k >> d) % 2 == 0 ? 1.0 : -1.0; }
  double mode_weight(int k) const {
    const double part = truth([&](int d, double t) { return t * mode_centre(k, d) > 0.0 ? 1.0 : 0.0; });
    return part / truth([](int, double) { return 1.0; });
  }

  /// Exact, by rejection. Throws where coupling > 0.
  ///
  ///   deep   a Gaussian around +1, then a sign: (x^2 - 1)^2 >= (x - 1)^2 for x >= 0
  ///   flat   a Gaussian around 0: (x^2 - 1)^2 = (x^2 - s)^2 + 2 (s - 1) x^2 - (s^2 - 1); s (s - 1) = 1 / (4 barrier) rejects least
  template <Lane L>
  void sample(random::Key key, bits_t<L> chain, Point<L, D> x) const {
    if (coupling() > 0.0) detail::reject("coupling", coupling(), "an exact sampler exists only for coupling = 0");
    const bool is_flat = barrier() < 0.5;
    const double s = 0.5 * (1.0 + std::sqrt(1.0 + 1.0 / barrier()));
    const scalar_t<L> sd = static_cast<scalar_t<L>>(std::sqrt(is_flat ? 0.25 / (barrier() * (s - 1.0)) : 0.5 / barrier()));
    const random::Key choice = key.purpose(random::Purpose::choice);
    constexpr int tries = 256;  // each succeeds with probability 1/2 or more at any barrier: all fail once in 10^77 draws
    for (int d = 0; d < x.size(); ++d) {
      L draw(1.0);
      mask_t<L> open = L(0.0) < L(1.0);
      for (int t = 0; t < tries && lane::any<L>(open); ++t) {
        const int index = d * tries + t;
        const L xi = random::normal<L>(key, chain, index);
        const L z = is_flat ? lane::abs(xi * L(sd)) : lane::mul_add(xi, L(sd), L(1.0));
        const L u = random::uniform<L>(choice, chain, 2 * index);
        const L well = z * z - L(1.0), bound = z - L(1.0), off = z * z - L(static_cast<scalar_t<L>>(s));
        const L excess = barrier_.as<L>() * (is_flat ? off * off : well * well - bound * bound);
        const L sign = lane::copysign(L(1.0), random::uniform<L>(choice, chain, 2 * index + 1) - L(0.5));
        const L accepted = lane::select(u < math::exp(-excess), L(1.0), L(0.0)) * lane::select(z > L(0.0), L(1.0), L(0.0));
        const L fresh = lane::select(open, accepted, L(0.0));
        draw = lane::select(fresh > L(0.5), sign * z, draw);
        open = lane::select(open, L(1.0) - accepted, L(0.0)) > L(0.5);
      }
      x[d] = draw;
    }
  }

 private:
  DoubleWell(std::true_type, int n, double barrier, double coupling)
      : Dimension<D>(n),
        size_(n),
        barrier_(detail::require_positive("barrier", barrier)),
        four_barrier_(4.0 * barrier),
        coupling_(detail::require_not_negative("coupling", coupling)),
        half_coupling_(0.5 * coupling) {}

  int size() const { return size_; }

  template <class L, class Each>
  ERG_FN ERG_INLINE L evaluate(Point<const L, D> x, Each each) const {
    const int n = x.size();
    const L four_barrier = four_barrier_.as<L>();
    if (coupling_.value() == 0.0) {
      const L sum = detail::accumulate<D, L>(n, [&](int d, L s) __attribute__((always_inline)) {
        const L t = x[d], well = lane::mul_add(t, t, L(-1.0));
        each(d, four_barrier * t * well);
        return lane::mul_add(well, well, s);
      });
      return barrier_.as<L>() * sum;
    }
    const L coupling = coupling_.as<L>();
    L wells(0.0), links(0.0), behind(0.0);  // behind = x[d] - x[d-1], 0 at the ends
    detail::each<D>(n, [&](int d) __attribute__((always_inline)) {
      const L t = x[d], well = lane::mul_add(t, t, L(-1.0));
      const L ahead = d + 1 < n ? x[d + 1] - t : L(0.0);
      each(d, lane::mul_add(coupling, behind - ahead, four_barrier * t * well));
      wells = lane::mul_add(well, well, wells);
      links = lane::mul_add(ahead, ahead, links);
      behind = ahead;
    });
    return lane::mul_add(barrier_.as<L>(), wells, half_coupling_.as<L>() * links);
  }

  /// The integral of exp(-U) prod_d observe(d, x_d).
  template <class Observe>
  double truth(Observe observe) const {
    const auto well = [this](double t) { return barrier() * (t * t - 1.0) * (t * t - 1.0); };
    const double end = detail::negligible_beyond(well, 1.0, 0.01);
    // An even number of panels puts an edge at 0, where mode weights cut the integrand.
    const int n_panels = 2 * static_cast<int>(std::ceil(end * (2.0 + 0.5 * std::sqrt(barrier() + coupling()))));
    const detail::Quadrature q = detail::gauss_legendre(-end, end, n_panels);
    if (coupling() == 0.0) {
      double product = 1.0;
      for (int d = 0; d < size(); ++d) product *= q.integral([&](double t) { return std::exp(-well(t)) * observe(d, t); });
      return product;
    }
    const detail::TransferMatrix chain(q, well, [this](double s, double t) { return 0.5 * coupling() * (s - t) * (s - t); });
    return chain.open_row(size(), observe);
  }

  int size_;
  detail::Parameter barrier_, four_barrier_, coupling_, half_coupling_;
};

}  // namespace erg
