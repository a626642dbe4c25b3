// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/cholesky.hpp"
#include "erg/lane/xsimd_lane.hpp"
#include "erg/tile/block_tile.hpp"

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Metrics: the inverse mass matrix M^-1 = F F^T of a kernel, always used through its factor F.
///
/// With whitened momentum p ~ N(0, I) the Hamiltonian flow is dx = F p dt, dp = -F^T dU/dx dt, and a Langevin proposal is
/// preconditioned by F F^T. So a metric is two products, F v and F^T g, and no kernel asks which metric it has.
///
/// Steps a, b that a metric is given are numbers, or one for each chain: T::PerChain.
namespace erg {

namespace detail {

/// What a lane of chains, or group g of a block, takes of a step.
template <class A>
ERG_FN ERG_INLINE const A& of_group(const A& a, int) {
  return a;
}
template <class L>
ERG_INLINE const L& of_group(const Column<L>& a, int g) {
  return a.group[g];
}

/// f(a, position...) on lane positions, or group by group on block positions; a: a step.
template <class F, class A, LaneCoordinates P, class... Ps>
ERG_FN ERG_INLINE void for_groups(F&& f, const A& a, P& first, Ps&... rest) {
  f(a, first, rest...);
}
template <class F, class A, class L, class... Ps>
ERG_INLINE void for_groups(F&& f, const A& a, BlockPosition<L>& first, Ps&... rest) {
  for (int g = 0; g < first.n_groups(); ++g) {
    [&](auto&& x, auto&&... y) { f(of_group(a, g), x, y...); }(first.group(g), rest.group(g)...);
  }
}

/// f(d, a, b, coordinate d of each position); in a block, group after group, in the order of memory; a, b: steps.
template <class F, class A, LaneCoordinates P, class... Ps>
ERG_FN ERG_INLINE void for_coordinates(F&& f, const A& a, const A& b, P& first, Ps&... rest) {
  for_each_dim<std::remove_cvref_t<P>::static_dim>(first.size(), [&](int d) __attribute__((always_inline)) { f(d, a, b, first[d], rest[d]...); });
}
template <class F, class A, class L, class... Ps>
ERG_INLINE void for_coordinates(F&& f, const A& a, const A& b, BlockPosition<L>& first, Ps&... rest) {
  for (int d = 0; d < first.size(); ++d) {
    for (int g = 0; g < first.n_groups(); ++g) f(d, of_group(a, g), of_group(b, g), first.at(d, g), rest.at(d, g)...);
  }
}

/// The two products for a diagonal F, given by factor(a, d) = a F_dd.
template <class Self>
struct Elementwise {
  /// y <- y + a F v
  template <class A, class Y, class V>
  ERG_FN ERG_INLINE void add(Y& y, const A& step, const V& v) const {
    for_coordinates(
        [&](int d, const auto& a, const auto&, auto& yd, const auto& vd) __attribute__((always_inline)) {
          using L = std::remove_cvref_t<decltype(yd)>;
          yd = lane::mul_add(self().template factor<L>(L(a), d), vd, yd);
        },
        step, step, y, v);
  }
  /// y <- y + a F^T v
  template <class A, class Y, class V>
  ERG_FN ERG_INLINE void add_transposed(Y& y, const A& a, const V& v) const {
    add(y, a, v);
  }
  /// p <- p + a F^T g;  y <- x + b F p, in one pass. y may be x.
  template <class A, class P>
  ERG_FN ERG_INLINE void kick_drift(P& y, const P& x, P& p, const P& g, const A& kick, const A& drift) const {
    for_coordinates(
        [&](int d, const auto& a, const auto& b, auto& yd, const auto& xd, auto& pd, const auto& gd) __attribute__((always_inline)) {
          using L = std::remove_cvref_t<decltype(yd)>;
          pd = lane::mul_add(self().template factor<L>(L(a), d), gd, pd);
          yd = lane::mul_add(self().template factor<L>(L(b), d), L(pd), xd);
        },
        kick, drift, y, x, p, g);
  }

