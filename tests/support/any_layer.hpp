// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Any layer behind virtual calls. Networks of it are one type: Network and its checks are compiled once, whatever the layers.
#pragma once

#include "support/compiled_products.hpp"

#include <erg/nn/initialise.hpp>
#include <erg/nn/network.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

namespace erg::test {

/// The passes of a layer of double. Copies share the layer, for it does not change once its shape is known.
class ErasedLayer {
 protected:
  using P = simd_lane<double, default_arch>;
  using D = Dual<P, 1>;
  using DD = Dual<D, 1>;
  template <class L>
  using In = nn::Block<const L>;
  template <class L>
  using Out = nn::Block<L>;
  template <class L>
  using Gradient = nn::Gradient<L>;

  struct Interface {
    virtual ~Interface() = default;
    virtual nn::Shape resolve(nn::Shape in) = 0;
    virtual nn::Shape input_shape() const = 0;
    virtual int n_parameters() const = 0;
    virtual int n_stored() const = 0;
    virtual int n_tape() const = 0;
    virtual void describe(nn::ParameterList& list) const = 0;
    virtual void expand(const double* stored, double* w) const = 0;
    virtual void pull_back(const double* stored, const double* w, const double* gw, double* g) const = 0;
    virtual void refresh(double* stored) const = 0;
    virtual void start(double* stored) const = 0;
    virtual void values(const double* w, In<P> x, Out<P> y, Out<P> tape) const = 0;
    // Those that a layer of values alone does not have.
    virtual void forward(const double*, In<P>, Out<P>, Out<P>) const { refuse(); }
    virtual void forward(const double*, In<D>, Out<D>, Out<D>) const { refuse(); }
    virtual void forward(const double*, In<DD>, Out<DD>, Out<DD>) const { refuse(); }
    virtual void input_gradient(const double*, In<P>, Out<P>, In<P>, Out<P>) const { refuse(); }
    virtual void input_gradient(const double*, In<D>, Out<D>, In<D>, Out<D>) const { refuse(); }
    virtual void backward(const double*, In<P>, Out<P>, In<P>, Out<P>, Gradient<P>) const { refuse(); }
    virtual void backward(const double*, In<D>, Out<D>, In<D>, Out<D>, Gradient<D>) const { refuse(); }
    virtual void backward(const double*, In<DD>, Out<DD>, In<DD>, Out<DD>, Gradient<DD>) const { refuse(); }
    [[noreturn]] static void refuse() { throw std::logic_error("a layer of values alone"); }
  };

  template <class X>
  struct Values : Interface {
    X layer;
    explicit Values(X x) : layer(std::move(x)) {}
    nn::Shape resolve(nn::Shape in) override { return layer.resolve(in); }
    nn::Shape input_shape() const override {
      if constexpr (requires { layer.input_shape(); }) return layer.input_shape();
      return {};
    }
    int n_parameters() const override { return nn::n_parameters(layer); }
    int n_stored() const override { return nn::n_stored(layer); }
    int n_tape() const override { return nn::n_tape(layer); }
    void describe(nn::ParameterList& list) const override { nn::describe(layer, list); }
    void expand(const double* stored, double* w) const override { nn::expand(layer, stored, w); }
    void pull_back(const double* stored, const double* w, const double* gw, double* g) const override { nn::pull_back(layer, stored, w, gw, g); }
    void refresh(double* stored) const override { nn::refresh(layer, stored); }
    void start(double* stored) const override { nn::start(layer, stored); }
    void values(const double* w, In<P> x, Out<P> y, Out<P> tape) const override { nn::values<P>(layer, w, x, y, tape); }
  };
  template <class X>
  struct AllPasses : Values<X> {
    using Values<X>::Values, Values<X>::layer;
    void forward(const double* w, In<P> x, Out<P> y, Out<P> tape) const override { layer.template forward<P>(w, x, y, tape); }
    void forward(const double* w, In<D> x, Out<D> y, Out<D> tape) const override { layer.template forward<D>(w, x, y, tape); }
    void forward(const double* w, In<DD> x, Out<DD> y, Out<DD> tape) const override { layer.template forward<DD>(w, x, y, tape); }
    void input_gradient(const double* w, In<P> x, Out<P> tape, In<P> gy, Out<P> gx) const override {
      layer.template input_gradient<P>(w, x, tape, gy, gx);
    }
    void input_gradient(const double* w, In<D> x, Out<D> tape, In<D> gy, Out<D> gx) const override {
      layer.template input_gradient<D>(w, x, tape, gy, gx);
    }
    void backward(const double* w, In<P> x, Out<P> tape, In<P> gy, Out<P> gx, Gradient<P> g) const override {
      nn::backward<P>(layer, w, x, tape, gy, gx, g);
    }
    void backward(const double* w, In<D> x, Out<D> tape, In<D> gy, Out<D> gx, Gradient<D> g) const override {
      nn::backward<D>(layer, w, x, tape, gy, gx, g);
    }
    void backward(const double* w, In<DD> x, Out<DD> tape, In<DD> gy, Out<DD> gx, Gradient<DD> g) const override {
      nn::backward<DD>(layer, w, x, tape, gy, gx, g);
    }
  };

