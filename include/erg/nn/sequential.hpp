// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/layer.hpp"

#include <array>
#include <tuple>

namespace erg::nn {

/// Whether the gradients of a layer do without its output, so that forward may be given a y without memory.
template <class X>
constexpr bool can_omit_output() {
  if constexpr (requires { X::omits_output; }) {
    return X::omits_output;
  } else {
    return is_linear_layer<X>();
  }
}

/// The parameter gradient and, where gx has memory, the input gradient of a layer, in one way back.
template <class L, class X>
void backward(const X& layer, const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx, Gradient<L> g) {
  if constexpr (requires { layer.backward(w, x, tape, gy, gx, g); }) {
    layer.backward(w, x, tape, gy, gx, g);
  } else {
    add_parameter_gradient<L>(layer, w, x, tape, gy, g);
    if (gx.data != nullptr) layer.input_gradient(w, x, tape, gy, gx);
  }
}

/// A forward pass after which no gradient is asked for: layers may leave out what only those need.
template <class L, class X>
void values(const X& layer, const Real<L>* w, Block<const L> x, Block<L> y, Block<L> tape) {
  if constexpr (requires { layer.values(w, x, y, tape); }) {
    layer.values(w, x, y, tape);
  } else {
    layer.template forward<L>(w, x, y, tape);
  }
}

/// Layers one after another, composed at compile time; itself a layer.
///
///   Sequential net(Dense(2, 128), SiLU{}, Dense(128), SiLU{}, Dense(1));      a size not given follows from the layer before
///   Sequential net(Shape(1, 28, 28), Conv2d(32, 3), SiLU{}, Flatten{}, Dense(1));
///
/// The parameters of layer i are called "i.<name>", as in PyTorch's nn.Sequential.
/// Errors    std::invalid_argument: a layer given a shape that it does not take
/// Cost      that of its layers. What the gradients need stays in the tape: the outputs of all layers that do not act in place
template <class... Layers>
class Sequential {
  static constexpr int n_layers = sizeof...(Layers);
  static_assert(n_layers >= 1, "erg: Sequential needs at least one layer.");
  template <int I>
  using At = std::tuple_element_t<static_cast<std::size_t>(I), std::tuple<Layers...>>;

 public:
  static constexpr bool reparametrised = (is_reparametrised<Layers>() || ...);
  static constexpr bool piecewise_linear = (is_piecewise_linear<Layers>() && ...);
  static constexpr bool omits_output = can_omit_output<At<n_layers - 1>>();

  explicit Sequential(Layers... layers) : layers_(std::move(layers)...) {
    if constexpr (requires { std::get<0>(layers_).input_shape(); }) {
      if (std::get<0>(layers_).input_shape().size() > 0) resolve(std::get<0>(layers_).input_shape());
    }
  }
  explicit Sequential(Shape in, Layers... layers) : layers_(std::move(layers)...) { resolve(in); }

  Shape input_shape() const { return in_; }
  Shape output_shape() const { return parts_[n_layers - 1].out; }
  template <int I>
  const At<I>& layer() const {
    return std::get<static_cast<std::size_t>(I)>(layers_);
  }

  Shape resolve(Shape in) {
    in_ = in;
    Shape at = in;
    int weights = 0, stored = 0, row = 0, widest = 0;
    each([&](auto i, auto& layer) {
      Part& part = parts_[i];
      if constexpr (i > 0) widest = std::max(widest, at.size());
      at = layer.resolve(at);
      part.out = at;
      part.weights = weights;
      part.stored = stored;
      weights += nn::n_parameters(layer);
      stored += nn::n_stored(layer);
      part.output = -1;
      if constexpr (i + 1 < n_layers) {
        const bool shares = i > 0 && acts_in_place<At<i>>();
        part.output = shares ? parts_[static_cast<std::size_t>(i > 0 ? i - 1 : 0)].output : row;
        if (!shares) row += at.size();
      }
      part.tape = row;
      row += nn::n_tape(layer);
    });
    n_parameters_ = weights;
    n_stored_ = stored;
    scratch_ = row;
    widest_ = widest;
    return at;
  }

  int n_parameters() const { return n_parameters_; }
  int n_stored() const { return n_stored_; }
  int n_tape() const { return scratch_ + 2 * widest_; }
  void describe(ParameterList& list) const {
    each([&](auto i, const auto& layer) { list.within(std::to_string(i), [&] { nn::describe(layer, list); }); });
  }

  template <class T>
  void expand(const T* stored, T* w) const {
    each([&](auto i, const auto& layer) { nn::expand(layer, stored + parts_[i].stored, w + parts_[i].weights); });
  }
  template <class T>
  void pull_back(const T* stored, const T* w, const T* gw, T* g) const {
    each([&](auto i, const auto& layer) {
      const Part& p = parts_[i];
      nn::pull_back(layer, stored + p.stored, w + p.weights, gw + p.weights, g + p.stored);
    });
  }
  template <class T>
  void refresh(T* stored) const {
    each([&](auto i, const auto& layer) { nn::refresh(layer, stored + parts_[i].stored); });
  }
  template <class T>
  void start(T* stored) const {
    each([&](auto i, const auto& layer) { nn::start(layer, stored + parts_[i].stored); });
  }

