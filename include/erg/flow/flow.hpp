// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/block_energy.hpp"
#include "erg/flow/chain.hpp"
#include "erg/flow/standard_normal.hpp"
#include "erg/lane/xsimd_lane.hpp"
#include "erg/nn/initialise.hpp"
#include "erg/nn/network.hpp"

#include <memory>

namespace erg::flow {

template <class F>
class Snapshot;

/// A normalizing flow: a base distribution taken through a bijector. A normalised density, its exact sampler, and an energy.
///
///   x = T(z), z ~ base;   log p(x) = log base(z) - log |det dx/dz|;   U = -log p, log Z = 0
///
/// Kernels take it for a target and Imh takes it for a proposal; both then run in blocks of chains. Chains go through all bijectors in
/// panels of 256 bytes a coordinate (512 where the parameters exceed a megabyte), so that between the first and the last nothing but
/// weights moves.
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
    const nn::Parameters<T> kept = parameters_;
    f(parameters_.flat());
    for (const auto& s : parameters_.slices()) {
      if (s.is_state) std::ranges::copy(nn::Parameters<T>::of(kept.flat(), s), nn::Parameters<T>::of(parameters_.flat(), s).begin());
    }
    renew();
  }
  /// Puts all numbers, constants included, as saved.
  void restore(std::span<const T> values) {
    if (static_cast<int>(values.size()) != parameters_.size()) {
      throw std::invalid_argument(std::to_string(values.size()) + " parameters (the flow has " + std::to_string(parameters_.size()) +
                                  ") give those of the same flow");
    }
    std::copy(values.begin(), values.end(), parameters_.flat().begin());
    renew();
  }
  /// Sets what can be set from data, from the data side on: whitening, activation normalisation. The flow is another afterwards.
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
  void sample(random::Key key, std::uint32_t first, BlockView<T> x) const { draw(key, first, x, {}); }
  /// The same with log p(x), from the one pass that made x.
  void sample_with_log_density(random::Key key, std::uint32_t first, BlockView<T> x, std::span<T> log_p) const { draw(key, first, x, log_p); }

  /// The vector-Jacobian product of to_data: with F a function of (x, log_det) whose derivatives are gx and gl (empty: 0),
  /// gz = dF/dz where it has memory, and to += dF/dtheta where it is not empty. Sums over chains go in order.
  void to_data_gradient(BlockView<const T> z, BlockView<const T> gx, std::span<const T> gl, BlockView<T> gz, std::span<T> to = {}) const {
    vector_jacobian<Way::to_data>(z, gx, gl, gz, to);
  }
  /// The same of to_latent: F of (z, log_det).
  void to_latent_gradient(BlockView<const T> x, BlockView<const T> gz, std::span<const T> gl, BlockView<T> gx, std::span<T> to = {}) const {
    vector_jacobian<Way::to_latent>(x, gz, gl, gx, to);
  }
  /// to += sum_c weight_c d(-log p(x_c))/dtheta; returns sum_c weight_c (-log p(x_c)). One pass and its way back.
  double add_nll_gradient(BlockView<const T> x, std::span<const T> weights, std::span<T> to) const {
    require_gradient(to);
    double sum = 0.0;
    panels(x.n_chains, map_.n_tape(), [&](const Panel& p) {
      read(p.v, x, p);
      p.log_det.clear();
      map_.template map<Way::to_latent, P>(theta(), p.v, p.log_det, p.tape);
      detail::block_energy<P>(base_, p.v, p.u, p.g);
      std::copy_n(weights.data() + p.first, p.n, p.gl.data);
      std::fill(p.gl.data + p.n, p.gl.data + p.gl.n_groups * width_v<P>, T(0));
      for (int i = 0; i < p.v.n_groups; ++i) p.u.put(0, i, p.u.get(0, i) + p.log_det.get(i));
      for (int c = 0; c < p.n; ++c) sum += static_cast<double>(p.gl.data[c]) * static_cast<double>(p.u.data[c]);
      for (int d = 0; d < dim(); ++d) {
        for (int i = 0; i < p.v.n_groups; ++i) p.g.put(d, i, p.g.get(d, i) * p.gl.get(0, i));
      }
      map_.template back<Way::to_latent, P>(theta(), p.v, p.g, p.gl, p.tape, Gradient<P>{{to.data()}});
    });
    return sum;
  }
  /// W(z) = U(T(z)) - log_det(z) for an energy U of the data side and, where they have memory, dW/dz and, times scale, dW/dtheta.
  template <class E>
  void pull_back(const E& energy, BlockView<const T> z, std::span<T> w, BlockView<T> gz, std::span<T> to = {}, double scale = 1.0) const {
    if (!to.empty()) require_gradient(to);
    const bool needs_way_back = gz.data != nullptr || !to.empty();
    panels(z.n_chains, needs_way_back ? map_.n_tape() : scratch(), [&](const Panel& p) {
      read(p.v, z, p);
      p.log_det.clear();
      map_.template map<Way::to_data, P>(theta(), p.v, p.log_det, p.tape);
      detail::block_energy<P>(energy, p.v, p.u, needs_way_back ? p.g : Block<P>{});
      for (int i = 0; i < p.v.n_groups; ++i) p.u.put(0, i, p.u.get(0, i) - p.log_det.get(i));
      if (!w.empty()) std::copy_n(p.u.data, p.n, w.data() + p.first);
      if (!needs_way_back) return;
      const P s = to.empty() ? P(1.0) : P(static_cast<T>(scale));
      for (int i = 0; i < p.v.n_groups; ++i) p.gl.put(0, i, -s);
      for (int d = 0; d < dim(); ++d) {
        for (int i = 0; i < p.v.n_groups; ++i) p.g.put(d, i, p.g.get(d, i) * s);
      }
      map_.template back<Way::to_data, P>(theta(), p.v, p.g, p.gl, p.tape, Gradient<P>{{to.empty() ? nullptr : to.data()}});
      if (gz.data != nullptr) write(gz, p.g, p);
    });
  }

 private:
  struct Panel {
    Block<P> v, g;
    LogDet<P> log_det;
    Block<P> gl, u, tape;
    int first, n;
  };

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
  void require_gradient(std::span<T> to) const {
    if (static_cast<int>(to.size()) == n_parameters()) return;
    throw std::invalid_argument("a gradient of " + std::to_string(to.size()) + " numbers (the flow has " + std::to_string(n_parameters()) +
                                " parameters) give one for each");
  }
  void require_dim(int given) const {
    if (given == dim()) return;
    throw std::invalid_argument("points of " + std::to_string(given) + " coordinates (the flow has dim = " + std::to_string(dim()) +
                                ") give points of that space");
  }

  template <class F>
  void panels(int n_chains, int n_tape, F&& f) const {
    if (n_chains < 1) return;
    constexpr long cached = 1L << 20;
    const int most_lines = static_cast<long>(n_parameters()) * static_cast<long>(sizeof(T)) > cached ? 8 : 4;
    const int n_lines = std::min((n_chains + nn::per_line<T> - 1) / nn::per_line<T>, most_lines), most = n_lines * nn::per_line<T>;
    const std::ptrdiff_t stride = (n_lines + (n_lines > 4 && n_lines % 2 == 0 ? 1 : 0)) * nn::per_line<T>;
    const int rows = 2 * dim() + 4 + n_tape;
    static thread_local nn::Arena<T> arena;
    T* data = arena.require(static_cast<std::size_t>(rows * stride));
    for (int first = 0; first < n_chains; first += most) {
      const int n = std::min(most, n_chains - first);
      const Block<P> all{data, stride, 0, rows, (n + width_v<P> - 1) / width_v<P>, n};
      const int d = dim();
      f(Panel{all.rows(0, d), all.rows(d, d), {all.rows(2 * d, 2)}, all.rows(2 * d + 2, 1), all.rows(2 * d + 3, 1),
              all.rows(2 * d + 4, n_tape), first, n});
    }
  }
  void read(Block<P> to, BlockView<const T> from, const Panel& p) const {
    require_dim(from.dim);
    for (int d = 0; d < to.n_features; ++d) {
      std::copy_n(from.column(d) + p.first, p.n, to.row(d));
      std::fill(to.row(d) + p.n, to.row(d) + to.n_groups * width_v<P>, T(0));
    }
  }
  static void write(BlockView<T> to, Block<P> from, const Panel& p) {
    for (int d = 0; d < from.n_features; ++d) std::copy_n(from.row(d), p.n, to.column(d) + p.first);
  }
  static void write(std::span<T> to, const LogDet<P>& from, const Panel& p) {
    if (to.empty()) return;
    for (int i = 0; i < p.u.n_groups; ++i) p.u.put(0, i, from.get(i));
    std::copy_n(p.u.data, p.n, to.data() + p.first);
  }

  template <Way way>
  void go(BlockView<const T> from, BlockView<T> to, std::span<T> log_det) const {
    panels(from.n_chains, scratch(), [&](const Panel& p) {
      read(p.v, from, p);
      p.log_det.clear();
      map_.template map<way, P>(theta(), p.v, p.log_det, p.tape);
      write(to, p.v, p);
      write(log_det, p.log_det, p);
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
      if (!out.empty()) std::copy_n(p.u.data, p.n, out.data() + p.first);
      if constexpr (with_gradient) {
        map_.template back<Way::to_latent, P>(theta(), p.v, p.g, p.gl, p.tape, Gradient<P>{});
        write(g, p.g, p);
      }
    });
  }
  void draw(random::Key key, std::uint32_t first, BlockView<T> x, std::span<T> log_p) const {
    require_dim(x.dim);
    panels(x.n_chains, scratch(), [&](const Panel& p) {
      detail::block_sample<P>(base_, key, first + static_cast<std::uint32_t>(p.first), p.v);
      if (!log_p.empty()) detail::block_energy<P>(base_, p.v, p.u, {});
      p.log_det.clear();
      map_.template map<Way::to_data, P>(theta(), p.v, p.log_det, p.tape);
      write(x, p.v, p);
      if (log_p.empty()) return;
      for (int i = 0; i < p.v.n_groups; ++i) p.u.put(0, i, -(p.u.get(0, i) + p.log_det.get(i)));
      std::copy_n(p.u.data, p.n, log_p.data() + p.first);
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
      std::fill_n(p.gl.data, p.gl.n_groups * width_v<P>, T(0));
      if (!gl.empty()) std::copy_n(gl.data() + p.first, p.n, p.gl.data);
      map_.template back<way, P>(theta(), p.v, p.g, p.gl, p.tape, Gradient<P>{{to.empty() ? nullptr : to.data()}});
      if (g.data != nullptr) write(g, p.g, p);
    });
  }

  Map map_;
  Base base_;
  nn::Parameters<T> parameters_;
  std::uint64_t version_ = 0;
};

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
  flow::observe<P>(map_, parameters_.flat().data(), v, LogDet<P>{tape.rows(0, 2)}, tape.rows(2, n_tape - 2));
  renew();
}

