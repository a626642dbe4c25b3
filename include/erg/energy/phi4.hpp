// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/parameters.hpp"
#include "erg/energy/quadrature.hpp"
#include "erg/lane/math/trig.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"
#include "erg/random/normal.hpp"

namespace erg {

/// Scalar field with quartic self-interaction on a periodic lattice, the standard lattice phi^4 model.
///
///   U(phi) = sum_s [ (1/2) sum_{forward links} (phi_{s'} - phi_s)^2 + (mass2 / 2) phi_s^2 + coupling phi_s^4 ]  (not normalised)
///   dU/dphi_s = (2 d + mass2) phi_s - sum_{2 d neighbours} phi + 4 coupling phi_s^3,   d = number of directions longer than 1
///
/// Shapes    phi, g: [Rows * Cols], site (r, c) at r * Cols + c; one row is the 1-D lattice; `Phi4<>{rows, cols, ...}` is dynamic.
///           A direction of length 1 has no links, one of length 2 has each link twice, as periodicity implies.
/// Requires  coupling >= 0; mass2 > 0, or any finite mass2 if coupling > 0 (two phases where negative)
/// Truth     coupling = 0: log Z, covariance and sampler exact from the spectrum mass2 + sum 4 sin^2(k/2);
///           one row or column: log Z and covariance from the transfer matrix, to about 1e-12 (cost length n^3, n of some 200).
///           Else the log_z and covariance throw, for no closed form is known. The mean is 0 always.
/// Cost      9 instructions a site in 2-D
/// Source    Montvay, Muenster (1994), Quantum Fields on a Lattice, eq. (2.5), in lattice units
template <int Rows = dynamic, int Cols = Rows == dynamic ? dynamic : 1>
class Phi4 : public Dimension<detail::static_product(Rows, Cols)> {
  static constexpr int sites = detail::static_product(Rows, Cols);

 public:
  explicit Phi4(double mass2, double coupling)
    requires(Rows != dynamic && Cols != dynamic)
      : Phi4(std::true_type{}, Rows, Cols, mass2, coupling) {}
  explicit Phi4(int rows, int cols, double mass2, double coupling)
    requires(Rows == dynamic && Cols == dynamic)
      : Phi4(std::true_type{}, detail::require_count("rows", rows), detail::require_count("cols", cols), mass2, coupling) {}

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, sites> x) const {
    return evaluate<L>(x, [](int, L) __attribute__((always_inline)) {});
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, sites> x, Point<L, sites> g) const {
    return evaluate<L>(x, [&](int s, L slope) __attribute__((always_inline)) { g[s] = slope; });
  }

  ERG_FN int rows() const { return Rows == dynamic ? rows_ : Rows; }
  ERG_FN int cols() const { return Cols == dynamic ? cols_ : Cols; }
  double mean(int) const { return 0.0; }
  double log_z() const {
    const int n = rows() * cols();
    if (coupling_.value() == 0.0) {
      double sum = 0.0;
      for (int k = 0; k < n; ++k) sum += 0.918938533204672742 - 0.5 * std::log(spectrum(k));
      return sum;
    }
    return std::log(ring("log_z").ring(n, [](int, double) { return 1.0; }));
  }
  double covariance(int i, int j) const {
    const int n = rows() * cols();
    if (coupling_.value() == 0.0) {
      double sum = 0.0;
      for (int k = 0; k < n; ++k) sum += std::cos(phase(k, i) - phase(k, j)) / spectrum(k);
      return sum / n;
    }
    const detail::TransferMatrix t = ring("covariance");
    const double moment = t.ring(n, [&](int s, double v) { return (s == i ? v : 1.0) * (s == j ? v : 1.0); });
    return moment / t.ring(n, [](int, double) { return 1.0; });
  }

