// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/lane/xsimd_lane.hpp"
#include "erg/nn/panels.hpp"
#include "erg/nn/sequential.hpp"

namespace erg::nn {

/// Memory of the passes of one thread, grown by the first pass and kept.
template <class T>
using Workspace = Arena<T>;

/// A network with its parameters, evaluated for blocks of any number of chains.
///
///   y = f(x; theta)
///
/// Chains go through all layers a panel at a time (panels.hpp), so that activations stay in the caches.
/// Shapes    x, v, g, hv: [chain, n_in]; y, seed: [chain, n_out], column-major (BlockView), any alignment; seed without memory: ones
/// Errors    std::invalid_argument: a table of another number of columns, parameters of another number
/// Numerics  a chain's results do not depend on the chains beside it, nor on how many there are; in the strict profile not on the lane
/// Threads   const passes may run on many threads at once: memory is the thread's own, or the Workspace given
template <class Net, class T = float, class P = simd_lane<T, default_arch>>
class Network {
  static_assert(Layer<Net, P>, "erg: this network is no erg::nn layer; see erg/nn/layer.hpp for what a layer has to have.");

 public:
  using Scalar = T;
  using Architecture = Net;

  explicit Network(Net net) : net_(std::move(net)) {
    in_ = net_.input_shape();
    if (in_.size() < 1) {
      throw std::invalid_argument("the network does not know its input (its first layer follows another) give Sequential a Shape first");
    }
    out_ = net_.resolve(in_);
    parameters_ = Parameters<T>(listed(net_));
    std::vector<T> theta(static_cast<std::size_t>(n_parameters()));
    for (const auto& s : parameters_.slices()) {
      const auto part = Parameters<T>::of(std::span<T>(theta), s);
      std::fill(part.begin(), part.end(), static_cast<T>(s.start));
    }
    start(theta);
  }

  const Net& net() const { return net_; }
  Shape input_shape() const { return in_; }
  Shape output_shape() const { return out_; }
  int n_in() const { return in_.size(); }
  int n_out() const { return out_.size(); }
  int n_parameters() const { return parameters_.size(); }
  const Parameters<T>& parameters() const { return parameters_; }

  /// Changes the parameters: f(std::span<T> theta). What layers derive from them is renewed; state that is not trained is f's to
  /// read but not to change.
  template <class F>
  void update(F&& f) {
    parameters_.change(f);
    nn::refresh(net_, parameters_.flat().data());
    renew();
  }
  /// Puts parameters at their start; those that follow from others (the lengths of a weight normalisation, the state of a spectral one)
  /// follow.
  void start(std::span<T> values) {
    erg::detail::require_size("values", values, n_parameters(), "one for each parameter of the network");
    nn::start(net_, values.data());
    restore(values);
  }
  /// Puts all parameters and states, as saved.
  void restore(std::span<const T> values) {
    parameters_.put(values, "network");
    renew();
  }

