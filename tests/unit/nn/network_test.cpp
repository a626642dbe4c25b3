// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Dense networks: exact small cases, the passes against differences and each other, and independence of tiles and lanes.
#include "support/any_layer.hpp"
#include "support/catch.hpp"
#include "support/network_checks.hpp"

#include <erg/energy/sum.hpp>
#include <erg/nn/neural_energy.hpp>

using namespace erg;
using namespace erg::nn;
using erg::test::Table;

namespace {

/// The mutant of every check: an activation that forgets its slope.
struct ForgetfulFunction {
  template <Lane L>
  L value_and_slope(const L& x, L& slope) const {
    slope = L(1.0);
    return math::tanh(x);
  }
};
/// One that is right to first order, with a slope that tangents cannot follow: f'' is lost.
struct FrozenFunction {
  template <Lane L>
  L value_and_slope(const L& x, L& slope) const {
    const L y = math::tanh(x);
    if constexpr (is_dual_v<L>) {
      slope = L((decltype(y.value)(1.0) - y.value) * (decltype(y.value)(1.0) + y.value));
    } else {
      slope = (L(1.0) - y) * (L(1.0) + y);
    }
    return y;
  }
};
/// A function written as one formula: its slopes come from dual numbers.
struct SinusFunction {
  template <Lane L>
  L operator()(L x) const {
    return math::sin(x) + 0.1 * x * x;
  }
};

/// A layer of one's own, in full: y = x * exp(s), one scale a feature.
struct Scale {
  int n = 0;
  Shape resolve(Shape in) {
    n = in.size();
    return in;
  }
  int n_parameters() const { return n; }
  void describe(ParameterList& list) const { list.add("log_scale", {n}, 0.5); }
  template <class L>
  void forward(const Real<L>* w, Block<const L> x, Block<L> y, Block<L>) const {
    for (int f = 0; f < n; ++f) {
      for (int g = 0; g < x.n_groups; ++g) y.put(f, g, x.get(f, g) * L(math::exp(w[f])));
    }
  }
  template <class L>
  void input_gradient(const Real<L>* w, Block<const L>, Block<L>, Block<const L> gy, Block<L> gx) const {
    for (int f = 0; f < n; ++f) {
      for (int g = 0; g < gy.n_groups; ++g) gx.put(f, g, gy.get(f, g) * L(math::exp(w[f])));
    }
  }
};

template <class... Layers>
auto network(Layers... layers) {
  Network<Sequential<Layers...>, double> net{Sequential<Layers...>(layers...)};
  initialise(net, random::Key(3));
  return net;
}
template <class Activation>
test::PassErrors errors_of(Activation a) {
  auto net = test::any_network(3, Dense(3, 7), a, Dense(5), a, Dense(2));
  return test::check_passes(net);
}

}  // namespace

TEST_CASE("a dense layer is W x + b, by hand", "[nn]") {
  auto net = network(Dense(2, 3));
  net.restore(std::vector<double>{1, 2, 3, 4, 5, 6, 10, 20, 30});
  CHECK(net.parameters()["0.weight"][3] == 4.0);
  CHECK(net.parameters()["0.bias"][2] == 30.0);
  const double x[] = {1.0, -1.0}, seed[] = {1.0, 0.0, 2.0};
  double y[3], g[2];
  net.input_gradient({x, 1, 2, 1}, {seed, 1, 3, 1}, {y, 1, 3, 1}, {g, 1, 2, 1});
  CHECK(std::vector<double>(y, y + 3) == std::vector<double>{9, 19, 29});
  CHECK(std::vector<double>(g, g + 2) == std::vector<double>{1 + 2 * 5, 2 + 2 * 6});
  std::vector<double> w(9);
  net.parameter_gradient({x, 1, 2, 1}, {seed, 1, 3, 1}, w);
  CHECK(w == std::vector<double>{1, -1, 0, 0, 2, -2, 1, 0, 2});
}

TEST_CASE("a composed network is its layers one after another", "[nn]") {
  auto net = network(Dense(2, 4), SiLU{}, Dense(4, 1));
  const Table x(7, 2, 11);
  Table y(7, 1);
  net.forward(x, y.view());
  const auto p = net.parameters();
  for (int c = 0; c < 7; ++c) {
    double u = p["2.bias"][0];
    for (std::size_t h = 0; h < 4; ++h) {
      const double a = p["0.bias"][h] + p["0.weight"][2 * h] * x(c, 0) + p["0.weight"][2 * h + 1] * x(c, 1);
      u += p["2.weight"][h] * a / (1.0 + std::exp(-a));
    }
    CHECK_THAT(y(c, 0), test::WithinAbs(u, 1e-14));
  }
}