 private:
  ERG_FN ERG_INLINE const Self& self() const { return static_cast<const Self&>(*this); }
};

/// Numbers in double and in float: what views in either scalar point to.
class BothPrecisions {
 public:
  BothPrecisions() = default;
  explicit BothPrecisions(std::vector<double> values) : double_(std::move(values)), float_(double_.begin(), double_.end()) {}

  std::size_t size() const { return double_.size(); }
  /// place(p, n) where the n numbers of this scalar are at p.
  template <class T, class Place>
  const T* placed(Place&& place) const {
    if constexpr (sizeof(T) == 4) {
      return place(float_.data(), float_.size());
    } else {
      return place(double_.data(), double_.size());
    }
  }

 private:
  std::vector<double> double_;
  std::vector<float> float_;
};
/// Views of a metric point to its own numbers unless somebody else places them.
struct InPlace {
  template <class T>
  const T* operator()(const T* p, std::size_t) const {
    return p;
  }
};

}  // namespace detail

/// M = I.
struct UnitMetric : detail::Elementwise<UnitMetric> {
  /// The metric of the coordinates from d on.
  ERG_FN ERG_INLINE UnitMetric slice(int) const { return {}; }
  template <class L>
  ERG_FN ERG_INLINE static L factor(const L& a, int) {
    return a;
  }
};

/// What a step reads of a DiagonalMetric, in the scalar of its lane.
template <class T>
struct DiagonalMetricView : detail::Elementwise<DiagonalMetricView<T>> {
  const T* scale = nullptr;  ///< F_dd, [dim]

  ERG_FN ERG_INLINE DiagonalMetricView slice(int d) const {
    DiagonalMetricView v;
    v.scale = scale + d;
    return v;
  }
  template <class L>
  ERG_FN ERG_INLINE L factor(const L& a, int d) const {
    return a * L(scale[d]);
  }
};

/// What a step reads of a DenseMetric: F lower triangular, row-major, [dim, dim].
template <class T>
struct DenseMetricView {
  const T* f = nullptr;
  int dim = 0;

  template <class A, class Y, class V>
  ERG_FN ERG_INLINE void add(Y& y, const A& step, const V& v) const {
    detail::for_groups(
        [&](const auto& a, auto& yg, auto& vg) {
          using L = lane_of<decltype(yg)>;
          for (int i = 0; i < dim; ++i) {
            L sum = 0.0;
            for (int j = 0; j <= i; ++j) sum = lane::mul_add(L(f[i * dim + j]), vg[j], sum);
            yg[i] = lane::mul_add(L(a), sum, yg[i]);
          }
        },
        step, y, v);
  }
  template <class A, class Y, class V>
  ERG_FN ERG_INLINE void add_transposed(Y& y, const A& step, const V& v) const {
    detail::for_groups(
        [&](const auto& a, auto& yg, auto& vg) {
          using L = lane_of<decltype(yg)>;
          for (int i = 0; i < dim; ++i) {
            L sum = 0.0;
            for (int j = i; j < dim; ++j) sum = lane::mul_add(L(f[j * dim + i]), vg[j], sum);
            yg[i] = lane::mul_add(L(a), sum, yg[i]);
          }
        },
        step, y, v);
  }
  template <class A, class P>
  ERG_FN ERG_INLINE void kick_drift(P& y, const P& x, P& p, const P& g, const A& a, const A& b) const {
    add_transposed(p, a, g);
    if (&y != &x) copy(y, x);
    add(y, b, p);
  }
};

/// Diagonal inverse mass: one variance per coordinate, set by hand or by warm-up.
class DiagonalMetric {
 public:
  /// Empty: ones, until warm-up or `set_inverse_mass` says otherwise.
  DiagonalMetric() = default;
  /// inverse_mass [dim]: about the variance of each coordinate. Throws where one is not finite and > 0.
  explicit DiagonalMetric(std::vector<double> inverse_mass) { set_inverse_mass(std::move(inverse_mass)); }