  void forward(BlockView<const T> x, BlockView<T> y, Workspace<T>& ws = own()) const {
    require_inputs("x", x), require_outputs("y", y);
    run<P>(x.n_chains, ws, [&](Panel<P>& p) {
      read_rows(p.x, x, p.first);
      nn::values<P>(net_, weights(), p.x, p.y, p.tape);
      write_rows(y, p.y, p.first);
    });
  }
  /// g = (dy/dx)^T seed, and y where it has memory.
  void input_gradient(BlockView<const T> x, BlockView<const T> seed, BlockView<T> y, BlockView<T> g, Workspace<T>& ws = own()) const {
    require_inputs("x", x), require_outputs("seed", seed), require_outputs("y", y), require_inputs("g", g);
    run<P>(x.n_chains, ws, [&](Panel<P>& p) {
      read_rows(p.x, x, p.first);
      Block<P> to = p.y;
      if (can_omit_output<Net>() && y.data == nullptr) to.data = nullptr;
      net_.template forward<P>(weights(), p.x, to, p.tape);
      read_seed(p.gy, seed, p.first);
      net_.template input_gradient<P>(weights(), p.x, p.tape, p.gy, p.gx);
      if (y.data != nullptr) write_rows(y, p.y, p.first);
      write_rows(g, p.gx, p.first);
    });
  }
  /// The same where the seed follows from the output: seed(y, gy, first) reads y and writes gy, [chain, n_out], of the chains from number
  /// `first` of x on. One way forward and one back.
  template <class F>
    requires std::invocable<F&, BlockView<const T>, BlockView<T>, int>
  void input_gradient(BlockView<const T> x, F&& seed, BlockView<T> g, Workspace<T>& ws = own()) const {
    require_inputs("x", x), require_inputs("g", g);
    run<P>(x.n_chains, ws, [&](Panel<P>& p) {
      read_rows(p.x, x, p.first);
      net_.template forward<P>(weights(), p.x, p.y, p.tape);
      make_seed(seed, p);
      net_.template input_gradient<P>(weights(), p.x, p.tape, p.gy, p.gx);
      write_rows(g, p.gx, p.first);
    });
  }
  /// to += sum_c (dy/dtheta)^T seed; y and g are written where they have memory.
  void parameter_gradient(BlockView<const T> x, BlockView<const T> seed, std::span<T> to, BlockView<T> y = {}, BlockView<T> g = {},
                          Workspace<T>& ws = own()) const {
    require_inputs("x", x), require_outputs("seed", seed), require_outputs("y", y), require_inputs("g", g);
    accumulate(to, [&](T* gw) {
      run<P>(x.n_chains, ws, [&](Panel<P>& p) {
        read_rows(p.x, x, p.first);
        net_.template forward<P>(weights(), p.x, p.y, p.tape);
        if (y.data != nullptr) write_rows(y, p.y, p.first);
        read_seed(p.gy, seed, p.first);
        Block<P> gx = p.gx;
        if (g.data == nullptr) gx.data = nullptr;
        nn::backward<P>(net_, weights(), p.x, p.tape, p.gy, gx, Gradient<P>{{gw}});
        if (g.data != nullptr) write_rows(g, p.gx, p.first);
      });
    });
  }
  /// The same where the seed follows from the output, as above.
  template <class F>
    requires std::invocable<F&, BlockView<const T>, BlockView<T>, int>
  void parameter_gradient(BlockView<const T> x, F&& seed, std::span<T> to, BlockView<T> g = {}, Workspace<T>& ws = own()) const {
    require_inputs("x", x), require_inputs("g", g);
    accumulate(to, [&](T* gw) {
      run<P>(x.n_chains, ws, [&](Panel<P>& p) {
        read_rows(p.x, x, p.first);
        net_.template forward<P>(weights(), p.x, p.y, p.tape);
        make_seed(seed, p);
        Block<P> gx = p.gx;
        if (g.data == nullptr) gx.data = nullptr;
        nn::backward<P>(net_, weights(), p.x, p.tape, p.gy, gx, Gradient<P>{{gw}});
        if (g.data != nullptr) write_rows(g, p.gx, p.first);
      });
    });
  }
  /// Along v: dy = J v, and hv = d/de of the input gradient at x + e v; each where it has memory.
  void tangent(BlockView<const T> x, BlockView<const T> v, BlockView<const T> seed, BlockView<T> dy, BlockView<T> hv,
               Workspace<T>& ws = own()) const {
    using D = Dual<P, 1>;
    require_inputs("x", x), require_inputs("v", v), require_outputs("seed", seed), require_outputs("dy", dy), require_inputs("hv", hv);
    run<D>(x.n_chains, ws, [&](Panel<D>& p) {
      read_rows(p.x, x, p.first);
      read_directions(p.x, v, p.first);
      net_.template forward<D>(weights(), p.x, p.y, p.tape);
      if (dy.data != nullptr) write_rows(dy, p.y, p.first, 1);
      if (hv.data == nullptr) return;
      read_seed(p.gy, seed, p.first);
      net_.template input_gradient<D>(weights(), p.x, p.tape, p.gy, p.gx);
      write_rows(hv, p.gx, p.first, 1);
    });
  }
  /// to += d/dtheta sum_c v_c . g_c, g = (dy/dx)^T seed, v and seed held fixed.
  void tangent_parameter_gradient(BlockView<const T> x, BlockView<const T> v, BlockView<const T> seed, std::span<T> to,
                                  Workspace<T>& ws = own()) const {
    using D = Dual<P, 1>;
    require_inputs("x", x), require_inputs("v", v), require_outputs("seed", seed);
    accumulate(to, [&](T* gw) {
      run<D>(x.n_chains, ws, [&](Panel<D>& p) {
        read_rows(p.x, x, p.first);
        read_directions(p.x, v, p.first);
        net_.template forward<D>(weights(), p.x, p.y, p.tape);
        read_seed(p.gy, seed, p.first);
        nn::backward<D>(net_, weights(), p.x, p.tape, p.gy, Block<D>{}, Gradient<D>{{nullptr, gw}});
      });
    });
  }
  /// to += d/dtheta sum_c v_c . H_c v_c, H the matrix of second derivatives of seed . y, v and seed held fixed.
  void curvature_parameter_gradient(BlockView<const T> x, BlockView<const T> v, BlockView<const T> seed, std::span<T> to,
                                    Workspace<T>& ws = own()) const {
    using D = Dual<Dual<P, 1>, 1>;
    require_inputs("x", x), require_inputs("v", v), require_outputs("seed", seed);
    accumulate(to, [&](T* gw) {
      run<D>(x.n_chains, ws, [&](Panel<D>& p) {
        read_rows(p.x, x, p.first);
        read_directions(p.x, v, p.first);
        net_.template forward<D>(weights(), p.x, p.y, p.tape);
        read_seed(p.gy, seed, p.first);
        nn::backward<D>(net_, weights(), p.x, p.tape, p.gy, Block<D>{}, Gradient<D>{{nullptr, nullptr, nullptr, gw}});
      });
    });
  }