  /// Exact for the free field; throws where coupling > 0.   Cost  (Rows Cols)^2
  template <Lane L>
  void sample(random::Key key, bits_t<L> chain, Point<L, sites> x) const {
    if (coupling_.value() > 0.0) detail::reject("coupling", coupling_.value(), "an exact sampler exists only for coupling = 0");
    const int n = x.size();
    for (int s = 0; s < n; ++s) x[s] = L(0.0);
    for (int k = 0; k < n; ++k) {  // real Fourier (Hartley) modes are independent
      const L z = random::normal<L>(key, chain, k);
      const double amplitude = 1.0 / std::sqrt(n * spectrum(k));
      for (int s = 0; s < n; ++s) {
        const double mode = amplitude * (math::cos(phase(k, s)) + math::sin(phase(k, s)));
        x[s] = lane::mul_add(z, L(static_cast<scalar_t<L>>(mode)), x[s]);
      }
    }
  }

 private:
  Phi4(std::true_type, int rows, int cols, double mass2, double coupling)
      : Dimension<sites>(rows * cols), rows_(rows), cols_(cols), mass2_(detail::require_finite("mass2", mass2)) {
    detail::require_not_negative("coupling", coupling);
    if (coupling == 0.0 && !(mass2 > 0.0)) detail::reject("mass2", mass2, "must be > 0 where coupling = 0, else exp(-U) has no integral");
    coupling_ = coupling;
    four_coupling_ = 4.0 * coupling;
    diagonal_ = mass2 + 2.0 * ((rows > 1 ? 1 : 0) + (cols > 1 ? 1 : 0));
  }

  double spectrum(int k) const {
    const double p = 3.14159265358979324 * (k / cols()) / rows(), q = 3.14159265358979324 * (k % cols()) / cols();
    return mass2_ + 4.0 * math::sin(p) * math::sin(p) + 4.0 * math::sin(q) * math::sin(q);
  }
  /// k . s, the phase of mode k at site s.
  double phase(int k, int s) const {
    const int row = (k / cols()) * (s / cols()) % rows(), col = (k % cols()) * (s % cols()) % cols();
    return 6.28318530717958648 * (static_cast<double>(row) / rows() + static_cast<double>(col) / cols());
  }
  detail::TransferMatrix ring(const char* what) const {
    if (rows() > 1 && cols() > 1) {
      detail::reject(std::string(what) + " with coupling", coupling_.value(), "has no closed form in two dimensions; it has for coupling = 0 or a single row");
    }
    const auto site = [this](double t) { return (0.5 * mass2_ + coupling_.value() * t * t) * t * t; };
    const double end = detail::negligible_beyond(site, 0.0, 0.05);
    const detail::Quadrature q = detail::gauss_legendre(-end, end, 2 * static_cast<int>(std::ceil(0.4 * end + 2.0)));
    const bool linked = rows() * cols() > 1;
    return detail::TransferMatrix(q, site, [linked](double s, double t) { return linked ? 0.5 * (s - t) * (s - t) : 0.0; });
  }

  template <class L, class Each>
  ERG_FN ERG_INLINE L evaluate(Point<const L, sites> x, Each each) const {
    const int n_rows = rows(), n_cols = cols();
    const L diagonal = diagonal_.as<L>(), coupling = coupling_.as<L>(), four_coupling = four_coupling_.as<L>();
    L total(0.0);
    for (int r = 0; r < n_rows; ++r) {
      const int up = (r == 0 ? n_rows - 1 : r - 1) * n_cols, down = (r + 1 == n_rows ? 0 : r + 1) * n_cols;
      L row(0.0);
      for (int c = 0; c < n_cols; ++c) {
        const int s = r * n_cols + c;
        const L t = x[s];
        L near(0.0);
        if (n_cols > 1) near = x[c == 0 ? s + n_cols - 1 : s - 1] + x[c + 1 == n_cols ? s + 1 - n_cols : s + 1];
        if (n_rows > 1) near = near + (x[up + c] + x[down + c]);
        const L cube = t * t * t;
        const L linear = lane::mul_add(diagonal, t, -near);
        row = lane::mul_add(t, lane::mul_add(L(0.5), linear, coupling * cube), row);
        each(s, lane::mul_add(four_coupling, cube, linear));
      }
      total = total + row;
    }
    return total;
  }

  int rows_, cols_;
  double mass2_;
  detail::Parameter coupling_, four_coupling_, diagonal_;
};

}  // namespace erg