  void set_inverse_mass(std::vector<double> inverse_mass) {
    std::vector<double> scale;  // a metric that throws stays as it was
    for (std::size_t d = 0; d < inverse_mass.size(); ++d) {
      scale.push_back(std::sqrt(detail::require_positive("inverse_mass[" + std::to_string(d) + "]", inverse_mass[d])));
    }
    inverse_mass_ = std::move(inverse_mass);
    scale_ = detail::BothPrecisions(std::move(scale));
  }
  const std::vector<double>& inverse_mass() const { return inverse_mass_; }

  void prepare(int dim) {
    if (inverse_mass_.empty()) set_inverse_mass(std::vector<double>(static_cast<std::size_t>(dim), 1.0));
    if (static_cast<int>(inverse_mass_.size()) != dim) {
      throw std::invalid_argument("inverse_mass has " + std::to_string(inverse_mass_.size()) + " entries (the energy has dim = " +
                                  std::to_string(dim) + ") give one variance per coordinate");
    }
  }
  /// Its numbers are where place(p, n) says that the n at p are.
  template <class T, class Place = detail::InPlace>
  DiagonalMetricView<T> view(Place&& place = {}) const {
    DiagonalMetricView<T> v;
    v.scale = scale_.placed<T>(place);
    return v;
  }

 private:
  std::vector<double> inverse_mass_;
  detail::BothPrecisions scale_;
};

/// Dense inverse mass: a covariance matrix, row-major [dim, dim], kept as its Cholesky factor.
class DenseMetric {
 public:
  DenseMetric() = default;
  /// Throws where the matrix is not symmetric positive definite.
  DenseMetric(std::vector<double> inverse_mass, int dim) { set_inverse_mass(std::move(inverse_mass), dim); }

  void set_inverse_mass(std::vector<double> inverse_mass, int dim) {
    const auto n = static_cast<std::size_t>(dim);
    if (dim < 1 || inverse_mass.size() != n * n) {
      throw std::invalid_argument("inverse_mass has " + std::to_string(inverse_mass.size()) + " entries (a dense metric of dim = " +
                                  std::to_string(dim) + " needs dim * dim) give the whole matrix, row by row");
    }
    const auto transposed = [dim](const std::vector<double>& a) {  // Cholesky's matrices are column-major
      std::vector<double> t(a.size());
      for (int i = 0; i < dim; ++i) {
        for (int j = 0; j < dim; ++j) t[detail::at(j, i, dim)] = a[detail::at(i, j, dim)];
      }
      return t;
    };
    std::vector<double> f = transposed(detail::cholesky("inverse_mass", transposed(inverse_mass), dim));
    inverse_mass_ = std::move(inverse_mass);
    dim_ = dim;
    factor_ = detail::BothPrecisions(std::move(f));
  }
  const std::vector<double>& inverse_mass() const { return inverse_mass_; }

  void prepare(int dim) {
    if (dim_ == 0) {
      std::vector<double> one(static_cast<std::size_t>(dim) * static_cast<std::size_t>(dim), 0.0);
      for (std::size_t d = 0; d < static_cast<std::size_t>(dim); ++d) one[d * static_cast<std::size_t>(dim) + d] = 1.0;
      set_inverse_mass(std::move(one), dim);
    }
    if (dim_ != dim) {
      throw std::invalid_argument("inverse_mass has dim = " + std::to_string(dim_) + " (the energy has dim = " + std::to_string(dim) +
                                  ") give a dim x dim matrix");
    }
  }
  template <class T, class Place = detail::InPlace>
  DenseMetricView<T> view(Place&& place = {}) const {
    DenseMetricView<T> v;
    v.dim = dim_;
    v.f = factor_.placed<T>(place);
    return v;
  }

 private:
  std::vector<double> inverse_mass_;
  detail::BothPrecisions factor_;
  int dim_ = 0;
};

/// The metric a step uses: a trivially copyable view in the lane's scalar.
template <class T, class M>
auto metric_view(const M& m) {
  if constexpr (requires { m.template view<T>(); }) {
    return m.template view<T>();
  } else {
    return m;
  }
}
template <class M>
void prepare_metric(M& m, int dim) {
  if constexpr (requires { m.prepare(dim); }) m.prepare(dim);
}

}  // namespace erg