 protected:
  /// Of a network with one output: to += d/dtheta sum_c (weight y_c + penalty/2 |dy_c/dx|^2); writes y and squares = |dy_c/dx|^2, [chain].
  ///
  /// As a tangent pass along v = dy/dx whose seed is penalty + e weight: the part that goes with e is both terms. In a piecewise linear
  /// network it is one ordinary way back, for what it meets, the slopes, has no tangent: of inputs x + penalty/weight dx in the place of x.
  /// Requires  weight != 0                Cost  8/3 parameter gradients; piecewise linear: 5/3
  void add_penalised_gradient(BlockView<const T> x, T weight, T penalty, std::span<T> to, std::span<T> y, std::span<T> squares,
                              Workspace<T>& ws = own()) const {
    using D = Dual<P, 1>;
    require_inputs("x", x);
    const auto values_of = [](const Block<D>& b) { return Block<P>{b.data, b.stride, b.plane, b.n_features, b.n_groups, b.n_chains}; };
    const auto fill = [](const Block<D>& b, int plane, T v) { std::fill_n(b.row(0, plane), b.n_groups * width_v<P>, v); };
    accumulate(to, [&](T* gw) {
      run<D>(x.n_chains, ws, [&](Panel<D>& p) {
        read_rows(p.x, x, p.first);
        net_.template forward<P>(weights(), values_of(p.x), values_of(p.y), values_of(p.tape));
        fill(p.gy, 0, T(1));
        net_.template input_gradient<P>(weights(), values_of(p.x), values_of(p.tape), values_of(p.gy), values_of(p.gx));
        T* const square = squares.data() + p.first;
        std::fill_n(square, p.x.n_chains, T(0));
        for (int f = 0; f < n_in(); ++f) {
          const T* from = p.gx.row(f);
          T* v = p.x.row(f, 1);
          for (int c = 0; c < p.x.n_chains; ++c) square[c] += from[c] * from[c];
          std::copy_n(from, p.x.n_groups * width_v<P>, v);
        }
        std::copy_n(p.y.row(0), p.x.n_chains, y.data() + p.first);
        const auto seed = [&](int plane, T v) {
          fill(p.gy, plane, T(0));
          std::fill_n(p.gy.row(0, plane), p.gy.n_chains, v);
        };
        if constexpr (is_piecewise_linear<Net>()) {
          const auto tangents_of = [](const Block<D>& b) { return Block<P>{b.data + b.plane, b.stride, b.plane, b.n_features, b.n_groups, b.n_chains}; };
          nn::push<P>(net_, weights(), values_of(p.x), values_of(p.tape), tangents_of(p.x), tangents_of(p.y), tangents_of(p.tape), penalty / weight);
          seed(0, weight);
          nn::backward<P>(net_, weights(), values_of(p.x), values_of(p.tape), values_of(p.gy), Block<P>{}, Gradient<P>{{gw}});
        } else {
          net_.template forward<D>(weights(), p.x, p.y, p.tape);
          seed(0, penalty);
          seed(1, weight);
          nn::backward<D>(net_, weights(), p.x, p.tape, p.gy, Block<D>{}, Gradient<D>{{nullptr, gw}});
        }
      });
    });
  }