/// A flow that does not change: shared, cheap to copy, with the version it was taken at. An energy and a proposal like the flow itself.
template <class F>
class Snapshot {
 public:
  using Scalar = typename F::Scalar;
  using T = Scalar;

  explicit Snapshot(const F& flow) : flow_(std::make_shared<const F>(flow)) {}

  const F& operator*() const { return *flow_; }
  const F* operator->() const { return flow_.get(); }
  std::uint64_t version() const { return flow_->version(); }
  int dim() const { return flow_->dim(); }
  double log_z() const { return 0.0; }
  void value(BlockView<const T> x, std::span<T> u) const { flow_->value(x, u); }
  void gradient(BlockView<const T> x, BlockView<T> g) const { flow_->gradient(x, g); }
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const { flow_->value_and_gradient(x, u, g); }
  void sample(random::Key key, std::uint32_t first, BlockView<T> x) const { flow_->sample(key, first, x); }
  void sample_with_log_density(random::Key key, std::uint32_t first, BlockView<T> x, std::span<T> log_p) const {
    flow_->sample_with_log_density(key, first, x, log_p);
  }

 private:
  std::shared_ptr<const F> flow_;
};
template <class Map, class Base, class T, class P>
Snapshot<Flow<Map, Base, T, P>> Flow<Map, Base, T, P>::snapshot() const {
  return Snapshot<Flow>(*this);
}

}  // namespace erg::flow
