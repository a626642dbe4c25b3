// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/block_energy.hpp"
#include "erg/flow/chain.hpp"
#include "erg/flow/panels.hpp"
#include "erg/flow/snapshot.hpp"
#include "erg/flow/standard_normal.hpp"
#include "erg/flow/tangent.hpp"
#include "erg/lane/xsimd_lane.hpp"
#include "erg/nn/initialise.hpp"
#include "erg/nn/network.hpp"

namespace erg::flow {

/// A normalizing flow: a base distribution taken through a bijector. A normalised density, its exact sampler, and an energy.
///
///   x = T(z), z ~ base;   log p(x) = log base(z) - log |det dx/dz|;   U = -log p, log Z = 0
///
/// Kernels take it for a target and Imh takes it for a proposal; both then run in blocks of chains. Chains go through all bijectors a
/// panel at a time (nn/panels.hpp), so that between the first and the last nothing but weights moves.
/// Shapes    x, z, their derivatives: [chain, dim] column-major (BlockView), any alignment; log_det, log_density, weights: [chain]
/// Base      a normalised energy over lanes with an exact sampler: StandardNormal, Gaussian, GaussianDense, GaussianMixture, ...
/// Errors    std::invalid_argument: base, bijector or arguments of different dimensions
/// Numerics  a chain's numbers do not depend on the chains beside it; a gradient is summed chain by chain. log_det is kept in two
///           numbers, so that in float the densities of both ways differ by the rounding of the coordinates alone
/// Threads   const passes may run on many threads at once: memory is the thread's own
template <class Map, class Base = StandardNormal, class T = float, class P = simd_lane<T, default_arch>>
class Flow {
  static_assert(Bijector<Map, P>, "erg: this map is no erg::flow bijector; see erg/flow/bijector.hpp for what it has to have.");

 public:
  using Scalar = T;

  explicit Flow(Map map, Base base, random::Key key = random::Key(0)) : map_(std::move(map)), base_(std::move(base)), parameters_(listed(map_)) {
    if (dim_of(base_) != map_.dim()) {
      throw std::invalid_argument("a base of dim = " + std::to_string(dim_of(base_)) + " (the bijector has dim = " + std::to_string(map_.dim()) +
                                  ") give both the same");
    }
    nn::initialise(*this, key);
  }
  explicit Flow(Map map)
    requires std::is_constructible_v<Base, int>
      : Flow(std::move(map), make_base(map.dim())) {}

  int dim() const { return map_.dim(); }
  const Map& map() const { return map_; }
  const Base& base() const { return base_; }
  double log_z() const { return 0.0; }

  int n_parameters() const { return parameters_.size(); }
  const nn::Parameters<T>& parameters() const { return parameters_; }
  /// Counts the changes of the parameters: equal versions of one flow are equal densities.
  std::uint64_t version() const { return version_; }
  /// Changes the trained parameters: f(std::span<T> theta). Constants (whitening, permutations) keep their values.
  template <class F>
  void update(F&& f) {
    parameters_.change(f);
    renew();
  }
  /// Puts all numbers, constants included, as saved.
  void restore(std::span<const T> values) {
    parameters_.put(values, "flow");
    renew();
  }
  /// The same, and the version it was saved with: densities that kernels kept for that version then stay valid, bit for bit.
  void restore(std::span<const T> values, std::uint64_t version) {
    restore(values);
    version_ = version;
  }
  /// The same flow with numbers of another precision.
  template <class U>
  auto as() const {
    Flow<Map, Base, U> made(map_, base_);
    made.restore(std::vector<U>(parameters_.flat().begin(), parameters_.flat().end()));
    return made;
  }
  /// Sets what can be set from data, from the data side on: whitening, activation normalisation. The flow is another afterwards;
  /// where the data are refused it stays as it was.
  void observe(BlockView<const T> x);
  /// The density as it is now, shared and never changed: what a kernel may hold while training goes on. One copy of the parameters.
  Snapshot<Flow> snapshot() const;

  /// x = T(z); log_det where it has memory.
  void to_data(BlockView<const T> z, BlockView<T> x, std::span<T> log_det = {}) const { go<Way::to_data>(z, x, log_det); }
  /// z = T^-1(x); log_det = log |det dx/dz|, the same number as to_data gives there.
  void to_latent(BlockView<const T> x, BlockView<T> z, std::span<T> log_det = {}) const { go<Way::to_latent>(x, z, log_det); }

  void log_density(BlockView<const T> x, std::span<T> log_p) const {
    density<false>(x, log_p, {}, [](P u) { return -u; });
  }
  /// U(x) = -log p(x).
  void value(BlockView<const T> x, std::span<T> u) const {
    density<false>(x, u, {}, [](P v) { return v; });
  }
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    density<true>(x, u, g, [](P v) { return v; });
  }
  void gradient(BlockView<const T> x, BlockView<T> g) const {
    density<true>(x, {}, g, [](P v) { return v; });
  }

