// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/value_and_gradient.hpp"
#include "erg/flow/panels.hpp"

/// Second derivatives of a flow's energy: the pass of its density with tangents along, what score matching and penalties on slopes are made of.
namespace erg::flow::detail {

/// U = base(T^-1(x)) + log |det dx/dz| and its way back in lanes D of duals, x moving along v in every tangent: after(u, g, first) sees both with
/// their tangents; the gradient by the parameters goes to gw, times seed (one a chain; none: ones).
template <class P, class D, class Map, class Base, class F>
void tangent_pass(const Map& map, const Base& base, const Real<P>* w, int n_parameters, BlockView<const Real<P>> x, BlockView<const Real<P>> v,
                  BlockView<const Real<P>> seed, Gradient<D> gw, F&& after) {
  using T = Real<P>;
  constexpr int n_planes = nn::n_planes<D>;
  static thread_local LanePosition<D, dynamic> at, slope;
  const int dim = map.dim(), n_lines = static_cast<long>(n_parameters) * static_cast<long>(sizeof(T)) > (1L << 20) ? 8 : 4;
  at.resize(dim);
  slope.resize(dim);
  const std::ptrdiff_t stride = (n_lines + (n_lines > 4 ? 1 : 0)) * nn::per_line<T>;
  const int most = n_lines * nn::per_line<T>, rows = 2 * dim + 4 + map.n_tape();
  const std::ptrdiff_t plane = rows * stride;
  Scratch<T> scratch;
  T* data = scratch.require(static_cast<std::size_t>(plane * n_planes));
  for (int first = 0; first < x.n_chains; first += most) {
    const int n = std::min(most, x.n_chains - first);
    const Block<D> all{data, stride, plane, rows, (n + width_v<P> - 1) / width_v<P>, n};
    const Block<D> z = all.rows(0, dim), g = all.rows(dim, dim), gl = all.rows(2 * dim + 2, 1), u = all.rows(2 * dim + 3, 1);
    const LogDet<D> log_det{all.rows(2 * dim, 2)};
    const auto read = [&](Block<D> to, int d, const T* from, int p) {
      T* row = to.row(d, p);
      if (from != nullptr) std::copy_n(from + first, n, row);
      std::fill(row + (from != nullptr ? n : 0), row + to.n_groups * width_v<P>, T(0));
    };
    for (int d = 0; d < dim; ++d) {
      read(z, d, x.column(d), 0);
      for (int p = 1; p < n_planes; ++p) read(z, d, p < 3 ? v.column(d) : nullptr, p);
    }
    for (int p = 0; p < n_planes; ++p) read(gl, 0, p == 0 ? seed.data : nullptr, p);
    if (seed.data == nullptr) std::fill_n(gl.row(0), n, T(1));
    log_det.clear();
    const Block<D> tape = all.rows(2 * dim + 4, map.n_tape());
    map.template map<Way::to_latent, D>(w, z, log_det, tape);
    for (int i = 0; i < z.n_groups; ++i) {
      for (int d = 0; d < dim; ++d) at[d] = z.get(d, i);
      const D value = erg::detail::lane_value_and_gradient<Base, D>(base, erg::detail::energy_point<Base>(std::as_const(at)), erg::detail::energy_point<Base>(slope));
      u.put(0, i, value + log_det.get(i));
      for (int d = 0; d < dim; ++d) g.put(d, i, slope[d] * gl.get(0, i));
    }
    map.template back<Way::to_latent, D>(w, z, g, gl, tape, gw);
    after(u, g, first);
  }
}

}  // namespace erg::flow::detail
