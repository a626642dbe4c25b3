// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math.hpp"
#include "erg/nn/layer.hpp"

namespace erg::nn {

namespace detail {

/// 1 / t for t in [1, 2]: the quadratic p with the least max |1 - t p(t)|, 1/99, and Newton steps, which double the digits. Multiply-adds alone: a division of a
/// wide register holds the divider for as long as some 30 of them take.
template <class L>
ERG_FN ERG_INLINE L reciprocal_near_one(L t) {
  L r = lane::mul_add(lane::mul_add(t, L(32.0 / 99.0), L(-16.0 / 11.0)), t, L(70.0 / 33.0));
  r = lane::mul_add(lane::mul_add(-t, r, L(1.0)), r, r);
  r = lane::mul_add(lane::mul_add(-t, r, L(1.0)), r, r);
  if constexpr (math::detail::is_single<L>) {
    return r;
  } else {
    return lane::mul_add(lane::mul_add(-t, r, L(1.0)), r, r);
  }
}
/// 1 / (1 + exp(-x)) without a division.
struct LogisticRule {
  static constexpr math::MaxUlp max_ulp{4.0, 4.0};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const L y = math::detail::exp_of_negative(math::detail::minus_abs(x));
    return lane::select(x >= L(0.0), L(1.0), y) * reciprocal_near_one(L(1.0) + y);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return y * (L(1.0) - y);
  }
};
ERG_OBJECT math::detail::Unary<LogisticRule> logistic{};

}  // namespace detail

/// A function of each feature by itself, y = F(x), from one scalar function over lanes.
///
///   struct F { template <Lane L> L operator()(L x) const; }                   the slope follows by a dual number; or, where sharing pays,
///   struct F { template <Lane L> L value_and_slope(L x, L& slope) const; }    returns F(x) and sets F'(x)
/// Second derivatives, which tangents need, are the duals of either.
/// Cost      one evaluation a feature and chain; the gradients are one product each
template <class F>
struct Elementwise {
  static constexpr bool in_place = true;
  static constexpr bool piecewise_linear = requires { F::piecewise_linear; };
  F function{};
  int n = 0;

  Shape resolve(Shape in) {
    n = in.size();
    return in;
  }
  int n_tape() const { return n; }  // the slope

  template <class L>
  void forward(const Real<L>*, Block<const L> x, Block<L> y, Block<L> tape) const {
    for (int f = 0; f < n; ++f) {
      for (int g = 0; g < x.n_groups; ++g) {
        L slope;
        y.put(f, g, evaluate(x.get(f, g), slope));
        tape.put(f, g, slope);
      }
    }
  }
  template <class L>
  void values(const Real<L>*, Block<const L> x, Block<L> y, Block<L>) const {
    for (int f = 0; f < n; ++f) {
      for (int g = 0; g < x.n_groups; ++g) {
        L slope;
        y.put(f, g, evaluate(x.get(f, g), slope));
      }
    }
  }
  template <class L>
  void push(const Real<L>*, Block<L>, Block<L> tape, Block<const L> dx, Block<L> dy, Block<L>, Real<L>) const
    requires piecewise_linear
  {
    for (int f = 0; f < n; ++f) {
      for (int g = 0; g < dx.n_groups; ++g) dy.put(f, g, dx.get(f, g) * tape.get(f, g));
    }
  }
  template <class L>
  void input_gradient(const Real<L>*, Block<const L>, Block<L> tape, Block<const L> gy, Block<L> gx) const {
    for (int f = 0; f < n; ++f) {
      for (int g = 0; g < gy.n_groups; ++g) gx.put(f, g, gy.get(f, g) * tape.get(f, g));
    }
  }

 private:
  template <class L>
  ERG_INLINE L evaluate(const L& x, L& slope) const {
    if constexpr (requires { function.value_and_slope(x, slope); }) {
      return function.value_and_slope(x, slope);
    } else {
      const Dual<L, 1> y = function(make_dual(x));
      slope = y.tangent[0];
      return y.value;
    }
  }
};

/// x sigma(x), the swish.                          Source  Hendrycks, Gimpel (2016), section 2; Elfwing, Uchibe, Doya (2018), eq. (2)
struct SiluFunction {
  template <Lane L>
  ERG_INLINE L value_and_slope(const L& x, L& slope) const {
    const L s = detail::logistic(x), y = x * s;
    slope = lane::mul_add(y, L(1.0) - s, s);
    return y;
  }
};
/// log(1 + exp(x)).
struct SoftplusFunction {
  template <Lane L>
  ERG_INLINE L value_and_slope(const L& x, L& slope) const {
    slope = detail::logistic(x);
    return math::softplus(x);
  }
};
/// max(x, 0); the slope at 0 is 0, as in PyTorch.
struct ReluFunction {
  static constexpr bool piecewise_linear = true;
  template <Lane L>
  ERG_INLINE L value_and_slope(const L& x, L& slope) const {
    slope = lane::select(x > L(0.0), L(1.0), L(0.0));
    return x * slope;
  }
};
/// x where x > 0, negative_slope * x elsewhere.
struct LeakyReluFunction {
  static constexpr bool piecewise_linear = true;
  double negative_slope = 0.01;
  template <Lane L>
  ERG_INLINE L value_and_slope(const L& x, L& slope) const {
    slope = lane::select(x > L(0.0), L(1.0), L(negative_slope));
    return x * slope;
  }
};
struct TanhFunction {
  template <Lane L>
  ERG_INLINE L value_and_slope(const L& x, L& slope) const {
    const L y = math::tanh(x);
    slope = (L(1.0) - y) * (L(1.0) + y);
    return y;
  }
};
/// x Phi(x), Phi the normal distribution function (the exact form, not the one by tanh).
struct GeluFunction {
  template <Lane L>
  ERG_INLINE L value_and_slope(const L& x, L& slope) const {
    const L phi = math::normal_cdf(x);
    slope = phi + x * (L(0.3989422804014327) * math::exp(L(-0.5) * (x * x)));
    return x * phi;
  }
};
/// 1 / (1 + exp(-x)).
struct SigmoidFunction {
  template <Lane L>
  ERG_INLINE L value_and_slope(const L& x, L& slope) const {
    const L y = math::sigmoid(x);
    slope = y * (L(1.0) - y);
    return y;
  }
};

using SiLU = Elementwise<SiluFunction>;
using Softplus = Elementwise<SoftplusFunction>;
using ReLU = Elementwise<ReluFunction>;
using Tanh = Elementwise<TanhFunction>;
using GELU = Elementwise<GeluFunction>;
using Sigmoid = Elementwise<SigmoidFunction>;
struct LeakyReLU : Elementwise<LeakyReluFunction> {
  explicit LeakyReLU(double negative_slope = 0.01) { function.negative_slope = negative_slope; }
};

}  // namespace erg::nn
