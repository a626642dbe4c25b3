// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Laws of the sampler of improved contrastive divergence: where its chains settle, how fast each rule closes a gap, and the derivative through
// chains whose matrices do not commute.
#include "support/catch.hpp"
#include "support/gaussian_chain.hpp"
#include "support/z_test.hpp"

#include <erg/entropy/gaussian_fit.hpp>
#include <erg/nn/optimizer.hpp>
#include <erg/train/trainer.hpp>

#include <array>

using namespace erg;
using namespace erg::test;

namespace {

constexpr double theta = 1.5, mu = -0.3, rate = 0.1;
const NoisyDescentParams steps{.step_size = rate, .noise = std::sqrt(0.2)};

/// (variance of the chains - expected) in standard errors: they are independent and normal.
template <NoiseOrder order>
std::array<double, 2> variance_off(double first, double second) {
  constexpr int n = 20000;
  OneDraw draw(Spring(theta, mu), NoisyDescent<order>{steps}, NormalStart{mu, 2.0}, n, 50, 0, 11);
  const auto x = draw.batch().negatives;
  Mean v;
  for (int c = 0; c < n; ++c) v.add((x(c, 0) - mu) * (x(c, 0) - mu));
  const auto z = [&](double expected) { return v.z(expected, 2.0 * expected * expected); };
  return {z(first), z(second)};
}

/// U = (x - mu)^T Lambda (x - mu) / 2, parameters (Lambda_11, Lambda_12, Lambda_22).
struct Sheet {
  static constexpr int dim = 2;
  std::vector<double> parameter{1.5, 0.6, 0.8};

  int n_parameters() const { return 3; }
  template <class F>
  void update(F&& f) {
    f(std::span<double>(parameter));
  }
  void restore(std::span<const double> v) { parameter.assign(v.begin(), v.end()); }
  void copy_parameters(std::span<double> to) const { std::copy(parameter.begin(), parameter.end(), to.begin()); }
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    const L a = x[0] - L(mu), b = x[1] - L(mu);
    return L(0.5 * parameter[0]) * a * a + L(parameter[1]) * a * b + L(0.5 * parameter[2]) * b * b;
  }
  void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> = {}) const {
    for (int c = 0; c < x.n_chains; ++c) {
      const double a = x(c, 0) - mu, b = x(c, 1) - mu, weight = w[static_cast<std::size_t>(c)];
      to[0] += weight * 0.5 * a * a;
      to[1] += weight * a * b;
      to[2] += weight * 0.5 * b * b;
    }
  }
};
/// A start whose covariance does not commute with Lambda.
struct SlantedStart {
  template <class T>
  void fill(BlockView<T> x, BlockView<const T>, random::Key key) const {
    for (int c = 0; c < x.n_chains; ++c) {
      const double a = random::normal<double>(key, static_cast<std::uint64_t>(c), 0), b = random::normal<double>(key, static_cast<std::uint64_t>(c), 1);
      x(c, 0) = 0.5 + a;
      x(c, 1) = -0.2 - 0.5 * a + 0.6 * b;
    }
  }
};
/// The entropy of a normal law of any dimension.
struct Fitted {
  template <class T>
  train::NeighbourEntropyValue value_and_gradient(BlockView<const T> x, BlockView<const T>, BlockView<T> g) const {
    return {entropy::GaussianFit{}(x, g).value, 0};
  }
};

using Matrix = std::array<double, 4>;  // row by row
Matrix times(const Matrix& a, const Matrix& b) {
  return {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]};
}
Matrix plus(const Matrix& a, const Matrix& b, double s = 1.0) { return {a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2], a[3] + s * b[3]}; }
Matrix inverse(const Matrix& a) {
  const double det = a[0] * a[3] - a[1] * a[2];
  return {a[3] / det, -a[1] / det, -a[2] / det, a[0] / det};
}
double trace(const Matrix& a) { return a[0] + a[3]; }
double bilinear(const std::array<double, 2>& x, const Matrix& a, const std::array<double, 2>& y) {
  return x[0] * (a[0] * y[0] + a[1] * y[1]) + x[1] * (a[2] * y[0] + a[3] * y[1]);
}
std::array<double, 2> times(const Matrix& a, const std::array<double, 2>& x) { return {a[0] * x[0] + a[1] * x[1], a[2] * x[0] + a[3] * x[1]}; }

