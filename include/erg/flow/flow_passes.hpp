// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// Passes of a Flow that are more than a few lines: what flow.hpp declares is defined here.
#include "erg/flow/flow.hpp"

namespace erg::flow {

template <class Map, class Base, class T, class P>
template <class E>
void Flow<Map, Base, T, P>::pull_back(const E& energy, BlockView<const T> z, std::span<T> w, BlockView<T> gz, std::span<T> to, double scale) const {
  if (!to.empty()) require_gradient(to);
  const bool needs_way_back = gz.data != nullptr || !to.empty();
  panels(z.n_chains, needs_way_back ? map_.n_tape() : scratch(), [&](const Panel& p) {
    read(p.v, z, p);
    p.log_det.clear();
    map_.template map<Way::to_data, P>(theta(), p.v, p.log_det, p.tape);
    detail::block_energy<P>(energy, p.v, p.u, needs_way_back ? p.g : Block<P>{});
    for (int i = 0; i < p.v.n_groups; ++i) p.u.put(0, i, p.u.get(0, i) - p.log_det.get(i));
    if (!w.empty()) p.write(w, p.u);
    if (!needs_way_back) return;
    const P s(static_cast<T>(scale));
    for (int i = 0; i < p.v.n_groups; ++i) p.gl.put(0, i, -s);
    for (int d = 0; d < dim(); ++d) {
      for (int i = 0; i < p.v.n_groups; ++i) p.g.put(d, i, p.g.get(d, i) * s);
    }
    map_.template back<Way::to_data, P>(theta(), p.v, p.g, p.gl, p.tape, Gradient<P>{{to.empty() ? nullptr : to.data()}});
    if (gz.data != nullptr) p.write(gz, p.g);
  });
}

template <class Map, class Base, class T, class P>
void Flow<Map, Base, T, P>::observe(BlockView<const T> x) {
  require_dim(x.dim);
  const int n_groups = (x.n_chains + width_v<P> - 1) / width_v<P>, n_tape = scratch() + 2;
  const std::ptrdiff_t stride = (n_groups * width_v<P> + nn::per_line<T> - 1) / nn::per_line<T> * nn::per_line<T>;
  constexpr int tape_groups = 4 * nn::per_line<T> / width_v<P>;
  nn::Arena<T> data, scratch_data;
  const Block<P> v{data.require(static_cast<std::size_t>(stride * dim())), stride, 0, dim(), n_groups, x.n_chains};
  const std::ptrdiff_t row = 4 * nn::per_line<T>;
  const Block<P> tape{scratch_data.require(static_cast<std::size_t>(row * n_tape)), row, 0, n_tape, tape_groups, tape_groups * width_v<P>};
  for (int d = 0; d < dim(); ++d) {
    std::copy_n(x.column(d), x.n_chains, v.row(d));
    std::fill(v.row(d) + x.n_chains, v.row(d) + stride, T(0));
  }
  auto observed = parameters_;  // data that are refused half-way leave the flow as it was
  flow::observe<P>(map_, observed.flat().data(), v, LogDet<P>{tape.rows(0, 2)}, tape.rows(2, n_tape - 2));
  parameters_ = std::move(observed);
  renew();
}

template <class Map, class Base, class T, class P>
Snapshot<Flow<Map, Base, T, P>> Flow<Map, Base, T, P>::snapshot() const {
  return Snapshot<Flow>(*this);
}

}  // namespace erg::flow
