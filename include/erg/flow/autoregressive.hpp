// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/flow/bijector.hpp"
#include "erg/nn/activation.hpp"
#include "erg/nn/dense.hpp"

#include <cmath>
#include <vector>

namespace erg::flow {

/// A perceptron whose outputs for coordinate i depend on the coordinates before i alone.
///
/// Units of a hidden layer are sorted by degree, 1 .. dim - 1 in equal shares: one of degree m sees what has degree <= m below it, output i
/// sees degrees < i. What a unit sees is thus a run of rows from the first on: nothing is masked, no product with a zero is formed.
/// Steps: outputs(i) needs hidden(0 .. i - 1); hidden(i) computes the units that coordinate i is the last to enter.
/// Parameters  layer l, degree m: weight [units, seen], bias [units]
/// Source      Germain, Gregor, Murray, Larochelle (2015), MADE, section 4, with degrees in order
template <class Activation = nn::SiLU>
class Made {
 public:
  Made(int dim, int each, std::vector<int> hidden) : dim_(dim), each_(each), hidden_(std::move(hidden)) {
    erg::detail::require_count("the dim of an autoregressive map", dim, 2);
    erg::detail::require_count("the number of hidden layers", static_cast<int>(hidden_.size()));
    int at = 0, row = 0;
    for (std::size_t l = 0; l <= hidden_.size(); ++l) {
      const bool last = l == hidden_.size();
      for (int m = 0; m < dim; ++m) {  // m: units of degree m + 1, or outputs of coordinate m
        const int seen = last ? (l == 0 ? m : below(l - 1, m)) : (l == 0 ? m + 1 : below(l - 1, m + 1));
        const int first = last ? m * each_ : below(l, m), n = last ? each_ : (m + 1 < dim ? below(l, m + 1) - first : 0);
        parts_.push_back({first, n, seen, at});
        at += n * (seen + 1);
      }
      if (last) break;
      erg::detail::require_count("the size of a hidden layer", hidden_[l]);
      rows_.push_back(row);
      row += hidden_[l];
    }
    n_parameters_ = at;
    n_units_ = row;
  }

  int n_parameters() const { return n_parameters_; }
  int n_units() const { return n_units_; }  ///< of all hidden layers
  void describe(nn::ParameterList& list) const {
    for (std::size_t l = 0; l <= hidden_.size(); ++l) {
      for (int m = 0; m < dim_; ++m) {
        const Part& p = part(l, m);
        if (p.n == 0) continue;
        const double bound = l == hidden_.size() ? 0.0 : 1.0 / std::sqrt(static_cast<double>(std::max(p.seen, 1)));
        list.within(std::to_string(l) + "." + std::to_string(m), [&] {
          list.add("weight", {p.n, p.seen}, bound);
          list.add("bias", {p.n}, bound);
        });
      }
    }
  }

  /// The parameters of coordinate i into `to` [each, chain].
  template <class L>
  void outputs(int i, const Real<L>* w, Block<L> units, Block<L> to) const {
    apply<L>(part(hidden_.size(), i), w, top(units), to);
  }
  /// Units of degree i + 1; slopes [units, chain] where it has memory.
  template <class L>
  void advance(int i, const Real<L>* w, Block<L> source, Block<L> units, Block<L> slopes) const {
    for (std::size_t l = 0; l < hidden_.size(); ++l) {
      const Part& p = part(l, i);
      if (p.n == 0) continue;
      const Block<L> y = units.rows(rows_[l] + p.first, p.n);
      apply<L>(p, w, l == 0 ? source : units.rows(rows_[l - 1], hidden_[l - 1]), y);
      for (int f = 0; f < p.n; ++f) {
        for (int g = 0; g < y.n_groups; ++g) {
          L slope;
          y.put(f, g, evaluate(L(y.get(f, g)), slope));
          if (slopes.data != nullptr) slopes.put(rows_[l] + p.first + f, g, slope);
        }
      }
    }
  }
  /// The ways back of both, to be called in the opposite order: add to the derivatives by units and by the source.
  template <class L>
  void outputs_back(int i, const Real<L>* w, Block<L> g_to, Block<L> g_units) const {
    back<L>(part(hidden_.size(), i), w, g_to, top(g_units));
  }
  template <class L>
  void advance_back(int i, const Real<L>* w, Block<L> slopes, Block<L> g_units, Block<L> g_source) const {
    for (std::size_t l = hidden_.size(); l-- > 0;) {
      const Part& p = part(l, i);
      if (p.n == 0) continue;
      const Block<L> g = g_units.rows(rows_[l] + p.first, p.n);
      for (int f = 0; f < p.n; ++f) {
        for (int k = 0; k < g.n_groups; ++k) g.put(f, k, L(g.get(f, k)) * L(slopes.get(rows_[l] + p.first + f, k)));
      }
      back<L>(p, w, g, l == 0 ? g_source : g_units.rows(rows_[l - 1], hidden_[l - 1]));
    }
  }
  /// The parameter gradient, once all of that is known; g_to: [dim each, chain].
  ///
  /// Units of several degrees go together, as if all saw what the last does: what a product of few rows loses is more than the
  /// numbers that are then thrown away.
  template <class L>
  void add_gradient(Block<L> source, Block<L> units, Block<L> g_units, Block<L> g_to, Gradient<L> gw) const {
    for (std::size_t l = 0; l <= hidden_.size(); ++l) {
      const Block<L> x = l == 0 ? source : units.rows(rows_[l - 1], hidden_[l - 1]);
      const Block<L> g = l == hidden_.size() ? g_to : g_units.rows(rows_[l], hidden_[l]);
      for (int m = 0; m < dim_;) {
        const int from = m, first = part(l, m).first;
        int n = 0;
        while (m < dim_ && n < 24) n += part(l, m++).n;
        add_block<L>(l, from, m, g.rows(first, n), x.rows(0, part(l, m - 1).seen), gw);
      }
    }
  }