/// Law of the chains after t steps, noise last, and its derivative along a change of Lambda.
struct Law {
  std::array<double, 2> m{0.5 - mu, -0.2 - mu}, dm{0.0, 0.0};
  Matrix s{1.0, -0.5, -0.5, 0.61}, ds{};

  Law(const Matrix& lambda, const Matrix& along, int t) {
    const Matrix a = plus({1, 0, 0, 1}, lambda, -rate), da{-rate * along[0], -rate * along[1], -rate * along[2], -rate * along[3]};
    for (; t > 0; --t) {
      const auto x = times(da, m), y = times(a, dm);
      dm = {x[0] + y[0], x[1] + y[1]};
      m = times(a, m);
      ds = plus(plus(times(times(da, s), a), times(times(a, ds), a)), times(times(a, s), da));
      s = plus(times(times(a, s), a), {0.2, 0, 0, 0.2});
    }
  }
  double energy(const Matrix& lambda) const { return 0.5 * (trace(times(lambda, s)) + bilinear(m, lambda, m)); }
  double entropy() const { return 0.5 * std::log(s[0] * s[3] - s[1] * s[2]); }
  double energy_slope(const Matrix& lambda) const { return 0.5 * trace(times(lambda, ds)) + bilinear(m, lambda, dm); }
  double entropy_slope() const { return 0.5 * trace(times(inverse(s), ds)); }
};

}  // namespace

TEST_CASE("chains settle at 1 / (theta (1 - lambda theta / 2)) with their noise last, at a^2 of it with the noise first", "[statistical][train]") {
  const double last = 0.7207207207, first = 0.5207207207;
  const auto a = variance_off<NoiseOrder::last>(last, first), b = variance_off<NoiseOrder::first>(first, last);
  CHECK(std::abs(a[0]) < z_limit);
  CHECK(std::abs(b[0]) < z_limit);
  CHECK(std::abs(a[1]) > z_broken);  // the orders exchanged
  CHECK(std::abs(b[1]) > z_broken);
}

TEST_CASE("chains of lambda theta beyond 2 are reported as diverged, those below are not", "[train]") {
  const std::vector<double> data(50, 1.0);
  const auto run = [&](double stiffness) {
    train::Trainer t(Spring(stiffness, 0.0), train::Data<double>(data, 1), train::chains(Simd<>{}, NoisyDescent{steps}, train::Persistent{train::AtData{}}),
                     train::Contrastive{}, nn::Sgd<double>{{.learning_rate = 1e-12}}, train::NoTeacher{}, {.batch = 50});
    for (int i = 0; i < 300; ++i) t.advance();
  };
  CHECK_NOTHROW(run(1.9 / rate));
  CHECK_THROWS_AS(run(2.2 / rate), train::TrainingError);
}

TEST_CASE("through steps whose matrices do not commute the derivative is that of the law of the chains", "[statistical][train]") {
  const Sheet sheet;
  const Matrix lambda{1.5, 0.6, 0.6, 0.8}, along[3] = {{1, 0, 0, 0}, {0, 1, 1, 0}, {0, 0, 0, 1}};
  constexpr int t = 5, n_batches = 12, n_chains = 2048;
  double energy[3], entropy[3];
  for (int i = 0; i < 3; ++i) {  // the recursion for the derivative, against differences of the law
    const double h = 1e-5;
    const Law here(lambda, along[i], t), up(plus(lambda, along[i], h), {}, t), down(plus(lambda, along[i], -h), {}, t);
    energy[i] = here.energy_slope(lambda), entropy[i] = here.entropy_slope();
    CHECK_THAT(energy[i], WithinRel((up.energy(lambda) - down.energy(lambda)) / (2 * h), 1e-7));
    CHECK_THAT(entropy[i], WithinRel((up.entropy() - down.entropy()) / (2 * h), 1e-7));
  }
  Mean of_energy[3], of_entropy[3], of_one;
  for (std::uint64_t b = 0; b < n_batches; ++b) {
    OneDraw draw(sheet, NoisyDescent<NoiseOrder::last>{steps}, SlantedStart{}, n_chains, t, t, 40 + b);
    const auto g = draw.gradient(train::SamplerKl({.n_steps = 0, .entropy = 0.0}, Fitted{})), h = draw.gradient(train::SamplerKl({.n_steps = 0, .energy = 0.0}, Fitted{}));
    for (std::size_t i = 0; i < 3; ++i) of_energy[i].add(g[i]), of_entropy[i].add(-h[i]);
    of_one.add(draw.gradient(train::SamplerKl({.n_steps = 1, .entropy = 0.0}, Fitted{}))[1]);
  }
  for (int i = 0; i < 3; ++i) {
    CHECK(std::abs(of_energy[i].z(energy[i])) < z_limit);
    CHECK(std::abs(of_entropy[i].z(entropy[i])) < z_limit);
  }
  CHECK(std::abs(of_one.z(energy[1])) > z_broken);  // broken: the last step alone
}