  /// Exact draws for chains first, first + 1, ...: each a function of (key, its number).
  void sample(random::Key key, std::uint32_t first, BlockView<T> x) const { draw({&key, 1}, first, x, {}, P(1.0)); }
  /// The same with log p(x), from the one pass that made x.
  void sample_with_log_density(random::Key key, std::uint32_t first, BlockView<T> x, std::span<T> log_p) const {
    draw({&key, 1}, first, x, log_p, P(-1.0));
  }
  /// What Imh and Isir ask of a proposal: row j * n + c of x is for chain first + c at keys[j], n = x.n_chains / keys.size(), and
  /// u = -log p(x), from the pass that made x.
  void sample(std::span<const random::Key> keys, std::uint32_t first, BlockView<T> x, std::span<T> u) const { draw(keys, first, x, u, P(1.0)); }

  /// Exact draws z of the base, and -log base(z) where u is not empty.
  void sample_base(random::Key key, std::uint32_t first, BlockView<T> z, std::span<T> u = {}) const {
    panels(z.n_chains, 0, [&](const Panel& p) {
      detail::block_sample<P>(base_, {&key, 1}, first, z.n_chains, p.first, p.v);
      p.write(z, p.v);
      if (u.empty()) return;
      detail::block_energy<P>(base_, p.v, p.u, {});
      p.write(u, p.u);
    });
  }

  /// The vector-Jacobian product of to_data: with F a function of (x, log_det) whose derivatives are gx and gl (empty: 0),
  /// gz = dF/dz where it has memory, and to += dF/dtheta where it is not empty. Sums over chains go in order.
  void to_data_gradient(BlockView<const T> z, BlockView<const T> gx, std::span<const T> gl, BlockView<T> gz, std::span<T> to = {}) const {
    vector_jacobian<Way::to_data>(z, gx, gl, gz, to);
  }
  /// The same of to_latent: F of (z, log_det).
  void to_latent_gradient(BlockView<const T> x, BlockView<const T> gz, std::span<const T> gl, BlockView<T> gx, std::span<T> to = {}) const {
    vector_jacobian<Way::to_latent>(x, gz, gl, gx, to);
  }
  /// to += sum_c w_c dU(x_c)/dtheta, U = -log p, and U(x_c) to u where u is not empty: one pass and its way back. Maximum likelihood
  /// on n points is w = 1 / n.
  void add_parameter_gradient(BlockView<const T> x, std::span<const T> w, std::span<T> to, std::span<T> u = {}) const {
    require_gradient(to);
    panels(x.n_chains, map_.n_tape(), [&](const Panel& p) {
      read(p.v, x, p);
      p.log_det.clear();
      map_.template map<Way::to_latent, P>(theta(), p.v, p.log_det, p.tape);
      detail::block_energy<P>(base_, p.v, p.u, p.g);
      if (!u.empty()) {
        for (int i = 0; i < p.v.n_groups; ++i) p.u.put(0, i, p.u.get(0, i) + p.log_det.get(i));
        p.write(u, p.u);
      }
      p.read(p.gl, w);
      for (int d = 0; d < dim(); ++d) {
        for (int i = 0; i < p.v.n_groups; ++i) p.g.put(d, i, p.g.get(d, i) * p.gl.get(0, i));
      }
      map_.template back<Way::to_latent, P>(theta(), p.v, p.g, p.gl, p.tape, Gradient<P>{{to.data()}});
    });
  }
  /// Along v, as a network of the one output U: du = v . dU/dx, and hv = d/de of seed dU/dx at x + e v; each where it has memory.
  void tangent(BlockView<const T> x, BlockView<const T> v, BlockView<const T> seed, BlockView<T> du, BlockView<T> hv) const {
    using D = Dual<P, 1>;
    detail::tangent_pass<P, D>(map_, base_, theta(), n_parameters(), x, v, seed, Gradient<D>{}, [&](const detail::Panel<D>& p) {
      if (du.data != nullptr) nn::write_rows(du, p.u, p.first, 1);
      if (hv.data != nullptr) nn::write_rows(hv, p.g, p.first, 1);
    });
  }
  /// to += d/dtheta sum_c seed_c v_c . dU/dx_c, v and seed held fixed.
  void tangent_parameter_gradient(BlockView<const T> x, BlockView<const T> v, BlockView<const T> seed, std::span<T> to) const {
    require_gradient(to);
    using D = Dual<P, 1>;
    detail::tangent_pass<P, D>(map_, base_, theta(), n_parameters(), x, v, seed, Gradient<D>{{nullptr, to.data()}}, [](const auto&) {});
  }
  /// to += d/dtheta sum_c seed_c v_c . H_c v_c, H the second derivatives of U.
  void curvature_parameter_gradient(BlockView<const T> x, BlockView<const T> v, BlockView<const T> seed, std::span<T> to) const {
    require_gradient(to);
    using D = Dual<Dual<P, 1>, 1>;
    detail::tangent_pass<P, D>(map_, base_, theta(), n_parameters(), x, v, seed, Gradient<D>{{nullptr, nullptr, nullptr, to.data()}},
                               [](const auto&) {});
  }
  /// W(z) = U(T(z)) - log_det(z) for an energy U of the data side and, where they have memory, gz = scale dW/dz and to += scale dW/dtheta.
  template <class E>
  void pull_back(const E& energy, BlockView<const T> z, std::span<T> w, BlockView<T> gz, std::span<T> to = {}, double scale = 1.0) const;