 private:
  /// n units, rows from `first` of their layer, that see `seen` rows of the layer below; weights from `at` on.
  struct Part {
    int first, n, seen, at;
  };
  const Part& part(std::size_t l, int m) const { return parts_[l * static_cast<std::size_t>(dim_) + static_cast<std::size_t>(m)]; }
  /// Units of layer l with degree <= m.
  int below(std::size_t l, int m) const { return static_cast<int>(static_cast<long>(hidden_[l]) * std::min(m, dim_ - 1) / (dim_ - 1)); }
  template <class L>
  Block<L> top(Block<L> units) const {
    return units.rows(rows_.back(), hidden_.back());
  }
  template <class L>
  void apply(const Part& p, const Real<L>* w, Block<L> x, Block<L> y) const {
    for (int m = 0; m < nn::n_planes<L>; ++m) {
      nn::product<nn::base_lane<L>>({w + p.at, p.seen, 1}, p.n, p.seen, x.row(0, m), x.stride, y.row(0, m), y.stride, y.n_groups,
                                    m == 0 ? w + p.at + p.n * p.seen : nullptr);
    }
  }
  template <class L>
  void back(const Part& p, const Real<L>* w, Block<L> g, Block<L> gx) const {
    if (p.seen == 0) return;
    for (int m = 0; m < nn::n_planes<L>; ++m) {
      nn::product<nn::base_lane<L>>({w + p.at, 1, p.seen}, p.seen, p.n, g.row(0, m), g.stride, gx.row(0, m), gx.stride, g.n_groups, nullptr, true);
    }
  }
  /// Degrees [from, to) of layer l: rows g, columns x.
  template <class L>
  void add_block(std::size_t l, int from, int to, Block<L> g, Block<L> x, Gradient<L> gw) const {
    static thread_local nn::Arena<Real<L>> arena;
    const auto wide = static_cast<std::size_t>(x.n_features), size = static_cast<std::size_t>(g.n_features) * wide;
    if (g.n_features == 0) return;
    const std::size_t plane = size + static_cast<std::size_t>(g.n_features);
    Real<L>* all = arena.require(plane * nn::n_planes<L>);
    Gradient<L> sums;
    const auto each = [&](auto&& copy) {  // copy(number of the block, number of the gradient, how many)
      for (std::size_t k = 0; k < nn::n_planes<L>; ++k) {
        if (gw.plane[k] == nullptr) continue;
        Real<L>* const block = sums.plane[k] = all + k * plane;
        std::size_t row = 0;
        for (int m = from; m < to; ++m) {
          const Part& p = part(l, m);
          for (int f = 0; f < p.n; ++f, ++row) {
            copy(block + row * wide, gw.plane[k] + p.at + f * p.seen, p.seen);
            copy(block + size + row, gw.plane[k] + p.at + p.n * p.seen + f, 1);
          }
        }
      }
    };
    std::fill_n(all, plane * nn::n_planes<L>, Real<L>(0));
    each([](Real<L>* a, Real<L>* b, int n) { std::copy_n(b, n, a); });
    nn::detail::add_outer<L>(g, x, sums, static_cast<int>(size));
    each([](Real<L>* a, Real<L>* b, int n) { std::copy_n(a, n, b); });
  }
  template <class L>
  ERG_INLINE static L evaluate(const L& x, L& slope) {
    const auto f = Activation{}.function;
    if constexpr (requires { f.value_and_slope(x, slope); }) {
      return f.value_and_slope(x, slope);
    } else {
      const Dual<L, 1> y = f(make_dual(x));
      slope = y.tangent[0];
      return y.value;
    }
  }