TEST_CASE("near the data the rules close the gap at u, u (2 - u), u^2 and u - u_1 (1 - u) of the likelihood's pace", "[train]") {
  // U = theta x^2 / 2, data N(0, 1 / theta), chains moved by the exact kernel for times t_0 and then t_1; u = 1 - exp(-2 theta (t_0 + t_1)).
  const double fixed = 1.3, t0 = 0.25, t1 = 0.1, s0 = 1.0 / fixed;
  const auto moved = [](double s, double at, double t) { return 1.0 / at + (s - 1.0 / at) * std::exp(-2.0 * at * t); };
  const auto slope = [](auto&& f, double at) { return (f(at + 1e-5) - f(at - 1e-5)) / 2e-5; };
  const auto kl_slope = [](double at, double s, double ds) { return 0.5 * (at - 1.0 / s) * ds; };  // of KL(N(0, s) || model), the model held
  const auto two_terms = [&](double at) { return 0.5 * (s0 - moved(s0, at, t0 + t1)); };
  const auto all_steps = [&](double at) { return kl_slope(at, moved(s0, at, t0 + t1), slope([&](double v) { return moved(s0, v, t0 + t1); }, at)); };
  const auto last_step = [&](double at) {
    const double before = moved(s0, at, t0);
    return kl_slope(at, moved(before, at, t1), slope([&](double v) { return moved(before, v, t1); }, at));
  };
  const auto pace = [&](auto&& field) { return slope(field, fixed) * 2.0 * fixed * fixed; };
  constexpr int published = static_cast<int>(train::KlSign::published), exact = static_cast<int>(train::KlSign::exact);
  const double u = 1.0 - std::exp(-2.0 * fixed * (t0 + t1)), u1 = 1.0 - std::exp(-2.0 * fixed * t1);
  CHECK_THAT(pace([&](double at) { return 0.5 * (s0 - 1.0 / at); }), WithinRel(1.0, 1e-6));
  CHECK_THAT(pace(two_terms), WithinRel(u, 1e-6));
  CHECK_THAT(pace([&](double at) { return two_terms(at) + exact * all_steps(at); }), WithinRel(u * (2.0 - u), 1e-6));
  CHECK_THAT(pace([&](double at) { return two_terms(at) + published * all_steps(at); }), WithinRel(u * u, 1e-6));
  CHECK_THAT(pace([&](double at) { return two_terms(at) + published * last_step(at); }), WithinRel(u - u1 * (1.0 - u), 1e-6));
}

TEST_CASE("the first step of Adam is its rate in the direction of each sign, and a clipped gradient is as long as it may be", "[train]") {
  nn::Adam<double> adam({.learning_rate = 0.02, .beta1 = 0.0, .epsilon = 1e-300});
  std::vector<double> theta{1.0, 1.0, 1.0}, g{3e-7, -40.0, 2.0};
  adam.step(std::span<double>(theta), std::span<const double>(g));
  for (std::size_t i = 0; i < 3; ++i) CHECK_THAT(theta[i], WithinAbs(1.0 - (g[i] > 0.0 ? 0.02 : -0.02), 1e-15));
  for (const double most : {0.5, 100.0}) {
    auto clipped = g;
    const double before = nn::clip_norm(std::span<double>(clipped), most);
    CHECK_THAT(nn::norm(std::span<const double>(clipped)), WithinRel(std::min(before, most), 1e-14));
  }
}
