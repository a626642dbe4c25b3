// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/value_and_gradient.hpp"
#include "erg/flow/panels.hpp"

/// Second derivatives of a flow's energy: the pass of its density with tangents along, what score matching and penalties on slopes are made of.
namespace erg::flow::detail {

/// U = base(T^-1(x)) + log |det dx/dz| and its way back in lanes D of duals, x moving along v in every tangent: after(panel) sees u and g with
/// their tangents; the gradient by the parameters goes to gw, times seed (one a chain; none: ones).
template <class P, class D, class Map, class Base, class F>
void tangent_pass(const Map& map, const Base& base, const Real<P>* w, int n_parameters, BlockView<const Real<P>> x, BlockView<const Real<P>> v,
                  BlockView<const Real<P>> seed, Gradient<D> gw, F&& after) {
  static thread_local LanePosition<D, dynamic> at, slope;
  const int dim = map.dim();
  at.resize(dim);
  slope.resize(dim);
  for_panels<D>(x.n_chains, dim, map.n_tape(), n_parameters, [&](const Panel<D>& p) {
    p.read(p.v, x);
    nn::read_directions(p.v, v, p.first);
    nn::read_seed(p.gl, seed, p.first);
    p.log_det.clear();
    map.template map<Way::to_latent, D>(w, p.v, p.log_det, p.tape);
    for (int i = 0; i < p.v.n_groups; ++i) {
      for (int d = 0; d < dim; ++d) at[d] = p.v.get(d, i);
      const D value = erg::detail::lane_value_and_gradient<Base, D>(base, erg::detail::energy_point<Base>(std::as_const(at)), erg::detail::energy_point<Base>(slope));
      p.u.put(0, i, value + p.log_det.get(i));
      for (int d = 0; d < dim; ++d) p.g.put(d, i, slope[d] * p.gl.get(0, i));
    }
    map.template back<Way::to_latent, D>(w, p.v, p.g, p.gl, p.tape, gw);
    after(p);
  });
}

}  // namespace erg::flow::detail