TEST_CASE("all passes of a network agree with differences and with each other, for every activation", "[nn]") {
  // Once as users have it; then, for the compiler's time, behind virtual calls.
  auto composed = network(Dense(3, 7), SiLU{}, Dense(5), SiLU{}, Dense(2));
  CHECK(test::check_passes(composed).worst() < 1e-7);
  CHECK(errors_of(SiLU{}).worst() < 1e-7);
  CHECK(errors_of(Softplus{}).worst() < 1e-7);
  CHECK(errors_of(Tanh{}).worst() < 1e-7);
  CHECK(errors_of(GELU{}).worst() < 1e-7);
  CHECK(errors_of(Sigmoid{}).worst() < 1e-7);
  CHECK(errors_of(Elementwise<SinusFunction>{}).worst() < 1e-7);
  CHECK(errors_of(ReLU{}).worst() < 1e-7);  // away from its corners
  CHECK(errors_of(LeakyReLU(0.2)).worst() < 1e-7);

  CHECK(errors_of(Elementwise<ForgetfulFunction>{}).worst_first() > 1e-3);
  const auto frozen = errors_of(Elementwise<FrozenFunction>{});
  CHECK(frozen.worst_first() < 1e-7);
  CHECK(frozen.hessian > 1e-3);
  CHECK(frozen.mixed > 1e-3);
}

TEST_CASE("a layer of thirty lines has all passes; where it forgets its parameters the check says so", "[nn]") {
  auto net = test::any_network(3, Dense(3, 4), Scale{}, Tanh{}, Dense(2));
  const auto e = test::check_passes(net);
  CHECK(std::max({e.input, e.jacobian, e.hessian, e.symmetry}) < 1e-7);
  CHECK(e.parameter > 1e-3);
}

TEST_CASE("the logistic function without a division keeps its digits", "[nn]") {
  double worst = 0.0, worst_float = 0.0;
  for (double x = -40.0; x < 40.0; x += 0.00731) {
    const double truth = 1.0 / (1.0 + std::exp(-x));
    worst = std::max(worst, std::abs(nn::detail::logistic(Pack<double>(x)).reg / truth - 1.0) / 0x1p-53);
    const auto xf = static_cast<float>(x);
    const double truth_float = 1.0 / (1.0 + std::exp(-static_cast<double>(xf)));
    worst_float = std::max(worst_float, std::abs(static_cast<double>(nn::detail::logistic(Pack<float>(xf)).reg) / truth_float - 1.0) / 0x1p-24);
  }
  CHECK(worst < 2 * nn::detail::LogisticRule::max_ulp.in_double);
  CHECK(worst_float < 2 * nn::detail::LogisticRule::max_ulp.in_float);
  CHECK(nn::detail::logistic(Pack<float>(-200.0)).reg == 0.0f);
  CHECK(nn::detail::logistic(Pack<float>(200.0)).reg == 1.0f);
}

TEST_CASE("a chain's results are the same bits for any number of chains beside it and, fused, any lane", "[nn]") {
  auto wide = network(Dense(3, 33), SiLU{}, Dense(70), Tanh{}, Dense(1));
  Network<std::remove_cvref_t<decltype(wide.net())>, double, Pack<double>> narrow(wide.net());
  narrow.restore(wide.parameters().flat());
  const Table x(101, 3, 5), seed(101, 1, 6);
  Table u(101, 1), g(101, 3), other_u(101, 1), other_g(101, 3);
  const auto n = static_cast<std::size_t>(wide.n_parameters());
  std::vector<double> all(n), pieces(n), other(n);
  wide.input_gradient(x, seed, u.view(), g.view());
  wide.parameter_gradient(x, seed, all);
  for (int first = 0; first < 101;) {  // in unequal pieces
    const int m = std::min(101 - first, first % 37 + 1);
    const auto part = [&](auto& table) {
      auto v = table.view();
      v.data += first;
      v.n_chains = m;
      return v;
    };
    wide.input_gradient(part(x), part(seed), part(other_u), part(other_g));
    wide.parameter_gradient(part(x), part(seed), pieces);
    first += m;
  }
  CHECK(u.v == other_u.v);
  CHECK(g.v == other_g.v);
  CHECK(all == pieces);
  narrow.input_gradient(x, seed, other_u.view(), other_g.view());
  narrow.parameter_gradient(x, seed, other);
  CHECK(test::largest_difference(u.v, other_u.v) < 1e-14);
  CHECK(test::largest_difference(g.v, other_g.v) < 1e-14);
  CHECK(test::largest_difference(all, other) < 1e-12);
  if (lane::fuses) {
    CHECK(u.v == other_u.v);
    CHECK(g.v == other_g.v);
    CHECK(all == other);
  }
}

