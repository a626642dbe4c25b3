// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/covariance.hpp"
#include "erg/energy/cholesky.hpp"
#include "erg/flow/bijector.hpp"
#include "erg/lane/math.hpp"
#include "erg/nn/chain_sum.hpp"
#include "erg/nn/dense.hpp"

namespace erg::flow {

/// x = L U z + b with L lower triangular, ones on its diagonal, and U upper triangular, exp(s) on its; log_det = sum s.
///
///   Linear          trained from the identity on
///   FullWhitening   constants: `observe` sets L exp(s) to the Cholesky factor of the data's covariance (U diagonal) and b to its mean, so
///                   that what goes on to the latent side is standardised and uncorrelated
/// Parameters  lower, upper: [dim (dim - 1) / 2], row after row; log_diagonal, bias: [dim]
/// Errors      observe: std::invalid_argument where the covariance is not positive definite
/// Cost        dim^2 multiply-adds a chain either way, no inverse is formed
/// Source      Kingma, Dhariwal (2018), Glow, section 3.2, eq. (10)
template <bool trained>
class LinearMap {
 public:
  explicit LinearMap(int dim) : dim_(erg::detail::require_count("dim", dim)) {}

  int dim() const { return dim_; }
  int n_parameters() const { return dim_ * (dim_ + 1); }
  int n_tape() const { return dim_; }
  void describe(nn::ParameterList& list) const {
    list.add("lower", {half()}, 0.0, 0.0, !trained);
    list.add("upper", {half()}, 0.0, 0.0, !trained);
    list.add("log_diagonal", {dim_}, 0.0, 0.0, !trained);
    list.add("bias", {dim_}, 0.0, 0.0, !trained);
  }

  template <Way way, class L>
  void map(const Real<L>* w, Block<L> v, LogDet<L> log_det, Block<L>) const {
    if constexpr (way == Way::to_data) {
      times_upper(w, v);
      times_lower(w, v);
    } else {
      solve_lower(w, v);
      solve_upper(w, v);
    }
    for (int g = 0; g < v.n_groups; ++g) {
      L sum(0.0);
      for (int d = 0; d < dim_; ++d) sum = sum + L(w[log_diagonal() + d]);
      log_det.add(g, sum);
    }
  }
  template <Way way, class L>
  void back(const Real<L>* w, Block<L> v, Block<L> g, Block<const L> gl, Block<L> tape, Gradient<L> gw) const {
    const Block<L> y = tape.rows(0, dim_);  // U z
    const auto keep = [&](Block<L> from) {
      for (int d = 0; d < dim_; ++d) {
        for (int k = 0; k < from.n_groups; ++k) y.put(d, k, from.get(d, k));
      }
    };
    const bool adds = trained && wants(gw);
    if constexpr (way == Way::to_data) {  // g is dF/dx
      solve_lower(w, v);
      keep(v);
      if (adds) {
        add_products<L>(g, y, 1, gw, true);
        add_row_sums<L>(g, dim_, gw.from(bias()));
      }
      times_lower_transposed(w, g);
      solve_upper(w, v);
      if (adds) add_products<L>(g, v, 1, gw, false);
      if (adds) add_diagonal<L>(w, g, v, gl, 1, gw);
      times_upper_transposed(w, g);
    } else {  // g is dF/dz
      solve_upper_transposed(w, g);
      if (adds) add_products<L>(g, v, -1, gw, false);
      if (adds) add_diagonal<L>(w, g, v, gl, -1, gw);
      times_upper(w, v);
      keep(v);
      solve_lower_transposed(w, g);
      if (adds) {
        add_products<L>(g, y, -1, gw, true);
        for (int d = 0; d < dim_; ++d) nn::detail::add_over_chains<L>(gw, bias() + d, g.n_groups, g.n_chains, [&](int k) { return -g.get(d, k); });
      }
      times_lower(w, v);
    }
  }
  template <class L>
  void observe(Real<L>* w, Block<L> v) const
    requires(!trained)
  {
    const auto n = static_cast<std::size_t>(dim_);
    const auto [mean, covariance] = erg::detail::mean_and_covariance(
        v.n_chains, dim_, [&](int c, int d) { return static_cast<double>(v.row(d)[c]); }, [&](int) { return 1.0 / v.n_chains; });
    const std::vector<double> factor = erg::detail::cholesky("the covariance of the data", covariance, dim_);  // column-major
    std::fill_n(w, n_parameters(), Real<L>(0));
    for (int j = 0; j < dim_; ++j) {
      const auto at = [&](int i) { return factor[static_cast<std::size_t>(j) * n + static_cast<std::size_t>(i)]; };
      for (int i = j + 1; i < dim_; ++i) w[lower(i, j)] = static_cast<Real<L>>(at(i) / at(j));
      w[log_diagonal() + j] = static_cast<Real<L>>(std::log(at(j)));
      w[bias() + j] = static_cast<Real<L>>(mean[static_cast<std::size_t>(j)]);
    }
  }

 private:
  int half() const { return dim_ * (dim_ - 1) / 2; }
  int lower(int i, int j) const { return i * (i - 1) / 2 + j; }                                     // j < i
  int upper(int i, int j) const { return half() + i * dim_ - i * (i + 1) / 2 + (j - i - 1); }       // j > i
  int log_diagonal() const { return 2 * half(); }
  int bias() const { return 2 * half() + dim_; }