 private:
  template <class L>
  struct Panel {
    Block<L> x, y, tape, gy, gx;
    int first;
  };

  static ParameterList listed(const Net& net) {
    ParameterList list;
    nn::describe(net, list);
    return list;
  }
  /// A table with memory has a column for each feature: one of too few would be read or written past its end.
  void require_inputs(const char* name, BlockView<const T> given) const { require_columns(name, given, n_in(), " inputs"); }
  void require_outputs(const char* name, BlockView<const T> given) const { require_columns(name, given, n_out(), " outputs"); }
  static void require_columns(const char* name, BlockView<const T> given, int n, const char* what) {
    if (given.data != nullptr && given.dim != n) [[unlikely]] reject_columns(name, given.dim, n, what);
  }
  [[noreturn, gnu::cold]] static void reject_columns(const std::string& name, int given, int n, const std::string& what) {
    throw std::invalid_argument(name + " of " + std::to_string(given) + " columns (the network has " + std::to_string(n) + what + ") give one for each");
  }
  static Workspace<T>& own() {
    static thread_local Workspace<T> ws;
    return ws;
  }
  void renew() {
    if constexpr (is_reparametrised<Net>()) {
      const auto n = static_cast<std::size_t>(nn::n_parameters(net_));
      net_.expand(parameters_.flat().data(), weights_.require(n));
    }
  }
  const T* weights() const {
    if constexpr (is_reparametrised<Net>()) {
      return weights_.data();
    } else {
      return parameters_.flat().data();
    }
  }
  /// f(gw) adds to the gradient of what the passes take; what is trained gets its share.
  template <class F>
  void accumulate(std::span<T> to, F&& f) const {
    parameters_.require_gradient(to, "network");
    if constexpr (is_reparametrised<Net>()) {
      const auto n = static_cast<std::size_t>(nn::n_parameters(net_));
      T* gw = detail::thread_scratch<T, 2>(n);
      std::fill_n(gw, n, T(0));
      f(gw);
      net_.pull_back(parameters_.flat().data(), weights(), gw, to.data());
    } else {
      f(to.data());
    }
  }

  template <class L, class F>
  void run(int n_chains, Workspace<T>& ws, F&& f) const {
    nn::for_panels<L>(n_chains, 2 * n_in() + 2 * n_out() + nn::n_tape(net_), nn::n_parameters(net_), ws, [&](const Block<L>& all, int first) {
      RowsOf<L> rows{all};
      Panel<L> panel{rows.next(n_in()), rows.next(n_out()), rows.next(nn::n_tape(net_)), rows.next(n_out()), rows.next(n_in()), first};
      f(panel);
    });
  }
  template <class F>
  static void make_seed(F& seed, const Panel<P>& p) {
    for (int f = 0; f < p.gy.n_features; ++f) std::fill_n(p.gy.row(f), p.gy.n_groups * width_v<P>, T(0));
    seed(BlockView<const T>{p.y.data, p.y.n_chains, p.y.n_features, p.y.stride}, BlockView<T>{p.gy.data, p.gy.n_chains, p.gy.n_features, p.gy.stride}, p.first);
  }
  Net net_;
  Shape in_, out_;
  Parameters<T> parameters_;
  Arena<T> weights_;
};

}  // namespace erg::nn