  explicit ErasedLayer(std::shared_ptr<Interface> layer) : layer_(std::move(layer)) {}

 public:
  static constexpr bool reparametrised = true;  // where the layer is not, its weights are copied

  nn::Shape resolve(nn::Shape in) { return layer_->resolve(in); }
  nn::Shape input_shape() const { return layer_->input_shape(); }
  int n_parameters() const { return layer_->n_parameters(); }
  int n_stored() const { return layer_->n_stored(); }
  int n_tape() const { return layer_->n_tape(); }
  void describe(nn::ParameterList& list) const { layer_->describe(list); }
  void expand(const double* stored, double* w) const { layer_->expand(stored, w); }
  void pull_back(const double* stored, const double* w, const double* gw, double* g) const { layer_->pull_back(stored, w, gw, g); }
  void refresh(double* stored) const { layer_->refresh(stored); }
  void start(double* stored) const { layer_->start(stored); }
  template <class L>
  void values(const double* w, In<L> x, Out<L> y, Out<L> tape) const {
    layer_->values(w, x, y, tape);
  }
  template <class L>
  void forward(const double* w, In<L> x, Out<L> y, Out<L> tape) const {
    layer_->forward(w, x, y, tape);
  }
  template <class L>
  void input_gradient(const double* w, In<L> x, Out<L> tape, In<L> gy, Out<L> gx) const {
    layer_->input_gradient(w, x, tape, gy, gx);
  }
  template <class L>
  void backward(const double* w, In<L> x, Out<L> tape, In<L> gy, Out<L> gx, Gradient<L> g) const {
    layer_->backward(w, x, tape, gy, gx, g);
  }

 private:
  std::shared_ptr<Interface> layer_;
};

/// With what a composition asks at compile time.
template <bool acts_in_place = false, bool linear = false>
struct AnyLayer : ErasedLayer {
  static constexpr bool in_place = acts_in_place, is_linear = linear;

  template <class X>
  static AnyLayer of(X layer) {
    return AnyLayer(std::make_shared<AllPasses<X>>(std::move(layer)));
  }
  template <class X>
  static AnyLayer values_of(X layer) {
    return AnyLayer(std::make_shared<Values<X>>(std::move(layer)));
  }

 private:
  using ErasedLayer::ErasedLayer;
};
template <class X>
auto any_layer(X layer) {
  return AnyLayer<nn::acts_in_place<X>(), nn::is_linear_layer<X>()>::of(std::move(layer));
}
using AnyNetwork = nn::Network<AnyLayer<>, double>;

/// A network of a layer that knows its input, started.
[[gnu::noinline]] inline AnyNetwork started(AnyLayer<> layer) {
  AnyNetwork net(std::move(layer));
  nn::initialise(net, random::Key(3));
  return net;
}
/// Layers one after another.
template <class... Layers>
AnyNetwork any_network(nn::Shape in, Layers... layers) {
  return started(AnyLayer<>::of(nn::Sequential(in, any_layer(std::move(layers))...)));
}
/// The same where only forward is called.
template <class... Layers>
AnyNetwork any_values(nn::Shape in, Layers... layers) {
  return started(AnyLayer<>::values_of(nn::Sequential<Layers...>(in, std::move(layers)...)));
}

}  // namespace erg::test