  /// v_i <- f(i, g, sum of the others' terms), i in order or from the last on; term(i, j) is the weight of v_j, j on one side of i.
  template <bool upwards, bool below, class L, class Weight, class F>
  void sweep(Block<L> v, Weight&& weight, F&& f) const {
    for (int step = 0; step < dim_; ++step) {
      const int i = upwards ? step : dim_ - 1 - step;
      for (int g = 0; g < v.n_groups; ++g) {
        L sum(0.0);
        for (int j = below ? 0 : i + 1; j < (below ? i : dim_); ++j) sum = lane::mul_add(L(v.get(j, g)), L(weight(i, j)), sum);
        v.put(i, g, f(i, L(v.get(i, g)), sum));
      }
    }
  }
  template <class L>
  void times_upper(const Real<L>* w, Block<L> v) const {
    sweep<true, false>(v, [&](int i, int j) { return w[upper(i, j)]; },
                       [&](int i, const L& a, const L& sum) { return lane::mul_add(a, math::exp(L(w[log_diagonal() + i])), sum); });
  }
  template <class L>
  void solve_upper(const Real<L>* w, Block<L> v) const {
    sweep<false, false>(v, [&](int i, int j) { return w[upper(i, j)]; },
                        [&](int i, const L& a, const L& sum) { return (a - sum) * math::exp(-L(w[log_diagonal() + i])); });
  }
  template <class L>
  void times_lower(const Real<L>* w, Block<L> v) const {
    sweep<false, true>(v, [&](int i, int j) { return w[lower(i, j)]; }, [&](int i, const L& a, const L& sum) { return a + sum + L(w[bias() + i]); });
  }
  template <class L>
  void solve_lower(const Real<L>* w, Block<L> v) const {
    sweep<true, true>(v, [&](int i, int j) { return w[lower(i, j)]; }, [&](int i, const L& a, const L& sum) { return (a - L(w[bias() + i])) - sum; });
  }
  template <class L>
  void times_lower_transposed(const Real<L>* w, Block<L> g) const {
    sweep<true, false>(g, [&](int i, int j) { return w[lower(j, i)]; }, [](int, const L& a, const L& sum) { return a + sum; });
  }
  template <class L>
  void solve_lower_transposed(const Real<L>* w, Block<L> g) const {
    sweep<false, false>(g, [&](int i, int j) { return w[lower(j, i)]; }, [](int, const L& a, const L& sum) { return a - sum; });
  }
  template <class L>
  void times_upper_transposed(const Real<L>* w, Block<L> g) const {
    sweep<false, true>(g, [&](int i, int j) { return w[upper(j, i)]; },
                       [&](int i, const L& a, const L& sum) { return lane::mul_add(a, math::exp(L(w[log_diagonal() + i])), sum); });
  }
  template <class L>
  void solve_upper_transposed(const Real<L>* w, Block<L> g) const {
    sweep<true, true>(g, [&](int i, int j) { return w[upper(j, i)]; },
                      [&](int i, const L& a, const L& sum) { return (a - sum) * math::exp(-L(w[log_diagonal() + i])); });
  }

  /// The triangle of sign * sum_c a_i b_j, added in every plane that is wanted; chains in order.
  template <class L>
  void add_products(Block<L> a, Block<L> b, Real<L> sign, Gradient<L> to, bool below) const {
    static thread_local nn::Arena<Real<L>> arena;
    const int size = dim_ * dim_;
    Real<L>* all = arena.require(static_cast<std::size_t>(nn::n_planes<L> * size));
    Gradient<L> sums;
    const auto each = [&](auto&& f) {
      for (int p = 0; p < nn::n_planes<L>; ++p) {
        if (to.plane[p] == nullptr) continue;
        sums.plane[p] = all + p * size;
        for (int i = 0; i < dim_; ++i) {
          for (int j = below ? 0 : i + 1; j < (below ? i : dim_); ++j) f(sums.plane[p][i * dim_ + j], to.plane[p][below ? lower(i, j) : upper(i, j)]);
        }
      }
    };
    std::fill_n(all, nn::n_planes<L> * size, Real<L>(0));
    each([sign](Real<L>& s, Real<L>& t) { s = sign * t; });
    nn::detail::add_outer<L>(a, b, sums, -1);
    each([sign](Real<L>& s, Real<L>& t) { t = sign * s; });
  }
  template <class L>
  void add_diagonal(const Real<L>* w, Block<L> g, Block<L> z, Block<const L> gl, Real<L> sign, Gradient<L> to) const {
    for (int d = 0; d < dim_; ++d) {
      const L e(sign * math::exp(w[log_diagonal() + d]));
      nn::detail::add_over_chains<L>(to, log_diagonal() + d, g.n_groups, g.n_chains,
                                     [&](int k) { return lane::mul_add(g.get(d, k) * z.get(d, k), e, gl.get(0, k)); });
    }
  }

  int dim_;
};
using Linear = LinearMap<true>;
using FullWhitening = LinearMap<false>;

}  // namespace erg::flow