  template <class L>
  void forward(const Real<L>* w, Block<const L> x, Block<L> y, Block<L> tape) const {
    go<true>(w, x, y, tape);
  }
  template <class L>
  void values(const Real<L>* w, Block<const L> x, Block<L> y, Block<L> tape) const {
    go<false>(w, x, y, tape);
  }
  template <class L>
  void push(const Real<L>* w, Block<L> x, Block<L> tape, Block<const L> dx, Block<L> dy, Block<L> dtape, Real<L> share) const
    requires piecewise_linear
  {
    Block<const L> at = dx;
    each([&](auto i, const auto& layer) {
      const Part& p = parts_[i];
      const int n = nn::n_tape(layer);
      const Block<L> from = i == 0 ? x : tape.rows(parts_[i == 0 ? 0 : i - 1].output, at.n_features);
      const Block<L> to = i + 1 == n_layers ? dy : dtape.rows(p.output, p.out.size());
      nn::push<L>(layer, w + p.weights, from, tape.rows(p.tape, n), at, to, dtape.rows(p.tape, n), share);
      at = to;
    });
  }
  template <class L>
  void input_gradient(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx) const {
    go_back<false>(w, x, tape, gy, gx, Gradient<L>{});
  }
  template <class L>
  void parameter_gradient(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Gradient<L> g) const {
    go_back<true>(w, x, tape, gy, Block<L>{}, g);
  }
  template <class L>
  void backward(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx, Gradient<L> g) const {
    go_back<true>(w, x, tape, gy, gx, g);
  }

 private:
  struct Part {
    Shape out;
    int weights = 0, stored = 0;  // where its parameters start
    int output = 0, tape = 0;     // rows of the tape
  };

  template <class F, class Self>
  static void each_of(Self& self, F&& f) {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      (f(std::integral_constant<std::size_t, i>{}, std::get<i>(self.layers_)), ...);
    }(std::index_sequence_for<Layers...>{});
  }
  template <class F>
  void each(F&& f) {
    each_of(*this, f);
  }
  template <class F>
  void each(F&& f) const {
    each_of(*this, f);
  }

  template <bool for_gradients, class L>
  void go(const Real<L>* w, Block<const L> x, Block<L> y, Block<L> tape) const {
    Block<const L> at = x;
    each([&](auto i, const auto& layer) {
      const Part& p = parts_[i];
      if constexpr (i + 1 == n_layers && is_linear_layer<At<i>>()) {
        if (y.data == nullptr) return;
      }
      const Block<L> to = i + 1 == n_layers ? y : tape.rows(p.output, p.out.size());
      const Block<L> kept = tape.rows(p.tape, nn::n_tape(layer));
      if constexpr (for_gradients) {
        layer.template forward<L>(w + p.weights, at, to, kept);
      } else {
        nn::values<L>(layer, w + p.weights, at, to, kept);
      }
      at = to;
    });
  }

  /// gx without memory: the input gradient of the first layer is not wanted.
  template <bool with_parameters, class L>
  void go_back(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx, Gradient<L> g) const {
    Block<const L> at = gy;
    Block<L> own{};  // `at`, where it may be written to
    int which = 0;
    const auto one = [&](auto index) {
      constexpr std::size_t i = decltype(index)::value;
      const auto& layer = std::get<i>(layers_);
      const Part& p = parts_[i];
      const int n_in = i == 0 ? in_.size() : parts_[i == 0 ? 0 : i - 1].out.size();
      Block<L> to;
      if constexpr (i == 0) {
        to = gx;
      } else if (acts_in_place<At<i>>() && own.data != nullptr) {
        to = own;
      } else {
        to = tape.rows(scratch_ + which * widest_, n_in);
        which = 1 - which;
      }
      const Block<const L> from = i == 0 ? x : Block<const L>(tape.rows(parts_[i == 0 ? 0 : i - 1].output, n_in));
      const Block<L> kept = tape.rows(p.tape, nn::n_tape(layer));
      if constexpr (with_parameters) {
        nn::backward<L>(layer, w + p.weights, from, kept, at, to, g.from(p.weights));
      } else {
        layer.template input_gradient<L>(w + p.weights, from, kept, at, to);
      }
      at = own = to;
    };
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      (one(std::integral_constant<std::size_t, n_layers - 1 - i>{}), ...);
    }(std::index_sequence_for<Layers...>{});
  }

  std::tuple<Layers...> layers_;
  std::array<Part, n_layers> parts_{};
  Shape in_;
  int n_parameters_ = 0, n_stored_ = 0, scratch_ = 0, widest_ = 0;
};
template <class... Layers>
Sequential(Layers...) -> Sequential<Layers...>;
template <class... Layers>
Sequential(Shape, Layers...) -> Sequential<Layers...>;

}  // namespace erg::nn