 private:
  using Panel = detail::Panel<P>;

  static nn::ParameterList listed(const Map& map) {
    nn::ParameterList list;
    map.describe(list);
    return list;
  }
  static Base make_base(int dim) { return Base(dim); }
  const T* theta() const { return parameters_.flat().data(); }
  int scratch() const { return Chain<Map>::scratch_rows(map_); }
  void renew() {
    flow::refresh(map_, parameters_.flat().data());
    ++version_;
  }
  void require_gradient(std::span<T> to) const { parameters_.require_gradient(to, "flow"); }
  void require_dim(int given) const {
    if (given == dim()) return;
    throw std::invalid_argument("points of " + std::to_string(given) + " coordinates (the flow has dim = " + std::to_string(dim()) +
                                ") give points of that space");
  }

  template <class F>
  void panels(int n_chains, int n_tape, F&& f) const {
    detail::for_panels<P>(n_chains, dim(), n_tape, n_parameters(), f);
  }
  void read(Block<P> to, BlockView<const T> from, const Panel& p) const {
    require_dim(from.dim);
    p.read(to, from);
  }

  template <Way way>
  void go(BlockView<const T> from, BlockView<T> to, std::span<T> log_det) const {
    panels(from.n_chains, scratch(), [&](const Panel& p) {
      read(p.v, from, p);
      p.log_det.clear();
      map_.template map<way, P>(theta(), p.v, p.log_det, p.tape);
      p.write(to, p.v);
      if (!log_det.empty()) p.write(log_det, p.log_det);
    });
  }
  template <bool with_gradient, class F>
  void density(BlockView<const T> x, std::span<T> out, BlockView<T> g, F&& f) const {
    panels(x.n_chains, with_gradient ? map_.n_tape() : scratch(), [&](const Panel& p) {
      read(p.v, x, p);
      p.log_det.clear();
      map_.template map<Way::to_latent, P>(theta(), p.v, p.log_det, p.tape);
      detail::block_energy<P>(base_, p.v, p.u, with_gradient ? p.g : Block<P>{});
      for (int i = 0; i < p.v.n_groups; ++i) {
        p.u.put(0, i, f(p.u.get(0, i) + p.log_det.get(i)));
        p.gl.put(0, i, P(1.0));
      }
      if (!out.empty()) p.write(out, p.u);
      if constexpr (with_gradient) {
        map_.template back<Way::to_latent, P>(theta(), p.v, p.g, p.gl, p.tape, Gradient<P>{});
        p.write(g, p.g);
      }
    });
  }
  void draw(std::span<const random::Key> keys, std::uint32_t first, BlockView<T> x, std::span<T> to, P sign) const {
    require_dim(x.dim);
    panels(x.n_chains, scratch(), [&](const Panel& p) {
      detail::block_sample<P>(base_, keys, first, x.n_chains / static_cast<int>(keys.size()), p.first, p.v);
      if (!to.empty()) detail::block_energy<P>(base_, p.v, p.u, {});
      p.log_det.clear();
      map_.template map<Way::to_data, P>(theta(), p.v, p.log_det, p.tape);
      p.write(x, p.v);
      if (to.empty()) return;
      for (int i = 0; i < p.v.n_groups; ++i) p.u.put(0, i, (p.u.get(0, i) + p.log_det.get(i)) * sign);
      p.write(to, p.u);
    });
  }
  template <Way way>
  void vector_jacobian(BlockView<const T> from, BlockView<const T> seed, std::span<const T> gl, BlockView<T> g, std::span<T> to) const {
    if (!to.empty()) require_gradient(to);
    panels(from.n_chains, map_.n_tape(), [&](const Panel& p) {
      read(p.v, from, p);
      p.log_det.clear();
      map_.template map<way, P>(theta(), p.v, p.log_det, p.tape);
      read(p.g, seed, p);
      p.read(p.gl, gl);
      map_.template back<way, P>(theta(), p.v, p.g, p.gl, p.tape, Gradient<P>{{to.empty() ? nullptr : to.data()}});
      if (g.data != nullptr) p.write(g, p.g);
    });
  }

  Map map_;
  Base base_;
  nn::Parameters<T> parameters_;
  std::uint64_t version_ = 0;
};

}  // namespace erg::flow

#include "erg/flow/flow_passes.hpp"
