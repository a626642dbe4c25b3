// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/layer.hpp"
#include "erg/nn/sequential.hpp"

#include <concepts>

/// Bijectors: invertible maps T of a block of chains, over lanes, with the logarithm of their volume change.
///
/// One direction, here and everywhere in erg::flow:
///
///   to_data     z -> x = T(z)
///   to_latent   x -> z = T^-1(x)
///   log_det     log |det dx/dz| at that pair (z, x), whichever way it was found
///   density     log p(x) = log base(z) - log_det
///
/// A bijector of one's own is a struct with:
///   int n_parameters() const;  void describe(nn::ParameterList&) const     numbers of w, their names, shapes and start
///   int n_tape() const                                                     rows it keeps from a pass for the way back
///   template <Way way, class L> void map(const Real<L>* w, Block<L> v, LogDet<L> log_det, Block<L> tape) const
///       v <- T(v) or T^-1(v), in place; log_det.add(.)
///   template <Way way, class L> void back(const Real<L>* w, Block<L> v, Block<L> g, Block<const L> gl, Block<L> tape, Gradient<L> gw) const
///       the vector-Jacobian product of that pass: on entry v is its result, g and gl the derivatives of some F by result and
///       log_det; on exit v is what the pass was given, g the derivative of F by that, and gw += dF/dw where gw is wanted
///   template <class L> void observe(Real<L>* w, Block<L> v) const          (optional) sets parameters from data, here on the data side
///   template <class T> void refresh(T* w) const                            (optional) called after every change of w
/// Chains must not influence each other. The tape costs memory and saves the second evaluation of every conditioner that
/// inverting on the way back would need, a third of a training step; a panel of chains makes it small enough for the cache.
namespace erg::flow {

using nn::Block;
using nn::Gradient;
using nn::Real;

/// Which way a pass goes.
enum class Way { to_data, to_latent };

/// The sum of log |det dx/dz| of each chain, in two numbers: what float loses in one is in the other. (A proposal's density comes
/// from one way, that of the chain's position from the other: their difference must not be rounding.)
/// Source    Knuth, The Art of Computer Programming 2, section 4.2.2, theorem B
template <class L>
struct LogDet {
  Block<L> rows;  ///< [2, chain]

  void clear() const {
    for (int g = 0; g < rows.n_groups; ++g) {
      rows.put(0, g, L(0.0));
      rows.put(1, g, L(0.0));
    }
  }
  ERG_INLINE void add(int g, const L& v) const {
    const L a = rows.get(0, g), sum = a + v, b = sum - a;
    rows.put(0, g, sum);
    rows.put(1, g, rows.get(1, g) + ((a - (sum - b)) + (v - b)));
  }
  ERG_INLINE L get(int g) const { return rows.get(0, g) + rows.get(1, g); }
};

/// Whether a parameter gradient is wanted.
template <class L>
bool wants(const Gradient<L>& g) {
  for (auto* p : g.plane) {
    if (p != nullptr) return true;
  }
  return false;
}

/// to[i] += the sum over the chains of row i of g, chains in order, i < n_rows.
template <class L>
void add_row_sums(Block<const L> g, int n_rows, Gradient<L> to) {
  for (int p = 0; p < nn::n_planes<L>; ++p) {
    if (to.plane[p] == nullptr) continue;
    for (int i = 0; i < n_rows; ++i) {
      const auto* row = g.row(i, p);
      Real<L> sum = to.plane[p][i];
      for (int c = 0; c < g.n_chains; ++c) sum += row[c];
      to.plane[p][i] = sum;
    }
  }
}

/// Chains first .. of a block, n_groups lanes of them.
template <class L>
Block<L> chains_of(Block<L> b, int first_group, int n_groups) {
  constexpr int width = width_v<nn::base_lane<L>>;
  b.data += first_group * width;
  b.n_chains = std::min(b.n_chains - first_group * width, n_groups * width);
  b.n_groups = n_groups;
  return b;
}

/// Lets a bijector set its parameters from data, then takes the data through it to the latent side.
///   v: [feature, all chains];  log_det and tape: scratch of tape.n_groups lanes of chains
template <class L, class B>
void observe(const B& bijector, Real<L>* w, Block<L> v, LogDet<L> log_det, Block<L> tape) {
  if constexpr (requires { bijector.observe(w, v, log_det, tape); }) {
    bijector.observe(w, v, log_det, tape);
  } else {
    if constexpr (requires { bijector.observe(w, v); }) bijector.observe(w, v);
    for (int g = 0; g < v.n_groups; g += tape.n_groups) {
      const int n = std::min(tape.n_groups, v.n_groups - g);
      bijector.template map<Way::to_latent, L>(w, chains_of(v, g, n), {chains_of(log_det.rows, 0, n)}, chains_of(tape, 0, n));
    }
  }
}
template <class B, class T>
void refresh(const B& bijector, T* w) {
  if constexpr (requires { bijector.refresh(w); }) bijector.refresh(w);
}

/// What composes into a flow: see the text above.
template <class B, class P = Pack<double>>
concept Bijector = requires(const B& b, nn::ParameterList& list, const Real<P>* w, Block<P> v, LogDet<P> log_det, Block<const P> gl,
                            Gradient<P> gw) {
  { b.dim() } -> std::convertible_to<int>;
  { b.n_parameters() } -> std::convertible_to<int>;
  { b.n_tape() } -> std::convertible_to<int>;
  b.describe(list);
  b.template map<Way::to_data, P>(w, v, log_det, v);
  b.template map<Way::to_latent, P>(w, v, log_det, v);
  b.template back<Way::to_data, P>(w, v, v, gl, v, gw);
  b.template back<Way::to_latent, P>(w, v, v, gl, v, gw);
};

}  // namespace erg::flow