  int dim_, each_;
  std::vector<int> hidden_, rows_;
  std::vector<Part> parts_;
  int n_parameters_ = 0, n_units_ = 0;
};

/// Every coordinate is transformed with parameters computed from those before it.
///
///   x_i = f(z_i; net_i(x_0 .. x_i-1)),  log_det = sum log f'          by_data: masked autoregressive flow
///   x_i = f(z_i; net_i(z_0 .. z_i-1))                                 otherwise: inverse autoregressive flow
///
/// Both ways take the net's steps coordinate by coordinate, the same products in the same order, so the way that has to wait for the
/// coordinates costs no more than the other, and both have the same parameters to the last bit.
/// Errors    std::invalid_argument: dim < 2, a hidden layer of no units
/// Cost      one pass of the net either way: about half the multiply-adds of a full perceptron
/// Source    Papamakarios, Pavlakou, Murray (2017), MAF, section 3.1; Kingma et al. (2016), IAF
template <class Transform, bool by_data = true, class Activation = nn::SiLU>
class Autoregressive {
  static constexpr int each = Transform::n_parameters;

 public:
  Autoregressive(int dim, std::vector<int> hidden, Transform transform = {}) : dim_(dim), transform_(transform), net_(dim, each, std::move(hidden)) {}

  int dim() const { return dim_; }
  int n_parameters() const { return net_.n_parameters(); }
  int n_tape() const { return n_scratch() + dim_ * each + 2 * net_.n_units(); }
  int n_scratch() const { return each + 2 * dim_ + net_.n_units(); }
  void describe(nn::ParameterList& list) const { net_.describe(list); }

  /// With a tape of n_scratch() rows there is no way back.
  template <Way way, class L>
  void map(const Real<L>* w, Block<L> v, LogDet<L> log_det, Block<L> tape) const {
    const bool keeps = tape.n_features >= n_tape();
    const Parts<L> at = parts(v, tape, keeps);
    const Block<L> source = knows_source<way> ? at.given : v;
    for (int i = 0; i < dim_; ++i) {
      const Block<L> params = keeps ? at.params.rows(i * each, each) : at.put;
      net_.template outputs<L>(i, w, at.units, params);
      for (int g = 0; g < v.n_groups; ++g) {
        const auto p = [&](int k) __attribute__((always_inline)) { return params.get(k, g); };
        const L given = v.get(i, g);
        L log_slope;
        at.given.put(i, g, given);
        v.put(i, g, way == Way::to_data ? transform_.to_data(p, given, log_slope) : transform_.to_latent(p, given, log_slope));
        log_det.add(g, log_slope);
      }
      if (i + 1 < dim_) net_.template advance<L>(i, w, source, at.units, keeps ? at.slopes : Block<L>{});
    }
  }
  template <Way way, class L>
  void back(const Real<L>* w, Block<L> v, Block<L> g, Block<const L> gl, Block<L> tape, Gradient<L> gw) const {
    const Parts<L> at = parts(v, tape, true);
    const Block<L> source = knows_source<way> ? at.given : v;
    clear(at.g_units);
    clear(at.g_source);
    for (int i = dim_ - 1; i >= 0; --i) {
      if (i + 1 < dim_) net_.template advance_back<L>(i, w, at.slopes, at.g_units, at.g_source);
      const Block<L> params = at.params.rows(i * each, each);
      for (int k = 0; k < v.n_groups; ++k) {
        const auto p = [&](int j) __attribute__((always_inline)) { return params.get(j, k); };
        const auto put = [&](int j, const L& slope) __attribute__((always_inline)) { params.put(j, k, slope); };
        const L given = at.given.get(i, k), z = way == Way::to_data ? given : L(v.get(i, k));
        L slope = g.get(i, k);
        if (!knows_source<way>) slope = slope + at.g_source.get(i, k);
        slope = transform_.template pull_back<way>(p, z, slope, L(gl.get(0, k)), put);
        g.put(i, k, slope);
      }
      net_.template outputs_back<L>(i, w, params, at.g_units);
    }
    if (wants(gw)) net_.template add_gradient<L>(source, at.units, at.g_units, at.params, gw);
    for (int i = 0; i < dim_; ++i) {
      for (int k = 0; k < v.n_groups; ++k) {
        if (knows_source<way>) g.put(i, k, L(g.get(i, k)) + L(at.g_source.get(i, k)));
        v.put(i, k, at.given.get(i, k));
      }
    }
  }

 private:
  /// Whether a pass is given what the net reads.
  template <Way way>
  static constexpr bool knows_source = (way == Way::to_latent) == by_data;

  template <class L>
  struct Parts {
    Block<L> put, given, g_source, units, params, slopes, g_units;
  };
  template <class L>
  Parts<L> parts(Block<L>, Block<L> tape, bool keeps) const {
    int row = 0;
    const auto next = [&](int n) {
      row += n;
      return tape.rows(row - n, n);
    };
    Parts<L> p{next(each), next(dim_), next(dim_), next(net_.n_units()), {}, {}, {}};
    if (keeps) {
      p.params = next(dim_ * each);
      p.slopes = next(net_.n_units());
      p.g_units = next(net_.n_units());
    }
    return p;
  }
  template <class L>
  static void clear(Block<L> b) {
    for (int f = 0; f < b.n_features; ++f) {
      for (int g = 0; g < b.n_groups; ++g) b.put(f, g, L(0.0));
    }
  }

  int dim_;
  Transform transform_;
  Made<Activation> net_;
};

}  // namespace erg::flow