TEST_CASE("a product with more terms than the first-level cache holds is the same sum", "[nn]") {
  auto net = network(Dense(1500, 3));
  const Table x(40, 1500, 9);
  Table y(40, 3);
  net.forward(x, y.view());
  for (int o = 0; o < 3; ++o) {
    double sum = net.parameters()["0.bias"][static_cast<std::size_t>(o)];
    for (int k = 0; k < 1500; ++k) sum = std::fma(x(39, k), net.parameters()["0.weight"][static_cast<std::size_t>(o * 1500 + k)], sum);
    CHECK_THAT(y(39, o), test::WithinAbs(sum, lane::fuses ? 0.0 : 1e-12));
  }
}

TEST_CASE("networks of the wrong shape are refused in a sentence", "[nn]") {
  ERG_CHECK_THROWS(Sequential(Dense(2, 4), Dense(3, 1)), std::invalid_argument, "Dense given 4 features (it takes 3)");
  ERG_CHECK_THROWS(NeuralEnergy(Sequential(Dense(2, 4))), std::invalid_argument, "an energy with 4 outputs");
  ERG_CHECK_THROWS(network(Dense(4)), std::invalid_argument, "the network does not know its input");
  ERG_CHECK_THROWS(Dense(-1, 2), std::invalid_argument, "Dense::n_in = -1");
  auto net = network(Dense(2, 1));
  ERG_CHECK_THROWS(net.restore(std::vector<double>(2)), std::invalid_argument, "2 parameters (the network has 3)");
  std::vector<double> two(2);
  ERG_CHECK_THROWS(net.start(two), std::invalid_argument, "values has 2 entries (one for each parameter of the network) give 3");
  ERG_CHECK_THROWS(net.parameters()["0.wieght"], std::invalid_argument, "no parameter \"0.wieght\" (there are: 0.weight, 0.bias)");
}

TEST_CASE("every pass of a network refuses tables of another number of columns", "[nn]") {
  const auto net = test::any_network(3, Dense(3, 4), SiLU{}, Dense(2));
  Table x(5, 3, 1), y(5, 2), seed(5, 2, 2), g(5, 3), v(5, 3, 3);
  Table narrow(5, 1), wide(5, 4);
  std::vector<double> to(static_cast<std::size_t>(net.n_parameters()));
  const auto give_seed = [](BlockView<const double>, BlockView<double>, int) {};
  const auto refused = [](auto&& pass, const char* why) { ERG_CHECK_THROWS(pass(), std::invalid_argument, why); };
  refused([&] { net.forward(wide, y.view()); }, "x of 4 columns (the network has 3 inputs) give one for each");
  refused([&] { net.forward(x, narrow.view()); }, "y of 1 columns (the network has 2 outputs) give one for each");
  refused([&] { net.input_gradient(x, narrow, {}, g.view()); }, "seed of 1 columns");
  refused([&] { net.input_gradient(x, seed, {}, narrow.view()); }, "g of 1 columns");
  refused([&] { net.input_gradient(x, give_seed, narrow.view()); }, "g of 1 columns");
  refused([&] { net.parameter_gradient(x, narrow, to); }, "seed of 1 columns");
  refused([&] { net.parameter_gradient(narrow, give_seed, to); }, "x of 1 columns");
  refused([&] { net.tangent(x, narrow, seed, y.view(), g.view()); }, "v of 1 columns");
  refused([&] { net.tangent(x, v, seed, narrow.view(), g.view()); }, "dy of 1 columns");
  refused([&] { net.tangent(x, v, seed, y.view(), narrow.view()); }, "hv of 1 columns");
  refused([&] { net.tangent_parameter_gradient(x, v, narrow, to); }, "seed of 1 columns");
  refused([&] { net.curvature_parameter_gradient(x, narrow, seed, to); }, "v of 1 columns");
  const NeuralEnergy<decltype(mlp(3, 4, 1)), double> energy(mlp(3, 4, 1));
  std::vector<double> u(5);
  refused([&] { energy.value(narrow, u); }, "x of 1 columns (the network has 3 inputs)");
  refused([&] { energy.gradient(narrow, g.view()); }, "x of 1 columns");
}

TEST_CASE("a sum of energies takes the parameters of both or none", "[nn][energy]") {
  const NeuralEnergy<decltype(mlp(3, 4, 1)), double> part(mlp(3, 4, 1));
  auto both = erg::sum(part, part);
  const auto n = static_cast<std::size_t>(both.n_parameters());
  std::vector<double> before(n), after(n);
  both.copy_parameters(std::span<double>(before));
  for (const std::size_t given : {n / 2, n - 1, n + 1}) {
    ERG_CHECK_THROWS(both.restore(std::vector<double>(given, 7.0)), std::invalid_argument, "theta has " + std::to_string(given) + " entries");
    both.copy_parameters(std::span<double>(after));
    CHECK(before == after);
  }
}
